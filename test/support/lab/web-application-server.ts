/**
 * A private web application as browsers use one, run as a process inside a place: pages, cookies, a WebSocket, server-sent
 * events, uploads and downloads of any size.
 *
 *   node web-application-server.ts ADDRESS PORT
 *
 *   /            a page                        /headers     the request's headers, JSON
 *   /socket      a WebSocket that echoes       /events      server-sent events, one every 200 ms, endless
 *   /upload      counts and hashes the body    /bytes?n=N   N bytes, the same every time; ranges
 *   /sw.js, /static/sw.js   a service worker that answers for everything it may
 *   /shared      the request's headers, for pages of any other site that may ask, by CORS
 *   /cookie      sets cookies of its own       /form        a form that posts to /upload
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { WebSocketServer } from 'ws';
import { patternBytes } from './wiki-server.ts';

const [address, port] = process.argv.slice(2);
const server = createServer((request, response) => {
  console.log(`request ${request.method} ${request.url}`);
  answer(request, response);
});
const sockets = new WebSocketServer({ server, path: '/socket' });
sockets.on('connection', (socket) => {
  socket.on('error', () => socket.terminate());
  socket.on('message', (data, binary) => socket.send(data, { binary }));
});
server.requestTimeout = 0;
server.listen(Number(port), address, () => console.log('ready'));

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://application');
  switch (url.pathname) {
    case '/':
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end('<!doctype html>\n<title>Acme wiki</title>\n<h1>Acme wiki</h1>\n');
      break;
    case '/form':
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(
        '<!doctype html>\n<title>A form</title><form method="post" action="/upload"><button>Send</button></form>',
      );
      break;
    case '/headers':
      response.setHeader('content-type', 'application/json');
      response.end(`${JSON.stringify(request.headers)}\n`);
      break;
    case '/shared':
      response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
      response.setHeader('access-control-allow-credentials', 'true');
      response.setHeader('access-control-allow-methods', 'PUT');
      response.setHeader('access-control-allow-headers', 'x-mine');
      response.setHeader('content-type', 'application/json');
      response.end(`${JSON.stringify(request.headers)}\n`);
      break;
    case '/events':
      events(response);
      break;
    case '/upload':
      upload(request, response);
      break;
    case '/bytes':
      bytes(Number(url.searchParams.get('n') ?? 0), response);
      break;
    case '/sw.js':
    case '/static/sw.js':
      response.writeHead(200, { 'content-type': 'text/javascript', 'service-worker-allowed': '/' });
      response.end(worker);
      break;
    case '/cookie':
      response.setHeader('set-cookie', ['theme=dark; Path=/', '__Host-postern=stolen; Path=/; Secure']);
      response.end('set\n');
      break;
    default:
      response.statusCode = 404;
      response.end('no such page\n');
  }
}

const worker = `
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  if (event.request.mode === 'navigate')
    event.respondWith(new Response('<h1>You are signed out</h1>', { headers: { 'content-type': 'text/html' } }));
});`;

function events(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let count = 0;
  const timer = setInterval(() => response.write(`data: ${++count}\n\n`), 200);
  response.once('close', () => clearInterval(timer));
}

function upload(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256');
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    hash.update(chunk);
  });
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ length, hash: hash.digest('hex') }));
  });
  request.on('error', () => response.destroy());
}

function bytes(n: number, response: ServerResponse): void {
  response.setHeader('content-length', n);
  Readable.from(patternBytes(n)).pipe(response);
}
