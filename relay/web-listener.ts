/** A port for browsers alone (`--web-listen`): whatever comes in is passed to a connector by name, or refused. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Clock } from '../protocol/clock.ts';
import { ProxiedPort, type TrustsProxy } from '../protocol/proxied-port.ts';
import { OpenSockets } from '../protocol/open-sockets.ts';
import { listenBacklog } from '../protocol/slow-peers.ts';
import type { WebDoor } from './web-door.ts';

export interface WebListener {
  readonly port: number;
  close(): Promise<void>;
}

export interface WebListenerOptions {
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Undefined while it is not known who this relay is: then all are let go. */
  door(): WebDoor | undefined;
  readonly clock: Clock;
  /** The operator's balancers, by address; nobody's word counts unless given. */
  readonly trustsProxy?: TrustsProxy;
}

/** Rejects with the system's error when the address cannot be listened on. */
export async function listenForBrowsers(options: WebListenerOptions): Promise<WebListener> {
  const open = new OpenSockets();
  const { trustsProxy: trusts, clock } = options;
  const proxied = trusts === undefined ? undefined : new ProxiedPort({ trusts, clock });
  const pass = (socket: Socket): void => {
    const door = options.door();
    if (door === undefined) socket.destroy();
    else door.take(socket);
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    if (proxied === undefined) pass(socket);
    else proxied.take(socket, pass);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, listenBacklog, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        open.destroyAll();
      }),
  };
}
