/**
 * Searches the memory of a running process, and files, for random markers, in every form a program may have given them:
 * a V8 heap snapshot would not show the bytes of Buffers.
 */
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Something that was sent: random bytes, 16 or more, or any text that encodes them. */
export interface Marker {
  name: string;
  bytes: Buffer;
  /** Looked for as it is, and not in any encoding: for bytes too few to be told from chance in a shorter form. */
  plain?: true;
}

const chunkBytes = 4 << 20;

/** The names of the markers that stand in a writable map of `pid`. Rejects where it is gone or not ours to read. */
export async function searchMemory(pid: number, markers: readonly Marker[]): Promise<Set<string>> {
  const missing = new Map(markers.map((marker) => [marker.name, formsOf(marker)]));
  const longest = Math.max(...[...missing.values()].flat().map((form) => form.length));
  const found = new Set<string>();
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
  const memory = await open(`/proc/${pid}/mem`);
  const chunk = Buffer.alloc(chunkBytes);
  try {
    for (const [start, end] of writable(maps)) {
      let at = start;
      while (at < end) {
        const length = Math.min(chunkBytes, end - at);
        const { bytesRead } = await memory.read(chunk, 0, length, at).catch(gone);
        const seen = chunk.subarray(0, bytesRead);
        for (const [name, forms] of missing) {
          if (!forms.some((form) => seen.includes(form))) continue;
          missing.delete(name);
          found.add(name);
        }
        if (bytesRead === 0 || at + bytesRead >= end) break;
        // A form may lie across two chunks.
        at += bytesRead - longest;
      }
    }
  } finally {
    await memory.close();
  }
  return found;
}

/** The names of the markers that stand in these files, or in files below these folders. */
export async function searchFiles(
  paths: readonly string[],
  markers: readonly Marker[],
): Promise<Set<string>> {
  const found = new Set<string>();
  for (const path of paths) {
    const entries = (await stat(path)).isDirectory()
      ? await readdir(path, { recursive: true, withFileTypes: true })
      : undefined;
    const files = entries
      ?.filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files ?? [path]) {
      const content = await readFile(file);
      for (const marker of markers) {
        if (formsOf(marker).some((form) => content.includes(form))) found.add(marker.name);
      }
    }
  }
  return found;
}

/** A map may go between the list and the reading of it, and some are the kernel's own. */
function gone(error: NodeJS.ErrnoException): { bytesRead: number } {
  if (error.code === 'EIO' || error.code === 'EFAULT') return { bytesRead: 0 };
  throw error;
}

function writable(maps: string): [number, number][] {
  return [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) .w/gm)].flatMap(([, start = '', end = '']) => {
    const range: [number, number] = [Number.parseInt(start, 16), Number.parseInt(end, 16)];
    return Number.isSafeInteger(range[1]) ? [range] : [];
  });
}

/** The bytes themselves, as hex, and both as base64 wherever they stand in what was encoded. */
function formsOf({ bytes, plain }: Marker): Buffer[] {
  if (plain === true) return [bytes];
  const texts = [bytes.toString('hex'), bytes.toString('hex').toUpperCase()].map((text) => Buffer.from(text));
  const encoded = [bytes, ...texts].flatMap((each) => [0, 1, 2].map((shift) => base64At(each, shift)));
  const url = encoded.map((form) => Buffer.from(form.toString().replaceAll('+', '-').replaceAll('/', '_')));
  return [
    ...new Map([bytes, ...texts, ...encoded, ...url].map((form) => [form.toString('latin1'), form])).values(),
  ];
}

/** Those characters of base64 that `bytes` alone decides when `shift` other bytes stand before it. */
function base64At(bytes: Buffer, shift: number): Buffer {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const first = shift === 0 ? 0 : shift + 1;
  const isWhole = (shift + bytes.length) % 3 === 0;
  return Buffer.from(text.slice(first, isWhole ? undefined : -1));
}
