/** Connectors and relays as others are told of them: those that were heard of within a day. */
import type { RelayEntry } from '../../protocol/control.ts';
import type { NodesTable } from '../store/schema.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** One that was not heard of for so long is no longer offered; it is again once it returns. */
const forgottenAfterMs = 24 * 3_600_000;

/** Connectors first, then relays, each in the order in which they enrolled. */
export function serversSince(store: ScopedStore, nowMs: number): Promise<NodesTable[]> {
  return store
    .select('nodes')
    .selectAll()
    .where('kind', 'in', ['connector', 'relay'])
    .where('seen_ms', '>', nowMs - forgottenAfterMs)
    .orderBy('kind')
    .orderBy('created_ms')
    .execute();
}

/** The relays among them, by id. */
export function relayEntries(servers: readonly NodesTable[]): Record<string, RelayEntry> {
  return Object.fromEntries(
    servers.flatMap(({ kind, id, url }) =>
      kind === 'relay' && url !== null ? [[id, { id, url }] as const] : [],
    ),
  );
}

/** Where the relays are reached, those that are away too: nobody else may have these names. */
export async function relayHosts(store: ScopedStore): Promise<string[]> {
  const rows = await store.select('nodes').select('url').where('kind', '=', 'relay').execute();
  return rows.flatMap(({ url }) => (url !== null && URL.canParse(url) ? [new URL(url).hostname] : []));
}
