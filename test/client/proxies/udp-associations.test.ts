/** UDP ASSOCIATE: what applications send and hear, and what those get who are not the application of the connection. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { FlowTarget } from '../../../client/flows/open-flow.ts';
import { findSenderOwner } from '../../../client/proxies/peer-owner.ts';
import { serveProxy, type ProxyOptions } from '../../../client/proxies/proxy-server.ts';
import { readDatagram } from '../../../client/proxies/socks.ts';
import { associationLimits, UdpAssociations } from '../../../client/proxies/udp-associations.ts';
import { systemClock } from '../../../protocol/clock.ts';
import { Fault } from '../../../protocol/errors.ts';
import { muxPair } from '../../support/mux-pair.ts';
import { until } from '../../support/until.ts';
import { associate, datagramTo, datagramToAddress, udpSocket } from '../support/socks-datagrams.ts';

const own = process.getuid?.() ?? 0;

/** Flows of datagrams that lead to an echo over a pair of muxes, unless to a port that is refused. */
function echo(refusedPort?: number) {
  const pair = muxPair({
    handlers: {
      stream(stream) {
        stream.accept();
        stream.onDatagram((bytes) => stream.sendDatagram(bytes));
      },
    },
  });
  const opened: FlowTarget[] = [];
  const open = async (target: FlowTarget) => {
    opened.push(target);
    if (target.port === refusedPort) throw new Fault('port-not-listed');
    const stream = pair.dialler.mux.openStream(Buffer.from('{}'));
    await stream.accepted();
    return stream;
  };
  return { open, opened, streams: () => pair.acceptor.mux.streams };
}

async function start(t: TestContext, options: Partial<ProxyOptions> & { refusedPort?: number } = {}) {
  const { open, opened, streams } = echo(options.refusedPort);
  const server = await serveProxy({
    kind: 'socks',
    address: '127.0.0.1',
    port: 0,
    uids: new Set([own]),
    openFlow: () => Promise.reject(new Error('nobody asks')),
    openDatagrams: open,
    ...options,
  });
  t.after(() => server.close());
  return { port: server.port, opened, streams };
}

const wiki = (payload: string | Buffer, fragment = 0): Buffer =>
  datagramTo('wiki.acme.internal', 7_000, payload, fragment);

test('an application’s datagrams have a flow for each target, and answers come as from there', async (t) => {
  const { port, opened } = await start(t);
  const { relayPort, reply } = await associate(t, port);
  assert.deepEqual(reply.subarray(0, 8), Buffer.of(5, 0, 0, 1, 127, 0, 0, 1));
  const { socket, heard } = await udpSocket(t);
  const sent = [
    wiki('one'),
    wiki(''),
    datagramToAddress('100.96.0.9', 53, 'two'),
    wiki(Buffer.alloc(60_000)),
  ];
  for (const [index, datagram] of sent.entries()) {
    socket.send(datagram, relayPort, '127.0.0.1');
    await until(() => heard.length === index + 1);
  }
  assert.deepEqual(heard, sent);
  assert.deepEqual(opened, [
    { host: 'wiki.acme.internal', port: 7_000 },
    { host: '100.96.0.9', port: 53 },
  ]);
});

test('SEC-D2 fragments, IPv6, port 0, what is not whole and what is too large are dropped, and the next is heard', async (t) => {
  const { port, opened } = await start(t);
  const { relayPort } = await associate(t, port);
  const { socket, heard } = await udpSocket(t);
  const bad = [
    wiki('fragment', 1),
    wiki('last fragment', 0x81),
    datagramTo('wiki.acme.internal', 0, 'x'),
    Buffer.concat([Buffer.of(0, 0, 0, 4), Buffer.alloc(16), Buffer.of(0, 53, 1)]),
    Buffer.of(0, 0, 0, 3, 0, 0, 53, 1),
    Buffer.of(0, 1, 0, 1, 100, 96, 0, 9, 0, 53, 1),
    wiki('').subarray(0, 12),
    Buffer.alloc(0),
    wiki(Buffer.alloc(65_000)),
  ];
  for (const bytes of bad) socket.send(bytes, relayPort, '127.0.0.1');
  socket.send(wiki('good'), relayPort, '127.0.0.1');
  await until(() => heard.length > 0);
  assert.deepEqual(heard, [wiki('good')]);
  assert.deepEqual(opened, [{ host: 'wiki.acme.internal', port: 7_000 }]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const read = readDatagram(Buffer.from(bytes));
      if (read === undefined) return;
      assert.ok(read.target.host.length > 0 && read.target.port > 0);
      assert.deepEqual(Buffer.concat([read.header, read.payload]), Buffer.from(bytes));
    }),
    { numRuns: 1_000 },
  );
});

test('T11 the relay socket hears the one port of the application, and no other program, address or user', async (t) => {
  const users = new Map<number, number>();
  const { port, opened } = await start(t, { ownerOfSender: (_address, from) => users.get(from) ?? own });
  const { relayPort } = await associate(t, port);
  const [application, program, address, user] = [
    await udpSocket(t),
    await udpSocket(t),
    await udpSocket(t, '127.0.0.9'),
    await udpSocket(t),
  ];
  users.set(user.port, 4_242);
  // Before the application has said anything, a stranger's port does not become its own.
  for (const { socket } of [user, address]) socket.send(wiki('stranger'), relayPort, '127.0.0.1');
  application.socket.send(wiki('own'), relayPort, '127.0.0.1');
  await until(() => application.heard.length === 1);
  for (const { socket } of [user, address, program])
    socket.send(datagramTo('db.acme.internal', 53, 'stranger'), relayPort, '127.0.0.1');
  application.socket.send(wiki('still'), relayPort, '127.0.0.1');
  await until(() => application.heard.length === 2);
  assert.deepEqual(application.heard, [wiki('own'), wiki('still')]);
  for (const { heard } of [program, address, user]) assert.deepEqual(heard, []);
  assert.deepEqual(opened, [{ host: 'wiki.acme.internal', port: 7_000 }]);
});

test('T11 a port that was announced is the only one, and of another address none', async (t) => {
  const { port, opened } = await start(t);
  const application = await udpSocket(t);
  const own = [1, 127, 0, 0, 1, application.port >> 8, application.port & 255];
  const { relayPort } = await associate(t, port, own);
  const program = await udpSocket(t);
  program.socket.send(datagramTo('db.acme.internal', 53, 'first'), relayPort, '127.0.0.1');
  application.socket.send(wiki('own'), relayPort, '127.0.0.1');
  await until(() => application.heard.length === 1);
  assert.equal(opened.length, 1);
  assert.equal((await associate(t, port, [1, 10, 0, 0, 1, 0, 0])).reply[1], 2);
  assert.equal((await associate(t, port, [4, 1, ...Array<number>(15).fill(0), 0, 0])).reply[1], 8);
  // Names and unspecified addresses of either kind say nothing, as programs have them.
  assert.equal((await associate(t, port, [3, 1, 0x30, 0, 0])).reply[1], 0);
  assert.equal((await associate(t, port, [4, ...Array<number>(18).fill(0)])).reply[1], 0);
});

test('T11 a port that another user has taken over is heard no more', async (t) => {
  const time = { nowMs: 0, user: own };
  const clock = { nowMs: () => time.nowMs };
  const { open, opened } = echo();
  const associations = new UdpAssociations({ address: '127.0.0.1', open, ownerOf: () => time.user, clock });
  const control = await connected(t);
  const bound = await associations.open(control, own, { address: undefined, port: 0 });
  const { socket, heard } = await udpSocket(t);
  socket.send(wiki('own'), bound.port, '127.0.0.1');
  await until(() => heard.length === 1);
  Object.assign(time, { nowMs: 1_000, user: 4_242 });
  socket.send(wiki('stranger'), bound.port, '127.0.0.1');
  socket.send(datagramTo('db.acme.internal', 53, 'stranger'), bound.port, '127.0.0.1');
  const next = await associations.open(await connected(t), 4_242, { address: undefined, port: 0 });
  socket.send(wiki('after'), next.port, '127.0.0.1');
  await until(() => heard.length === 2);
  assert.deepEqual(heard, [wiki('own'), wiki('after')]);
  assert.equal(opened.length, 2);
});

for (const [how, end] of [
  ['end', (control: Socket) => control.end()],
  ['reset', (control: Socket) => control.resetAndDestroy()],
] as const)
  test(`T11 with the ${how} of the TCP connection its relay socket is gone and its flows are over`, async (t) => {
    const { port, streams } = await start(t);
    const { control, relayPort } = await associate(t, port);
    const other = await associate(t, port);
    const { socket, heard } = await udpSocket(t);
    socket.send(wiki('one'), relayPort, '127.0.0.1');
    await until(() => heard.length === 1);
    assert.equal(streams(), 1);
    end(control);
    await until(() => streams() === 0);
    // Whoever has the port now, it is not the proxy: the system says so, which Node tells a connected socket.
    const late = await udpSocket(t);
    late.socket.connect(relayPort, '127.0.0.1');
    await once(late.socket, 'connect');
    const refused = once(late.socket, 'error') as Promise<[NodeJS.ErrnoException]>;
    late.socket.send(wiki('late'));
    assert.equal((await refused)[0].code, 'ECONNREFUSED');
    socket.send(wiki('another'), other.relayPort, '127.0.0.1');
    await until(() => heard.length === 2);
    assert.equal(streams(), 1);
  });

test('a target that was refused is not asked for with every datagram', async (t) => {
  const { port, opened } = await start(t, { refusedPort: 7_001 });
  const { relayPort } = await associate(t, port);
  const { socket, heard } = await udpSocket(t);
  for (let index = 0; index < 100; index += 1) {
    socket.send(datagramTo('wiki.acme.internal', 7_001, String(index)), relayPort, '127.0.0.1');
    if (index % 10 === 0) await new Promise(setImmediate);
  }
  socket.send(wiki('good'), relayPort, '127.0.0.1');
  await until(() => heard.length === 1);
  assert.deepEqual(
    opened.map(({ port: asked }) => asked),
    [7_001, 7_000],
  );
});

test('SEC-D7 associations and flows are bounded, and the one used longest ago makes room', async (t) => {
  const { open, streams } = echo();
  const associations = new UdpAssociations({
    address: '127.0.0.1',
    open,
    ownerOf: () => own,
    clock: systemClock,
  });
  const first = await connected(t);
  const used = await associations.open(first, own, { address: undefined, port: 0 });
  const second = await connected(t);
  await associations.open(second, own, { address: undefined, port: 0 });
  const { socket, heard } = await udpSocket(t);
  socket.send(wiki('used'), used.port, '127.0.0.1');
  await until(() => heard.length === 1);
  for (let more = 2; more < associationLimits.associations + 1; more += 1)
    await associations.open(await connected(t), own, { address: undefined, port: 0 });
  assert.equal(associations.counts.associations, associationLimits.associations);
  assert.deepEqual([first.destroyed, second.destroyed], [false, true]);
  for (let target = 1; target <= associationLimits.flows + 20; target += 1) {
    socket.send(datagramTo('wiki.acme.internal', target, 'x'), used.port, '127.0.0.1');
    if (target % 8 === 0) await until(() => heard.length === target + 1);
    assert.ok(associations.counts.flows <= associationLimits.flows + 1);
  }
  await until(() => streams() <= associationLimits.flows);
  first.destroy();
  await until(() => streams() === 0);
});

test('without datagrams there is no UDP ASSOCIATE', async (t) => {
  const server = await serveProxy({
    kind: 'socks',
    address: '127.0.0.1',
    port: 0,
    uids: new Set([own]),
    openFlow: () => Promise.reject(new Error('nobody asks')),
  });
  t.after(() => server.close());
  assert.equal((await associate(t, server.port)).reply[1], 7);
});

test('the owner of a sender is the one user of all sockets that can send from there', () => {
  const row = (local: string, uid: number): string =>
    `  1: ${local} 00000000:0000 07 00000000:00000000 00:00000000 00000000  ${uid}        0 2 2 0 0`;
  const owner = (...rows: string[]): number | undefined =>
    findSenderOwner(['  sl  local_address rem_address st', ...rows].join('\n'), '127.0.0.1', 0xc001);
  assert.equal(owner(row('0100007F:C001', 1_000), row('0100007F:C002', 0)), 1_000);
  assert.equal(owner(row('00000000:C001', 1_000)), 1_000);
  assert.equal(owner(row('0000000000000000FFFF00000100007F:C001', 1_000)), 1_000);
  assert.equal(owner(row('00000000000000000000000000000000:C001', 1_000)), 1_000);
  assert.equal(owner(row('0200007F:C001', 1_000)), undefined);
  assert.equal(owner(row('0100007F:C001', 1_000), row('00000000:C001', 1_001)), undefined);
});

/** The proxy's end of a TCP connection. */
async function connected(t: TestContext): Promise<Socket> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = await accepted;
  for (const socket of [far, near]) socket.on('error', () => undefined);
  t.after(() => {
    far.destroy();
    near.destroy();
    server.close();
  });
  return near;
}
