/**
 * The application behind the web door and its peers: a small answer at `/`, and as many bytes as asked for at `/bytes?n=`.
 *
 *   node origin-server.ts          prints its port
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const small = Buffer.from(JSON.stringify({ application: 'wiki', pages: 42 }));
const block = Buffer.alloc(65_536, 0x70);

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const asked = /^\/bytes\?n=(\d+)$/.exec(request.url ?? '')?.[1];
  if (asked !== undefined) return sendBytes(response, Number(asked));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': small.length });
  response.end(small);
});
server.listen(0, '127.0.0.1', () => console.log(`listening on ${(server.address() as AddressInfo).port}`));

function sendBytes(response: ServerResponse, total: number): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': total });
  let left = total;
  const send = (): void => {
    while (left > 0) {
      const size = Math.min(left, block.length);
      left -= size;
      if (!response.write(size === block.length ? block : block.subarray(0, size))) {
        response.once('drain', send);
        return;
      }
    }
    response.end();
  };
  send();
}
