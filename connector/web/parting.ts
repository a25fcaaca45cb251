/** The last words on a browser's connection, written by hand where no server answers any more. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** So long the browser has to read them and let go. */
const partingMs = 2_000;

/**
 * Writes `text` and ends. Not destroyed at once: on its way through the relay that would overtake what was written.
 * What still comes is thrown away.
 */
export function endWith(socket: Duplex, text: string): void {
  socket.on('error', () => socket.destroy());
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  if (socket instanceof Socket) socket.setTimeout(partingMs, () => socket.destroy());
  socket.end(text, 'latin1');
  socket.resume();
}

/** A status without a body, after which the connection ends. */
export function refusal(status: number): string {
  return `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
}
