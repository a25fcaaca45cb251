/**
 * The local API of a running client or connector: JSON over HTTP on a Unix socket of mode 0600 in the state directory,
 * for the command line on the same machine. Never on TCP, where a browser could be made to reach it (SEC-E4).
 */
import { chmodSync, rmSync } from 'node:fs';
import type { IncomingMessage as Incoming } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { Fault, codes, toFault, type CodeName } from '../errors.ts';
import { boundedServerOptions, peerBounds } from '../slow-peers.ts';
import { createServer, IncomingMessage, request } from './node-http.ts';

/** One route: gets the query and the JSON body, answers JSON. A thrown Fault becomes the caller's Fault. */
export type LocalRoute = (query: URLSearchParams, body: unknown) => unknown;
/** Routes by method and path, such as `GET /v1/status`. */
export type LocalRoutes = Readonly<Record<string, LocalRoute>>;

/** Opens what an HTTP CONNECT on the socket asks for; `target` is unchecked. Rejects with a Fault to refuse. */
export type LocalConnect = (target: string) => Promise<Duplex>;

export interface LocalApi {
  close(): Promise<void>;
}

const maxBodyBytes = 65_536;
const maxConnections = 1_024;

/** Where the socket of a state directory lies. */
export function localSocket(stateDirectory: string): string {
  return join(stateDirectory, 'postern.sock');
}

/**
 * Serves `routes`, and connections when `open` is given. Rejects with a Fault when another process already serves this
 * state directory.
 */
export async function serveLocalApi(
  stateDirectory: string,
  routes: LocalRoutes,
  open?: LocalConnect,
): Promise<LocalApi> {
  const path = localSocket(stateDirectory);
  if (await isServed(path)) {
    throw new Fault(
      'busy',
      `another postern process is running on ${stateDirectory}; stop it first (postern down)`,
    );
  }
  rmSync(path, { force: true });
  const server = createServer(boundedServerOptions(peerBounds), (incoming, response) => {
    void answer(incoming, routes).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
  server.maxConnections = maxConnections;
  if (open !== undefined) {
    server.on('connect', (incoming, socket, head) => {
      void joinConnection(open, incoming.url ?? '', socket, head);
    });
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const mask = process.umask(0o177);
    server.listen(path, resolve);
    process.umask(mask);
  });
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Calls the local API. Rejects with the route's Fault, or `unreachable` when nothing runs on this state directory. */
export function callLocalApi(
  stateDirectory: string,
  method: 'GET' | 'POST',
  route: string,
  body?: unknown,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const call = request({ socketPath: localSocket(stateDirectory), method, path: route }, (response) => {
    readJson(response).then((answered) => {
      if (response.statusCode === 200) return resolve(answered);
      reject(faultIn(answered));
    }, reject);
  });
  call.on('error', () => reject(nothingRuns(stateDirectory)));
  call.setHeader('content-type', 'application/json');
  call.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

/** A connection through the process that serves the state directory. Rejects as `callLocalApi` does. */
export function connectLocalApi(stateDirectory: string, target: string): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const call = request({ socketPath: localSocket(stateDirectory), method: 'CONNECT', path: target });
  call.on('connect', (response, socket, head) => {
    if (head.length > 0) socket.unshift(head);
    if (response.statusCode === 200) resolve(socket);
    else readJson(socket).then((answered) => reject(faultIn(answered)), reject);
  });
  call.on('error', () => reject(nothingRuns(stateDirectory)));
  call.end();
  return promise;
}

async function joinConnection(
  open: LocalConnect,
  target: string,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy());
  try {
    const opened = await open(target);
    if (socket.destroyed) return void opened.destroy();
    if (head.length > 0) socket.unshift(head);
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    opened.once('error', () => socket.destroy());
    socket.once('close', () => opened.destroy());
    opened.once('close', () => {
      if (!opened.readableEnded) socket.destroy();
    });
    socket.pipe(opened);
    opened.pipe(socket);
  } catch (error) {
    const { code, message } = toFault(error);
    socket.end(`HTTP/1.1 409 Conflict\r\n\r\n${JSON.stringify({ code, message })}`);
  }
  return undefined;
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

async function answer(incoming: Incoming, routes: LocalRoutes): Promise<{ status: number; body: unknown }> {
  try {
    const url = new URL(incoming.url ?? '/', 'http://local');
    const key = `${incoming.method ?? 'GET'} ${url.pathname}`;
    const route = Object.hasOwn(routes, key) ? routes[key] : undefined;
    if (route === undefined) return { status: 404, body: { code: 'no-name', message: `there is no ${key}` } };
    const body = incoming.method === 'POST' ? await readJson(incoming) : undefined;
    return { status: 200, body: await route(url.searchParams, body) };
  } catch (error) {
    const { code, message } = toFault(error);
    return { status: 409, body: { code, message } };
  }
}

function faultIn(answered: unknown): Fault {
  const { code, message } = answered as { code: CodeName; message: string };
  return new Fault(code in codes ? code : 'internal', message);
}

function nothingRuns(stateDirectory: string): Fault {
  return new Fault(
    'unreachable',
    `nothing runs on ${stateDirectory}; start it with postern up --state ${stateDirectory}`,
  );
}

async function readJson(incoming: Readable): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes && incoming instanceof IncomingMessage && incoming.method !== undefined)
      throw new Fault('limit', 'the request is too large');
    chunks.push(chunk);
  }
  return length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
