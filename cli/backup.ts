/** `postern backup` and `postern restore`: everything of a controller in one file, and back from it, beside its data. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { BackupAbout } from '../controller/backup/backup-file.ts';
import type { InForce } from '../controller/backup/settle-restored.ts';
import { systemRandom } from '../protocol/clock.ts';
import { exits } from '../protocol/errors.ts';
import { version } from '../protocol/version.ts';
import { action, CommandError, print, say } from './output.ts';
import { databaseOf, unusableDatabase, withDatabase, type DatabaseOptions } from './services-option.ts';

interface BackupOptions extends DatabaseOptions {
  data: string;
  to: string;
  secretKey: boolean;
  secretKeyFile?: string;
  json?: boolean;
}

interface RestoreOptions extends DatabaseOptions {
  data: string;
  secretKeyFile?: string;
  keepSessions?: boolean;
  json?: boolean;
}

export function backupCommand(program: Command): void {
  const backup = program
    .command('backup')
    .description('write everything of a controller into one file, while it goes on')
    .requiredOption('--data <folder>', "the controller's data", process.env['POSTERN_DATA'])
    .requiredOption('--to <file>', 'the file, which must not be there yet')
    .option(
      '--secret-key-file <file>',
      'the key that seals stored secrets; secret.key in the data unless said',
    )
    .option('--no-secret-key', 'leave that key out, and keep it elsewhere: the file is of no use without it')
    .option('--json', 'as one JSON object');
  withDatabase(backup).action(action(write));
}

export function restoreCommand(program: Command): void {
  const restore = program
    .command('restore <file>')
    .description('put a backup back into an empty folder, where a controller can then start')
    .requiredOption(
      '--data <folder>',
      "the controller's data, which must be empty",
      process.env['POSTERN_DATA'],
    )
    .option('--secret-key-file <file>', 'the key that seals stored secrets, where the backup has none')
    .option('--keep-sessions', 'end no sessions: nobody was signed out since, or lost anything that matters')
    .option('--json', 'as one JSON object');
  withDatabase(restore).action(action(putBack));
}

async function write({ data, to, secretKey, secretKeyFile, json = false, ...options }: BackupOptions) {
  const { hasStore } = await import('../controller/store/store.ts');
  const { writeBackup } = await import('../controller/backup/write-backup.ts');
  const url = await databaseOf(options);
  if (url === undefined && !hasStore(data))
    throw new CommandError(exits.usage, `${data} holds no controller's data; nothing was written`);
  const about: BackupAbout = { madeMs: Date.now(), version };
  const source = {
    directory: data,
    url,
    secretKey: secretKey ? (secretKeyFile ?? join(data, 'secret.key')) : undefined,
  };
  await writeBackup(source, to, about).catch((error: unknown) => refused(error, url));
  const made = new Date(about.madeMs).toISOString();
  print(json, { schema: 'postern.backup/v1', file: to, made, secretKey }, `${to}: everything as of ${made}`);
  if (json) return;
  say(
    secretKey
      ? 'Whoever has this file can be the controller: keep it as you would its keys.'
      : 'The secret key is not in it: nothing can be restored without that.',
  );
  say(`Next: postern restore ${to} --data FOLDER (on the machine that takes its place)`);
}

async function putBack(
  file: string,
  { data, secretKeyFile, keepSessions = false, json = false, ...options }: RestoreOptions,
): Promise<void> {
  const { restoreBackup } = await import('../controller/backup/restore-backup.ts');
  const { moveRecords } = await import('../controller/store/move-records.ts');
  const url = await databaseOf(options);
  const { madeMs, ...inForce } = await restoreBackup({
    path: file,
    directory: data,
    ...(secretKeyFile === undefined ? {} : { secretKey: secretKeyFile }),
    keepsSessions: keepSessions,
    now: Date.now,
    random: systemRandom,
  }).catch((error: unknown) => refused(error, undefined));
  if (url !== undefined) {
    const { host, pathname } = new URL(url);
    await moveRecords({ directory: data, url, place: `${host}${pathname}` }).catch((error: unknown) => {
      say(`Restored into ${data}, and not moved. Next: postern store move --data ${data} --database …`);
      return refused(error, url);
    });
  }
  const made = new Date(madeMs).toISOString();
  print(
    json,
    { schema: 'postern.restore/v1', made, data, ...inForce },
    `${data}: everything as of ${made}${keepSessions ? '' : '; everybody signs in again'}`,
  );
  if (json) return;
  say(
    'What was ended after that instant, and is none of what restoring ends by itself, is in force again. Look at:',
  );
  for (const line of toLookAt(inForce)) say(`  ${line}`);
  const at = url === undefined ? '' : ' --database …';
  const key = secretKeyFile === undefined ? '' : ` --secret-key-file ${secretKeyFile}`;
  say(
    `Next: postern controller --data ${data}${at}${key} … (as the old one was started; that one must not run any more)`,
  );
}

function toLookAt({ sessions, apiTokens, serviceKeys, passes }: InForce): string[] {
  return [
    ...(sessions === 0 ? [] : [`sessions: ${sessions} (postern session list)`]),
    `API tokens: ${apiTokens} (postern token list)`,
    `keys of service accounts: ${serviceKeys} (the dashboard: Settings, Enrolment keys)`,
    `service tokens and device passes: ${passes} (postern pass list)`,
    'who may do what: postern export',
  ];
}

async function refused(error: unknown, url: string | undefined): Promise<never> {
  const { BackupRefused } = await import('../controller/backup/backup-file.ts');
  const { MoveRefused } = await import('../controller/store/move-records.ts');
  const { UnusableKeyFile } = await import('../controller/keys/unusable-key-file.ts');
  if (error instanceof BackupRefused || error instanceof MoveRefused || error instanceof UnusableKeyFile)
    throw new CommandError(exits.usage, error.message);
  throw url === undefined ? error : unusableDatabase(error, url);
}
