/**
 * The machine that facts are read from: its files and its own programs. A folder may stand for `/`, so that tests run on
 * trees of files captured from real systems. Reading is bounded in size and time, and no text passes through a shell.
 */
import { execFile } from 'node:child_process';
import { watch } from 'node:fs';
import { access, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

const longestMs = 5_000;
const maxBytes = 1_048_576;
/** Where the system's own programs lie; what the person's PATH says does not matter. */
const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin';

export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  readonly env: Readonly<Record<string, string>>;
}

/** What a program printed; undefined when it is not there, was refused, took too long or printed too much. */
export interface Printed {
  readonly out: string;
  readonly err: string;
  /** 0 when it ended well. */
  readonly code: number;
}

export interface Machine {
  /** The text of a file; undefined when it cannot be read. Paths begin with `/`. */
  text(path: string): Promise<string | undefined>;
  /** The bytes of a file; undefined when it cannot be read. */
  bytes(path: string): Promise<Buffer | undefined>;
  /** The names in a folder; undefined when it cannot be listed. */
  names(path: string): Promise<string[] | undefined>;
  /** Where a symbolic link leads; undefined when it is none. */
  link(path: string): Promise<string | undefined>;
  /** Whether something is there; undefined when this process may not know. */
  exists(path: string): Promise<boolean | undefined>;
  run(program: string, args: readonly string[], as?: RunAs): Promise<Printed | undefined>;
  /** Calls back when a file, or something in a folder, changes. Never when it cannot be watched. Returns how to stop. */
  watch(path: string, changed: () => void): () => void;
  /** Whose desktops count: the persons this device serves. */
  readonly uids: readonly number[];
}

/** @param root the folder that stands for `/`; empty for this machine itself */
export function machineAt(root: string, uids: readonly number[], run: Machine['run'] = runProgram): Machine {
  const at = (path: string): string => (root === '' ? path : join(root, path));
  return {
    uids,
    run,
    watch: (path, changed) => watchQuietly(at(path), changed),
    text: async (path) => (await readBounded(at(path)))?.toString('utf8'),
    bytes: (path) => readBounded(at(path)),
    names: (path) => orUndefined(readdir(at(path))),
    link: (path) => orUndefined(readlink(at(path))),
    async exists(path) {
      try {
        await access(at(path));
        return true;
      } catch (error) {
        return existsBy(error);
      }
    },
  };
}

function watchQuietly(path: string, changed: () => void): () => void {
  try {
    const watcher = watch(path, { persistent: false }, changed);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    // Not there, or no watches left: the next minute sees it.
    return () => undefined;
  }
}

/** What a failure to look says of whether there is something: that there is not, or nothing. */
function existsBy(error: unknown): boolean | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return false;
  return undefined;
}

async function readBounded(path: string): Promise<Buffer | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const chunks: Buffer[] = [];
      for (let length = 0; length <= maxBytes;) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(65_536), 0, 65_536, null);
        if (bytesRead === 0) return Buffer.concat(chunks);
        chunks.push(buffer.subarray(0, bytesRead));
        length += bytesRead;
      }
      return undefined;
    } finally {
      await file.close();
    }
  } catch {
    // Not there, or not for this user: the fact is then unknown.
    return undefined;
  }
}

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch {
    return undefined;
  }
}

/** Runs one of the system's programs with a fixed environment; `as` makes it another user's, which needs root. */
export function runProgram(
  program: string,
  args: readonly string[],
  as?: RunAs,
): Promise<Printed | undefined> {
  const env =
    process.platform === 'win32' ? process.env : { PATH: systemPath, LC_ALL: 'C', LANG: 'C', ...as?.env };
  const isOther = as !== undefined && process.getuid?.() === 0;
  return new Promise((resolve) => {
    const child = execFile(
      program,
      [...args],
      {
        timeout: longestMs,
        killSignal: 'SIGKILL',
        maxBuffer: maxBytes,
        windowsHide: true,
        cwd: process.platform === 'win32' ? undefined : '/',
        env,
        ...(isOther ? { uid: as.uid, gid: as.gid } : {}),
      },
      (error, out, err) => {
        const code = error === null ? 0 : error.code;
        resolve(typeof code === 'number' ? { out, err, code } : undefined);
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end();
  });
}
