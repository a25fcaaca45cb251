/**
 * The local API of a running client or connector: JSON over HTTP on a Unix socket of mode 0600 in the state directory,
 * for the command line on the same machine. Never on TCP, where a browser could be made to reach it (SEC-E4).
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Fault, codes, toFault, type CodeName } from '../errors.ts';

/** One route: gets the query and the JSON body, answers JSON. A thrown Fault becomes the caller's Fault. */
export type LocalRoute = (query: URLSearchParams, body: unknown) => unknown;
/** Routes by method and path, such as `GET /v1/status`. */
export type LocalRoutes = Readonly<Record<string, LocalRoute>>;

export interface LocalApi {
  close(): Promise<void>;
}

const maxBodyBytes = 65_536;

/** Where the socket of a state directory lies. */
export function localSocket(stateDirectory: string): string {
  return join(stateDirectory, 'postern.sock');
}

/** Serves `routes`. Rejects with a Fault when another process already serves this state directory. */
export async function serveLocalApi(stateDirectory: string, routes: LocalRoutes): Promise<LocalApi> {
  const path = localSocket(stateDirectory);
  if (await isServed(path)) {
    throw new Fault(
      'busy',
      `another postern process is running on ${stateDirectory}; stop it first (postern down)`,
    );
  }
  rmSync(path, { force: true });
  const server = createServer((incoming, response) => {
    void answer(incoming, routes).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
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
      const { code, message } = answered as { code: CodeName; message: string };
      reject(new Fault(code in codes ? code : 'internal', message));
    }, reject);
  });
  call.on('error', () =>
    reject(
      new Fault(
        'unreachable',
        `nothing runs on ${stateDirectory}; start it with postern up --state ${stateDirectory}`,
      ),
    ),
  );
  call.setHeader('content-type', 'application/json');
  call.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
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

async function answer(
  incoming: IncomingMessage,
  routes: LocalRoutes,
): Promise<{ status: number; body: unknown }> {
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

async function readJson(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes && incoming.method !== undefined)
      throw new Fault('limit', 'the request is too large');
    chunks.push(chunk);
  }
  return length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
