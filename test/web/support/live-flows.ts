/** Flows that stay open until somebody ends them, by each way in: a device's client, a page, a program at the web door. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Page } from 'playwright-core';
import { WebSocket, WebSocketServer } from 'ws';
import { lookupWithLocalhost } from '../../../protocol/node/dial-options.ts';
import { connectLocalApi } from '../../../protocol/node/local-api.ts';

/** Something that is open, from its start until somebody ends it. */
export interface OpenFlow {
  /** Sends a word, and resolves when it is back. */
  readonly echo: () => Promise<void>;
  /** When it ended, as `performance.now()`. */
  readonly ended: Promise<number>;
  readonly close: () => void;
}

/** A flow through the client of this state directory, to what gives back what it is sent. Rejects with the Fault of what prevents it. */
export async function deviceFlow(state: string, target: string): Promise<OpenFlow> {
  const flow: Duplex = await connectLocalApi(state, target);
  flow.on('error', () => undefined);
  const ended = new Promise<number>((resolve) => {
    flow.once('close', () => resolve(performance.now()));
    flow.once('end', () => resolve(performance.now()));
  });
  const open: OpenFlow = {
    async echo() {
      const heard = once(flow, 'data');
      flow.write('word');
      await heard;
    },
    ended,
    close: () => flow.destroy(),
  };
  await open.echo();
  return open;
}

/** A WebSocket of a page to `/socket`, which gives back what it is sent. */
export async function pageSocket(page: Page): Promise<OpenFlow & { readonly page: Page }> {
  const ended = Promise.withResolvers<number>();
  await page.exposeFunction('socketEnded', () => ended.resolve(performance.now()));
  await page.evaluate(
    `new Promise((resolve) => {
      globalThis.flow = new WebSocket('/socket');
      flow.onopen = resolve;
      flow.onclose = () => socketEnded();
    })`,
  );
  return {
    page,
    echo: () => page.evaluate(`new Promise((resolve) => { flow.onmessage = resolve; flow.send('word'); })`),
    ended: ended.promise,
    close: () => void page.close().catch(() => undefined),
  };
}

/** A WebSocket of a program that shows these headers at a public hostname. Rejects where it is not let through. */
export async function programSocket(
  door: string,
  headers: Readonly<Record<string, string>>,
): Promise<OpenFlow> {
  const { hostname, port } = new URL(door);
  const socket = new WebSocket(`wss://${hostname}:${port}/socket`, {
    headers,
    rejectUnauthorized: false,
    lookup: lookupWithLocalhost,
  });
  await once(socket, 'open');
  socket.on('error', () => undefined);
  return {
    async echo() {
      const heard = once(socket, 'message');
      socket.send('word');
      await heard;
    },
    ended: once(socket, 'close').then(() => performance.now()),
    close: () => socket.terminate(),
  };
}

/** An answer that a page reads from `/stream`, which goes on writing. */
export async function pageStream(page: Page): Promise<OpenFlow> {
  const ended = Promise.withResolvers<number>();
  await page.exposeFunction('streamEnded', () => ended.resolve(performance.now()));
  await page.evaluate(
    `globalThis.words = 0;
    void (async () => {
      const reader = (await fetch('/stream')).body.getReader();
      try {
        while (!(await reader.read()).done) words += 1;
      } finally {
        streamEnded();
      }
    })().catch(() => undefined);`,
  );
  return {
    async echo() {
      await page.waitForFunction(`words > 0`);
      await page.evaluate(`words = 0`);
      await page.waitForFunction(`words > 0`);
    },
    ended: ended.promise,
    close: () => void page.close().catch(() => undefined),
  };
}

/** A page, and a WebSocket that gives back what it is sent. */
export async function socketApplication(): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html><title>Acme</title><h1>Acme wiki</h1>');
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) =>
    socket.on('message', (word) => socket.send(word)).on('error', () => undefined),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
