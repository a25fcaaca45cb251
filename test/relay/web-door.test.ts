import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { after, afterEach, before, test } from 'node:test';
import { decodeWeb, encodeWeb, type WebCaller } from '../../protocol/hop.ts';
import { systemClock } from '../../protocol/clock.ts';
import { attachToRelay, type Attachment } from '../../protocol/link/attachment.ts';
import { newId } from '../../protocol/ids.ts';
import { parseName, type Name } from '../../protocol/names.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { plainAddress } from '../../protocol/source-address.ts';
import { neighbourhoodOf } from '../../relay/browser-network.ts';
import { Circuits } from '../../relay/circuits.ts';
import { RateShares } from '../../relay/rate-shares.ts';
import { inOrder } from '../../relay/rendezvous.ts';
import { WebDoor } from '../../relay/web-door.ts';
import { listenForNodes } from '../../relay/listener.ts';
import { listenForBrowsers, type WebListener } from '../../relay/web-listener.ts';
import { createAuthority } from '../support/authority.ts';
import { eventually } from '../support/eventually.ts';
import { muxPair } from '../support/mux-pair.ts';
import { binaryPreface } from '../support/proxy-prefaces.ts';
import { lab, labConnector, RelayLab } from '../support/relay-lab.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const alert = Buffer.from([21, 3, 1, 0, 2, 2, 112]);
const relays = new RelayLab();
const attachments: Attachment[] = [];
const sockets: Socket[] = [];
let listener: WebListener;

before(async () => {
  await relays.start();
  listener = await listenForBrowsers({
    address: '127.0.0.1',
    port: 0,
    clock: systemClock,
    door: () => relays.relay.door,
  });
});
after(async () => {
  await listener.close();
  await relays.stop();
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const attachment of attachments.splice(0)) attachment.close();
  relays.revoked.clear();
});

async function serve(
  hosts: readonly string[],
  onWeb: (stream: MuxStream, caller: WebCaller) => void,
): Promise<string> {
  const node = labConnector();
  attachments.push(await attachToRelay({ ...(await relays.attachOptions(node, { hosts })), onWeb }));
  return node.id;
}

/** Sends what it gets back, with every bit turned. */
function shout(stream: MuxStream): void {
  stream.accept();
  stream.on('data', (bytes: Buffer) => stream.write(turned(bytes)));
  stream.on('end', () => stream.end());
}

function turned(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0xff));
}

function dial(): Socket {
  const socket = connectTcp({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** A ClientHello for this name, as a TLS client writes it. */
async function helloFor(servername: string): Promise<Buffer> {
  const server = await listenOnce();
  const client = connectTls({ port: server.port, host: '127.0.0.1', servername });
  client.on('error', () => undefined);
  const bytes = await server.first;
  client.destroy();
  return bytes;
}

async function listenOnce(): Promise<{ port: number; first: Promise<Buffer> }> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      resolve(bytes);
      socket.destroy();
      server.close();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as { port: number }).port, first: promise };
}

async function received(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => chunks.push(bytes));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

test('a browser reaches the connector of its hostname with its address, byte for byte, and each way ends by itself', async () => {
  const { promise: called, resolve } = Promise.withResolvers<WebCaller>();
  await serve(['wiki.acme.example'], (stream, caller) => {
    resolve(caller);
    shout(stream);
  });
  const hello = await helloFor('wiki.acme.example');
  const socket = dial();
  // In two packets: what came first is not lost.
  socket.write(hello.subarray(0, 100));
  socket.end(Buffer.concat([hello.subarray(100), Buffer.from('and more')]));
  await once(socket, 'connect');
  const { localPort } = socket;
  const back = await received(socket);
  assert.equal(back.length, hello.length + 8);
  assert.deepEqual(turned(back), Buffer.concat([hello, Buffer.from('and more')]));
  assert.deepEqual(await called, { sni: 'wiki.acme.example', addr: '127.0.0.1', port: localPort });
});

test('SEC-A18 behind a balancer a connector is told the browser’s address, at either port, and no other peer’s word counts', async (t) => {
  const callers: WebCaller[] = [];
  await serve(['wiki.acme.example'], (stream, caller) => {
    callers.push(caller);
    shout(stream);
  });
  const source = { address: '203.0.113.7', port: 50_000 };
  const preface = binaryPreface({ source, destination: { address: '198.51.100.1', port: 443 } });
  const hello = await helloFor('wiki.acme.example');
  const given = {
    address: '127.0.0.1',
    port: 0,
    clock: systemClock,
    trustsProxy: (address: string) => address === '127.0.0.9',
  };
  const browsers = await listenForBrowsers({ ...given, door: () => relays.relay.door });
  t.after(() => browsers.close());
  const folder = await mkdtemp(join(tmpdir(), 'postern-web-door-'));
  t.after(() => rm(folder, { recursive: true }));
  const files = createAuthority(folder).issue(['relay.acme.example']);
  const tls = { cert: await readFile(files.certFile, 'utf8'), key: await readFile(files.keyFile, 'utf8') };
  const nodes = await listenForNodes({
    ...given,
    tls,
    host: 'relay.acme.example',
    relay: () => relays.relay,
    isReady: () => true,
  });
  t.after(() => nodes.close());
  for (const { port } of [browsers, nodes]) {
    const browser = connectTcp({ port, host: '127.0.0.1', localAddress: '127.0.0.9', allowHalfOpen: true });
    sockets.push(browser);
    browser.write(preface);
    browser.end(hello);
    assert.deepEqual(turned(await received(browser)), hello);
    assert.deepEqual(callers.splice(0), [
      { sni: 'wiki.acme.example', addr: source.address, port: source.port },
    ]);
    const forger = connectTcp({ port, host: '127.0.0.1', localAddress: '127.0.0.8', allowHalfOpen: true });
    sockets.push(forger);
    forger.end(Buffer.concat([preface, hello]));
    assert.deepEqual(await received(forger), alert);
    assert.deepEqual(callers, []);
  }
});

test('a connector that does not take a browser, or is gone, gives way to the next', async () => {
  let asked = 0;
  await Promise.all(
    [0, 1, 2].map((index) =>
      serve(['*.acme.example'], (stream) => {
        asked++;
        if (index === 0) shout(stream);
        else stream.reset('draining');
      }),
    ),
  );
  const socket = dial();
  socket.end(await helloFor('wiki.acme.example'));
  assert.ok((await received(socket)).length > 100);
  assert.ok(asked >= 1 && asked <= 3);
});

test('a connector that says nothing gives way after half a second where there is another, after 3 s where not, and is doubted', async () => {
  const clock = new VirtualClock();
  const name = parseName('wiki.acme.example') ?? assert.fail();
  const doubted: string[] = [];
  const connector = (id: string) => {
    const taken = Promise.withResolvers<MuxStream>();
    const { dialler } = muxPair({ level: 'hop', handlers: { stream: taken.resolve } });
    const asked = Promise.withResolvers<MuxStream>();
    return {
      id,
      organisation: lab.org,
      asked: asked.promise,
      openWeb: () => {
        const stream = dialler.mux.openStream(Buffer.alloc(0));
        asked.resolve(stream);
        return stream;
      },
      doubt: () => doubted.push(id),
      serves: () => true,
      taken: taken.promise,
    };
  };
  const [silent, other] = inOrder([connector('a'), connector('b')], name, neighbourhoodOf('127.0.0.1'));
  if (silent === undefined || other === undefined) assert.fail();
  let serving = [silent, other];
  const door = new WebDoor({
    clock,
    circuits: new Circuits(1e6),
    rates: new RateShares(undefined, clock),
    serving: () => serving,
    passed: () => undefined,
    refused: () => undefined,
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => door.take(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const open = async (): Promise<Socket> => {
    const socket = connectTcp({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    sockets.push(socket);
    socket.write(await helloFor(name));
    return socket;
  };
  const socket = await open();
  const left = await silent.asked;
  clock.advance(499);
  assert.equal(left.destroyed, false);
  clock.advance(1);
  await other.asked;
  assert.deepEqual(doubted, [silent.id]);
  const back = once(socket, 'data') as Promise<[Buffer]>;
  shout(await other.taken);
  assert.ok((await back)[0].length > 100);

  const alone = connector('c');
  serving = [alone];
  await open();
  const waiting = await alone.asked;
  clock.advance(2_999);
  assert.equal(waiting.destroyed, false);
  clock.advance(1);
  assert.equal(waiting.destroyed, true);
  assert.deepEqual(doubted, [silent.id, 'c']);
  door.close();
  server.close();
});

test('the most exact pattern decides which connectors are asked', async () => {
  const seen: string[] = [];
  const take = (name: string) => (stream: MuxStream) => {
    seen.push(name);
    shout(stream);
  };
  await serve(['*.acme.example'], take('wildcard'));
  await serve(['wiki.acme.example'], take('exact'));
  for (let round = 0; round < 3; round++) {
    const socket = dial();
    socket.end(await helloFor('wiki.acme.example'));
    await received(socket);
  }
  assert.deepEqual(seen, ['exact', 'exact', 'exact']);
});

test('what a newer ticket names counts at once, and what went with its connector or a newer attachment is nobody’s', async () => {
  const node = labConnector();
  const [wiki, docs] = ['wiki.acme.example', 'docs.acme.example'];
  const asked = async (host: string): Promise<string> => {
    const socket = dial();
    socket.end(await helloFor(host));
    return (await received(socket)).equals(alert) ? 'nobody' : 'somebody';
  };
  const first = await attachToRelay({
    ...(await relays.attachOptions(node, { hosts: [wiki] })),
    onWeb: shout,
  });
  attachments.push(first);
  first.renew(await node.ticket({ hosts: ['*.acme.example'] }));
  await eventually('the wildcard counts', async () =>
    (await asked(docs)) === 'somebody' ? true : undefined,
  );
  const second = await attachToRelay({
    ...(await relays.attachOptions(node, { hosts: [wiki] })),
    onWeb: shout,
  });
  attachments.push(second);
  assert.deepEqual([await asked(docs), await asked(wiki)], ['nobody', 'somebody']);
  second.close();
  await eventually('it is gone', () => (relays.relay.attached === 0 ? true : undefined));
  assert.equal(await asked(wiki), 'nobody');
});

test('no name, an unknown name, a revoked or refusing connector and what is no TLS get the same alert', async () => {
  const revoked = await serve(['gone.acme.example'], shout);
  relays.revoked.add(revoked);
  await serve(['full.acme.example'], (stream) => stream.reset('busy'));
  for (const bytes of [
    await helloFor('other.acme.example'),
    await helloFor('gone.acme.example'),
    await helloFor('full.acme.example'),
    await helloFor('acme.example'),
    Buffer.from('GET / HTTP/1.1\r\nHost: wiki.acme.example\r\n\r\n'),
  ]) {
    const socket = dial();
    socket.write(bytes);
    assert.deepEqual(await received(socket), alert);
  }
});

test('a connector whose newer ticket names a hostname no more gets no browser of it, and keeps none', async () => {
  const node = labConnector();
  const [wiki, docs] = ['wiki.acme.example', 'docs.acme.example'];
  const options = await relays.attachOptions(node, { hosts: [wiki, docs] });
  const attachment = await attachToRelay({ ...options, onWeb: shout });
  attachments.push(attachment);
  const open = async (host: string): Promise<Socket> => {
    const socket = dial();
    const hello = await helloFor(host);
    socket.write(hello);
    await once(socket, 'data');
    return socket;
  };
  const [cut, kept] = [await open(wiki), await open(docs)];
  const gone = Promise.race([once(cut, 'end'), once(cut, 'close')]);
  attachment.renew(await node.ticket({ hosts: [docs] }));
  await gone;
  const again = dial();
  again.write(await helloFor(wiki));
  assert.deepEqual(await received(again), alert);
  const back = once(kept, 'data') as Promise<[Buffer]>;
  kept.write('still here');
  assert.deepEqual(turned((await back)[0]).toString(), 'still here');
});

test('a ticket that is revoked brings no browser from that moment on, while its connector still may show a newer one', async () => {
  const node = labConnector();
  const jti = newId('tok', Buffer.alloc(16, 7));
  const host = 'wiki.acme.example';
  const options = await relays.attachOptions(node, { hosts: [host], jti });
  const attachment = await attachToRelay({ ...options, onWeb: shout });
  attachments.push(attachment);
  const ask = async (): Promise<Buffer> => {
    const socket = dial();
    socket.write(await helloFor(host));
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    return bytes;
  };
  assert.ok((await ask()).length > alert.length);
  relays.revoked.add(jti);
  assert.deepEqual(await ask(), alert);
  attachment.renew(await node.ticket({ hosts: [host] }));
  await eventually('the newer ticket counts', async () =>
    (await ask()).length > alert.length ? true : undefined,
  );
});

test('one source may not keep more than its share of unfinished hellos, and gets them back', async () => {
  const socket = dial();
  await once(socket, 'connect');
  const many = Array.from({ length: 140 }, dial);
  const [refused] = await Promise.all(
    many.slice(-1).map(async (last) => {
      const bytes = await received(last);
      return bytes;
    }),
  );
  assert.deepEqual(refused, alert);
  assert.ok(relays.relay.door.unfinished <= 128);
  for (const each of [socket, ...many]) each.destroy();
  await serve(['wiki.acme.example'], shout);
  const later = dial();
  later.end(await helloFor('wiki.acme.example'));
  assert.ok((await received(later)).length > 100);
});

test('a browser that goes takes its circuit with it, and a connector that goes its browsers', async () => {
  const { promise: taken, resolve } = Promise.withResolvers<MuxStream>();
  await serve(['wiki.acme.example'], (stream) => {
    shout(stream);
    resolve(stream);
  });
  const hello = await helloFor('wiki.acme.example');
  const first = dial();
  first.write(hello);
  const stream = await taken;
  first.destroy();
  await once(stream, 'close');
  const second = dial();
  second.write(hello);
  await once(second, 'connect');
  for (const attachment of attachments.splice(0)) attachment.close();
  second.resume();
  await once(second, 'end');
});

test('a browser that ends its half and is gone before it was answered leaves nothing at the relay', async () => {
  const { promise: taken, resolve } = Promise.withResolvers<MuxStream>();
  await serve(['wiki.acme.example'], (stream) => {
    stream.accept();
    stream.resume();
    resolve(stream);
  });
  const socket = dial();
  socket.end(await helloFor('wiki.acme.example'));
  const stream = await taken;
  await once(stream, 'end');
  socket.resetAndDestroy();
  // Whoever answers now finds nobody, and is told so.
  await eventually('a stream that is over', () => {
    if (!stream.destroyed) stream.write('too late');
    return stream.destroyed ? true : undefined;
  });
  assert.equal(relays.relay.circuits, 0);
});

test('a browser keeps its connector, and only those of a connector that is gone move', () => {
  const nodes = ['a', 'b', 'c'].map((id) => ({ id }));
  const networks = Array.from({ length: 300 }, (_, index) => `10.0.${index}`);
  const first = (list: readonly { id: string }[]) =>
    networks.map((network) => inOrder(list, 'wiki.acme.example', network)[0]?.id);
  const all = first(nodes);
  for (const { id } of nodes) assert.ok(all.filter((chosen) => chosen === id).length > 60, 'spread evenly');
  const without = first(nodes.slice(1));
  for (const [index, chosen] of all.entries()) if (chosen !== 'a') assert.equal(without[index], chosen);
});

test('addresses of one network count as one', () => {
  assert.equal(neighbourhoodOf('::ffff:192.0.2.7'), neighbourhoodOf('192.0.2.200'));
  assert.notEqual(neighbourhoodOf('192.0.2.7'), neighbourhoodOf('192.0.3.7'));
  assert.equal(neighbourhoodOf('2001:db8:1:2::1'), neighbourhoodOf('2001:db8:1:3::1'));
});

test('an address is told on as the connector takes it: without a zone, and IPv4 as that', () => {
  for (const [seen, told] of [
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['2001:db8::1', '2001:db8::1'],
  ] as const) {
    assert.equal(plainAddress(seen), told);
    const caller = { sni: parseName('wiki.acme.example') as Name, addr: told, port: 443 };
    assert.deepEqual(decodeWeb(encodeWeb(caller)), caller);
  }
});

test('a hello that is not whole in time is answered as any that is refused', async (t) => {
  const clock = new VirtualClock();
  let refused = 0;
  const door = new WebDoor({
    clock,
    circuits: new Circuits(1e6),
    rates: new RateShares(undefined, clock),
    serving: () => [],
    passed: () => undefined,
    refused: () => (refused += 1),
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => door.take(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const socket = connectTcp({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  sockets.push(socket);
  const hello = await helloFor('wiki.acme.example');
  socket.write(hello.subarray(0, hello.length - 1));
  await eventually('the connection', () => door.unfinished > 0 || undefined);
  clock.advance(4_999);
  assert.equal(refused, 0);
  clock.advance(1);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.deepEqual([answer, refused, door.unfinished], [alert, 1, 0]);
});
