/**
 * Reads a connection as far as its ClientHello goes, within a bound of bytes and of time, and says whom it asks for. What
 * was read is handed on with the verdict; the socket is paused and no listener is left on it.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../protocol/clock.ts';
import { readClientHello, type HelloVerdict } from './client-hello.ts';

/** A hello must be whole within this. */
const helloMs = 5_000;

export type Peeked =
  | { readonly verdict: Exclude<HelloVerdict, { state: 'partial' }>; readonly bytes: Buffer }
  /** `gone`: it ended or failed; `slow`: it took too long. */
  | { readonly verdict: { readonly state: 'gone' | 'slow' } };

/** Calls `done` once. The socket is the caller's again then, and open unless it is `gone`. */
export function peek(socket: Socket, clock: Clock, done: (peeked: Peeked) => void): void {
  let held: Buffer = Buffer.alloc(0);
  /** Chunks since the last look: one byte at a time would otherwise be copied over and over. */
  let waiting: Buffer[] = [];
  let count = 0;
  let needed = 1;
  const cancelTimer = clock.after(helloMs, () => settle({ verdict: { state: 'slow' } }));
  const settle = (peeked: Peeked): void => {
    cancelTimer();
    socket.pause();
    socket.off('data', take);
    socket.off('close', leave);
    socket.off('end', leave);
    done(peeked);
  };
  const leave = (): void => settle({ verdict: { state: 'gone' } });
  const take = (chunk: Buffer): void => {
    waiting.push(chunk);
    count += chunk.length;
    if (count < needed) return;
    held = Buffer.concat([held, ...waiting]);
    waiting = [];
    const verdict = readClientHello(held);
    if (verdict.state === 'partial') needed = verdict.needed;
    else settle({ verdict, bytes: held });
  };
  socket.on('data', take);
  socket.on('close', leave);
  socket.on('end', leave);
}
