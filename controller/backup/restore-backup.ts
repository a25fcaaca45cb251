/** Puts a backup back into an empty data directory, so that a controller can start there in the place of the one it was. */
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Random } from '../../protocol/clock.ts';
import { loadControllerKeys } from '../keys/controller-keys.ts';
import { prepareDirectory, writeText } from '../keys/data-directory.ts';
import { keyFiles } from '../keys/key-place.ts';
import { loadSecretKey } from '../keys/secret-key.ts';
import { fileName } from '../store/database.ts';
import { openStore } from '../store/store.ts';
import {
  BackupRefused,
  forgetBackup,
  keyFileNames,
  readBackup,
  secretKeyFile,
  signingKeyFile,
} from './backup-file.ts';
import { settleRestored, type InForce, type Settling } from './settle-restored.ts';

export interface RestoreOptions {
  readonly path: string;
  /** The data directory; made when it is missing. */
  readonly directory: string;
  /** For a backup without its secret key: where that is. */
  readonly secretKey?: string;
  readonly keepsSessions: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: Random;
}

export interface Restored extends InForce {
  /** Of the backup, epoch milliseconds. */
  readonly madeMs: number;
}

/**
 * Everything is there afterwards, or nothing is. Throws `BackupRefused` for what is no backup, or a directory that holds a
 * controller already, and an `UnusableKeyFile` for keys that cannot be opened.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { path, directory, now, random, keepsSessions } = options;
  const { about, files } = readBackup(path);
  if (!files.has(secretKeyFile) && options.secretKey === undefined)
    throw new BackupRefused(
      `${path} was made without its secret key; give the controller's: --secret-key-file`,
    );
  const there = [fileName, signingKeyFile, ...keyFileNames].find((name) => existsSync(join(directory, name)));
  if (there !== undefined)
    throw new BackupRefused(
      `${directory} holds a controller already (${there}); restore into an empty directory`,
    );
  await prepareDirectory(directory);
  const made = await mkdtemp(join(directory, '.restore-'));
  try {
    const records = join(made, fileName);
    await copyFile(path, records);
    await chmod(records, 0o600);
    const database = new DatabaseSync(records);
    forgetBackup(database);
    database.close();
    for (const [name, text] of files)
      await writeText(made, name, text, name.endsWith('.pem') ? 0o644 : 0o600);
    // Opens them once, and makes a new key to sign with: what the old one signed since counts nowhere any more.
    await loadControllerKeys(
      keyFiles(made),
      await loadSecretKey(options.secretKey ?? join(made, secretKeyFile), random),
    );
    const inForce = await settled(made, { madeMs: about.madeMs, keepsSessions }, { now, random });
    // The records last: with them it is a controller's data.
    for (const name of [...files.keys(), signingKeyFile, fileName])
      await rename(join(made, name), join(directory, name));
    return { ...inForce, madeMs: about.madeMs };
  } finally {
    await rm(made, { recursive: true });
  }
}

async function settled(
  directory: string,
  settling: Omit<Settling, 'nowMs'>,
  made: Pick<RestoreOptions, 'now' | 'random'>,
): Promise<InForce> {
  const store = await openStore({ directory, ...made });
  try {
    return await settleRestored(store, { ...settling, nowMs: made.now() });
  } finally {
    await store.close();
  }
}
