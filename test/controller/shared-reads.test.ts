/** What nodes that come back together are told of revocations and web sessions is read once, and is no older than their question. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedReads } from '../../controller/control/shared-reads.ts';
import { storeRevocations } from '../../controller/decisions/revocations.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId, type NetworkId } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import { testController } from './support/controller.ts';

/** The reads of an organisation of its own, and how often they select. */
async function world(t: Parameters<typeof testController>[0]) {
  const { context, time } = await testController(t);
  const { store } = context.organisation(context.firstOrganisation);
  const counted = { selects: 0 };
  const counting = new Proxy(store, {
    get(of, name) {
      if (name === 'select' || name === 'epoch') counted.selects += 1;
      const value: unknown = Reflect.get(of, name);
      return typeof value === 'function' ? (value as () => unknown).bind(of) : value;
    },
  });
  const revoke = (id: string) => store.transaction((tx) => storeRevocations(tx, [id], 'policy', time.ms));
  return { store, time, counted, revoke, reads: new SharedReads(counting, time.now) };
}

test('what is remembered of revocations is read once for all who ask at once, with the epoch that covers it', async (t) => {
  const { counted, revoke, reads } = await world(t);
  await revoke('tok_1');
  await revoke('tok_2');
  const before = counted.selects;
  const all = await Promise.all(Array.from({ length: 50 }, () => reads.remembered()));
  assert.equal(counted.selects, before + 2);
  for (const { epoch, revocations } of all) {
    assert.equal(epoch, 2);
    assert.deepEqual(
      revocations.flatMap(({ ids }) => ids),
      ['tok_1', 'tok_2'],
    );
  }
  // Whoever asks later is told what has come since.
  await revoke('tok_3');
  const [epoch, later] = await Promise.all([reads.epoch(), reads.remembered()]);
  assert.deepEqual([epoch, later.epoch, later.revocations.length], [3, 3, 3]);
});

test('web sessions of several networks are read at once, each for its own network and while it lasts', async (t) => {
  const { store, time, counted, reads } = await world(t);
  const [hq, lab, none] = [0, 1, 2].map(() => newId('net', systemRandom(16))) as [
    NetworkId,
    NetworkId,
    NetworkId,
  ];
  const stored = async (network: NetworkId, token: string, untilMs: number): Promise<void> => {
    await store
      .insert('web_sessions', {
        id: newId('tok', systemRandom(16)),
        session: newId('ses', systemRandom(16)),
        subject: newId('usr', systemRandom(16)),
        network,
        resource: newId('res', systemRandom(16)),
        host: 'wiki.acme.example' as Name,
        addresses: '[]',
        terms: '',
        token,
        until_ms: untilMs,
        expires_ms: untilMs,
      })
      .execute();
  };
  await stored(hq, 'first', time.ms + 1_000);
  await stored(hq, 'second', time.ms + 1_000);
  await stored(hq, 'over', time.ms - 1);
  await stored(lab, 'third', time.ms + 1_000);
  const before = counted.selects;
  const told = await Promise.all([hq, lab, none, hq].map((network) => reads.webTokens(network)));
  assert.deepEqual(
    told.map((tokens) => tokens.toSorted()),
    [['first', 'second'], ['third'], [], ['first', 'second']],
  );
  assert.equal(counted.selects, before + 1);
});
