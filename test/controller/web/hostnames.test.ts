/** Public hostnames as administrators see them: certificates as connectors report them, where DNS leads, what CAA allows. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import packet from 'dns-packet';
import { caaValueOf, isRelayProof, type AcmeAccount, type CaaRecord } from '../../../controller/web/caa.ts';
import { checkHostname } from '../../../controller/web/check-hostname.ts';
import { systemDns } from '../../../controller/web/system-dns.ts';
import type { HostnameEntry } from '../../../protocol/hostnames.ts';
import type { Name } from '../../../protocol/names.ts';
import { eventually } from '../../support/eventually.ts';
import { WebBench, wikiHost } from './web-bench.ts';

const account = {
  ca: 'ca.acme.example',
  account: 'https://ca.acme.example/acct/7',
  method: 'tls-alpn-01',
} as const;
const issue = (value: string): CaaRecord => ({ tag: 'issue', value });

test('a name is relay-proof only when every certificate that CAA allows is of the connectors’ own account', () => {
  const own = issue(caaValueOf(account));
  assert.equal(isRelayProof([own], [account]), true);
  assert.equal(isRelayProof([issue(';')], [account]), true, 'nobody may issue');
  assert.equal(isRelayProof([own, issue('other.example')], [account]), false, 'another CA may as well');
  assert.equal(isRelayProof([issue(account.ca)], [account]), false, 'any account of the CA may');
  assert.equal(isRelayProof([issue(`${account.ca}; accounturi=https://x/8`)], [account]), false);
  assert.equal(isRelayProof([], [account]), false);
  assert.equal(isRelayProof([own], []), false);
  assert.equal(isRelayProof([{ tag: 'issuewild', value: caaValueOf(account) }], [account]), false);
  assert.equal(
    isRelayProof([{ tag: 'issuewild', value: caaValueOf(account) }, issue('other.example')], [account]),
    false,
    'names below a wildcard are governed by issue',
  );
  assert.equal(isRelayProof([own, { tag: 'issuewild', value: 'other.example' }], [account]), true);
});

test('the records that are missing let every connector’s account in, whichever comes to order', async () => {
  const other = { ...account, account: 'https://ca.acme.example/acct/8' } as const;
  const byDns = { ...account, method: 'dns-01' } as const;
  const missing = async (hostname: string, accounts: readonly AcmeAccount[], records: CaaRecord[]) => {
    const { missing: found, trust } = await checkHostname(
      {
        entry: { hostname, resource: 'wiki', network: 'hq', certificates: [] },
        name: hostname.replace('*', 'probe') as Name,
        isWildcard: hostname.startsWith('*.'),
        relays: [],
        accounts,
        port: 443,
      },
      {
        addresses: async () => [],
        alias: async () => undefined,
        caa: async () => records,
      },
    );
    return [trust, ...found.map(({ name, value }) => `${name} ${value}`)];
  };
  const own = issue(caaValueOf(account));
  const host = 'wiki.acme.example';
  assert.deepEqual(await missing(host, [account, other], [own]), [
    'relay-proof',
    `${host} 0 issue "${caaValueOf(other)}"`,
  ]);
  assert.deepEqual(await missing(host, [account, other], [own, issue(caaValueOf(other))]), ['relay-proof']);
  assert.deepEqual(
    await missing(host, [byDns], [own]),
    ['relay-proof', `${host} 0 issue "${caaValueOf(byDns)}"`],
    'the method is another',
  );
  const apps = 'apps.acme.example';
  assert.deepEqual(await missing(`*.${apps}`, [byDns], []), [
    'relay-trusted',
    `${apps} 0 issue "${caaValueOf(byDns)}"`,
  ]);
  const wild: CaaRecord = { tag: 'issuewild', value: 'other.example' };
  assert.deepEqual(await missing(`*.${apps}`, [byDns], [issue(caaValueOf(byDns)), wild]), [
    'relay-proof',
    `${apps} 0 issuewild "${caaValueOf(byDns)}"`,
  ]);
});

/** A name server on loopback with these records; returns where it listens. */
async function nameServer(t: TestContext, records: Readonly<Record<string, object>>): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { port, address }) => {
    const { id, questions } = packet.decode(message);
    const [{ name, type } = { name: '', type: '' }] = questions;
    const found = records[`${name} ${type}`];
    const answers = found === undefined ? [] : [{ name, type, ttl: 1, ...found }];
    const reply = packet.encode({ type: 'response', id, flags: 0x180, questions, answers });
    socket.send(reply, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

test('the check says where DNS leads, climbs to the CAA records, and names what is missing', async (t) => {
  const caa = { data: { flags: 0, tag: 'issue', value: caaValueOf(account) } };
  const server = await nameServer(t, {
    'relay.acme.example A': { data: '203.0.113.1' },
    'wiki.acme.example A': { data: '203.0.113.1' },
    'old.acme.example A': { data: '198.51.100.9' },
    'acme.example CAA': caa,
  });
  const dns = systemDns([server]);
  const checked = async (name: string, accounts = [account]) =>
    checkHostname(
      {
        entry: { hostname: name, resource: 'wiki', network: 'hq', certificates: [] },
        name: name as Name,
        isWildcard: false,
        relays: ['relay.acme.example'],
        accounts,
        port: 443,
      },
      dns,
    );
  const good = await checked('wiki.acme.example');
  assert.deepEqual([good.dns.points, good.trust, good.missing], ['here', 'relay-proof', []]);
  const moved = await checked('old.acme.example');
  assert.equal(moved.dns.points, 'elsewhere');
  assert.deepEqual(moved.missing, [
    { name: 'old.acme.example', type: 'CNAME', value: 'relay.acme.example.' },
  ]);
  const none = await checked('new.other.example');
  assert.deepEqual([none.dns.points, none.trust], ['nowhere', 'relay-trusted']);
  assert.equal(
    none.missing[1]?.value,
    '0 issue "ca.acme.example; accounturi=https://ca.acme.example/acct/7; validationmethods=tls-alpn-01"',
  );
});

test('the list says what each connector serves a hostname with; other names are not looked up', async (t) => {
  const bench = await WebBench.open(t);
  const connector = await bench.connector();
  const until = Math.floor(bench.context.now() / 1_000) + 86_400;
  const certificate = { host: wikiHost, from: 'acme', state: 'ready', until } as const;
  connector.send({ t: 'certificates', list: [certificate, { ...certificate, host: 'other.acme.example' }] });
  const entry = await eventually('the report', async () => {
    const list = (await bench.portal.admin('GET', '/api/v1/hostnames')).json<HostnameEntry[]>();
    return list.find(({ hostname, certificates }) => hostname === wikiHost && certificates.length > 0);
  });
  assert.deepEqual([entry.resource, entry.network, entry.certificates.length], ['wiki', 'hq', 1]);
  assert.deepEqual(entry.certificates[0]?.certificate, certificate);
  const unknown = await bench.portal.admin('GET', '/api/v1/hostnames/other.acme.example/check');
  assert.equal(unknown.statusCode, 404);
});
