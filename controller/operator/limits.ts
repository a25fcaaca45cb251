/**
 * What an organisation may have at most, as the operator says; unlimited unless said. Only what is new is refused: whoever
 * and whatever is in already goes on, also where there are more than a limit that was set later.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { LimitColumns } from '../store/tables/organisations.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Store } from '../store/store.ts';

/** Null: no limit. */
export interface Limits {
  /** Who may come in, guests among them; not those who are disabled. */
  readonly people: number | null;
  readonly connectors: number | null;
  /** A second, at all controllers together. */
  readonly requests: number | null;
  /** Open at once, at all connectors together; browsers' connections are none. */
  readonly flows: number | null;
  /** What its circuits and its browsers pass through all relays, both ways together, in megabits a second. */
  readonly relay: number | null;
}

export type Counted = 'people' | 'connectors';

export const limitTexts: Readonly<Record<Counted, string>> = {
  people:
    'The organisation has as many people as whoever runs the controller lets it have; disable one first.',
  connectors:
    'The organisation has as many connectors as whoever runs the controller lets it have; remove one first. The key is still good.',
};

export function limitsIn(row: LimitColumns): Limits {
  return {
    people: row.most_people,
    connectors: row.most_connectors,
    requests: row.most_requests,
    flows: row.most_flows,
    relay: row.most_relay,
  };
}

/** How many there are now. */
export async function countOf(store: ScopedStore, what: Counted): Promise<number> {
  const counted =
    what === 'people'
      ? store
          .select('people')
          .select((eb) => eb.fn.countAll<number>().as('count'))
          .where('disabled_ms', 'is', null)
      : store
          .select('nodes')
          .select((eb) => eb.fn.countAll<number>().as('count'))
          .where('kind', '=', 'connector');
  return (await counted.executeTakeFirstOrThrow()).count;
}

/** Inside the transaction that adds one: whether there may be one more. */
export async function hasRoom(tx: ScopedStore, what: Counted): Promise<boolean> {
  const most = limitsIn(await tx.limits())[what];
  return most === null || (await countOf(tx, what)) < most;
}

/** Writes down those that are named, beside the records or in a controller; answers all as they are then. */
export async function setLimits(
  store: Store,
  id: OrganisationId,
  given: Partial<Limits>,
  { nowMs, who }: { readonly nowMs: number; readonly who: string },
): Promise<Limits> {
  const scoped = store.forOrganisation(id);
  const before = limitsIn(await scoped.limits());
  const after = { ...before, ...given };
  const detail = { before, after };
  await appendAudit(scoped, [{ atMs: nowMs, who, what: 'organisation.limit', result: 'done', detail }]);
  const { people, connectors, requests, flows, relay } = after;
  await store.changeOrganisation(id, {
    most_people: people,
    most_connectors: connectors,
    most_requests: requests,
    most_flows: flows,
    most_relay: relay,
  });
  return after;
}
