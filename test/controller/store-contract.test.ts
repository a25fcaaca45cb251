/** What the store promises, on a SQLite file and on a real PostgreSQL alike. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore, type Store } from '../../controller/store/store.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import type { RacerResult } from './support/racer.ts';
import { startPostgres } from '../support/servers/postgres-server.ts';
import { storePlaces } from './support/stores.ts';

const { placeFor, storeAt } = storePlaces();

const entry = {
  at_ms: Date.parse('2026-11-20T10:00:00Z'),
  who: 'x',
  what: 'y',
  resource: null,
  result: 'done',
  reasons: '[]',
  cause: null,
  detail: '{}',
};

for (const kind of ['SQLite', 'PostgreSQL'] as const) {
  const storeFor = async (t: TestContext): Promise<Store> => storeAt(t, await placeFor(t, kind));

  test(`${kind}: what one organisation writes, another neither reads, changes nor deletes`, async (t) => {
    const store = await storeFor(t);
    const ours = store.forOrganisation(await store.createOrganisation());
    const theirs = store.forOrganisation(await store.createOrganisation());
    const id = newId('net', systemRandom(16));
    await ours.insert('networks', { id, name: 'hq' }).execute();
    assert.deepEqual(await theirs.select('networks').selectAll().execute(), []);
    assert.equal((await theirs.update('networks').set({ name: 'x' }).executeTakeFirst()).numUpdatedRows, 0n);
    assert.equal((await theirs.delete('networks').executeTakeFirst()).numDeletedRows, 0n);
    assert.equal((await ours.update('networks').set({ name: 'lab' }).executeTakeFirst()).numUpdatedRows, 1n);
    assert.equal((await ours.select('networks').select('name').executeTakeFirstOrThrow()).name, 'lab');
  });

  test(`${kind}: what is written comes back as it was: times, bytes, texts, and lists of none`, async (t) => {
    const store = await storeFor(t);
    const scoped = store.forOrganisation(await store.createOrganisation());
    await scoped.insert('audit', { ...entry, who: 'Zoë\u{1F511}' }).execute();
    const [row] = await scoped.select('audit').selectAll().execute();
    assert.deepEqual(
      [row?.at_ms, row?.who, row?.seq, row?.cause],
      [entry.at_ms, 'Zoë\u{1F511}', row?.seq, null],
    );
    assert.equal(typeof row?.seq, 'number');
    const secret = Uint8Array.from([0, 255, 128, 10]);
    await scoped.insert('identity_providers', { name: 'corp', client_secret: secret }).execute();
    const stored = await scoped
      .select('identity_providers')
      .select('client_secret')
      .executeTakeFirstOrThrow();
    assert.deepEqual(Uint8Array.from(stored.client_secret), secret);
    for (const value of [new Date(), true, {}, Number.NaN]) {
      const wrong = scoped.insert('audit', { ...entry, cause: value as unknown as string });
      await assert.rejects(wrong.execute(), /cannot be bound/);
    }
    assert.deepEqual(await scoped.select('networks').select('id').where('id', 'in', []).execute(), []);
    assert.equal((await scoped.select('audit').select('who').where('who', 'not in', []).execute()).length, 1);
    assert.deepEqual(await scoped.select('audit').select('who').where('who', '=', 'a\0b').execute(), []);
  });

  test(`${kind}: names are in the order of their bytes`, async (t) => {
    const store = await storeFor(t);
    const scoped = store.forOrganisation(await store.createOrganisation());
    for (const name of ['b', 'a-1', 'B', 'a1', 'é'])
      await scoped.insert('networks', { id: newId('net', systemRandom(16)), name }).execute();
    const rows = await scoped.select('networks').select('name').orderBy('name').execute();
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['B', 'a-1', 'a1', 'b', 'é'],
    );
  });

  test(`${kind}: a transaction commits by returning and rolls back by throwing`, async (t) => {
    const store = await storeFor(t);
    const scoped = store.forOrganisation(await store.createOrganisation());
    await assert.rejects(
      scoped.transaction(async (tx) => {
        await tx.insert('audit', entry).execute();
        throw new Error('no');
      }),
      /no/,
    );
    assert.deepEqual(await scoped.select('audit').selectAll().execute(), []);
    await scoped.transaction((tx) => tx.insert('audit', entry).execute());
    assert.equal((await scoped.select('audit').selectAll().execute()).length, 1);
  });

  test(`${kind}: a query beside the running transaction throws instead of waiting for itself`, async (t) => {
    const store = await storeFor(t);
    const scoped = store.forOrganisation(await store.createOrganisation());
    await assert.rejects(
      scoped.transaction(() => scoped.epoch()),
      /beside the running transaction/,
    );
    assert.equal(await scoped.epoch(), 0);
  });

  test(`${kind}: fifty transactions at once run one after the other`, async (t) => {
    const store = await storeFor(t);
    const scoped = store.forOrganisation(await store.createOrganisation());
    const epochs = await Promise.all(
      Array.from({ length: 50 }, () =>
        // Read, then written: two at once would both write the same.
        scoped.transaction(async (tx) => {
          const before = await tx.epoch();
          const next = await tx.nextEpoch();
          assert.equal(next, before + 1);
          return next;
        }),
      ),
    );
    assert.deepEqual(
      epochs.toSorted((a, b) => a - b),
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });

  test(`${kind}: the audit log cannot be changed or shortened`, async (t) => {
    const store = await storeFor(t);
    const scoped = store.forOrganisation(await store.createOrganisation());
    await scoped.insert('audit', entry).execute();
    await assert.rejects(scoped.update('audit').set({ who: 'z' }).execute(), /append-only/);
    await assert.rejects(scoped.delete('audit').execute(), /append-only/);
    assert.equal((await scoped.select('audit').select('who').executeTakeFirstOrThrow()).who, 'x');
  });

  test(`${kind}: two processes that start at once share one schema and one organisation, and race for a one-time key and for revisions`, async (t) => {
    const place = await placeFor(t, kind);
    const racers = [1, 2].map(() =>
      fork(fileURLToPath(new URL('support/racer.ts', import.meta.url)), [
        place.directory,
        ...(place.database === undefined ? [] : [place.database]),
      ]),
    );
    for (const racer of racers) assert.deepEqual(await once(racer, 'message'), ['ready', undefined]);
    const store = await storeAt(t, place);
    const [organisation, ...more] = await store.organisations();
    assert.ok(organisation !== undefined);
    assert.deepEqual(more, []);
    const key = {
      kind: 'pk',
      hash: 'h',
      purpose: 'relay',
      target: 'r',
      uses_left: 1,
      expires_ms: null,
    } as const;
    const id = newId('tok', systemRandom(16));
    await store
      .forOrganisation(organisation)
      .insert('enrolment_keys', { ...key, id, created_ms: 1, created_by: 'test' })
      .execute();
    const ended = racers.map((racer) => once(racer, 'exit'));
    for (const racer of racers) racer.send('h');
    const results = await Promise.all(
      racers.map(async (racer) => (await once(racer, 'message'))[0] as RacerResult),
    );
    await Promise.all(ended);
    assert.deepEqual(
      results.map((result) => result.organisation),
      [organisation, organisation],
    );
    assert.equal(
      results.reduce((sum, { keys }) => sum + keys, 0),
      1,
    );
    const revisions = results.flatMap((result) => result.revisions).toSorted((a, b) => a - b);
    assert.deepEqual(
      revisions,
      Array.from({ length: 80 }, (_, index) => index + 1),
    );
  });
}

test('PostgreSQL: entries of the audit log are never seen before one with a lower number', async (t) => {
  const store = await storeAt(t, await placeFor(t, 'PostgreSQL'));
  const scoped = store.forOrganisation(await store.createOrganisation());
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let inside = (): void => undefined;
  const begun = new Promise<void>((resolve) => (inside = resolve));
  const slow = scoped.transaction(async (tx) => {
    await tx.insert('audit', { ...entry, who: 'slow' }).execute();
    inside();
    await held;
  });
  await begun;
  // Outside any transaction, and of another organisation, which need not wait.
  const quick = scoped.insert('audit', { ...entry, who: 'quick' }).execute();
  const other = store.forOrganisation(await store.createOrganisation());
  await other.insert('audit', entry).execute();
  assert.deepEqual(await scoped.select('audit').select('who').execute(), []);
  release();
  await Promise.all([slow, quick]);
  const rows = await scoped.select('audit').select('who').orderBy('seq').execute();
  assert.deepEqual(
    rows.map(({ who }) => who),
    ['slow', 'quick'],
  );
});

test('PostgreSQL: one that is away is said to be away, and is used again once it is back', async (t) => {
  const own = await startPostgres();
  t.after(() => own.stop());
  const directory = await mkdtemp(join(tmpdir(), 'postern-store-'));
  t.after(() => rm(directory, { recursive: true }));
  const options = { directory, database: own.url, now: () => 1_000, random: systemRandom };
  const store = await openStore(options);
  t.after(() => store.close());
  const ended = once(own.process, 'exit');
  const scoped = store.forOrganisation(newId('org', systemRandom(16)));
  let waited = 0;
  const cut = scoped.transaction(async (tx) => {
    own.process.kill('SIGINT');
    await ended;
    await tx.select('networks').select('id').execute();
  });
  const behind = scoped.transaction(async () => (waited += 1));
  await assert.rejects(cut, { state: 'away' });
  await assert.rejects(behind, { state: 'away' });
  assert.equal(waited, 0);
  const away = { name: 'Error', state: 'away', message: /the database cannot be used: nothing listens/ };
  await assert.rejects(store.organisations(), away);
  await assert.rejects(openStore(options), away);
  await own.restart();
  assert.deepEqual(await store.organisations(), []);
  const nowhere = { ...options, database: own.url.replace(/postgres$/, 'nowhere') };
  await assert.rejects(openStore(nowhere), { state: 'refused', message: /there is no such database/ });
});
