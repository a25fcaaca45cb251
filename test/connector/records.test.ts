/** SRV, MX and TXT through the connector: what a resource lists, of its own names, and nothing that leads elsewhere. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, afterEach, beforeEach, test } from 'node:test';
import packet, { type Record as ResourceRecord } from 'dns-packet';
import { ConnectorQuestions } from '../../client/flows/connector-questions.ts';
import { nothingKnown } from '../../client/standing.ts';
import { permittedRecords, recordsFrom } from '../../connector/dial/records.ts';
import { mostAnswerBytes, parseRecords, type RecordType } from '../../protocol/dns-records.ts';
import type { ResourceId } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import { resource } from '../client/dns/knowledge.ts';
import { ConnectorBench, outcome, removeBenches } from './support/connector-bench.ts';

let bench: ConnectorBench;
beforeEach(async () => {
  bench = new ConnectorBench();
  await bench.start();
});
afterEach(() => bench.close());
after(removeBenches);

const srv = (target: string) => ({ priority: 0, weight: 0, port: 389, target });

/** The client's half: asks over a session that has a grant for the wiki. */
async function asker(): Promise<
  (of: ResourceId, name: string, type: RecordType) => ReturnType<ConnectorQuestions['records']>
> {
  const { session } = await bench.dial([await bench.grant()]);
  const questions = new ConnectorQuestions({
    knowledge: () => nothingKnown([], new Set()),
    session: () => Promise.resolve(session),
    clock: bench.clock,
  });
  return (of, name, type) => questions.records(name as Name, { ...resource(1, []), id: of }, type);
}

/** Lists the types for the wiki, which is called so behind the connector too. */
function list(...dns: RecordType[]): void {
  const wiki = bench.resources[bench.wiki]!;
  bench.resources[bench.wiki] = { ...wiki, address: 'wiki.acme.internal', dns };
}

test('records come through a connector for the types that a resource lists, and for its services', async () => {
  list('SRV', 'TXT');
  const service = '_https._tcp.wiki.acme.internal';
  bench.dns = {
    [`SRV ${service}`]: { type: 'SRV', list: [srv('wiki.acme.internal')] },
    'TXT wiki.acme.internal': { type: 'TXT', list: [{ strings: ['owner=alice', 'ü'] }] },
  };
  const ask = await asker();
  assert.deepEqual(await ask(bench.wiki, service, 'SRV'), bench.dns[`SRV ${service}`]);
  assert.deepEqual(await ask(bench.wiki, 'wiki.acme.internal', 'TXT'), bench.dns['TXT wiki.acme.internal']);
  assert.equal(await ask(bench.wiki, '_none._tcp.wiki.acme.internal', 'SRV'), 'no');
  assert.equal(bench.dialled.length, 0);
  assert.deepEqual(bench.records(), []);
});

test('SEC-A13 a type that is not listed, another name and another resource are refused, and recorded', async () => {
  list('SRV');
  const { session } = await bench.dial([await bench.grant()]);
  const ask = (change: object) =>
    outcome(session, { r: bench.wiki, h: 'wiki.acme.internal', p: 0, k: 'dns', q: 'SRV', ...change });
  assert.equal(await ask({ q: 'TXT' }), 'port-not-listed');
  assert.equal(await ask({ h: 'x.wiki.acme.internal' }), 'denied');
  assert.equal(await ask({ h: '_ldap._tcp.other.acme.internal' }), 'denied');
  assert.equal(await ask({ h: '_a.x._tcp.wiki.acme.internal' }), 'denied');
  assert.equal(await ask({ r: bench.databases, h: 'a.db.acme.internal' }), 'denied');
  assert.deepEqual(
    bench.records().map(({ event, code }) => [event, code]),
    [['refused', 'port-not-listed'], ...Array.from({ length: 4 }, () => ['refused', 'denied'])],
  );
});

test('targets of other resources, of nobody’s and addresses do not leave the connector', async () => {
  list('SRV', 'MX', 'TXT');
  const name = 'wiki.acme.internal';
  const targets = ['wiki.acme.internal', 'a.db.acme.internal', 'dc1.corp.example', '10.1.2.3', 'fd00::1'];
  bench.dns = {
    [`SRV ${name}`]: { type: 'SRV', list: targets.map(srv) },
    [`MX ${name}`]: { type: 'MX', list: targets.map((exchange) => ({ preference: 1, exchange })) },
    [`TXT ${name}`]: {
      type: 'TXT',
      list: [
        { strings: ['v=spf1 ip4:10.', '0.0.1 -all'] },
        { strings: ['ip6:fd00::1'] },
        { strings: ['kept'] },
      ],
    },
  };
  const ask = await asker();
  assert.deepEqual(await ask(bench.wiki, name, 'SRV'), { type: 'SRV', list: [srv(name)] });
  assert.deepEqual(await ask(bench.wiki, name, 'MX'), {
    type: 'MX',
    list: [{ preference: 1, exchange: name }],
  });
  assert.deepEqual(await ask(bench.wiki, name, 'TXT'), { type: 'TXT', list: [{ strings: ['kept'] }] });
});

test('an alias is asked for by the name behind it, services too; an address has no records', async () => {
  const asked: string[] = [];
  const ask = (address: string, host: string) =>
    permittedRecords(
      { address, within: [] },
      host as Name,
      'TXT',
      () => true,
      async (name, type) => {
        asked.push(name);
        return { type, list: [] };
      },
    );
  await ask('printer7.corp.example', 'printer.acme.internal');
  await ask('printer7.corp.example', '_ipp._tcp.printer.acme.internal');
  await ask('*.db.acme.internal', '_a.b.db.acme.internal');
  assert.deepEqual(asked, [
    'printer7.corp.example',
    '_ipp._tcp.printer7.corp.example',
    '_a.b.db.acme.internal',
  ]);
  for (const address of ['10.20.0.9', '10.20.0.0/24'])
    await assert.rejects(ask(address, 'printer.acme.internal'), { code: 'no-name' });
});

test('records are read from a name server as it tells them', async (t) => {
  const zone: Record<string, ResourceRecord['data'][]> = {
    SRV: [{ priority: 1, weight: 2, port: 389, target: 'dc1.acme.internal' }],
    MX: [{ preference: 5, exchange: 'mx.acme.internal' }],
    TXT: [[Buffer.from('one'), Buffer.from('two')]],
  };
  const server = createSocket('udp4');
  t.after(() => server.close());
  server.on('message', (bytes, from) => {
    const { id, questions } = packet.decode(bytes);
    const [{ name, type } = { name: '', type: '' }] = questions;
    const has = name === 'ad.acme.internal';
    const answers = (has ? (zone[type] ?? []) : []).map((data) => ({ type, name, ttl: 60, data }));
    const flags = 0x8400 | (has || name === 'empty.acme.internal' ? 0 : 3);
    server.send(packet.encode({ type: 'response', id, flags, questions, answers }), from.port, from.address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const ask = (name: string, type: RecordType) =>
    recordsFrom([`127.0.0.1:${server.address().port}`], name, type);
  assert.deepEqual(await ask('ad.acme.internal', 'SRV'), { type: 'SRV', list: zone['SRV'] });
  assert.deepEqual(await ask('ad.acme.internal', 'MX'), { type: 'MX', list: zone['MX'] });
  assert.deepEqual(await ask('ad.acme.internal', 'TXT'), {
    type: 'TXT',
    list: [{ strings: ['one', 'two'] }],
  });
  assert.deepEqual(await ask('empty.acme.internal', 'TXT'), { type: 'TXT', list: [] });
  await assert.rejects(ask('nobody.acme.internal', 'SRV'), { code: 'no-name' });
});

test('an answer is cut to its bounds, and one of another form or type is none', async () => {
  const strings = ['x'.repeat(255), ...Array.from({ length: 9 }, () => 'y'.repeat(250))];
  const text = await permittedRecords(
    { address: 'wiki.acme.internal', within: [] },
    'wiki.acme.internal' as Name,
    'TXT',
    () => true,
    async () => ({ type: 'TXT', list: Array.from({ length: 500 }, () => ({ strings })) }),
  );
  assert.ok(Buffer.byteLength(text) <= mostAnswerBytes);
  assert.ok((parseRecords(text, 'TXT')?.list.length ?? 0) > 5);
  assert.equal(parseRecords(text, 'SRV'), undefined);
  for (const wrong of [
    '',
    'null',
    '{"type":"SRV","list":[{"priority":-1,"weight":0,"port":0,"target":"a"}]}',
    '{"type":"A","list":["10.0.0.1"]}',
  ])
    assert.equal(parseRecords(wrong, 'SRV'), undefined);
});
