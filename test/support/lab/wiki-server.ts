/**
 * The web application of the lab, run as a process inside a place; in the internet the same program plays a public
 * site. `Wiki` is its handle.
 *
 *   node wiki-server.ts TITLE ADDRESS PORT…
 *
 *   /              a page with the title          /whoami       its own address and the peer's
 *   /echo          the request's body             /headers      the request's headers, JSON
 *   /bytes?n=N     N bytes, the same every time   /stream?every=MS[&n=COUNT]   a numbered line every MS, endless
 *
 * It prints one line per request, so that a test can say what the origin saw.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

/** `n` bytes in which every position differs from its neighbours in a way that shows loss, doubling and disorder. */
export function* patternBytes(n: number): Generator<Buffer> {
  const block = 65_536;
  for (let sent = 0; sent < n; sent += block) {
    const piece = Buffer.alloc(Math.min(block, n - sent));
    for (let at = 0; at < piece.length; at += 4)
      if (piece.length - at >= 4) piece.writeUInt32BE((sent + at) >>> 0, at);
    yield piece;
  }
}

if (import.meta.main) serve(process.argv.slice(2));

function serve([title, address, ...ports]: string[]): void {
  if (title === undefined || address === undefined || ports.length === 0)
    throw new Error('usage: wiki-server.ts TITLE ADDRESS PORT…');
  let waiting = ports.length;
  for (const port of ports) {
    const server = createServer((request, response) => {
      console.log(`request ${request.method} ${request.url} from ${request.socket.remoteAddress}`);
      answer(title, request, response);
    });
    server.listen(Number(port), address, () => {
      waiting -= 1;
      if (waiting === 0) console.log('ready');
    });
  }
}

function answer(title: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://wiki');
  const number = (name: string, otherwise: number): number => Number(url.searchParams.get(name) ?? otherwise);
  const { socket } = request;
  switch (url.pathname) {
    case '/':
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(
        `<!doctype html>\n<title>${title}</title>\n<h1>${title}</h1>\n<p>Everything is here.</p>\n`,
      );
      break;
    case '/whoami':
      response.end(
        `I am ${socket.localAddress}:${socket.localPort}, you are ${socket.remoteAddress}:${socket.remotePort}\n`,
      );
      break;
    case '/echo':
      request.pipe(response);
      break;
    case '/headers':
      response.setHeader('content-type', 'application/json');
      response.end(`${JSON.stringify(request.headers)}\n`);
      break;
    case '/bytes':
      response.setHeader('content-length', number('n', 0));
      Readable.from(patternBytes(number('n', 0))).pipe(response);
      break;
    case '/stream':
      stream(response, number('every', 100), number('n', Infinity));
      break;
    default:
      response.statusCode = 404;
      response.end('no such page\n');
  }
}

function stream(response: ServerResponse, everyMs: number, count: number): void {
  let line = 0;
  const timer = setInterval(() => {
    line += 1;
    response.write(`${line}\n`);
    if (line >= count) response.end();
  }, everyMs);
  response.once('close', () => clearInterval(timer));
}
