/** `postern setup-url`: beside the controller's data, a link by which whoever opens it becomes an owner, once. */
import type { Command } from 'commander';
import { systemRandom } from '../protocol/clock.ts';
import { organisationOf, withOrganisation, type OrganisationOption } from './organisation-option.ts';
import { action, print, say } from './output.ts';
import { publicUrlOf } from './public-url.ts';
import { withDatabase, type DatabaseOptions } from './services-option.ts';
import { withStoreBeside } from './store-beside.ts';

interface Options extends DatabaseOptions, OrganisationOption {
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
  withDatabase(withOrganisation(setupUrl)).action(action(run));
}

async function run({ data, publicUrl, json = false, organisation, ...database }: Options): Promise<void> {
  const { createSetupLink } = await import('../controller/administrators/setup-links.ts');
  const url = await withStoreBeside(data, database, async (store) => {
    const { id, address } = await organisationOf(store, organisation === undefined ? {} : { organisation });
    const at = address === null ? publicUrlOf(data, publicUrl) : new URL(address);
    return createSetupLink(store.forOrganisation(id), at, {
      nowMs: Date.now(),
      random: systemRandom,
      who: 'command line',
    });
  });
  print(json, { schema: 'postern.setup-url/v1', url }, url);
  say('Open it in a browser within half an hour; it makes one owner. Links made before are good no more.');
}
