/**
 * The folder in which a node keeps its keys and what it must remember: 0700, its files 0600, each written whole or not at
 * all. Used by client, connector and relay.
 */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../errors.ts';

export interface StateDirectory {
  readonly path: string;
  /** The bytes of a file; undefined when there is none. Throws a Fault when it cannot be read. */
  read(name: string): Buffer | undefined;
  /** The parsed content of a JSON file; undefined when there is none. Throws a Fault when it is damaged. */
  readJson(name: string): unknown;
  /** Replaces a file at once and durably. */
  write(name: string, content: string | Uint8Array): void;
  writeJson(name: string, value: unknown): void;
  /** The same for what a running node can do without: false when it cannot be written, and the old content stands. */
  keepJson(name: string, value: unknown): boolean;
  remove(name: string): void;
}

/** Opens or makes the folder. Throws a Fault whose sentence names the place when it cannot be used. */
export function openStateDirectory(path: string): StateDirectory {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    if (!found.isDirectory())
      throw new Fault('internal', `${path} is not a folder; choose another with --state`);
    if (process.getuid !== undefined && found.uid !== process.getuid()) {
      throw new Fault('internal', `${path} belongs to another user; choose another with --state`);
    }
    chmodSync(path, 0o700);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      'internal',
      `the state folder ${path} cannot be used (${codeOf(error)}); choose another with --state`,
    );
  }
  const at = (name: string): string => join(path, name);
  const directory: StateDirectory = {
    path,
    read(name) {
      try {
        return readFileSync(at(name));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw new Fault(
          'internal',
          `${at(name)} cannot be read (${codeOf(error)}); check its owner and mode`,
        );
      }
    },
    readJson(name) {
      const content = directory.read(name);
      if (content === undefined) return undefined;
      try {
        return JSON.parse(content.toString('utf8'));
      } catch {
        throw new Fault('internal', `${at(name)} is damaged; restore it from a backup or remove it`);
      }
    },
    write(name, content) {
      const temporary = at(`.${name}.new`);
      try {
        const file = openSync(temporary, 'w', 0o600);
        try {
          const bytes = typeof content === 'string' ? Buffer.from(content) : content;
          for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
        renameSync(temporary, at(name));
      } catch (error) {
        removeIfPossible(temporary);
        throw new Fault(
          'internal',
          `${at(name)} cannot be written (${codeOf(error)}); check free space and the folder's mode`,
        );
      }
    },
    writeJson(name, value) {
      directory.write(name, `${JSON.stringify(value)}\n`);
    },
    keepJson(name, value) {
      try {
        directory.writeJson(name, value);
        return true;
      } catch (error) {
        if (error instanceof Fault) return false;
        throw error;
      }
    },
    remove(name) {
      rmSync(at(name), { force: true });
    },
  };
  return directory;
}

/** A half that was written takes up room that others may need. */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is overwritten the next time.
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
