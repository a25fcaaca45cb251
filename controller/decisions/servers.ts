/** Connectors and relays as others are told of them: those that were heard of within a day. */
import type { NetworkId } from '../../protocol/ids.ts';
import type { RelayEntry } from '../../protocol/snapshot.ts';
import type { ServerRow } from '../store/tables/nodes.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** One that was not heard of for so long is no longer offered; it is again once it returns. */
const forgottenAfterMs = 24 * 3_600_000;

/** Connectors first, then relays, each in the order in which they enrolled. `networks`: of connectors, theirs alone. */
export async function serversSince(
  store: ScopedStore,
  nowMs: number,
  networks?: readonly NetworkId[],
): Promise<ServerRow[]> {
  const servers = await store.servers(networks);
  return servers.filter(({ seen_ms: seenMs }) => seenMs > nowMs - forgottenAfterMs);
}

/** The relays among them, by id. */
export function relayEntries(servers: readonly ServerRow[]): Record<string, RelayEntry> {
  return Object.fromEntries(
    servers.flatMap(({ kind, id, url }) =>
      kind === 'relay' && url !== null ? [[id, { id, url }] as const] : [],
    ),
  );
}

/** Where the relays are reached, those that are away too: nobody else may have these names. */
export async function relayHosts(store: ScopedStore): Promise<string[]> {
  const servers = await store.servers();
  const hosts = servers.flatMap(({ kind, url }) =>
    kind === 'relay' && url !== null && URL.canParse(url) ? [new URL(url).hostname] : [],
  );
  return [...new Set(hosts)];
}
