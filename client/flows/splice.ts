/** Joins an application's socket with a flow: half-close passes through, and a flow that fails resets the socket. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pour } from '../../protocol/mux/pour.ts';
import { MuxStream } from '../../protocol/mux/stream.ts';

/** Takes both over; neither may be used afterwards. Nothing is reported: an application sees an end or a reset. */
export function splice(socket: Socket, flow: Duplex): void {
  const fail = (): void => {
    socket.resetAndDestroy();
    flow.destroy();
  };
  socket.once('error', fail);
  flow.once('error', fail);
  socket.once('close', () => {
    if (!flow.readableEnded || !flow.writableFinished) flow.destroy();
  });
  flow.once('close', () => {
    if (!socket.readableEnded && !flow.readableEnded) socket.resetAndDestroy();
  });
  socket.setNoDelay(true);
  socket.pipe(flow);
  if (flow instanceof MuxStream) pour(flow, socket);
  else flow.pipe(socket);
}
