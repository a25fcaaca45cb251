/** `postern token`: API tokens beside the controller's data, and enrolment keys through its API. */
import { Option, type Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { systemRandom } from '../protocol/clock.ts';
import { parseDuration } from '../protocol/durations.ts';
import { exits } from '../protocol/errors.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { action, CommandError } from './output.ts';

interface Options extends AdminOptions {
  data?: string;
  role?: 'admin' | 'auditor';
  connector?: string;
  relay?: string;
  service?: string;
  uses?: string;
  expires?: string;
}

const isKey = Compile(Type.Object({ key: Type.String() }));
const purposes = ['connector', 'relay', 'service'] as const;

export function tokenCommand(program: Command): void {
  const token = program.command('token').description('API tokens and enrolment keys');
  withAdminOptions(
    token
      .command('create')
      .description(
        'print a new API token (with --data, beside the data), or an enrolment key, and nothing else',
      )
      .option('--data <folder>', "the controller's data: makes an API token, without the controller")
      .addOption(new Option('--role <role>', 'what the API token may do').choices(['admin', 'auditor']))
      .option('--connector <network>', 'a pk_ key for a connector of this network')
      .option('--relay <name>', 'a pk_ key for a relay')
      .option('--service <name>', 'an sk_ key for a service account')
      .option('--uses <count>', 'how often the key can be used: once unless said; service keys without end')
      .option('--expires <duration>', 'for example 1h, 7d; pk_ keys 24h unless said, all others never'),
  ).action(action(run));
}

async function run(options: Options): Promise<void> {
  const given = purposes.filter((purpose) => options[purpose] !== undefined);
  if (options.expires !== undefined && parseDuration(options.expires) === undefined) {
    throw new CommandError(exits.usage, `"${options.expires}" is no duration; write 1h, 7d or 30d`);
  }
  if (options.data !== undefined) {
    if (given.length > 0) {
      throw new CommandError(exits.usage, `--data makes API tokens; leave it out for --${given[0]}`);
    }
    process.stdout.write(`${await apiToken(options, options.data)}\n`);
    return;
  }
  const [purpose] = given;
  if (purpose === undefined || given.length > 1) {
    throw new CommandError(
      exits.usage,
      'say what for: --data DIR --role admin, or one of --connector NETWORK, --relay NAME, --service NAME',
    );
  }
  const { uses, expires } = options;
  if (uses !== undefined && !/^[1-9]\d{0,4}$/.test(uses)) {
    throw new CommandError(exits.usage, `"${uses}" is no number of uses; write a whole number from 1`);
  }
  const answer = await adminCall(await adminTarget(options), 'POST', '/api/v1/enrolment-keys', {
    purpose,
    name: options[purpose],
    ...(uses === undefined ? {} : { uses: Number(uses) }),
    ...(expires === undefined ? {} : { expires }),
  });
  if (!isKey.Check(answer)) throw new CommandError(exits.unexpected, 'the answer holds no key');
  process.stdout.write(`${answer.key}\n`);
}

/** Writes a token into the data at `directory`, whether the controller runs or not. */
async function apiToken({ role = 'admin', expires }: Options, directory: string): Promise<string> {
  const { hasStore, openStore } = await import('../controller/store/store.ts');
  const { createApiToken } = await import('../controller/api-tokens.ts');
  if (!hasStore(directory)) {
    throw new CommandError(
      exits.usage,
      `${directory} holds no controller's data; start it there once: postern controller --data ${directory}`,
    );
  }
  const nowMs = Date.now();
  const lifeMs = expires === undefined ? undefined : parseDuration(expires);
  const store = await openStore({ directory, now: Date.now, random: systemRandom });
  try {
    const organisation = store.forOrganisation(await store.soleOrganisation());
    const { text } = await createApiToken(organisation, role, {
      nowMs,
      random: systemRandom,
      who: 'command line',
      ...(lifeMs === undefined ? {} : { expiresMs: nowMs + lifeMs }),
    });
    return text;
  } finally {
    await store.close();
  }
}
