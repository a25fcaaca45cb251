/** HTTP/2 at the web door against whoever churns streams or never ends a head: the connection goes, nobody else notices. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { eventually } from '../support/eventually.ts';
import { frame, indexed, preface } from '../web-door/support/h2-frames.ts';
import { inFrontOf } from '../web-door/support/in-front-of.ts';
import { wiki, type WebBench } from '../web-door/support/web-bench.ts';

let bench: WebBench;
let asked = 0;
const origin = createServer((_request, response) => {
  asked++;
  response.end('from the origin');
});

before(async () => {
  bench = await inFrontOf(origin);
});
after(() => bench.close());

test('SEC-D3: streams opened and reset without end cost their connection, and another person nothing', async () => {
  const mallory = await bench.signIn(wiki);
  const alice = await bench.signIn(wiki);
  const head = headOf(mallory.cookie);
  const cancel = Buffer.from([0, 0, 0, 8]);
  let stream = 1;
  const churn = (): Buffer =>
    Buffer.concat(
      Array.from({ length: 100 }, () => {
        stream += 2;
        return Buffer.concat([frame(1, 0b101, stream, head), frame(3, 0, stream, cancel)]);
      }),
    );
  const socket = await greeted();
  await isAnswered(socket, head);
  asked = 0;
  const taken = await flood(socket, churn, 1_000);
  assert.ok(taken < 100, `${taken * 100} streams were taken`);
  assert.ok(asked < taken * 100, `the origin was asked ${asked} times`);
  assert.equal((await bench.ask('/', { cookie: alice.cookie })).status, 200);
});

test('SEC-D3: while ten thousand streams are opened and reset, over as many connections as that costs, another person waits for nothing', async () => {
  const mallory = await bench.signIn(wiki);
  const alice = await bench.signIn(wiki);
  const took: number[] = [];
  const askOnce = async (): Promise<number> => {
    const sinceMs = performance.now();
    assert.equal((await bench.ask('/', { cookie: alice.cookie })).status, 200);
    return performance.now() - sinceMs;
  };
  const usual: number[] = [];
  for (let index = 0; index < 50; index += 1) usual.push(await askOnce());
  const head = headOf(mallory.cookie);
  const cost = { streams: 0, connections: 0 };
  const churning = (async () => {
    while (cost.streams < 10_000) {
      const socket = await greeted();
      socket.on('error', () => undefined);
      cost.connections += 1;
      let stream = 1;
      const churn = (): Buffer => {
        cost.streams += 100;
        return Buffer.concat(
          Array.from({ length: 100 }, () => {
            stream += 2;
            return Buffer.concat([
              frame(1, 0b101, stream, head),
              frame(3, 0, stream, Buffer.from([0, 0, 0, 8])),
            ]);
          }),
        );
      };
      await flood(socket, churn, 100);
      socket.destroy();
    }
  })();
  const over = new AbortController();
  void churning.finally(() => over.abort());
  while (!over.signal.aborted) took.push(await askOnce());
  await churning;
  const p99 = took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? 0;
  const usualMs = usual.toSorted((a, b) => a - b)[25] ?? 0;
  assert.ok(cost.connections > 1, 'a connection that churns is let go');
  assert.ok(
    took.length > 5 && p99 < 500 + 10 * usualMs,
    `p99 ${p99} ms of ${took.length}, usually ${usualMs} ms`,
  );
});

test('SEC-D3: a head in endless CONTINUATION frames is not waited for', async () => {
  const socket = await greeted();
  // HEADERS on stream 1 without END_HEADERS, then as many pieces of its head as the door takes.
  socket.write(frame(1, 0, 1, Buffer.from([0x82])));
  const piece = frame(9, 0, 1, Buffer.alloc(1_024));
  const taken = await flood(socket, () => piece, 4_000);
  assert.ok(taken < 1_000, `${taken} KiB of one head were taken`);
});

test('SEC-D3: settings and pings whose answers nobody reads are ended', async () => {
  const { cookie } = await bench.signIn(wiki);
  for (const one of [frame(4, 0, 0, Buffer.alloc(0)), frame(6, 0, 0, Buffer.alloc(8))]) {
    const socket = await greeted();
    // A few are nothing to anybody.
    socket.write(Buffer.concat(Array.from({ length: 20 }, () => one)));
    await isAnswered(socket, headOf(cookie));
    socket.pause();
    const many = Buffer.concat(Array.from({ length: 2_000 }, () => one));
    const taken = await flood(socket, () => many, 400);
    socket.destroy();
    assert.ok(taken < 400, `${taken * 2_000} frames were taken`);
  }
});

/** Writes what `next` makes until the other end lets the connection go; how often it could, at most `most`. */
async function flood(socket: TLSSocket, next: () => Buffer, most: number): Promise<number> {
  const over = new AbortController();
  for (const event of ['close', 'end', 'error']) socket.once(event, () => over.abort());
  let written = 0;
  while (!over.signal.aborted && !socket.destroyed && written < most) {
    written += 1;
    const isRoom = socket.write(next());
    await (isRoom
      ? new Promise((resolve) => setImmediate(resolve))
      : once(socket, 'drain', { signal: over.signal }).catch(() => undefined));
  }
  return written;
}

/** The control: a request on stream 1 is answered on this connection. */
async function isAnswered(socket: TLSSocket, head: Buffer): Promise<void> {
  asked = 0;
  socket.write(frame(1, 0b101, 1, head));
  await eventually('an answer over HTTP/2', () => (asked === 1 ? true : undefined), { everyMs: 5 });
}

/** GET, https and / by their places in the table of RFC 7541; authority and cookie as they are. */
function headOf(cookie: string): Buffer {
  const host = indexed([0x41], `${wiki}:${bench.port}`);
  return Buffer.concat([Buffer.from([0x82, 0x87, 0x84]), host, indexed([0x0f, 0x11], cookie)]);
}

/** A connection with the preface and empty settings sent. */
async function greeted(): Promise<TLSSocket> {
  const socket = bench.raw(wiki, 'h2');
  await once(socket, 'secureConnect');
  socket.resume();
  socket.write(preface);
  socket.write(frame(4, 0, 0, Buffer.alloc(0)));
  return socket;
}
