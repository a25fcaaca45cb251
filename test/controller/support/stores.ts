/** Stores for tests that hold on a SQLite file and on a real PostgreSQL alike. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { openStore, type Store } from '../../../controller/store/store.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import { makeDatabase, startPostgres, type PostgresServer } from '../../support/servers/postgres-server.ts';

export interface Place {
  readonly directory: string;
  readonly database?: string;
}

/** Starts a PostgreSQL for all tests of the file. */
export function storePlaces(): {
  /** An empty place, gone after the test. */
  placeFor(this: void, t: TestContext, kind: 'SQLite' | 'PostgreSQL'): Promise<Place>;
  /** Opens the store at a place, which is closed after the test. */
  storeAt(this: void, t: TestContext, place: Place): Promise<Store>;
} {
  let server: PostgresServer;
  let made = 0;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());
  return {
    async placeFor(t, kind) {
      const directory = await mkdtemp(join(tmpdir(), 'postern-store-'));
      t.after(() => rm(directory, { recursive: true }));
      if (kind === 'SQLite') return { directory };
      made += 1;
      return { directory, database: await makeDatabase(server.url, `store_${made}`) };
    },
    async storeAt(t, place) {
      const store = await openStore({ ...place, now: () => 1_000, random: systemRandom });
      t.after(() => store.close());
      return store;
    },
  };
}
