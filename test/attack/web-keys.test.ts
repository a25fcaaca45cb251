/** Keys of the web door that are built from parts: two that differ in any part are never the same key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cacheKey } from '../../connector/web/assertion.ts';
import type { WebResource } from '../../connector/flows/resource-at.ts';
import { poolKey, Upstreams } from '../../connector/web/upstreams.ts';
import { recordKey } from '../../connector/web/web-records.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** As ids, hosts and codes are: anything without a space. Short, of two letters, so that parts often meet differently. */
const word = fc.string({ unit: fc.constantFrom('a', ':'), maxLength: 2 });
/** What an administrator may write. */
const text = fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', ','), maxLength: 2 });

/** Lists of parts that differ make two keys, those that do not make one: any two of them, and two that differ in one part. */
function isInjective<T extends readonly unknown[]>(parts: fc.Arbitrary<T>, key: (parts: T) => string): void {
  const hold = (one: T, other: T): void =>
    assert.equal(key(one) === key(other), JSON.stringify(one) === JSON.stringify(other));
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      hold(one, other);
      for (const index of one.keys()) hold(one, one.with(index, other[index]) as unknown as T);
    }),
    { numRuns: 3_000 },
  );
}

test('SEC-A6, SEC-C2: an assertion is kept for one right, host and audience', () => {
  isInjective(fc.tuple(word, word, text), ([id, authority, audience]) =>
    cacheKey({ id }, { authority }, audience),
  );
});

test('SEC-A6, SEC-C2: a record is found by all that it names', () => {
  isInjective(fc.tuple(word, word, word, word), (parts) => recordKey(...parts));
});

test('SEC-A6, SEC-C2: connections are kept apart by right, origin, guarded address and how the origin is trusted', () => {
  const upstream = fc.tuple(word, word, word, fc.array(text, { maxLength: 3 }), text, text, fc.boolean());
  isInjective(upstream, ([origin, address, id, within, originCa, originName, isInsecure]) =>
    poolKey({
      origin: new URL('http://unused.internal'),
      text: origin,
      host: '',
      address,
      resource: resource(id, within, {
        originCa,
        originName,
        ...(isInsecure ? { originInsecure: true } : {}),
      }),
    }),
  );
  const upstreams = new Upstreams(new VirtualClock(), { resolve: () => Promise.reject(new Error('nobody')) });
  const origin = new URL('http://wiki.acme.internal');
  const poolOf = (right: string, of: WebResource): unknown =>
    upstreams.lend({ right, origin, text: origin.origin, host: origin.host, address: '', resource: of }).pool;
  const same = resource('res', [], {});
  assert.equal(poolOf('alice', same), poolOf('alice', same));
  assert.notEqual(poolOf('alice', same), poolOf('bob', same));
  assert.notEqual(poolOf('alice', same), poolOf('alice', resource('res', [], { originInsecure: true })));
  upstreams.close();
});

function resource(id: string, within: readonly string[], web: Partial<WebResource['web']>): WebResource {
  return {
    id,
    hosts: [],
    address: '',
    ports: [],
    within: [...within],
    outage: 0,
    web: {
      hostnames: [],
      origins: [],
      host: 'origin',
      headers: {},
      audience: '',
      rules: [],
      allowOrigins: [],
      bySource: false,
      ...web,
    },
  };
}
