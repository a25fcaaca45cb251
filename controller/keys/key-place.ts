/**
 * Where a controller keeps its keys and its TLS authority: files of the data directory, or the database that several
 * controllers share. Keys are sealed before they come here; the secret key itself is never kept here.
 */
import { join } from 'node:path';
import type { Store } from '../store/store.ts';
import { readText, writeFirst, writeText } from './data-directory.ts';

export interface KeyPlace {
  /** What is kept under this name; undefined where nothing is. */
  read(name: string): Promise<string | undefined>;
  /** Keeps a text under a name; of two who do so at once the first one's stays. Answers what is kept then. */
  keepFirst(name: string, text: string, readable?: 'for everyone'): Promise<string>;
  /** How people call the place of a name. */
  called(name: string): string;
}

export function keyFiles(directory: string): KeyPlace {
  return {
    read: (name) => readText(join(directory, name)),
    keepFirst: (name, text, readable) =>
      writeFirst(directory, name, text, readable === undefined ? 0o600 : 0o644),
    called: (name) => join(directory, name),
  };
}

/** The database. Keys that a controller without one has left in the directory are taken over the first time. */
export function keyRecords(store: Store, directory: string): KeyPlace {
  const files = keyFiles(directory);
  return {
    async read(name) {
      const kept = await store.file(name);
      if (kept !== undefined) return kept;
      const left = await files.read(name);
      return left === undefined ? undefined : store.keepFile(name, left);
    },
    keepFirst: (name, text) => store.keepFile(name, text),
    called: (name) => `${name} in the database`,
  };
}

/** Writes what programs beside the controller read, e.g. `ca.pem`, where it is not there yet as it should be. */
export async function showFile(directory: string, name: string, text: string): Promise<void> {
  if ((await readText(join(directory, name))) !== text) await writeText(directory, name, text, 0o644);
}
