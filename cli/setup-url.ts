/** `postern setup-url`: beside the controller's data, a link by which whoever opens it becomes an owner, once. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { systemRandom } from '../protocol/clock.ts';
import { exits } from '../protocol/errors.ts';
import { action, CommandError, print, say } from './output.ts';
import { withDatabase, type DatabaseOptions } from './services-option.ts';
import { withStoreBeside } from './store-beside.ts';

/** In the data directory: where the controller was last reached. */
export const publicUrlFile = 'public-url';

interface Options extends DatabaseOptions {
  data: string;
  publicUrl?: string;
  json?: boolean;
}

export function setupUrlCommand(program: Command): void {
  const setupUrl = program
    .command('setup-url')
    .description('print a link that makes its opener an owner: good once, for half an hour')
    .requiredOption('--data <folder>', "the controller's data", process.env['POSTERN_DATA'])
    .option('--public-url <url>', 'where the controller is reached; as it was last started unless said')
    .option('--json', 'as one JSON object');
  withDatabase(setupUrl).action(action(run));
}

async function run({ data, publicUrl, json = false, ...database }: Options): Promise<void> {
  const { createSetupLink } = await import('../controller/administrators/setup-links.ts');
  const url = await withStoreBeside(data, database, async (store) =>
    createSetupLink(store.forOrganisation(await store.soleOrganisation()), addressOf(data, publicUrl), {
      nowMs: Date.now(),
      random: systemRandom,
      who: 'command line',
    }),
  );
  print(json, { schema: 'postern.setup-url/v1', url }, url);
  say('Open it in a browser within half an hour; it makes one owner. Links made before are good no more.');
}

function addressOf(data: string, given: string | undefined): URL {
  const file = join(data, publicUrlFile);
  const text = given ?? (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new CommandError(
      exits.usage,
      given === undefined
        ? 'it is not known where the controller is reached; give --public-url URL'
        : `"${given}" is no address; give one such as https://access.acme.example:8443`,
    );
  }
  return url;
}
