/** The key that tells origins who somebody is: replaced monthly while a connector runs, and found by whoever verifies. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLocalJWKSet, jwtVerify, type JWTVerifyResult } from 'jose';
import { Assertions } from '../../connector/web/assertion.ts';
import { Identities } from '../../connector/web/identities.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import { openStateDirectory, type StateDirectory } from '../../protocol/node/state-directory.ts';
import type { AssertionJwk } from '../../protocol/web-resource.ts';
import { eventually } from '../support/eventually.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-assertion-'));
after(() => rmSync(folder, { recursive: true }));
const dayMs = 24 * 3_600_000;
const startMs = Date.parse('2026-11-22T10:00:00Z');
const audience = newId('res', systemRandom(16));
const right = {
  id: newId('ses', systemRandom(16)),
  sub: newId('usr', systemRandom(16)),
  who: { name: 'Alice', email: 'alice@acme.example', groups: ['staff'] },
  door: 'web',
} as unknown as Parameters<Assertions['sign']>[0];
const target = { authority: 'wiki.acme.example' } as Parameters<Assertions['sign']>[1];

class Held {
  readonly clock = new VirtualClock();
  readonly said: string[] = [];
  assertions!: Assertions;

  static async open(state: StateDirectory): Promise<Held> {
    const held = new Held();
    held.assertions = await Assertions.open({
      state,
      clock: held.clock,
      random: systemRandom,
      nowMs: () => startMs + held.clock.nowMs(),
      replaced: () => held.said.push('replaced'),
      notKept: () => held.said.push('not kept'),
    });
    return held;
  }

  async sign(known: Iterable<string>): Promise<string> {
    const nowMs = startMs + this.clock.nowMs();
    const { jws } = await this.assertions.sign(right, target, { audience, nowMs, known: new Set(known) });
    return jws;
  }

  verify(jws: string, keys: readonly AssertionJwk[]): Promise<JWTVerifyResult> {
    const set = createLocalJWKSet({
      keys: keys.map((key) => ({ kty: 'EC', crv: 'P-256', alg: 'ES256', ...key })),
    });
    const currentDate = new Date(startMs + this.clock.nowMs());
    return jwtVerify(jws, set, { audience, issuer: 'https://wiki.acme.example', currentDate });
  }
}

const kids = (assertions: Assertions): string[] => assertions.jwks.map(({ kid }) => kid);

test('after a month another key signs, once verifiers can find it, and what the older one signed holds on', async () => {
  const held = await Held.open(openStateDirectory(join(folder, 'monthly')));
  const { clock, assertions, said } = held;
  const [first = ''] = kids(assertions);
  clock.advance(29 * dayMs);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([kids(assertions), said], [[first], []]);
  const before = await held.sign([first]);

  clock.advance(dayMs - 60_000);
  const last = await held.sign([first]);
  clock.advance(60_000);
  await eventually('another key', () => said.length === 1 || undefined);
  const [second = '', older] = kids(assertions);
  assert.deepEqual([said, older], [['replaced'], first]);
  assert.notEqual(second, first);

  const unknown = await held.verify(await held.sign([first]), assertions.jwks);
  assert.equal(unknown.protectedHeader.kid, first, 'a key was used that verifiers cannot find yet');
  const known = await held.verify(await held.sign([first, second]), assertions.jwks);
  assert.equal(known.protectedHeader.kid, second);
  assert.equal((await held.verify(last, assertions.jwks)).protectedHeader.kid, first);
  await assert.rejects(held.verify(before, assertions.jwks), /"exp" claim timestamp check failed/);
  assertions.close();
  assert.equal(clock.pending, 0);
});

test('both keys outlive a restart, and a third takes the place of the oldest', async () => {
  const state = openStateDirectory(join(folder, 'restart'));
  const run = await Held.open(state);
  run.clock.advance(30 * dayMs);
  await eventually('another key', () => run.said.length === 1 || undefined);
  const [second, first] = kids(run.assertions);
  run.assertions.close();

  const again = await Held.open(state);
  again.clock.advance(30 * dayMs);
  assert.deepEqual(kids(again.assertions), [second, first]);
  again.clock.advance(30 * dayMs);
  await eventually('another key after a restart', () => again.said.length === 1 || undefined);
  assert.deepEqual(kids(again.assertions).slice(1), [second]);
  assert.ok(!kids(again.assertions).includes(first ?? ''));
  again.assertions.close();
});

test('SEC-A6: what an origin is told is of one right at one hostname, by what its resource says now, and a minute old at most', async () => {
  const held = await Held.open(openStateDirectory(join(folder, 'told')));
  const { assertions, clock } = held;
  const identities = new Identities(assertions);
  const web = { audience, headers: {} } as unknown as Parameters<Identities['of']>[2];
  const told = async (by = right, at = target, like = web, backMs = 0): Promise<string> => {
    const nowMs = startMs + clock.nowMs() - backMs;
    const list = await identities.of(by, at, like, { nowMs, known: () => new Set(kids(assertions)) });
    return list.join('\n');
  };
  const first = await told();
  assert.equal(await told(), first);
  // The same person by another right, and by the first again.
  const other = { ...right, id: newId('ses', systemRandom(16)), sub: newId('usr', systemRandom(16)) };
  assert.notEqual(await told(other), first);
  assert.equal(await told(), first);
  const elsewhere = await told(right, {
    ...target,
    authority: 'files.acme.example',
  });
  assert.notEqual(elsewhere, first);
  const named = await told(right, target, { ...web, headers: { 'X-Who': '{{email}}' } });
  assert.match(named, /x-who\nalice@acme\.example/);
  assert.notEqual(await told(right, target, { ...web, audience: newId('res', systemRandom(16)) }), first);
  clock.advance(59_999);
  assert.equal(await told(), first);
  assert.notEqual(await told(right, target, web, 60_000), first, 'made after the clock that it is asked by');
  clock.advance(1);
  assert.notEqual(await told(), first);
  assertions.close();
});

test('REL-16: a key that cannot be written signs all the same, and somebody is told', async () => {
  const state = openStateDirectory(join(folder, 'full'));
  const held = await Held.open({ ...state, keepJson: () => false });
  assert.deepEqual(held.said, ['not kept']);
  const jws = await held.sign(kids(held.assertions));
  assert.equal((await held.verify(jws, held.assertions.jwks)).payload.sub, right.sub);
  held.assertions.close();
});
