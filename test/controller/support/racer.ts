/**
 * A process of its own that races another for the same rows: opens the store, says `ready`, and on `go` reads and writes
 * in transactions as fast as it can. Says at the end what it got.
 */
import { newId, type OrganisationId } from '../../../protocol/ids.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import { redeemKey } from '../../../controller/enrolment/enrolment-keys.ts';
import { currentRevision } from '../../../controller/organisation/organisation-state.ts';
import { openStore } from '../../../controller/store/store.ts';

export interface RacerResult {
  /** The organisation that the store answered as the only one when both opened it. */
  readonly organisation: OrganisationId;
  /** How many uses of the one-time key it got. */
  readonly keys: number;
  /** Revisions it wrote, each one more than the newest it had read. */
  readonly revisions: readonly number[];
}

const [directory = '', database] = process.argv.slice(2);
const tries = 40;

const now = (): number => 1_000;
const store = await openStore({
  directory,
  ...(database === undefined ? {} : { database }),
  now,
  random: systemRandom,
});
const organisation = await store.firstOrganisation();
const scoped = store.forOrganisation(organisation);
process.send?.('ready');
process.once('message', (hash: string) => void race(hash));

async function race(hash: string): Promise<void> {
  let keys = 0;
  const revisions: number[] = [];
  for (let attempt = 0; attempt < tries; attempt++) {
    if ((await scoped.transaction((tx) => redeemKey(tx, hash, now()))) !== undefined) keys += 1;
    revisions.push(
      await scoped.transaction(async (tx) => {
        const revision = (await currentRevision(tx)) + 1;
        const applied = { applied_ms: now(), applied_by: newId('usr', systemRandom(16)), document: '{}' };
        await tx.insert('documents', { revision, ...applied }).execute();
        return revision;
      }),
    );
  }
  await store.close();
  process.send?.({ organisation, keys, revisions } satisfies RacerResult, () => process.disconnect());
}
