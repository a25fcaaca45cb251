/** Where the controller goes itself for what an administrator named: judged on the address that is dialled. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import {
  defaultEgress,
  EgressRefused,
  mayReachBy,
  parseEgress,
  type EgressRule,
} from '../../controller/egress.ts';
import { outgoingFetch } from '../../controller/outgoing-fetch.ts';

const ruleOf = (text: string): EgressRule => {
  const rule = parseEgress(text);
  assert.ok(!('issue' in rule), text);
  return rule;
};

const publicOnes = ['9.9.9.9', '198.20.0.1', '2620:fe::fe', '::ffff:9.9.9.9'];
const privateOnes = [
  '127.0.0.1',
  '10.1.2.3',
  '172.31.255.255',
  '192.168.0.1',
  '100.64.0.1',
  '198.18.0.1',
  '203.0.113.7',
  '::1',
  'fd00::1',
  '::ffff:10.1.2.3',
  '::ffff:127.0.0.1',
  // An IPv4 address that another one carries: NAT64, 6to4, Teredo, compatible.
  '64:ff9b::a01:203',
  '2002:a01:203::1',
  '2001:0:a01:203::1',
  '::10.1.2.3',
];
const nobodys = [
  '0.0.0.0',
  '169.254.169.254',
  '::ffff:169.254.169.254',
  'fe80::1',
  'fd00:ec2::254',
  '100.100.100.200',
  '168.63.129.16',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  'ff02::1',
  'no address',
];

test('SEC-G5 with one organisation the controller goes anywhere, with several to public addresses only, and never to metadata', () => {
  let organisations = 1;
  const may = mayReachBy(defaultEgress, () => organisations);
  for (const address of [...publicOnes, ...privateOnes]) assert.ok(may(address), address);
  for (const address of nobodys) assert.ok(!may(address), address);
  organisations = 2;
  for (const address of publicOnes) assert.ok(may(address), address);
  for (const address of [...privateOnes, ...nobodys]) assert.ok(!may(address), address);
});

test('what the operator names is what counts, however many organisations there are', () => {
  const may = (text: string, address: string): boolean => mayReachBy(ruleOf(text), () => 5)(address);
  assert.ok(may('any', '10.1.2.3'));
  assert.ok(!may('any', '169.254.169.254'));
  assert.ok(may('public, 10.20.0.0/16', '10.20.0.9') && may('public,10.20.0.0/16', '9.9.9.9'));
  assert.ok(!may('public,10.20.0.0/16', '10.21.0.9'));
  assert.ok(may('10.20.0.0/16', '10.20.0.9') && !may('10.20.0.0/16', '9.9.9.9'));
  assert.ok(may('169.254.169.254/32', '169.254.169.254'));
  assert.ok(may('fd00:1::/32', 'fd00:1::7') && !may('fd00:1::/32', '10.20.0.9'));
  for (const [text, wrong] of [
    ['everywhere', /"everywhere" is neither any, public nor a network/],
    ['public,10.20.0.9', /"10\.20\.0\.9" has no length/],
    ['10.20.0.9/16', /bits beyond its length/],
    ['', /"" is neither/],
  ] as const) {
    const rule = parseEgress(text);
    assert.match('issue' in rule ? rule.issue : '', wrong);
  }
});

test('SEC-G5 a name that resolves to where the controller may not go, and such an address itself, are refused before anything is sent', async (t) => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end('ok');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const get = { method: 'GET', headers: {} };
  const refusing = outgoingFetch(
    mayReachBy(ruleOf('public'), () => 1),
    undefined,
  );
  for (const host of ['provider.localhost', '127.0.0.1', '[::ffff:127.0.0.1]', 'localhost']) {
    await assert.rejects(refusing(`http://${host}:${port}/`, get), (error: Error) => {
      assert.ok(error instanceof EgressRefused, `${host}: ${error.message}`);
      assert.doesNotMatch(error.message, /127/);
      return true;
    });
  }
  assert.equal(asked, 0);
  const going = outgoingFetch(
    mayReachBy(ruleOf('127.0.0.0/8'), () => 9),
    undefined,
  );
  assert.equal((await going(`http://provider.localhost:${port}/`, get)).status, 200);
  assert.equal(asked, 1);
});
