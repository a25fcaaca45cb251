/** What is written at the same time shares a commit, on a SQLite file and on a real PostgreSQL alike, and nobody fails with another. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import pg from 'pg';
import { underGuard } from '../../controller/store/change-guard.ts';
import type { ScopedStore } from '../../controller/store/scoped-store.ts';
import { SharedCommit } from '../../controller/store/shared-commit.ts';
import { UnusableDatabase } from '../../controller/store/unusable-database.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId, type NetworkId, type OrganisationId } from '../../protocol/ids.ts';
import { eventually } from '../support/eventually.ts';
import { storePlaces, type Place } from './support/stores.ts';

const { placeFor, storeAt } = storePlaces();

/** An organisation's store that counts the transactions that are begun in it. */
function counting(store: ScopedStore): { begun: number; transaction: ScopedStore['transaction'] } {
  const counted = {
    begun: 0,
    transaction: <T>(body: (tx: ScopedStore) => Promise<T>): Promise<T> => {
      counted.begun += 1;
      return store.transaction(body);
    },
  };
  return counted;
}

const network = (): NetworkId => newId('net', systemRandom(16));

/** Writes a network of this name. */
const writes =
  (name: string) =>
  async (tx: ScopedStore): Promise<string> => {
    await tx.insert('networks', { id: network(), name }).execute();
    return name;
  };

async function names(store: ScopedStore): Promise<string[]> {
  const rows = await store.select('networks').select('name').orderBy('name').execute();
  return rows.map(({ name }) => name);
}

/** Raises the number that a network has for a name, by reading and then writing it. */
const raises =
  (id: NetworkId) =>
  async (tx: ScopedStore): Promise<number> => {
    const row = await tx.select('networks').select('name').where('id', '=', id).executeTakeFirstOrThrow();
    const number = Number(row.name) + 1;
    await tx
      .update('networks')
      .set({ name: String(number) })
      .where('id', '=', id)
      .execute();
    return number;
  };

for (const kind of ['SQLite', 'PostgreSQL'] as const) {
  const setUp = async (t: TestContext) => {
    const place = await placeFor(t, kind);
    const store = await storeAt(t, place);
    const organisation = await store.createOrganisation();
    const scoped = store.forOrganisation(organisation);
    const counted = counting(scoped);
    return { place, store, organisation, scoped, counted, commits: new SharedCommit(counted) };
  };

  test(`${kind}: what is written at once shares a transaction, one after the other, a bounded number of them`, async (t) => {
    const { scoped, counted, commits } = await setUp(t);
    const id = network();
    await scoped.insert('networks', { id, name: '0' }).execute();
    const numbers = await Promise.all(Array.from({ length: 100 }, () => commits.run(raises(id))));
    assert.deepEqual(
      numbers,
      Array.from({ length: 100 }, (_, at) => at + 1),
    );
    assert.deepEqual(await names(scoped), ['100']);
    assert.equal(counted.begun, 4);
  });

  test(`${kind}: a result is given out only after the commit of all`, async (t) => {
    const { place, organisation, commits } = await setUp(t);
    const elsewhere = (await storeAt(t, place)).forOrganisation(organisation);
    const list = ['a', 'b', 'c'];
    const seen: string[][] = [];
    await Promise.all(
      list.map(async (name) => {
        await commits.run(writes(name));
        seen.push(await names(elsewhere));
      }),
    );
    assert.deepEqual(seen, [list, list, list]);
  });

  test(`${kind}: one that throws is not written and fails alone`, async (t) => {
    const { scoped, commits } = await setUp(t);
    const settled = await Promise.allSettled([
      commits.run(writes('a')),
      commits.run(async (tx) => {
        await writes('b')(tx);
        throw new Error('this node is none');
      }),
      // The name is taken: the database itself refuses it.
      commits.run(writes('a')),
      commits.run(writes('c')),
    ]);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    );
    assert.match(String((settled[1] as PromiseRejectedResult).reason), /this node is none/);
    assert.deepEqual(await names(scoped), ['a', 'c']);
    // And it goes on for the next one.
    assert.equal(await commits.run(writes('d')), 'd');
  });

  test(`${kind}: a commit that fails gives nobody a result, and nothing is written`, async (t) => {
    const { scoped } = await setUp(t);
    const away = new UnusableDatabase('away', 'the database cannot be used: its disk is full');
    const commits = new SharedCommit({
      transaction: (body) =>
        scoped.transaction(async (tx) => {
          await body(tx);
          throw away;
        }),
    });
    const settled = await Promise.allSettled(['a', 'b'].map((name) => commits.run(writes(name))));
    assert.ok(settled.every((each) => each.status === 'rejected' && each.reason === away));
    assert.deepEqual(await names(scoped), []);
  });

  test(`${kind}: inside a transaction it throws instead of waiting for itself`, async (t) => {
    const { scoped, commits } = await setUp(t);
    // With those who wait for the end of that very transaction.
    const outside = commits.run(writes('b'));
    const inside = scoped.transaction(async () => commits.run(writes('a')));
    await assert.rejects(inside, /a query beside the running transaction/);
    assert.equal(await outside, 'b');
    assert.deepEqual(await names(scoped), ['b']);
  });

  test(`${kind}: what a guard stands around is asked about alone, and takes no other along`, async (t) => {
    const { scoped, commits } = await setUp(t);
    const settled = await Promise.allSettled([
      underGuard(
        async () => {
          throw new Error('this right is gone');
        },
        () => commits.run(writes('guarded')),
      ),
      commits.run(writes('a')),
      commits.run(writes('b')),
    ]);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['rejected', 'fulfilled', 'fulfilled'],
    );
    assert.deepEqual(await names(scoped), ['a', 'b']);
  });

  test(`${kind}: two controllers that share commits of their own lose nothing of each other`, async (t) => {
    const { place, organisation, scoped, commits } = await setUp(t);
    const elsewhere = (await storeAt(t, place)).forOrganisation(organisation);
    const others = new SharedCommit(elsewhere);
    const ids = [network(), network()];
    for (const [at, id] of ids.entries())
      await scoped.insert('networks', { id, name: String(1_000 * at) }).execute();
    // Each begins with another row.
    const turns = Array.from({ length: 40 }, (_, at) => ids[at % 2] ?? network());
    await Promise.all([
      ...turns.map((id) => commits.run(raises(id))),
      ...turns.toReversed().map((id) => others.run(raises(id))),
    ]);
    assert.deepEqual((await names(scoped)).toSorted(), ['1040', '40']);
  });
}

/** A client beside the store, as anybody else's program. */
async function beside(t: TestContext, { database }: Place): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database ?? '' });
  await client.connect();
  t.after(() => client.end());
  return client;
}

test('PostgreSQL: those whose shared transaction the server ends for a deadlock are written one by one', async (t) => {
  const place = await placeFor(t, 'PostgreSQL');
  const store = await storeAt(t, place);
  const organisation: OrganisationId = await store.createOrganisation();
  const scoped = store.forOrganisation(organisation);
  const counted = counting(scoped);
  const commits = new SharedCommit(counted);
  const [a, b] = [network(), network()];
  await scoped.insert('networks', { id: a, name: '0' }).execute();
  await scoped.insert('networks', { id: b, name: '10' }).execute();
  const [other, watcher] = [await beside(t, place), await beside(t, place)];
  const lock = (id: NetworkId) => other.query('select id from networks where id = $1 for update', [id]);
  // It is always the other one that the server ends.
  await other.query("set deadlock_timeout = '1h'");
  await other.query('begin');
  await lock(b);
  const ours = Promise.all([commits.run(raises(a)), commits.run(raises(b))]);
  await eventually('the wait for what the other has', async () => {
    const { rows } = await watcher.query(
      "select pid from pg_stat_activity where application_name = 'postern' and wait_event_type = 'Lock'",
    );
    return rows.length > 0 ? true : undefined;
  });
  await lock(a);
  await other.query('commit');
  assert.deepEqual(await ours, [1, 11]);
  assert.deepEqual(await names(scoped), ['1', '11']);
  assert.equal(counted.begun, 3);
});
