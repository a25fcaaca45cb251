/**
 * UDP towards an application: a socket connected to the one guarded address, so that the kernel drops what anybody else
 * sends to it, joined with the datagrams of a stream. Resolving and guarding are `dial.ts`'s, as for TCP.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Clock } from '../../protocol/clock.ts';
import { Fault, toFault, type CodeName } from '../../protocol/errors.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';

/** A flow over which nothing passes for so long, either way, is over (RFC 4787 asks for two minutes at least). */
export const udpIdleMs = 120_000;

/** Connects to `address`, which has been guarded. Rejects with `unreachable`. Nothing is sent. */
export function connectUdp(address: string, port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const fail = (): void => {
    socket.close();
    reject(new Fault('unreachable'));
  };
  socket.once('error', fail);
  socket.connect(port, address, () => {
    socket.removeListener('error', fail);
    resolve(socket);
  });
  return promise;
}

/** Payload bytes that passed, counted on the application's side. */
export interface DatagramBytes {
  readonly up: number;
  readonly down: number;
}

/**
 * Joins the two and calls `ended` once the flow is over: with no code when the client ended it or it fell silent, with
 * `refused` when the application's system says that nobody listens, else with the code that ended the stream.
 */
export function joinDatagrams(
  stream: MuxStream,
  socket: Socket,
  clock: Clock,
  ended: (code: CodeName | undefined, bytes: DatagramBytes) => void,
): void {
  const bytes = { up: 0, down: 0 };
  let code: CodeName | undefined;
  let lastMs = clock.nowMs();
  let cancelIdle: () => void = () => undefined;
  const watch = (ms: number): void => {
    cancelIdle = clock.after(ms, () => {
      const leftMs = lastMs + udpIdleMs - clock.nowMs();
      if (leftMs > 0) watch(leftMs);
      else stream.destroy();
    });
  };
  watch(udpIdleMs);
  stream.onDatagram((datagram) => {
    lastMs = clock.nowMs();
    bytes.up += datagram.length;
    // A send that fails now fails for this datagram; what is wrong for good comes as an error of the socket.
    socket.send(datagram, () => undefined);
  });
  socket.on('message', (datagram) => {
    lastMs = clock.nowMs();
    if (stream.sendDatagram(datagram)) bytes.down += datagram.length;
  });
  socket.on('error', () => stream.reset('refused'));
  stream.on('error', (error) => {
    code ??= toFault(error).code;
  });
  stream.once('close', () => {
    cancelIdle();
    socket.close();
    ended(code === 'cancelled' ? undefined : code, bytes);
  });
  // Nothing but datagrams is expected; the end of the client's half is the end of the flow.
  stream.on('end', () => stream.end());
  stream.resume();
}
