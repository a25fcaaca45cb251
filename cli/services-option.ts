/**
 * Where a controller's records and news live when they do not live in its own process: PostgreSQL and Redis, by option,
 * file or variable. A password may be in the address, or apart in a file, in POSTERN_DATABASE_PASSWORD, POSTERN_REDIS_PASSWORD or
 * the files that these with _FILE name.
 */
import { Option, type Command } from 'commander';
import { UnusableRedis } from '../controller/live/unusable-redis.ts';
import { UnusableDatabase } from '../controller/store/unusable-database.ts';
import { exits } from '../protocol/errors.ts';
import { CommandError } from './output.ts';
import { readSecret } from './secret.ts';

export interface DatabaseOptions {
  database?: string;
  databaseFile?: string;
  databasePasswordFile?: string;
}

export interface RedisOptions {
  redis?: string;
  redisFile?: string;
  redisPasswordFile?: string;
}

/** Adds `--database`, `--database-file` and `--database-password-file`. */
export function withDatabase(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--database <url>',
        'PostgreSQL for the records, postgres://user:password@host/name; a file in the data unless said (or POSTERN_DATABASE)',
      ),
    )
    .option('--database-file <file>', 'a file that holds this address (or POSTERN_DATABASE_FILE)')
    .option(
      '--database-password-file <file>',
      'a file with its password, where the address has none (or POSTERN_DATABASE_PASSWORD, …_FILE)',
    );
}

/** Adds `--redis`, `--redis-file` and `--redis-password-file`. */
export function withRedis(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--redis <url>',
        'Redis between several controllers of one database, redis://… or rediss://… (or POSTERN_REDIS)',
      ),
    )
    .option('--redis-file <file>', 'a file that holds this address (or POSTERN_REDIS_FILE)')
    .option(
      '--redis-password-file <file>',
      'a file with its password, where the address has none (or POSTERN_REDIS_PASSWORD, …_FILE)',
    );
}

/** The database's address; undefined where none is given. Throws a CommandError where it is none. */
export async function databaseOf(options: DatabaseOptions): Promise<string | undefined> {
  const url = await readSecret('database', options.database, options.databaseFile);
  const example = 'postgres://postern@db.acme.example/postern';
  return withPassword(
    'database',
    checked(url, '--database', ['postgres:', 'postgresql:'], example),
    options.databasePasswordFile,
  );
}

/** Redis's address; undefined where none is given. Throws a CommandError where it is none. */
export async function redisOf(options: RedisOptions): Promise<string | undefined> {
  const url = await readSecret('redis', options.redis, options.redisFile);
  const example = 'redis://redis.acme.example:6379';
  return withPassword(
    'redis',
    checked(url, '--redis', ['redis:', 'rediss:'], example),
    options.redisPasswordFile,
  );
}

/** What a person can do about a database that cannot be used; any other error stays what it is. */
export function unusableDatabase(error: unknown, url: string): unknown {
  if (!(error instanceof UnusableDatabase)) return error;
  return new CommandError(
    exits.usage,
    `${error.message} (${placeOf(url)}); mend it, or give another --database`,
  );
}

/** The same of Redis. */
export function unusableRedis(error: unknown, url: string): unknown {
  if (!(error instanceof UnusableRedis)) return error;
  return new CommandError(
    exits.usage,
    `${error.message} (${placeOf(url)}); give --redis with a user and password that it knows`,
  );
}

/** Host and port of an address, for messages: never who or with which password. */
function placeOf(url: string): string {
  return new URL(url).host;
}

/** The address with the password that is given apart, where it has none itself. */
async function withPassword(
  name: string,
  text: string | undefined,
  file: string | undefined,
): Promise<string | undefined> {
  if (text === undefined) return undefined;
  const url = new URL(text);
  const password = await readSecret(`${name}-password`, undefined, file);
  if (password === undefined || url.password !== '') return text;
  url.password = encodeURIComponent(password);
  return url.href;
}

function checked(
  url: string | undefined,
  option: string,
  protocols: readonly string[],
  example: string,
): string | undefined {
  if (url === undefined || protocols.includes(URL.parse(url)?.protocol ?? '')) return url;
  // What was given may hold a password, so it is not repeated.
  throw new CommandError(exits.usage, `what ${option} was given is no address; write ${example}`);
}
