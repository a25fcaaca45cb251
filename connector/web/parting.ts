/** How a browser is parted with: last words by hand where no server answers any more, and bodies that nobody takes. */
import { constants } from 'node:http2';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RawRequest } from './request-target.ts';

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

/**
 * Ends an HTTP/2 stream once its answer is sent, whatever is left of the request's body (RFC 9113 §8.1): a browser that is still
 * sending would wait for ever for somebody to take it. Over HTTP/1.1 the connection ends instead.
 */
export function endWithAnswer(request: RawRequest): void {
  if (!('stream' in request) || request.httpVersionMajor !== 2) return;
  const { stream } = request;
  // The response itself says that it is finished only when its stream has closed.
  stream.once('finish', () => {
    if (stream.readableEnded) return;
    stream.close(constants.NGHTTP2_NO_ERROR);
    // What has come of it and nobody took would keep the stream.
    request.removeAllListeners('data').resume();
  });
}
