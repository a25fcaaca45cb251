/**
 * One open flow: a stream of the tunnel joined to a connection to the application. Half-closes pass through both ways,
 * and an end by force on one side is an end by force on the other, never silence.
 */
import { createHmac } from 'node:crypto';
import type { Socket } from 'node:net';
import { toFault, type CodeName } from '../../protocol/errors.ts';
import { pour } from '../../protocol/mux/pour.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import type { SocketReads } from './socket-reads.ts';

/** The flow id both ends derive and nobody else can: HMAC over the session's handshake hash and the stream (WIRE A9). */
export function flowId(handshakeHash: Uint8Array, streamId: number): string {
  const stream = Buffer.alloc(4);
  stream.writeUInt32BE(streamId);
  return createHmac('blake2s256', handshakeHash)
    .update(stream)
    .digest()
    .subarray(0, 16)
    .toString('base64url');
}

/**
 * Joins the two and calls `ended` once both are closed: with no code when each side finished its sending, otherwise with
 * the code that ended the flow.
 * @param reads what the socket was connected with
 */
export function joinFlow(
  stream: MuxStream,
  socket: Socket,
  reads: SocketReads,
  ended: (code: CodeName | undefined) => void,
): void {
  let code: CodeName | undefined;
  let open = 2;
  const closed = (): void => {
    open -= 1;
    if (open === 0) ended(code);
  };
  stream.on('error', (error) => {
    code ??= toFault(error).code;
    socket.resetAndDestroy();
  });
  socket.on('error', () => {
    code ??= 'cancelled';
    stream.reset('cancelled');
  });
  stream.on('close', () => {
    if (!stream.readableEnded || !stream.writableFinished) socket.resetAndDestroy();
    closed();
  });
  socket.on('close', () => {
    if (!stream.destroyed && !(socket.readableEnded && socket.writableFinished)) stream.reset('cancelled');
    closed();
  });
  pour(stream, socket);
  reads.pipe(socket, stream);
}
