/**
 * A backup is one SQLite file: every record of a controller as its database holds them, and in two tables beside them what
 * it is and the key files of the controller.
 */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** A backup that was not made or not put back; the message is a sentence with what to do. */
export class BackupRefused extends Error {}

/** What a backup says of itself. */
export interface BackupAbout {
  /** When its records were read, epoch milliseconds. */
  readonly madeMs: number;
  /** Of the program that made it. */
  readonly version: string;
}

/** Without it nothing that is sealed can be opened. */
export const secretKeyFile = 'secret.key';
/** The key that signs tokens: the one file that is not put back. */
export const signingKeyFile = 'signing.key';
/** Files of a data directory that a controller cannot make again as they were. */
export const keyFileNames = [secretKeyFile, 'root.key', 'control.key', 'authority.key', 'ca.pem'] as const;

const schema = 'postern.backup/v1';

/** Adds to the records what makes them a backup. */
export function completeBackup(
  database: DatabaseSync,
  { madeMs, version }: BackupAbout,
  files: ReadonlyMap<string, string>,
): void {
  database.exec(`
    create table backup_about (schema text not null, made_ms integer not null, version text not null);
    create table backup_files (name text primary key, content text not null)`);
  database.prepare('insert into backup_about values (?, ?, ?)').run(schema, madeMs, version);
  const insert = database.prepare('insert into backup_files values (?, ?)');
  for (const [name, content] of files) insert.run(name, content);
}

/** Reads what a backup is, and its key files. Throws `BackupRefused` where it is none, or damaged. */
export function readBackup(path: string): { about: BackupAbout; files: Map<string, string> } {
  if (!existsSync(path)) throw new BackupRefused(`there is no file ${path}`);
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const row = database.prepare('select schema, made_ms, version from backup_about').get();
    if (row?.['schema'] !== schema)
      throw new BackupRefused(
        `${path} is a backup that this version does not read (${String(row?.['schema'])})`,
      );
    const damage = database.prepare('pragma integrity_check(1)').get()?.['integrity_check'];
    if (damage !== 'ok')
      throw new BackupRefused(`${path} is damaged (${String(damage)}); take another backup`);
    const files = database.prepare('select name, content from backup_files').all();
    return {
      about: { madeMs: Number(row['made_ms']), version: String(row['version']) },
      files: new Map(files.map(({ name, content }) => [String(name), String(content)])),
    };
  } catch (error) {
    if (error instanceof BackupRefused) throw error;
    throw new BackupRefused(`${path} is no backup of a controller, or damaged: ${(error as Error).message}`);
  } finally {
    database.close();
  }
}

/** Leaves nothing in restored records that belongs to the backup, or to the database that they were in. */
export function forgetBackup(database: DatabaseSync): void {
  database.exec('drop table backup_about; drop table backup_files; delete from controller_files');
}
