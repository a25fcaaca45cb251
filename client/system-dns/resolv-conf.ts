/**
 * Takes over `/etc/resolv.conf` on systems without routing by suffix, and gives it back exactly as it was. A file that
 * somebody else has changed since is theirs and is not overwritten.
 */
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { isIP } from 'node:net';

export const resolvConfPath = '/etc/resolv.conf';

const firstLine =
  '# Written by "postern up", which answers for the zones of its organisation and forwards everything else.';

/** What the file was before; kept in the journal until it is given back. */
export type PreviousFile =
  | { readonly kind: 'file'; readonly text: string; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string; readonly text: string }
  | { readonly kind: 'none' };

/** A takeover of the file: what was there, and exactly what we put in its place. */
export interface Takeover {
  readonly path: string;
  readonly previous: PreviousFile;
  readonly written: string;
}

/** The name servers of a resolv.conf, in order; what glibc would ignore is left out. */
export function nameServers(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const match = /^nameserver[ \t]+(\S+)/.exec(line);
    const address = match?.[1] ?? '';
    return isIP(address.split('%')[0] ?? '') === 0 ? [] : [address];
  });
}

/**
 * The takeover as it is going to be: our address as the only name server, everything else of the file kept. `journal` is
 * the file in which the takeover is written down, so that any later start finds the way back.
 */
export function planTakeover(path: string, address: string, journal: string): Takeover {
  const previous = readPrevious(path);
  const kept = (previous.kind === 'none' ? '' : previous.text)
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^(nameserver[ \t]|[#;])/.test(line));
  const header = [
    firstLine,
    '# "postern down" gives the previous file back; after a crash, "postern dns reset" does.',
    `# journal: ${journal}`,
  ];
  return { path, previous, written: `${[...header, `nameserver ${address}`, ...kept].join('\n')}\n` };
}

/** Writes the planned file. */
export function takeOver(takeover: Takeover): void {
  replaceFile(takeover.path, takeover.written, 0o644);
}

/** Whether the file is still the one we wrote. */
export function isStillOurs(takeover: Takeover): boolean {
  return readIfThere(takeover.path) === takeover.written && !isLink(takeover.path);
}

/** Puts the previous file back; false when somebody else has changed ours meanwhile, which then stays. */
export function giveBack(takeover: Takeover): boolean {
  if (!isStillOurs(takeover)) return false;
  const { path, previous } = takeover;
  if (previous.kind === 'file') replaceFile(path, previous.text, previous.mode);
  else if (previous.kind === 'link') replaceWithLink(path, previous.target);
  else rmSync(path);
  return true;
}

/** The journal of whoever wrote this file by a takeover; undefined for a file of anybody else's. */
export function journalOfTakeover(text: string): string | undefined {
  return text.startsWith(firstLine) ? /^# journal: (\/.+)$/m.exec(text)?.[1] : undefined;
}

function replaceWithLink(path: string, target: string): void {
  const fresh = `${path}.postern`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, path);
}

function readPrevious(path: string): PreviousFile {
  const text = readIfThere(path);
  if (isLink(path)) return { kind: 'link', target: readlinkSync(path), text: text ?? '' };
  if (text === undefined) return { kind: 'none' };
  return { kind: 'file', text, mode: lstatSync(path).mode & 0o777 };
}

/** Replaces the file at once by a rename; in place where the path is a mount of its own, as in containers (EBUSY). */
function replaceFile(path: string, text: string, mode: number): void {
  const fresh = `${path}.postern`;
  try {
    rmSync(fresh, { force: true });
    writeFileSync(fresh, text, { mode, flag: 'wx' });
    chmodSync(fresh, mode);
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EBUSY' && code !== 'EXDEV') throw error;
    overwrite(path, text);
  }
}

/** Whoever reads the file meanwhile never finds it empty, which to the C library means: ask this machine itself. */
function overwrite(path: string, text: string): void {
  const file = openSync(path, 'r+');
  try {
    writeFileSync(file, text);
    ftruncateSync(file, Buffer.byteLength(text));
  } finally {
    closeSync(file);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
