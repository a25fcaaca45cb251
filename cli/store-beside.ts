/** The records of a controller, opened beside it: in its data directory, or in the database that it was started with. */
import { systemRandom } from '../protocol/clock.ts';
import { exits } from '../protocol/errors.ts';
import type { Store } from '../controller/store/store.ts';
import { CommandError } from './output.ts';
import { databaseOf, unusableDatabase, type DatabaseOptions } from './services-option.ts';

/** Runs `act` with the store and closes it. Throws a sentence where there is none. */
export async function withStoreBeside<T>(
  directory: string,
  options: DatabaseOptions,
  act: (store: Store) => Promise<T>,
): Promise<T> {
  const { hasStore, openStore } = await import('../controller/store/store.ts');
  const database = await databaseOf(options);
  if (database === undefined && !hasStore(directory)) {
    throw new CommandError(
      exits.usage,
      `${directory} holds no controller's data; start it there once: postern controller --data ${directory}`,
    );
  }
  const store = await openStore({ directory, database, now: Date.now, random: systemRandom }).catch(
    (error: unknown) => {
      throw database === undefined ? error : unusableDatabase(error, database);
    },
  );
  try {
    if (database !== undefined && (await store.organisations()).length === 0)
      throw new CommandError(
        exits.usage,
        'no controller has kept records in this database; start one there first',
      );
    return await act(store);
  } finally {
    await store.close();
  }
}
