/** Requests written by hand over a browser's TLS connection, and everything that came back until its end. */
import type { TLSSocket } from 'node:tls';
import { once } from 'node:events';

export interface RawAnswer {
  readonly text: string;
  /** The status lines in it, in order. */
  readonly statuses: readonly number[];
  /** Whether the door let the connection go within the patience. */
  readonly closed: boolean;
}

/**
 * Writes `parts` one after the other, each once the answer to the one before has begun. Waits for the end of the connection,
 * or, where `first` is set, for no more than an answer to each.
 */
export async function exchange(
  socket: TLSSocket,
  parts: readonly (string | Buffer)[],
  patienceMs = 3_000,
  first = false,
): Promise<RawAnswer> {
  let text = '';
  let wake: () => void = () => undefined;
  const over = { is: false };
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    wake();
  });
  socket.on('close', () => {
    over.is = true;
    wake();
  });
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]);
  const until = performance.now() + patienceMs;
  const wait = async (done: () => boolean): Promise<void> => {
    while (!done() && !over.is) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  for (const [index, part] of parts.entries()) {
    socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
    if (index + 1 < parts.length) await wait(() => statusesIn(text).length > index);
  }
  await wait(() => first && statusesIn(text).length >= parts.length);
  const closed = over.is;
  socket.destroy();
  return { text, statuses: statusesIn(text), closed };
}

function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}
