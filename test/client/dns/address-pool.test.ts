/** Synthetic addresses: which range, which name has which, and how many there can be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressPool, poolLimits, quietMs } from '../../../client/dns/address-pool.ts';
import {
  chooseRange,
  formatRange,
  parseRange,
  resolverAddress,
  reverseZones,
  type AddressRange,
} from '../../../client/dns/address-range.ts';
import type { Name } from '../../../protocol/names.ts';

const range = parseRange('100.96.0.0/12') as AddressRange;
const wildcard = '*.db.acme.internal';
const numbered = (index: number): Name => `n${index}.db.acme.internal` as Name;

test('ranges are aligned, between /8 and /24, and written as they are meant', () => {
  for (const bad of [
    '100.96.0.0',
    '100.96.0.1/12',
    '100.97.0.0/12',
    '10.0.0.0/25',
    '0.0.0.0/0',
    'x/12',
    '1.2.3/8',
  ])
    assert.equal(parseRange(bad), undefined, bad);
  assert.equal(formatRange(range), '100.96.0.0/12');
  assert.equal(resolverAddress(range), '100.96.0.53');
});

test('the reverse zones cover the range and nothing else', () => {
  assert.equal(reverseZones(range).length, 16);
  assert.equal(reverseZones(range)[0], '96.100.in-addr.arpa');
  assert.deepEqual(reverseZones(parseRange('198.18.0.0/16') as AddressRange), ['18.198.in-addr.arpa']);
});

test('the synthetic range never collides with a route the host already has (FIELD rule 5)', () => {
  const route = (text: string): AddressRange => parseRange(text) as AddressRange;
  assert.equal(chooseRange(range, [{ base: 0, prefix: 0 }]), range, 'a default route is no collision');
  const moved = chooseRange(range, [route('100.100.100.0/24')]) as AddressRange;
  assert.equal(formatRange(moved), '100.80.0.0/12');
  assert.equal(formatRange(chooseRange(range, [route('100.64.0.0/10')]) as AddressRange), '198.18.0.0/15');
  assert.equal(chooseRange(range, [route('100.0.0.0/8'), route('198.0.0.0/8')]), undefined);
});

test('a name keeps its address across restarts (FIELD rule 7)', () => {
  const before = new AddressPool(range, () => 0);
  const first = before.addressOf('wiki.acme.internal' as Name, undefined);
  const second = before.addressOf(numbered(1), wildcard);
  const after = new AddressPool(range, () => 0, structuredClone(before.state()));
  assert.equal(after.addressOf(numbered(1), wildcard), second);
  assert.equal(after.addressOf('wiki.acme.internal' as Name, undefined), first);
  assert.equal(after.version, 0, 'nothing changed, so nothing needs writing');
  assert.equal(after.nameOf(String(first)), 'wiki.acme.internal');
});

test('a damaged or foreign file of addresses gives no two names one address, nor the resolver', () => {
  const pool = new AddressPool(range, () => 0, {
    names: [
      { name: 'a.acme.internal' as Name, offset: 7 },
      { name: 'b.acme.internal' as Name, offset: 7 },
      { name: 'c.acme.internal' as Name, offset: 53 },
      { name: 'd.acme.internal' as Name, offset: -3 },
      { name: 'e.acme.internal' as Name, offset: 2 ** 31 },
    ],
  });
  const addresses = ['a', 'b', 'c', 'd', 'e'].map((x) =>
    pool.addressOf(`${x}.acme.internal` as Name, undefined),
  );
  assert.equal(new Set(addresses).size, 5);
  assert.ok(!addresses.includes('100.96.0.53'));
});

test('names below a wildcard are bounded; the least recently used gives its address away once it is quiet', () => {
  let now = 0;
  const pool = new AddressPool(range, () => now);
  for (let index = 0; index < poolLimits.perWildcard; index += 1)
    assert.ok(pool.addressOf(numbered(index), wildcard) !== undefined);
  assert.equal(pool.addressOf(numbered(9_999), wildcard), undefined, 'every cache may still hold the others');
  now += quietMs;
  pool.addressOf(numbered(0), wildcard);
  const second = pool.addressOf(numbered(1), wildcard);
  now += 1;
  assert.ok(pool.addressOf(numbered(9_999), wildcard) !== undefined);
  assert.equal(pool.addressOf(numbered(1), wildcard), second, 'a used name keeps its address');
  assert.equal(
    pool.state().names.some(({ name }) => name === numbered(2)),
    false,
    'the quietest one went',
  );
  assert.ok(
    pool.addressOf('wiki.acme.internal' as Name, undefined) !== undefined,
    'listed names are not bounded',
  );
});

test('names below all wildcards together are bounded', () => {
  let now = 0;
  const pool = new AddressPool(range, () => now);
  const suffixes = Math.ceil(poolLimits.wildcards / poolLimits.perWildcard) + 2;
  for (let suffix = 0; suffix < suffixes; suffix += 1) {
    now += quietMs;
    for (let index = 0; index < poolLimits.perWildcard; index += 1)
      pool.addressOf(`n${index}.w${suffix}.acme.internal` as Name, `*.w${suffix}.acme.internal`);
  }
  assert.equal(pool.state().names.length, poolLimits.wildcards);
});

test('a small range that is full makes room instead of growing past its end', () => {
  let now = 0;
  const small = parseRange('198.18.0.0/24') as AddressRange;
  const pool = new AddressPool(small, () => now);
  const seen = new Set<string>();
  for (let index = 0; index < 600; index += 1) {
    now += quietMs;
    const address = pool.addressOf(`n${index}.acme.internal` as Name, undefined);
    assert.match(String(address), /^198\.18\.0\.([1-9]|\d\d|1\d\d|2[0-4]\d|25[0-4])$/);
    assert.notEqual(address, '198.18.0.53');
    seen.add(String(address));
  }
  assert.ok(seen.size <= 253);
});
