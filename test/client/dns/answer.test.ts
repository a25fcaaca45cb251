/** What DNS on this machine has to be (docs/names.md), asked of the resolver as whole messages. */
import packet, { type Message } from 'dns-packet';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { parseQuery } from '../../../client/dns/query.ts';
import { nothingKnown, type Knowledge } from '../../../client/standing.ts';
import type { Upstream } from '../../../client/dns/upstream.ts';
import type { Name, Pattern } from '../../../protocol/names.ts';
import { hiddenText } from '../../../protocol/reasons.ts';
import { extendedError, question, resource, sample } from './knowledge.ts';
import { setUp, type Setup } from './resolver-bench.ts';

const wildcardDoor = resource(9, [], {
  web: { hostnames: ['*.apps.acme.example' as Pattern], port: 443 },
});

/** A resolver of the system that has these IPv4 addresses for a name, none where the name does not exist. */
async function publicDns(t: TestContext, addressesOf: (name: string) => string[]): Promise<Upstream> {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.on('message', (bytes, peer) => {
    const query = packet.decode(bytes);
    const [asked] = query.questions;
    const name = asked?.name.toLowerCase() ?? '';
    const found = addressesOf(name);
    const answers =
      asked?.type === 'A' ? found.map((data) => ({ type: 'A' as const, name, ttl: 5, data })) : [];
    const flags = found.length === 0 ? 3 : 0;
    const reply = packet.encode({
      type: 'response',
      id: query.id,
      flags,
      questions: query.questions,
      answers,
    });
    socket.send(reply, peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { address: '127.0.0.1', port: socket.address().port };
}

/** A name that is forwarded gives SERVFAIL here, because there is no upstream. */
function wasForwarded(reply: Message): boolean {
  return reply.rcode === 'SERVFAIL';
}

test('a granted name has a synthetic address with a TTL of at most 10 s', async () => {
  const reply = await setUp().ask('wiki.acme.internal');
  assert.equal(reply.rcode, 'NOERROR');
  assert.equal(reply.answers.length, 1);
  assert.match(String(reply.answers[0]?.data), /^100\.(9[6-9]|10\d|11[01])\./);
  assert.ok((reply.answers[0]?.ttl ?? 99) <= 10);
});

test('the spelling of a question comes back as it was asked, and does not matter', async () => {
  const reply = await setUp().ask('WiKi.Acme.INTERNAL');
  assert.equal(reply.rcode, 'NOERROR');
  assert.equal(reply.questions[0]?.name, 'WiKi.Acme.INTERNAL');
});

for (const type of ['AAAA', 'UNKNOWN_65', 'UNKNOWN_64', 'MX', 'TXT', 'SRV'])
  test(`${type} of an A-only name is NOERROR and empty, never an A record, never NXDOMAIN`, async () => {
    const reply = await setUp().ask('wiki.acme.internal', type);
    assert.equal(reply.rcode, 'NOERROR');
    assert.equal(reply.answers.length, 0);
    assert.equal(reply.authorities[0]?.type, 'SOA');
    assert.ok(Number((reply.authorities[0]?.data as { minimum?: number } | undefined)?.minimum) <= 5);
    assert.ok((reply.authorities[0]?.ttl ?? 99) <= 5);
  });

test('a known but refused name is NXDOMAIN with extended error 18 and the reason', async () => {
  const reply = await setUp().ask('secret.acme.internal');
  assert.equal(reply.rcode, 'NXDOMAIN');
  assert.deepEqual(extendedError(reply), {
    code: 18,
    text: 'The operating system of the device is too old (posture-failing). Update the operating system.',
  });
});

test('an exact refused resource wins over a granted wildcard', async () => {
  const { ask, asked } = setUp({ exists: { 'locked.db.acme.internal': 'yes' } });
  assert.equal(extendedError(await ask('locked.db.acme.internal'))?.code, 18);
  assert.deepEqual(asked, []);
});

test('a hidden name and one that does not exist get the same bytes (T7)', async () => {
  const { resolver } = setUp();
  const strip = (reply: Buffer | undefined): string =>
    String(reply?.toString('latin1')).replaceAll(/hidden|nobody/g, '');
  const hidden = await resolver.answer(question('hidden.acme.internal'), 'udp');
  const nobody = await resolver.answer(question('nobody.acme.internal'), 'udp');
  assert.equal(strip(hidden), strip(nobody));
  const reply = packet.decode(nobody ?? Buffer.alloc(0));
  assert.equal(reply.rcode, 'NXDOMAIN');
  assert.deepEqual(extendedError(reply), { code: 15, text: hiddenText });
});

test('a granted name without a connector is NXDOMAIN with extended error 22', async () => {
  const reply = await setUp().ask('far.acme.internal');
  assert.equal(reply.rcode, 'NXDOMAIN');
  assert.equal(extendedError(reply)?.code, 22);
});

for (const contact of ['none', 'ended'] as const)
  test(`with contact "${contact}" every name of a zone fails closed with extended error 22`, async () => {
    const knowledge =
      contact === 'none'
        ? nothingKnown(sample.zones, sample.exempt)
        : { ...sample, contact: 'ended' as const };
    const { ask } = setUp({ knowledge });
    for (const name of ['wiki.acme.internal', 'nobody.acme.internal', 'acme.internal']) {
      const reply = await ask(name);
      assert.equal(reply.rcode, 'NXDOMAIN');
      assert.equal(extendedError(reply)?.code, 22);
    }
    assert.ok(wasForwarded(await ask('www.example.com')), 'everything else keeps working');
    assert.ok(wasForwarded(await ask('wiki.acme.example')), 'a public hostname does not fail closed');
  });

test('a public hostname that is granted has a synthetic address, its siblings are not ours', async () => {
  const { ask } = setUp();
  assert.equal((await ask('wiki.acme.example')).answers.length, 1);
  assert.ok(wasForwarded(await ask('www.acme.example')));
});

test('a name below a wildcard hostname is ours where its connector says so, and public DNS does not lead it elsewhere', async (t) => {
  const usual = ['192.0.2.1', '192.0.2.2'];
  const records: Record<string, string[]> = {
    'plans.apps.acme.example': usual,
    'same.apps.acme.example': ['192.0.2.2'],
    'www.apps.acme.example': ['198.51.100.7'],
    'theirs.apps.acme.example': usual,
  };
  const upstream = await publicDns(t, (name) => records[name] ?? (name.startsWith('new.') ? [] : usual));
  const exists = Object.fromEntries(
    [...Object.keys(records), 'new.apps.acme.example'].map((name) => [name, 'yes' as const]),
  );
  const knowledge: Knowledge = { ...sample, resources: [...sample.resources, wildcardDoor] };
  const { ask, asked } = setUp({
    knowledge,
    upstream,
    exists: { ...exists, 'theirs.apps.acme.example': 'no', 'lost.apps.acme.example': 'unknown' },
  });
  const addressesOf = async (name: string): Promise<string[]> =>
    (await ask(`${name}.apps.acme.example`)).answers.map(({ data }) => String(data));
  for (const name of ['plans', 'same', 'new'])
    assert.match((await addressesOf(name)).join(), /^100\.\d+\.\d+\.\d+$/, name);
  assert.deepEqual(await addressesOf('www'), ['198.51.100.7'], 'it has a record of its own');
  assert.deepEqual(await addressesOf('theirs'), usual, 'another resource’s');
  assert.deepEqual(await addressesOf('lost'), usual, 'no connector can say');
  assert.equal((await ask('plans.apps.acme.example', 'AAAA')).answers.length, 0);
  assert.ok(asked.includes('plans.apps.acme.example'));

  const silent = setUp({ knowledge, exists });
  assert.ok(wasForwarded(await silent.ask('plans.apps.acme.example')), 'where no resolver can say');
});

test('below a zone nobody outside is asked about a wildcard hostname, and nothing is forwarded', async (t) => {
  const heard: string[] = [];
  const upstream = await publicDns(t, (name) => {
    heard.push(name);
    return ['198.51.100.7'];
  });
  const zones = [...sample.zones, 'apps.acme.example' as Name];
  const knowledge: Knowledge = { ...sample, zones, resources: [...sample.resources, wildcardDoor] };
  const { ask } = setUp({ knowledge, upstream, exists: { 'plans.apps.acme.example': 'yes' } });
  assert.equal((await ask('plans.apps.acme.example')).answers.length, 1);
  assert.equal(extendedError(await ask('other.apps.acme.example'))?.code, 15);
  assert.deepEqual(heard, []);
});

test('the names of the controller stay with the system even below a zone', async () => {
  assert.ok(wasForwarded(await setUp().ask('access.acme.internal')));
});

test('a name below a wildcard gets an address only after a connector said that it exists', async () => {
  const { ask, asked } = setUp({ exists: { 'db1.db.acme.internal': 'yes' } });
  assert.equal((await ask('db1.db.acme.internal')).answers.length, 1);
  const missing = await ask('db9.db.acme.internal');
  assert.deepEqual(extendedError(missing), { code: 15, text: hiddenText });
  assert.deepEqual(asked, ['db1.db.acme.internal', 'db9.db.acme.internal']);
});

test('what a connector said is remembered briefly and asked again after that', async () => {
  const { ask, asked, advance } = setUp({ exists: { 'db1.db.acme.internal': 'yes' } });
  await ask('db1.db.acme.internal');
  await ask('db1.db.acme.internal', 'AAAA');
  assert.equal(asked.length, 1);
  advance(10_001);
  await ask('db1.db.acme.internal');
  assert.equal(asked.length, 2);
});

test('many questions for one name below a wildcard ask a connector once', async () => {
  const { ask, asked } = setUp({ exists: { 'db1.db.acme.internal': 'yes' } });
  await Promise.all(Array.from({ length: 20 }, () => ask('db1.db.acme.internal')));
  assert.equal(asked.length, 1);
});

test('a connector that cannot say gives extended error 22', async () => {
  const { ask } = setUp({ exists: { 'db1.db.acme.internal': 'unknown' } });
  assert.equal(extendedError(await ask('db1.db.acme.internal'))?.code, 22);
});

test('PTR of a synthetic address gives the name; of an unused one NXDOMAIN; of others goes upstream', async () => {
  const { ask } = setUp();
  const address = String((await ask('wiki.acme.internal')).answers[0]?.data);
  const reverse = (ip: string): string => `${ip.split('.').toReversed().join('.')}.in-addr.arpa`;
  assert.equal((await ask(reverse(address), 'PTR')).answers[0]?.data, 'wiki.acme.internal');
  assert.equal((await ask(reverse('100.100.1.1'), 'PTR')).rcode, 'NXDOMAIN');
  assert.ok(wasForwarded(await ask(reverse('192.0.2.1'), 'PTR')));
});

test('SEC-E2 a reply holds what it says and not a byte more, whatever lay in memory before', async () => {
  const questions = [
    'wiki.acme.internal',
    'db9.db.acme.internal',
    'secret.acme.internal',
    'x.acme.internal',
  ].flatMap((name) => ['A', 'AAAA', 'TXT', 'SRV'].map((type) => [name, type] as const));
  const { resolver } = setUp();
  for (const [name, type] of questions) {
    const replies: string[] = [];
    for (const stain of [0x00, 0xa5]) {
      for (const size of [16, 64, 256, 1_024, 4_096])
        for (let i = 0; i < 64; i++) Buffer.allocUnsafe(size).fill(stain);
      const reply = await resolver.answer(question(name, type), 'udp');
      assert.ok(reply !== undefined);
      packet.decode(reply);
      const meant = (packet as unknown as { decode: { bytes: number } }).decode.bytes;
      assert.equal(meant, reply.length, `${name} ${type}`);
      replies.push(reply.toString('hex'));
    }
    assert.equal(replies[0], replies[1], `${name} ${type}`);
  }
});

test('a name that was taken away is not told by its address either', async () => {
  const setup: Setup = {};
  const { ask } = setUp(setup);
  const address = String((await ask('wiki.acme.internal')).answers[0]?.data);
  const reverse = `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
  assert.equal((await ask(reverse, 'PTR')).rcode, 'NOERROR');
  setup.knowledge = { ...sample, resources: sample.resources.slice(1) };
  assert.equal((await ask(reverse, 'PTR')).rcode, 'NXDOMAIN');
});

test('use-application-dns.net is NXDOMAIN, so that browsers leave resolution to the system', async () => {
  assert.equal((await setUp().ask('use-application-dns.net')).rcode, 'NXDOMAIN');
});

test('without EDNS in the question there is none in the answer', async () => {
  const reply = await setUp().ask('secret.acme.internal', 'A', false);
  assert.equal(reply.rcode, 'NXDOMAIN');
  assert.equal(reply.additionals.length, 0);
});

test('a reply that does not fit the asker loses its text before its records', async () => {
  const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(40)}.acme.internal`;
  const { resolver } = setUp();
  const small = packet.encode({
    type: 'query',
    id: 1,
    questions: [{ name: long, type: 'A' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 512 }],
  });
  const reply = await resolver.answer(small, 'udp');
  assert.ok(reply !== undefined && reply.length <= 512);
  assert.equal(packet.decode(reply).rcode, 'NXDOMAIN');
  assert.equal(extendedError(packet.decode(reply))?.code, 15);
});

test('no question below a zone is ever forwarded or answered SERVFAIL or REFUSED (SEC-E3)', async () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const label = fc.array(octet, { minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes));
  const knowledge = fc.constantFrom<Knowledge>(
    sample,
    { ...sample, contact: 'ended' },
    nothingKnown(sample.zones, sample.exempt),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(label, { maxLength: 6 }),
      fc.integer({ min: 0, max: 65_535 }),
      fc.integer({ min: 0, max: 65_535 }),
      fc.integer({ min: 0, max: 15 }),
      knowledge,
      async (labels, type, klass, opcode, known) => {
        const message = rawQuestion(
          [...labels, Buffer.from('ACME'), Buffer.from('internal')],
          type,
          klass,
          opcode,
        );
        const name = labels.map((part) => part.toString('latin1')).join('.');
        if (name === 'access') return;
        const { resolver } = setUp({ knowledge: known });
        const reply = await resolver.answer(message, 'udp');
        assert.ok(reply !== undefined);
        const rcode = reply.readUInt16BE(2) & 15;
        assert.ok([0, 3, 4].includes(rcode), `rcode ${rcode}`);
      },
    ),
    { numRuns: 300 },
  );
});

test('a label that contains a dot is not mistaken for two labels', async () => {
  const { resolver } = setUp();
  const inside = await resolver.answer(
    rawQuestion([Buffer.from('wiki.acme'), Buffer.from('internal')]),
    'udp',
  );
  assert.equal((inside?.readUInt16BE(2) ?? 0) & 15, 2, 'wiki\\.acme.internal is below no zone');
  const below = await resolver.answer(
    rawQuestion([Buffer.from('x.y'), Buffer.from('acme'), Buffer.from('internal')]),
    'udp',
  );
  assert.equal((below?.readUInt16BE(2) ?? 0) & 15, 3);
});

test('any bytes at all are parsed without a throw, and answered or dropped (SEC-D2)', async () => {
  const { resolver } = setUp();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
      const message = Buffer.from(bytes);
      const reply = await resolver.answer(message, 'udp');
      if (parseQuery(message).is === 'noise') assert.equal(reply, undefined);
      else assert.equal(reply?.readUInt16BE(0), message.readUInt16BE(0));
    }),
    { numRuns: 500 },
  );
});

test('a response, two questions and a compression pointer in the question are no queries', () => {
  const asked = question('wiki.acme.internal');
  const response = Buffer.from(asked);
  response.writeUInt16BE(0x8180, 2);
  assert.equal(parseQuery(response).is, 'noise');
  const two = Buffer.from(asked);
  two.writeUInt16BE(2, 4);
  assert.equal(parseQuery(two).is, 'malformed');
  const pointer = Buffer.from(asked);
  pointer[12] = 0xc0;
  assert.equal(parseQuery(pointer).is, 'malformed');
});

/** A question built octet by octet, for names that no library writes. */
function rawQuestion(labels: Buffer[], type = 1, klass = 1, opcode = 0): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(0x4242, 0);
  header.writeUInt16BE((opcode << 11) | 0x0100, 2);
  header.writeUInt16BE(1, 4);
  const tail = Buffer.alloc(5);
  tail.writeUInt16BE(type, 1);
  tail.writeUInt16BE(klass, 3);
  return Buffer.concat([header, ...labels.flatMap((label) => [Buffer.of(label.length), label]), tail]);
}
