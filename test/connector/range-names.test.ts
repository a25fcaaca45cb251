import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayDial } from '../../connector/dial/address-guard.ts';
import { permittedAddresses } from '../../connector/dial/dial.ts';
import { addressInRange } from '../../connector/dial/range-names.ts';
import type { Fault } from '../../protocol/errors.ts';

const hosts = ['*.rack.acme.internal'];
const around = { synthetic: '100.96.0.0/12', ownAddresses: ['10.0.0.2', 'fd00::2'] };
const range = (address: string): { address: string; within: string[]; hosts: string[] } => ({
  address,
  within: [],
  hosts,
});

test('a host of a network is named by its address, in one spelling, and only below the alias', () => {
  const at = (label: string, network = '10.0.0.0/24'): string | undefined =>
    addressInRange(network, hosts, `${label}.rack.acme.internal`);
  assert.equal(at('10-0-0-0'), '10.0.0.0');
  assert.equal(at('10-0-0-255'), '10.0.0.255');
  assert.equal(at('fd00--5', 'fd00::/64'), 'fd00::5');
  assert.equal(at('fd00-0-0-0-0-0-0-5', 'fd00::/64'), 'fd00:0:0:0:0:0:0:5');
  for (const label of [
    '10-0-1-0',
    '10-0-0',
    '10-0-0-256',
    '010-0-0-5',
    '10-0-0-5-',
    '10.0.0.5',
    'fd00--5',
    'wiki',
    'a',
  ])
    assert.equal(at(label), undefined, label);
  // An IPv4 address inside IPv6 is that IPv4 address, and lies in no network of the other family.
  assert.equal(at('0--ffff-a00-5', '::/32'), undefined);
  for (const host of [
    '10-0-0-5.acme.internal',
    'x.10-0-0-5.rack.acme.internal',
    '10-0-0-5',
    'rack.acme.internal',
  ])
    assert.equal(addressInRange('10.0.0.0/24', hosts, host), undefined, host);
});

test('SEC-F2 a network leads to its own addresses, never to this host, loopback, metadata or a synthetic one', () => {
  for (const [network, address, expected] of [
    ['10.0.0.0/24', '10.0.0.9', true],
    ['10.0.0.0/24', '10.0.0.2', false],
    ['10.0.0.0/24', '10.0.1.9', false],
    ['10.0.0.0/24', '::ffff:10.0.0.9', true],
    ['203.0.113.0/24', '203.0.113.7', true],
    ['127.0.0.0/8', '127.0.0.5', false],
    ['169.254.0.0/16', '169.254.169.254', false],
    ['100.100.0.0/16', '100.100.100.200', false],
    ['100.96.0.0/12', '100.96.0.9', false],
    ['224.0.0.0/8', '224.0.0.5', false],
    ['fd00::/32', 'fd00::9', true],
    ['fd00::/32', 'fd00::2', false],
    ['fd00:ec2::/32', 'fd00:ec2::254', false],
  ] as const)
    assert.equal(mayDial(range(network), address, around), expected, `${network} to ${address}`);
});

test('what is dialled for a name in a network is its address, without a question to a resolver', async () => {
  const asked: string[] = [];
  const resolve = async (name: string): Promise<string[]> => {
    asked.push(name);
    return [name];
  };
  const of = (host: string): Promise<readonly string[]> =>
    permittedAddresses(range('192.0.2.0/24'), host, resolve);
  assert.deepEqual(await of('192-0-2-7.rack.acme.internal'), ['192.0.2.7']);
  await assert.rejects(of('192-0-3-7.rack.acme.internal'), (error) => (error as Fault).code === 'no-name');
  await assert.rejects(of('wiki.rack.acme.internal'), (error) => (error as Fault).code === 'no-name');
  assert.deepEqual(asked, ['192.0.2.7']);
});
