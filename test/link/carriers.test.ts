import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { after, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { Fault } from '../../protocol/errors.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import { duplexCarrier } from '../../protocol/link/duplex-carrier.ts';
import { webSocketCarrier } from '../../protocol/link/websocket-carrier.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { muxPair } from '../support/mux-pair.ts';
import { settle } from '../support/settle.ts';

interface Pair {
  readonly left: Carrier;
  readonly right: Carrier;
}

/** Whether a fault's code crosses, or only the fact that it ended. */
interface Kind {
  readonly name: string;
  readonly carriesCodes: boolean;
  make(): Promise<Pair>;
}

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanup of cleanups) cleanup();
});

const kinds: Kind[] = [
  { name: 'memory', carriesCodes: true, make: () => Promise.resolve(memoryCarriers()) },
  {
    name: 'memory, a byte at a time',
    carriesCodes: true,
    make: () => {
      const pair = memoryCarriers();
      pair.toLeft.chunk = 1;
      pair.toRight.chunk = 1;
      return Promise.resolve(pair);
    },
  },
  { name: 'TCP socket', carriesCodes: false, make: tcpPair },
  { name: 'WebSocket', carriesCodes: true, make: webSocketPair },
  { name: 'stream of the hop mux', carriesCodes: true, make: hopPair },
];

async function tcpPair(): Promise<Pair> {
  const server = createTcpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  return { left: duplexCarrier(socket), right: duplexCarrier(accepted) };
}

async function webSocketPair(): Promise<Pair> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  cleanups.push(() => http.close());
  const socket = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const [accepted] = (await once(server, 'connection')) as [WebSocket];
  await once(socket, 'open');
  return { left: webSocketCarrier(socket), right: webSocketCarrier(accepted) };
}

async function hopPair(): Promise<Pair> {
  const { dialler, acceptor } = muxPair({ level: 'hop' });
  const stream = dialler.mux.openStream(Buffer.from('circuit'));
  await settle();
  return { left: duplexCarrier(stream), right: duplexCarrier(acceptor.incoming[0]!.stream) };
}

/** Starts a carrier and keeps what it says. */
function listen(carrier: Carrier) {
  const heard = {
    bytes: [] as Buffer[],
    total: 0,
    drains: 0,
    closes: [] as (Fault | undefined)[],
    whenClosed: Promise.resolve<Fault | undefined>(undefined),
    onData: () => {},
  };
  heard.whenClosed = new Promise((resolve) => {
    carrier.start({
      data(bytes) {
        heard.bytes.push(Buffer.from(bytes));
        heard.total += bytes.length;
        heard.onData();
      },
      drain: () => heard.drains++,
      closed(fault) {
        heard.closes.push(fault);
        resolve(fault);
      },
    });
  });
  return heard;
}

const enough = (heard: { total: number; onData: () => void }, total: number) =>
  new Promise<void>((resolve) => {
    heard.onData = () => {
      if (heard.total >= total) resolve();
    };
    heard.onData();
  });

for (const kind of kinds) {
  test(`${kind.name}: bytes arrive in order and whole, both ways, also those written before anyone listened`, async () => {
    const { left, right } = await kind.make();
    const parts = [1, 2, 3_000, 4, 20_000].map((size, index) => Buffer.alloc(size, index + 1));
    for (const part of parts) left.write(part);
    const atRight = listen(right);
    const atLeft = listen(left);
    for (const part of parts) right.write(part);
    const all = Buffer.concat(parts);
    await Promise.all([enough(atRight, all.length), enough(atLeft, all.length)]);
    assert.ok(Buffer.concat(atRight.bytes).equals(all));
    assert.ok(Buffer.concat(atLeft.bytes).equals(all));
    left.close();
    right.close();
  });

  test(`${kind.name}: a writer is told to wait while the reader pauses, and to go on when it resumes`, async () => {
    const { left, right } = await kind.make();
    const atLeft = listen(left);
    const atRight = listen(right);
    right.pause();
    let written = 0;
    const block = Buffer.alloc(16_384);
    for (let round = 0; round < 3_000; round++) {
      if (!left.write(block)) break;
      written += block.length;
      if (round % 32 === 0) await settle(1);
    }
    written += block.length;
    assert.ok(written < 40_000_000, `took ${written} bytes`);
    const before = atLeft.drains;
    right.resume();
    await enough(atRight, written);
    await settle();
    assert.equal(atRight.total, written);
    assert.ok(atLeft.drains > before);
    left.close();
    right.close();
  });

  test(`${kind.name}: whoever was told to wait hears of the end of it also where little was written meanwhile`, async () => {
    const { left, right } = await kind.make();
    const atLeft = listen(left);
    const atRight = listen(right);
    let written = 0;
    for (let isReady = true; isReady; written += 30_000) isReady = left.write(Buffer.alloc(30_000));
    // One word for each step by which it empties.
    for (let round = 0; round < 200 && atLeft.drains === 0; round++, written += 1) {
      left.write(Buffer.alloc(1));
      await settle(1);
    }
    await enough(atRight, written);
    await settle();
    assert.ok(atLeft.drains > 0);
    left.close();
    right.close();
  });

  test(`${kind.name}: an end in order delivers what was written before and says no fault`, async () => {
    const { left, right } = await kind.make();
    const atRight = listen(right);
    const atLeft = listen(left);
    left.write(Buffer.from('last words'));
    left.close();
    assert.equal(await atRight.whenClosed, undefined);
    assert.equal(Buffer.concat(atRight.bytes).toString(), 'last words');
    assert.equal(await atLeft.whenClosed, undefined);
    left.close();
    right.close();
    await settle();
    assert.equal(atLeft.closes.length, 1);
    assert.equal(atRight.closes.length, 1);
  });

  test(`${kind.name}: an end with a fault is immediate here and an end there`, async () => {
    const { left, right } = await kind.make();
    const atRight = listen(right);
    const atLeft = listen(left);
    left.close(new Fault('busy'));
    assert.equal((await atLeft.whenClosed)?.code, 'busy');
    const fault = await atRight.whenClosed;
    if (kind.carriesCodes) assert.equal(fault?.code, 'busy');
    assert.equal(left.write(Buffer.from('too late')), true);
    await settle();
    assert.equal(atRight.total, 0);
    assert.equal(atRight.closes.length, 1);
  });

  test(`${kind.name}: one that ended before it was started says so when started`, async () => {
    const { left, right } = await kind.make();
    const atLeft = listen(left);
    left.close(new Fault('busy'));
    await atLeft.whenClosed;
    const atRight = listen(right);
    await atRight.whenClosed;
    assert.equal(atRight.closes.length, 1);
  });
}

test('a text message where bytes belong ends a WebSocket carrier with protocol', async () => {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  cleanups.push(() => http.close());
  const socket = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const [accepted] = (await once(server, 'connection')) as [WebSocket];
  const heard = listen(webSocketCarrier(accepted));
  await once(socket, 'open');
  socket.send('text');
  assert.equal((await heard.whenClosed)?.code, 'protocol');
  const [code] = (await once(socket, 'close')) as [number];
  assert.equal(code, 4_018);
});

test('what a WebSocket carrier is given in one turn leaves in one write, and a close after it', async () => {
  const left: Buffer[] = [];
  const connection = new Duplex({
    read: () => undefined,
    write: (bytes: Buffer, _encoding, done) => {
      left.push(bytes);
      done();
    },
    writev: (chunks: readonly { readonly chunk: Buffer }[], done) => {
      left.push(Buffer.concat(chunks.map(({ chunk }) => chunk)));
      done();
    },
  });
  const request = new IncomingMessage(connection as Socket);
  request.method = 'GET';
  request.headers = {
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
  };
  const socket = await new Promise<WebSocket>((resolve) =>
    new WebSocketServer({ noServer: true, perMessageDeflate: false }).handleUpgrade(
      request,
      connection,
      Buffer.alloc(0),
      resolve,
    ),
  );
  const carrier = webSocketCarrier(socket);
  listen(carrier);
  await settle();
  left.length = 0;
  for (const text of ['one', 'two', 'three']) carrier.write(Buffer.from(text));
  assert.equal(left.length, 0, 'the turn is not over');
  await settle();
  // Each is a message of its own (RFC 6455 section 5.2): final and binary, its length, its bytes.
  assert.deepEqual(
    left.map((bytes) => bytes.toString('latin1')),
    ['\x82\x03one\x82\x03two\x82\x05three'],
  );
  left.length = 0;
  carrier.write(Buffer.from('last'));
  carrier.close();
  await settle();
  assert.deepEqual(
    left.map((bytes) => bytes.toString('latin1')),
    ['\x82\x04last\x88\x02\x03\xe8'],
  );
});
