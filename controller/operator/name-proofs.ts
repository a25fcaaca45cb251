/**
 * Whose names are whose, in the store: kept in line with the document, and changed by what DNS says. An owned name is looked
 * at daily, and is lost after two looks within three days at which its record was missing.
 */
import type { Name } from '../../protocol/names.ts';
import { namesToProve, type Proof } from '../organisation/owned-names.ts';
import type { StoredDocument } from '../organisation/organisation-state.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { NameProofsTable } from '../store/tables/organisations.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

const dayMs = 24 * 3_600_000;
const ownedLookMs = dayMs;
/** Somebody waits for it; often at first, and then less. */
const waitingLookMs = 60_000;
const missesWithinMs = 3 * dayMs;

/** When DNS is to be asked about it again, epoch ms. */
export function dueMs({ state, looked_ms: lookedMs }: NameProofsTable): number {
  if (lookedMs === null) return 0;
  return lookedMs + (state === 'owned' ? ownedLookMs : waitingLookMs);
}

/**
 * Brings the rows in line with the document; names that nobody can prove go to the first who uses them. `owned`: new names
 * count as owned, for an organisation that had them before it had to prove any. Whether anything that works has changed.
 */
export async function syncNames(
  tx: ScopedStore,
  document: StoredDocument,
  nowMs: number,
  owned = false,
): Promise<boolean> {
  const wanted = namesToProve(document);
  const rows = await tx.select('name_proofs').selectAll().execute();
  const known = new Set(rows.map(({ name }) => name));
  let changed = false;
  const gone = rows.filter(({ name }) => !wanted.has(name));
  for (const { name, state } of gone) {
    await tx.delete('name_proofs').where('name', '=', name).execute();
    changed ||= state === 'owned';
  }
  for (const [name] of wanted) {
    if (known.has(name)) continue;
    await tx
      .insert('name_proofs', { name, state: 'waiting', looked_ms: owned ? nowMs : null, missed_ms: null })
      .execute();
  }
  for (const [name, proof] of wanted) {
    const isOwned = rows.some((row) => row.name === name && row.state === 'owned');
    if (isOwned || (proof === 'dns' && !(owned && !known.has(name)))) continue;
    changed = (await own(tx, name, proof)) || changed;
  }
  if (changed) await tx.nextNamesSerial();
  return changed;
}

/** Takes down what DNS said. Whether the name works now and did not, or the other way round. */
export async function noteLook(
  tx: ScopedStore,
  name: Name,
  said: 'found' | 'missing' | 'unknown',
  nowMs: number,
): Promise<boolean> {
  const row = await tx.select('name_proofs').selectAll().where('name', '=', name).executeTakeFirst();
  if (row === undefined) return false;
  const set = (change: Partial<Pick<NameProofsTable, 'state' | 'missed_ms'>>) =>
    tx
      .update('name_proofs')
      .set({ looked_ms: nowMs, ...change })
      .where('name', '=', name)
      .execute();
  if (said === 'unknown') {
    await set({});
    return false;
  }
  if (said === 'found') {
    await set({ missed_ms: null });
    if (row.state === 'owned' || !(await own(tx, name, 'dns'))) return false;
    return entered(tx, name, 'proven', nowMs);
  }
  if (row.state !== 'owned') {
    await set({});
    return false;
  }
  const isSecond = row.missed_ms !== null && nowMs - row.missed_ms <= missesWithinMs;
  await set(isSecond ? { state: 'waiting', missed_ms: null } : { missed_ms: nowMs });
  return isSecond ? entered(tx, name, 'lost', nowMs) : false;
}

/** How each of its names is proven. */
export function proofOf(document: StoredDocument, name: Name): Proof | undefined {
  return namesToProve(document).get(name);
}

async function entered(tx: ScopedStore, name: Name, what: 'proven' | 'lost', atMs: number): Promise<true> {
  await tx.nextNamesSerial();
  await appendAudit(tx, [
    { atMs, who: 'controller', what: `name.${what}`, result: 'done', detail: { name } },
  ]);
  return true;
}

/** Makes a waiting name the organisation's unless it is another's. */
async function own(tx: ScopedStore, name: Name, proof: Proof): Promise<boolean> {
  if (await tx.isOwnedElsewhere(name, proof === 'first')) return false;
  await tx.update('name_proofs').set({ state: 'owned' }).where('name', '=', name).execute();
  return true;
}
