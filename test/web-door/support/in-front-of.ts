/** A web bench whose hosts all lead to one origin of the test's, and what tests write by hand to it. */
import type { Server, Socket } from 'node:net';
import { portOf, wiki, WebBench } from './web-bench.ts';

/** The origin listens from now on, and is closed with the bench, with whatever is connected to it then. */
export async function inFrontOf(origin: Server, hosts: readonly string[] = [wiki]): Promise<WebBench> {
  const open = new Set<Socket>();
  origin.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const at = [urlOf(origin)];
  const bench = await WebBench.start(Object.fromEntries(hosts.map((host) => [host, at])));
  bench.closing.push(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => origin.close(resolve));
  });
  return bench;
}

/** Where a connector reaches an origin of the test's. */
export function urlOf(origin: Server): string {
  return `http://localhost:${portOf(origin)}`;
}

/** The lines that make a request the handshake of a WebSocket. */
export const webSocket =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
