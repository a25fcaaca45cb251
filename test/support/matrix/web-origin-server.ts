/**
 * An application whose every flow stays open until it is cut, as a process inside a place: it says when each began, when the
 * last byte of it came, and when it ended.
 *
 *   node web-origin-server.ts ADDRESS PORT
 *
 *   …/page   a page       …/socket   a WebSocket that takes what comes       …/upload   takes a body without end
 *   …/events   server-sent events, one every 20 ms       …/download   bytes without end
 *
 * Every page names itself as `?of=…`. Prints a line of JSON, `WebFlowEnd`, for each that ended.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';

/** A flow that ended, by the clock of this machine in epoch milliseconds. */
export interface WebFlowEnd {
  /** Of which page. */
  readonly of: string;
  readonly kind: string;
  /** When something of it last came from the browser; of what only goes there, when it was asked for. */
  readonly lastAt: number;
  readonly endedAt: number;
}

if (import.meta.main) run(process.argv.slice(2));

function run([address, port]: string[]): void {
  const server = createServer((request, response) => answer(request, response));
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const came = tellEnd('socket', pageOf(request), (ended) => opened.once('close', ended));
      opened.on('error', () => opened.terminate());
      opened.on('message', came);
    });
  });
  server.requestTimeout = 0;
  server.listen(Number(port), address, () => console.log('ready'));
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const kind = /[^/]*$/.exec(new URL(request.url ?? '/', 'http://application').pathname)?.[0] ?? '';
  response.on('error', () => undefined);
  if (kind === 'page') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html>\n<title>Matrix</title>\n');
    return;
  }
  if (!['upload', 'events', 'download'].includes(kind)) {
    response.statusCode = 404;
    response.end();
    return;
  }
  const came = tellEnd(kind, pageOf(request), (ended) => response.once('close', ended));
  if (kind === 'upload') request.on('data', came).on('error', () => undefined);
  if (kind === 'events') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const timer = setInterval(() => response.write('data: on\n\n'), 20);
    response.once('close', () => clearInterval(timer));
  }
  if (kind === 'download') {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    const timer = setInterval(() => response.write(Buffer.alloc(4_096)), 20);
    response.once('close', () => clearInterval(timer));
  }
}

function pageOf({ url = '/' }: IncomingMessage): string {
  return new URL(url, 'http://application').searchParams.get('of') ?? '';
}

/** What is to be called for everything that comes. */
function tellEnd(kind: string, of: string, once: (ended: () => void) => void): () => void {
  let lastAt = Date.now();
  console.log(`began ${kind} of ${of}`);
  once(() => console.log(JSON.stringify({ of, kind, lastAt, endedAt: Date.now() } satisfies WebFlowEnd)));
  return () => {
    lastAt = Date.now();
  };
}
