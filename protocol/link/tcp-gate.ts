/**
 * What a connector's direct listener asks of a TCP connection before anything else happens for it (SEC-D8, K9): a first
 * message that is an INIT with the right mac1. Whoever brings anything else hears nothing and sees no difference: every
 * byte is read and dropped until the same time or the same number of bytes is over, and then the connection is cut.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { AgreementKey } from '../keys.ts';
import { hasMac1 } from './handshake-messages.ts';
import { messageHeaderBytes } from './message-reader.ts';

/** A connection has so long from its first moment, whatever it sends. */
export const gateMs = 5_000;
/** And so many bytes: the largest first message of an initiator. */
export const gateBytes = messageHeaderBytes + 4_096;

const initType = 1;

/**
 * Watches a socket that nobody has read yet. `passed` is called at most once, within the bounds, with the socket paused
 * and everything that arrived; until then, and if it never is, nothing is written. Cutting the socket ends the watch.
 */
export function watchGate(
  socket: Socket,
  own: AgreementKey,
  clock: Clock,
  passed: (head: Buffer) => void,
): void {
  let pieces: Buffer[] = [];
  let total = 0;
  /** So many bytes are looked at next: the header, then the whole message; undefined for what is only dropped. */
  let wanted: number | undefined = messageHeaderBytes;
  const cancelTimer = clock.after(gateMs, () => socket.resetAndDestroy());
  const look = (bytes: Buffer): void => {
    total += bytes.length;
    if (total > gateBytes) return void socket.resetAndDestroy();
    if (wanted === undefined) return undefined;
    pieces.push(bytes);
    if (total < wanted) return undefined;
    const head = pieces.length === 1 ? bytes : Buffer.concat(pieces);
    pieces = [head];
    wanted = initEnd(head);
    if (wanted !== undefined && total < wanted) return undefined;
    if (wanted !== undefined && hasMac1(head.subarray(messageHeaderBytes, wanted), own)) {
      cancelTimer();
      socket.off('data', look);
      socket.off('error', ignore);
      socket.off('close', cancelTimer);
      socket.pause();
      return passed(head);
    }
    wanted = undefined;
    pieces = [];
    return undefined;
  };
  socket.on('error', ignore);
  socket.on('close', cancelTimer);
  socket.on('data', look);
}

/** Where the message that the header announces ends; undefined for one that can be no INIT. */
function initEnd(head: Buffer): number | undefined {
  const end = head.readUInt16BE(0) + messageHeaderBytes - 2;
  const mayBe = head[2] === initType && head[3] === 0 && end > messageHeaderBytes && end <= gateBytes;
  return mayBe ? end : undefined;
}

function ignore(): void {
  // The connection is gone, which is all that there is to it.
}
