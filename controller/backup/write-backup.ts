/** Writes a backup beside a running controller: its records as of one instant, and its key files. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileName, openDatabase } from '../store/database.ts';
import { copyRows } from '../store/copy-rows.ts';
import { movedNote } from '../store/move-records.ts';
import { readText } from '../keys/data-directory.ts';
import {
  BackupRefused,
  completeBackup,
  keyFileNames,
  secretKeyFile,
  type BackupAbout,
} from './backup-file.ts';

export interface BackupSource {
  /** The controller's data. */
  readonly directory: string;
  /** `postgres://…` where its records are there. */
  readonly url: string | undefined;
  /** Where its secret key is; undefined leaves it out. */
  readonly secretKey: string | undefined;
}

/**
 * Writes the backup to `path`, mode 0600, which nothing may be at yet; it is there as a whole or not at all. A controller
 * goes on meanwhile. Throws `BackupRefused`, or what the system says.
 */
export async function writeBackup(source: BackupSource, path: string, about: BackupAbout): Promise<void> {
  if (existsSync(path)) throw new BackupRefused(`${path} is there already; nothing was written over it`);
  const partial = `${path}.partial`;
  rmSync(partial, { force: true });
  closeSync(openSync(partial, 'wx', 0o600));
  try {
    const kept =
      source.url === undefined
        ? copyFile(source.directory, partial)
        : await copyDatabase(source.directory, source.url, partial);
    const database = new DatabaseSync(partial);
    completeBackup(database, about, await keyFilesOf(source, kept));
    database.close();
    persist(partial);
    renameSync(partial, path);
    persist(dirname(resolve(path)));
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

type Kept = ReadonlyMap<string, string>;

/** Nobody waits for it: it reads the records as they are at one instant. */
function copyFile(directory: string, path: string): Kept {
  const database = new DatabaseSync(join(directory, fileName), { timeout: 5_000 });
  try {
    const moved = database.prepare('select content from controller_files where name = ?').get(movedNote);
    if (moved !== undefined)
      throw new BackupRefused(
        `the records of ${directory} were moved to ${String(moved['content'])}; say where they are: --database`,
      );
    database.prepare('vacuum into ?').run(path);
    return new Map();
  } finally {
    database.close();
  }
}

/** The same from PostgreSQL, in a transaction that sees one instant; answers the files that are kept in the database. */
async function copyDatabase(directory: string, url: string, path: string): Promise<Kept> {
  const made = await mkdtemp(join(dirname(resolve(path)), '.backup-'));
  try {
    // A file with the same tables, for the newest schema is that of both.
    await (await openDatabase({ directory: made })).close();
    const source = await openDatabase({ directory, url });
    const target = new DatabaseSync(join(made, fileName));
    try {
      await copyRows(source, target);
      target.prepare('vacuum into ?').run(path);
      const rows = target.prepare('select name, content from controller_files').all();
      return new Map(rows.map(({ name, content }) => [String(name), String(content)]));
    } finally {
      target.close();
      await source.close();
    }
  } finally {
    await rm(made, { recursive: true });
  }
}

/** Keys from the database where they are there; what a cluster has not taken over yet lies in the directory. */
async function keyFilesOf({ directory, secretKey }: BackupSource, kept: Kept): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of keyFileNames) {
    const isSecret = name === secretKeyFile;
    if (isSecret && secretKey === undefined) continue;
    const path = isSecret ? (secretKey ?? '') : join(directory, name);
    const text = (isSecret ? undefined : kept.get(name)) ?? (await readText(path));
    if (text !== undefined) files.set(name, text);
    else if (isSecret)
      throw new BackupRefused(`there is no secret key at ${path}; say where it is: --secret-key-file`);
  }
  if (!files.has('root.key'))
    throw new BackupRefused(
      `${directory} holds no keys of a controller; start it there once, or give its --data`,
    );
  return files;
}

function persist(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
