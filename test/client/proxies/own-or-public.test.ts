/** Where a connection of the proxies goes: through the tunnel, or to a public hostname as the browser would have gone by itself. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, test } from 'node:test';
import packet from 'dns-packet';
import { namesOf } from '../../../client/accounts/names.ts';
import type { Existence } from '../../../client/dns/connector-word.ts';
import { OwnOrPublic } from '../../../client/proxies/own-or-public.ts';
import type { Knowledge } from '../../../client/standing.ts';
import { systemServers } from '../../../client/system-dns/system-servers.ts';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';
import type { Pattern } from '../../../protocol/names.ts';
import { resource, sample } from '../dns/knowledge.ts';

const wildcard = '*.apps.acme.example' as Pattern;
const granted: Knowledge = {
  ...sample,
  resources: [...sample.resources, resource(9, [], { web: { hostnames: [wildcard], port: 443 } })],
};

/** Public DNS: `www` has a record of its own, every other name below the wildcard leads to one address. */
const questions: string[] = [];
const dns = createSocket('udp4', (message, from) => {
  const { id, questions: asked } = packet.decode(message);
  const { name, type } = asked[0] ?? assert.fail('a message without a question');
  questions.push(name);
  const address = name === 'www.apps.acme.example' ? '127.0.0.2' : '127.0.0.1';
  const answers = type === 'A' ? [{ type: 'A' as const, name, data: address, ttl: 1 }] : [];
  dns.send(packet.encode({ type: 'response', id, questions: asked, answers }), from.port, from.address);
});
const site = createServer((socket) => void socket.end('from the public site'));

let knowledge: Knowledge;
let existence: Existence;
let tunnelled: string[];
let ways: OwnOrPublic;

before(async () => {
  dns.bind(0, '127.0.0.1');
  site.listen(0, '0.0.0.0');
  await Promise.all([once(dns, 'listening'), once(site, 'listening')]);
});
after(() => {
  dns.close();
  site.close();
});
beforeEach(() => {
  knowledge = granted;
  existence = 'yes';
  tunnelled = [];
  questions.length = 0;
  ways = new OwnOrPublic({
    names: () => namesOf(knowledge),
    exists: () => Promise.resolve(existence),
    openFlow: ({ host }) => {
      tunnelled.push(host);
      return Promise.resolve(new PassThrough());
    },
    upstreams: () => [{ address: '127.0.0.1', port: dns.address().port }],
    isSynthetic: () => false,
    clock: systemClock,
    random: systemRandom,
  });
});

const port = (): number => (site.address() as AddressInfo).port;

async function isTunnelled(host: string): Promise<boolean> {
  tunnelled = [];
  const flow = await ways.open({ host, port: port() });
  if (tunnelled.length === 0) assert.equal(await text(flow), 'from the public site');
  else assert.deepEqual(tunnelled, [host]);
  flow.destroy();
  return tunnelled.length > 0;
}

test('below a wildcard hostname what its connector serves goes through the tunnel, and what public DNS leads elsewhere there', async () => {
  assert.ok(await isTunnelled('plans.apps.acme.example'));
  assert.ok(!(await isTunnelled('www.apps.acme.example')));
});

test('what no connector vouches for is opened as if Postern were not there', async () => {
  for (const word of ['no', 'unknown'] as const) {
    existence = word;
    // Of another name each, since a connector's word is kept for a moment.
    assert.ok(!(await isTunnelled(`${word}.apps.acme.example`)), word);
  }
});

test('a browser that was sent here with a hostname finds it also when it is ours no more; other names it does not get past us', async () => {
  knowledge = { ...granted, contact: 'ended' };
  assert.ok(await isTunnelled('www.apps.acme.example'), 'nobody was sent here with it');
  ways.send([wildcard]);
  assert.ok(!(await isTunnelled('www.apps.acme.example')));
  assert.ok(await isTunnelled('evil.example'), 'refused by the tunnel, and never dialled from here');
});

test('of names below a zone public DNS hears nothing, whatever becomes of them', async () => {
  existence = 'no';
  ways.send(['*.acme.internal' as Pattern]);
  for (const contact of ['known', 'none', 'ended'] as const) {
    knowledge = { ...granted, contact };
    for (const host of ['wiki.acme.internal', 'x.db.acme.internal', 'nothing.acme.internal'])
      assert.ok(await isTunnelled(host), `${host}, ${contact}`);
  }
  assert.deepEqual(questions, []);
});

test('the resolvers of the system are those in its file as it is now', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-servers-'));
  const file = join(folder, 'resolv.conf');
  writeFileSync(file, 'nameserver 192.0.2.1\nnameserver 2001:db8::1\n');
  assert.deepEqual(systemServers(file), [
    { address: '192.0.2.1', port: 53 },
    { address: '2001:db8::1', port: 53 },
  ]);
  writeFileSync(file, 'nameserver 192.0.2.2\n');
  assert.deepEqual(systemServers(file), [{ address: '192.0.2.2', port: 53 }]);
  rmSync(folder, { recursive: true });
  assert.ok(systemServers(file).every((server) => server.port > 0 && !server.address.includes('[')));
});
