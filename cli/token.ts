/** `postern token`: API tokens, beside the controller's data or through its API, and enrolment keys. */
import { Option, type Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { systemRandom } from '../protocol/clock.ts';
import { parseDuration } from '../protocol/durations.ts';
import { exits } from '../protocol/errors.ts';
import { ApiTokenEntry } from '../protocol/inventory.ts';
import { scopes, tokenRoles, type TokenRole } from '../protocol/roles.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions, type AdminTarget } from './admin-options.ts';
import { enrolmentKeyCommands } from './enrolment-keys.ts';
import { organisationOf, withOrganisation, type OrganisationOption } from './organisation-option.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { withDatabase, type DatabaseOptions } from './services-option.ts';
import { withStoreBeside } from './store-beside.ts';

interface CreateOptions extends AdminOptions, DatabaseOptions, OrganisationOption {
  data?: string;
  role?: TokenRole;
  name?: string;
  connector?: string;
  relay?: string;
  service?: string;
  scim?: string;
  uses?: string;
  expires?: string;
  scope?: string[];
}

interface ChangeOptions extends AdminOptions {
  force?: boolean;
}

const isKey = Compile(Type.Object({ key: Type.String() }));
const isToken = Compile(Type.Object({ token: Type.String() }));
const isList = Compile(Type.Array(ApiTokenEntry));
const purposes = ['connector', 'relay', 'service'] as const;

export function tokenCommand(program: Command): void {
  const token = program.command('token').description('API tokens and enrolment keys');
  const creating = withAdminOptions(
    token
      .command('create')
      .description('print a new API token or an enrolment key, and nothing else')
      .option('--data <folder>', "the controller's data: makes an API token, without the controller")
      .addOption(new Option('--role <role>', 'an API token, and what it may do').choices(tokenRoles))
      .addOption(
        new Option(
          '--scope <scope...>',
          'what the API token may be used for, within its role; all unless said',
        ).choices(scopes),
      )
      .option('--name <name>', 'a name for the API token, by which it is listed')
      .option('--connector <network>', 'a pk_ key for a connector of this network')
      .option('--relay <name>', 'a pk_ key for a relay')
      .option('--service <name>', 'an sk_ key for a service account')
      .option('--scim <provider>', 'a dt_ token for the directory of an identity provider')
      .option('--uses <count>', 'how often the key can be used: once unless said; service keys without end')
      .option('--expires <duration>', 'for example 1h, 7d; pk_ keys 24h unless said, all others never'),
  );
  withDatabase(withOrganisation(creating)).action(action(create));
  withAdminOptions(token.command('list').description('list the API tokens'))
    .option('--json', 'as one JSON object')
    .action(action(list));
  const which = 'by id, or by name where it is alone';
  withAdminOptions(
    token
      .command('revoke <token>')
      .description(`delete an API token: it is refused from its next request on; ${which}`),
  )
    .option('--force', 'also the last one with the role admin')
    .action(action(revoke));
  withAdminOptions(
    token.command('set-role <token> <role>').description(`give an API token another role; ${which}`),
  )
    .option('--force', 'also the last one with the role admin')
    .action(action(setRole));
  enrolmentKeyCommands(token);
}

async function create(options: CreateOptions): Promise<void> {
  if (options.scim !== undefined) return createForDirectory(options, options.scim);
  const given = purposes.filter((purpose) => options[purpose] !== undefined);
  const { uses, expires, role, name } = options;
  if (expires !== undefined && parseDuration(expires) === undefined) {
    throw new CommandError(exits.usage, `"${expires}" is no duration; write 1h, 7d or 30d`);
  }
  if (name !== undefined && !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) {
    throw new CommandError(
      exits.usage,
      `"${name}" is no name; write lower-case letters, digits, dots, dashes`,
    );
  }
  if (options.organisation !== undefined && options.data === undefined) {
    throw new CommandError(
      exits.usage,
      '--organisation goes with --data; elsewhere the API token says whose it is',
    );
  }
  if (options.data !== undefined) {
    if (given.length > 0) {
      throw new CommandError(exits.usage, `--data makes API tokens; leave it out for --${given[0]}`);
    }
    process.stdout.write(`${await tokenBesideData(options, options.data)}\n`);
    return;
  }
  const [purpose] = given;
  if (given.length > 1 || (purpose === undefined) === (role === undefined)) {
    throw new CommandError(
      exits.usage,
      'say what for: --data DIR --role admin beside the data, --role admin elsewhere, or one of --connector NETWORK, --relay NAME, --service NAME, --scim PROVIDER',
    );
  }
  if (uses !== undefined && (purpose === undefined || !/^[1-9]\d{0,4}$/.test(uses))) {
    throw new CommandError(
      exits.usage,
      purpose === undefined
        ? '--uses is for enrolment keys; an API token is used until it expires or is revoked'
        : `"${uses}" is no number of uses; write a whole number from 1`,
    );
  }
  if (purpose !== undefined && options.scope !== undefined) {
    throw new CommandError(exits.usage, `--scope is for API tokens; leave it out for --${purpose}`);
  }
  if (purpose !== undefined && name !== undefined) {
    throw new CommandError(exits.usage, `--name is for API tokens; leave it out for --${purpose}`);
  }
  const target = await adminTarget(options);
  const life = expires === undefined ? {} : { expires };
  if (purpose === undefined) {
    const named = {
      ...(name === undefined ? {} : { name }),
      ...(options.scope === undefined ? {} : { scopes: options.scope }),
    };
    const answer = await adminCall(target, 'POST', '/api/v1/tokens', { role, ...named, ...life });
    if (!isToken.Check(answer)) throw new CommandError(exits.unexpected, 'the answer holds no token');
    process.stdout.write(`${answer.token}\n`);
    return;
  }
  const answer = await adminCall(target, 'POST', '/api/v1/enrolment-keys', {
    purpose,
    name: options[purpose],
    ...(uses === undefined ? {} : { uses: Number(uses) }),
    ...life,
  });
  if (!isKey.Check(answer)) throw new CommandError(exits.unexpected, 'the answer holds no key');
  process.stdout.write(`${answer.key}\n`);
}

/** A token by which a directory comes in; it has neither role nor name. */
async function createForDirectory(options: CreateOptions, provider: string): Promise<void> {
  const { expires } = options;
  const other = ['data', 'role', 'name', 'connector', 'relay', 'service', 'uses', 'scope'] as const;
  const beside = other.find((key) => options[key] !== undefined);
  if (beside !== undefined)
    throw new CommandError(exits.usage, `--scim makes a token of a directory; leave out --${beside}`);
  if (expires !== undefined && parseDuration(expires) === undefined)
    throw new CommandError(exits.usage, `"${expires}" is no duration; write 1h, 7d or 30d`);
  const path = `/api/v1/directories/${encodeURIComponent(provider)}/tokens`;
  const body = expires === undefined ? {} : { expires };
  const answer = await adminCall(await adminTarget(options), 'POST', path, body);
  if (!isToken.Check(answer)) throw new CommandError(exits.unexpected, 'the answer holds no token');
  process.stdout.write(`${answer.token}\n`);
}

async function list(options: AdminOptions & { json?: boolean }): Promise<void> {
  const tokens = await tokensOf(await adminTarget(options));
  const rows = tokens.map(({ id, name, role, scopes: granted, created, expires, lastUsed, current }) => [
    name === '' ? '–' : name,
    granted.length === scopes.length ? role : `${role}: ${granted.join(', ')}`,
    lastUsed === null ? 'never used' : `used ${lastUsed}`,
    expires === null ? 'does not expire' : `until ${expires}`,
    `made ${created}`,
    current ? `${id} (this one)` : id,
  ]);
  print(options.json === true, { schema: 'postern.tokens/v1', tokens }, table(rows));
}

async function revoke(which: string, options: ChangeOptions): Promise<void> {
  const target = await adminTarget(options);
  const token = chosen(await tokensOf(target), which);
  const force = options.force === true ? '?force=true' : '';
  await adminCall(target, 'DELETE', `/api/v1/tokens/${token.id}${force}`);
  say(`${labelOf(token)} is revoked: whoever bears it is refused from now on.`);
}

async function setRole(which: string, role: string, options: ChangeOptions): Promise<void> {
  if (!tokenRoles.some((each) => each === role)) {
    throw new CommandError(
      exits.usage,
      `"${role}" is no role of tokens; write one of ${tokenRoles.join(', ')}`,
    );
  }
  const target = await adminTarget(options);
  const token = chosen(await tokensOf(target), which);
  const force = options.force === true ? '?force=true' : '';
  await adminCall(target, 'POST', `/api/v1/tokens/${token.id}/role/${role}${force}`);
  say(`${labelOf(token)} has the role ${role} from its next request on.`);
}

async function tokensOf(target: AdminTarget): Promise<ApiTokenEntry[]> {
  const answer = await adminCall(target, 'GET', '/api/v1/tokens');
  if (!isList.Check(answer)) throw new CommandError(exits.unexpected, 'the answer is no list of API tokens');
  return answer;
}

function chosen(tokens: readonly ApiTokenEntry[], which: string): ApiTokenEntry {
  const found = tokens.filter(({ id, name }) => id === which || (name !== '' && name === which));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  throw new CommandError(
    exits.usage,
    first === undefined
      ? `there is no API token "${which}"; see postern token list`
      : `${found.length} API tokens are called "${which}"; give the id: ${found.map(({ id }) => id).join(' ')}`,
  );
}

function labelOf({ id, name }: ApiTokenEntry): string {
  return name === '' ? `The API token ${id}` : `The API token ${name} (${id})`;
}

/** Writes a token into the data at `directory`, whether the controller runs or not. */
async function tokenBesideData(options: CreateOptions, directory: string): Promise<string> {
  const { role = 'admin', expires, name, scope } = options;
  const { createApiToken } = await import('../controller/api-tokens.ts');
  const nowMs = Date.now();
  const lifeMs = expires === undefined ? undefined : parseDuration(expires);
  return withStoreBeside(directory, options, async (store) => {
    const organisation = store.forOrganisation((await organisationOf(store, options)).id);
    const { text } = await createApiToken(organisation, role, {
      nowMs,
      random: systemRandom,
      who: 'command line',
      ...(name === undefined ? {} : { name }),
      ...(scope === undefined ? {} : { scopes: scopes.filter((each) => scope.includes(each)) }),
      ...(lifeMs === undefined ? {} : { expiresMs: nowMs + lifeMs }),
    });
    return text;
  });
}
