/** The resolver on real sockets of this machine: UDP and TCP, its bounds, and what it does with questions of others. */
import packet, { type Message } from 'dns-packet';
import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { AddressPool } from '../../../client/dns/address-pool.ts';
import { defaultRange, parseRange, type AddressRange } from '../../../client/dns/address-range.ts';
import { createResolver } from '../../../client/dns/resolver.ts';
import { dnsLimits, serveDns, type DnsServer } from '../../../client/dns/server.ts';
import { namesOf } from '../../../client/accounts/names.ts';
import { nothingKnown, type Knowledge } from '../../../client/standing.ts';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';
import { question, sample } from './knowledge.ts';

interface Upstream {
  readonly port: number;
  readonly questions: { bytes: Buffer; fromPort: number; over: 'udp' | 'tcp' }[];
}

const answered = (query: Buffer, address: string): Buffer => {
  const { id, questions } = packet.decode(query);
  return packet.encode({
    type: 'response',
    id,
    questions: questions.map(({ name, type }) => ({ name, type })),
    answers: [{ type: 'A', name: questions[0]?.name ?? '', ttl: 60, data: address }],
  });
};

/** A resolver for tests, on one port of loopback for UDP and TCP. */
async function startUpstream(
  t: TestContext,
  udp: (query: Buffer) => Buffer[],
  tcp: (query: Buffer) => Buffer | undefined = (query) => answered(query, '192.0.2.80'),
): Promise<Upstream> {
  const questions: Upstream['questions'] = [];
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      const query = bytes.subarray(2);
      questions.push({ bytes: query, fromPort: socket.remotePort ?? 0, over: 'tcp' });
      const reply = tcp(query);
      if (reply === undefined) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([length, reply]));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    questions.push({ bytes, fromPort: from.port, over: 'udp' });
    for (const reply of udp(bytes)) socket.send(reply, from.port, from.address);
  });
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => {
    socket.close();
    server.close();
  });
  return { port, questions };
}

async function startServer(
  t: TestContext,
  options: { knowledge?: Knowledge; upstreams?: number[]; tcpIdleMs?: number } = {},
): Promise<DnsServer> {
  const resolver = createResolver({
    pool: new AddressPool(parseRange(defaultRange) as AddressRange, () => systemClock.nowMs()),
    names: () => namesOf(options.knowledge ?? sample),
    upstreams: () => (options.upstreams ?? []).map((port) => ({ address: '127.0.0.1', port })),
    exists: () => Promise.resolve('no' as const),
    records: () => Promise.resolve('no' as const),
    clock: systemClock,
    random: systemRandom,
  });
  const server = await serveDns({
    address: '127.0.0.1',
    port: 0,
    answer: (message, transport) => resolver.answer(message, transport),
    ...(options.tcpIdleMs === undefined ? {} : { tcpIdleMs: options.tcpIdleMs }),
  });
  t.after(() => server.close());
  return server;
}

async function askUdp(server: DnsServer, query: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  socket.send(query, server.port, '127.0.0.1');
  const [reply] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return reply;
}

/** Sends all queries at once over one connection and resolves with that many replies, in the order they came. */
async function askTcp(server: DnsServer, queries: Buffer[]): Promise<Message[]> {
  const socket = connect(server.port, '127.0.0.1');
  for (const query of queries) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  }
  const replies: Message[] = [];
  let held = Buffer.alloc(0);
  for await (const bytes of socket) {
    held = Buffer.concat([held, bytes as Buffer]);
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      replies.push(packet.decode(held.subarray(2, 2 + held.readUInt16BE(0))));
      held = held.subarray(2 + held.readUInt16BE(0));
    }
    if (replies.length === queries.length) break;
  }
  return replies;
}

test('the same answers come over UDP and TCP, several questions to a connection', async (t) => {
  const server = await startServer(t);
  const overUdp = packet.decode(await askUdp(server, question('wiki.acme.internal')));
  const [first, second] = await askTcp(server, [question('wiki.acme.internal'), question('x.acme.internal')]);
  assert.equal(overUdp.answers[0]?.data, first?.answers[0]?.data);
  assert.equal(second?.rcode, 'NXDOMAIN');
});

test('a name of others is answered by the previous resolver, byte for byte but for the id', async (t) => {
  let sent = Buffer.alloc(0);
  const upstream = await startUpstream(t, (query) => {
    sent = Buffer.concat([answered(query, '192.0.2.1')]);
    return [sent];
  });
  const server = await startServer(t, { upstreams: [upstream.port] });
  const query = question('www.example.com', 'UNKNOWN_65');
  const reply = await askUdp(server, query);
  assert.deepEqual(reply.subarray(2), sent.subarray(2));
  assert.equal(reply.readUInt16BE(0), query.readUInt16BE(0));
  assert.deepEqual(upstream.questions[0]?.bytes.subarray(2), query.subarray(2));
});

test('every forwarded question has its own random port and id (SEC-E1)', async (t) => {
  const upstream = await startUpstream(t, (query) => [answered(query, '192.0.2.1')]);
  const server = await startServer(t, { upstreams: [upstream.port] });
  for (let round = 0; round < 12; round += 1) await askUdp(server, question('www.example.com'));
  const ids = new Set(upstream.questions.map(({ bytes }) => bytes.readUInt16BE(0)));
  const ports = new Set(upstream.questions.map(({ fromPort }) => fromPort));
  assert.ok(ids.size >= 11 && ports.size >= 10, `${ids.size} ids, ${ports.size} ports`);
});

for (const [what, forge] of [
  [
    'under another id',
    (query: Buffer) => Buffer.concat([Buffer.of(query[0] ?? 0, (query[1] ?? 0) ^ 1), query.subarray(2)]),
  ],
  [
    'to another question',
    (query: Buffer) => Buffer.concat([query.subarray(0, 2), question('www.example.org').subarray(2)]),
  ],
  ['of a single byte', () => Buffer.of(7)],
] as const)
  test(`an answer ${what} is not believed and the question goes out again over TCP (SEC-E1)`, async (t) => {
    const upstream = await startUpstream(t, (query) => {
      const forged = forge(query);
      return [forged.length < 12 ? forged : answered(forged, '203.0.113.66')];
    });
    const server = await startServer(t, { upstreams: [upstream.port] });
    const reply = packet.decode(await askUdp(server, question('www.example.com')));
    assert.equal(reply.answers[0]?.data, '192.0.2.80');
    assert.deepEqual(
      upstream.questions.map(({ over }) => over),
      ['udp', 'tcp'],
    );
  });

test('a truncated answer is fetched over TCP when it fits, and stays truncated when it does not', async (t) => {
  const truncate = (query: Buffer): Buffer[] => {
    const reply = Buffer.from(query);
    reply.writeUInt16BE(0x8380, 2);
    return [reply];
  };
  const small = await startUpstream(t, truncate);
  const whole = await askUdp(await startServer(t, { upstreams: [small.port] }), question('www.example.com'));
  assert.equal(packet.decode(whole).answers[0]?.data, '192.0.2.80');
  const large = await startUpstream(t, truncate, (query) =>
    Buffer.concat([answered(query, '192.0.2.80'), Buffer.alloc(2_000)]),
  );
  const cut = await askUdp(await startServer(t, { upstreams: [large.port] }), question('www.example.com'));
  assert.equal(packet.decode(cut).flag_tc, true);
});

test('a resolver that is silent or gone is followed by the next one', async (t) => {
  const silent = await startUpstream(t, () => []);
  const good = await startUpstream(t, (query) => [answered(query, '192.0.2.1')]);
  const gone = createSocket('udp4');
  gone.bind(0, '127.0.0.1');
  await once(gone, 'listening');
  const closed = gone.address().port;
  gone.close();
  const server = await startServer(t, { upstreams: [closed, silent.port, good.port] });
  assert.equal(packet.decode(await askUdp(server, question('a.example'))).answers[0]?.data, '192.0.2.1');
});

test('no question for a protected name reaches another resolver, up or down (FIELD rule 9, SEC-E5)', async (t) => {
  const upstream = await startUpstream(t, (query) => [answered(query, '192.0.2.1')]);
  const states: Knowledge[] = [
    sample,
    { ...sample, contact: 'ended' },
    { ...sample, reachable: new Set() },
    nothingKnown(sample.zones, sample.exempt),
  ];
  for (const knowledge of states) {
    const server = await startServer(t, { knowledge, upstreams: [upstream.port] });
    for (const name of [
      'wiki.acme.internal',
      'nobody.acme.internal',
      'db1.db.acme.internal',
      'ACME.internal',
    ])
      for (const type of ['A', 'AAAA', 'MX', 'UNKNOWN_65']) await askUdp(server, question(name, type));
  }
  assert.deepEqual(upstream.questions, []);
});

test('an idle TCP connection is closed, and so is one that announces too much (SEC-E6)', async (t) => {
  const server = await startServer(t, { tcpIdleMs: 50 });
  const idle = connect(server.port, '127.0.0.1');
  await once(idle, 'connect');
  await once(idle, 'close');
  const patient = await startServer(t, { tcpIdleMs: 600_000 });
  const greedy = connect(patient.port, '127.0.0.1');
  greedy.on('error', () => undefined);
  greedy.write(Buffer.of((dnsLimits.messageBytes + 1) >> 8, (dnsLimits.messageBytes + 1) & 255));
  await once(greedy, 'close');
});

test('a datagram of more than 4 kB is dropped unread, and the next question is answered (SEC-E6)', async (t) => {
  const lengths: number[] = [];
  const server = await serveDns({
    address: '127.0.0.1',
    port: 0,
    answer: (message) => {
      lengths.push(message.length);
      return Promise.resolve(message);
    },
  });
  t.after(() => server.close());
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  const asked = question('wiki.acme.internal');
  const send = (length: number): void =>
    socket.send(Buffer.concat([asked, Buffer.alloc(length - asked.length)]), server.port, '127.0.0.1');
  send(dnsLimits.messageBytes + 1);
  send(dnsLimits.messageBytes);
  await once(socket, 'message');
  assert.deepEqual(lengths, [dnsLimits.messageBytes]);
});

test('an answer from anybody but the resolver that was asked is not believed, whatever id it has (SEC-E1)', async (t) => {
  const forger = createSocket('udp4');
  t.after(() => forger.close());
  const upstream = await startUpstream(t, () => []);
  const server = await startServer(t, { upstreams: [upstream.port] });
  const asking = askUdp(server, question('www.example.com'));
  while (upstream.questions.length === 0) await new Promise(setImmediate);
  const [seen] = upstream.questions;
  // The worst forger: it saw the question go by, and answers with the right id to the right port before anybody.
  for (let round = 0; round < 50; round += 1)
    forger.send(answered(seen?.bytes ?? Buffer.alloc(0), '203.0.113.66'), seen?.fromPort ?? 0, '127.0.0.1');
  const reply = packet.decode(await asking);
  assert.deepEqual([reply.rcode, reply.answers], ['SERVFAIL', []]);
});

test('at most 512 questions are in work; the others are dropped and the resolver lives on (SEC-E6)', async (t) => {
  let working = 0;
  let most = 0;
  const waiting: (() => void)[] = [];
  const server = await serveDns({
    address: '127.0.0.1',
    port: 0,
    answer: (message) =>
      new Promise((resolve) => {
        working += 1;
        most = Math.max(most, working);
        waiting.push(() => {
          working -= 1;
          resolve(message);
        });
      }),
  });
  t.after(() => server.close());
  const socket: UdpSocket = createSocket('udp4');
  t.after(() => socket.close());
  for (let index = 0; index < 1_500; index += 1) {
    socket.send(question('x.acme.internal'), server.port, '127.0.0.1');
    if (index % 50 === 0) await new Promise(setImmediate);
  }
  const tcp: Socket = connect(server.port, '127.0.0.1');
  tcp.on('error', () => undefined);
  while (working < dnsLimits.inFlight) await new Promise(setImmediate);
  const asked = question('x.acme.internal');
  tcp.write(Buffer.concat([Buffer.of(asked.length >> 8, asked.length & 255), asked]));
  await once(tcp, 'close');
  assert.equal(most, dnsLimits.inFlight);
  for (const finish of waiting.splice(0)) finish();
  await new Promise(setImmediate);
  const replies: Buffer[] = [];
  void askUdp(server, question('y.acme.internal')).then((reply) => replies.push(reply));
  while (replies.length === 0) {
    for (const finish of waiting.splice(0)) finish();
    await new Promise(setImmediate);
  }
});
