/** Takes the connections that the rules redirect here and opens the flow each of them was meant for. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { EarlyBytes } from '../flows/early-bytes.ts';
import type { OpenFlow } from '../flows/open-flow.ts';
import { splice } from '../flows/splice.ts';
import { OpenSockets } from '../../protocol/open-sockets.ts';

export interface CaptureListener {
  /** On 127.0.0.1. */
  readonly port: number;
  close(): void;
}

/** What is asked of the system about a connection (`captured-socket.ts`). */
export interface CapturedSockets {
  originalDestination(this: void, socket: Socket): { address: string; port: number } | undefined;
  boundUnsent(this: void, socket: Socket): void;
}

/** Connections that wait for a connector's answer. */
const mostPending = 1_024;
/** From this much on that an application has not taken, the rest waits in its flow, where it is counted. */
const mostUnsentBytes = 16 * 1_024;

/**
 * Listens on a port of loopback. A connection that was not redirected (somebody connected to the port itself) has no
 * synthetic destination and is reset, like one whose flow is refused.
 */
export async function listenForCaptured(
  openFlow: OpenFlow,
  { originalDestination, boundUnsent }: CapturedSockets,
): Promise<CaptureListener> {
  const open = new OpenSockets();
  let pending = 0;
  const take = async (socket: Socket): Promise<void> => {
    const destination = originalDestination(socket);
    if (destination === undefined || pending >= mostPending) return void socket.resetAndDestroy();
    pending += 1;
    boundUnsent(socket);
    const early = new EarlyBytes(socket);
    try {
      const flow = await openFlow({ host: destination.address, port: destination.port, early });
      early.release();
      if (socket.destroyed) flow.destroy();
      else splice(socket, flow);
    } catch {
      // The application learns what TCP can say; `status` shows the reason.
      socket.resetAndDestroy();
    } finally {
      pending -= 1;
    }
    return undefined;
  };
  const options = { allowHalfOpen: true, pauseOnConnect: true, highWaterMark: mostUnsentBytes };
  const server: Server = createServer(options, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    void take(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.on('error', () => undefined);
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of open.all()) socket.resetAndDestroy();
    },
  };
}
