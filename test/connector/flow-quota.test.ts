/** At most a thousand open flows a person at a connector: over all their devices, and nobody else pays for it. */
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import { FlowQuota } from '../../connector/flows/flow-quota.ts';
import { Fault } from '../../protocol/errors.ts';
import { encodeKey, newAgreementKey } from '../../protocol/keys.ts';
import type { Session } from '../../protocol/link/session.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { until } from '../support/until.ts';
import { ConnectorBench, id, outcome, removeBenches } from './support/connector-bench.ts';

let bench: ConnectorBench;
beforeEach(async () => {
  bench = new ConnectorBench();
  await bench.start();
});
afterEach(() => bench.close());
after(removeBenches);

async function open(session: Session, count: number): Promise<MuxStream[]> {
  const streams: MuxStream[] = [];
  // Fewer at once than a session may have waiting for their dial.
  while (streams.length < count) {
    const some = Array.from({ length: Math.min(100, count - streams.length) }, () =>
      session.openStream(bench.request()),
    );
    for (const stream of some) stream.on('error', () => undefined);
    await Promise.all(some.map((stream) => stream.accepted()));
    streams.push(...some);
  }
  return streams;
}

/** A session of another device, which shows a grant of this person. */
async function deviceOf(sub: ReturnType<typeof id<'usr'>>, jti = id('tok')): Promise<Session> {
  const key = newAgreementKey();
  const grant = await bench.grant({ sub, jti, dev: id('dev'), nk: encodeKey(key.publicKey) });
  return (await bench.dial([grant], key)).session;
}

test('the 1,001st flow of a person is refused with limit on whichever device, others open theirs, and a closed one makes room', async () => {
  const [alice, bob] = [id('usr'), id('usr')];
  const [laptop, phone, other] = [await deviceOf(alice), await deviceOf(alice), await deviceOf(bob)];
  const first = await open(laptop, 600);
  await open(phone, 400);
  assert.equal(await outcome(phone, bench.request()), 'limit');
  assert.equal(await outcome(laptop, bench.request()), 'limit');
  assert.equal(await outcome(other, bench.request()), 'accepted');
  await until(() => bench.dialled.length === 1_001);
  // What was refused reached no application, and stands in the log under its code.
  const refused: unknown[] = [];
  for (let batch = bench.records(); batch.length > 0; batch = bench.records()) {
    refused.push(
      ...batch.flatMap(({ event, code, subject }) => (event === 'refused' ? [code, subject] : [])),
    );
    bench.flows.received(batch.at(-1)?.seq ?? 0);
  }
  assert.deepEqual(refused, ['limit', alice, 'limit', alice]);
  first[0]?.destroy();
  await until(() => bench.accepted !== undefined && countOf(alice) === 999);
  assert.equal(await outcome(phone, bench.request()), 'accepted');
});

test('a flow that was never opened, or whose session ended, takes no place', async () => {
  const alice = id('usr');
  const session = await deviceOf(alice);
  bench.names['wiki.acme.internal'] = [];
  bench.resources[bench.wiki] = { ...bench.resources[bench.wiki], address: 'wiki.acme.internal' } as never;
  for (let count = 0; count < 20; count++) {
    const stream = session.openStream(bench.request());
    await assert.rejects(stream.accepted(), Fault);
  }
  assert.equal(bench.quota.people, 0);
  bench.resources[bench.wiki] = { ...bench.resources[bench.wiki], address: '127.0.0.1' } as never;
  await open(session, 5);
  assert.equal(bench.quota.people, 1);
  session.close();
  await until(() => bench.quota.people === 0);
});

test('beyond what the organisation may have open nobody opens another, each is told whose limit it is, and what is open goes on', async () => {
  bench.mostFlows = 3;
  const [alice, service] = [id('usr'), 'svc_00000000000000000000000000' as never];
  const laptop = await deviceOf(alice);
  const key = newAgreementKey();
  const grant = await bench.grant({
    sub: service,
    jti: id('tok'),
    dev: id('dev'),
    nk: encodeKey(key.publicKey),
  });
  const machine = await bench.dial([grant], key);
  const streams = await open(laptop, 2);
  await open(machine.session, 1);
  assert.equal(await outcome(laptop, bench.request()), 'limit');
  assert.equal(await outcome(machine.session, bench.request()), 'limit');
  await until(() => machine.notes.length === 1);
  const [note] = machine.notes as { resource: string; code: string; reason: string }[];
  assert.deepEqual([note?.resource, note?.code, note?.reason], [bench.wiki, 'limit', 'organisation-limit']);
  const refused = bench.records().filter(({ event }) => event === 'refused');
  assert.deepEqual(
    refused.map(({ subject, code, cause }) => [subject, code, cause]),
    [
      [alice, 'limit', 'organisation-limit'],
      [service, 'limit', 'organisation-limit'],
    ],
  );
  // A lower one takes nothing away.
  bench.mostFlows = 1;
  assert.equal(bench.quota.flows, 3);
  for (const stream of streams) stream.destroy();
  await until(() => bench.quota.flows === 1);
  assert.equal(await outcome(laptop, bench.request()), 'limit');
  bench.mostFlows = null;
  assert.equal(await outcome(laptop, bench.request()), 'accepted');
});

test('only people are counted, one by one, and each place is given back once', () => {
  const quota = new FlowQuota(2);
  const [alice, bob] = [id('usr'), id('usr')];
  const release = quota.take(alice);
  assert.ok(release !== undefined && quota.take(alice) !== undefined);
  assert.equal(quota.take(alice), undefined);
  assert.ok(quota.take(bob) !== undefined);
  release();
  release();
  assert.ok(quota.take(alice) !== undefined);
  assert.equal(quota.take(alice), undefined);
  for (let count = 0; count < 5; count++) assert.ok(quota.take('svc_00000000000000000000000000'));
  assert.deepEqual([quota.people, quota.flows], [2, 8]);
});

/** How many flows of this person are open, found by asking for the rest. */
function countOf(subject: string): number {
  const taken: (() => void)[] = [];
  for (let release = bench.quota.take(subject); release !== undefined; release = bench.quota.take(subject))
    taken.push(release);
  for (const release of taken) release();
  return 1_000 - taken.length;
}
