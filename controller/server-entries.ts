/** Connectors and relays as administrators see them. */
import type { ServerEntry } from '../protocol/inventory.ts';
import type { ControllerContext, Organisation } from './context.ts';

/** Those of the organisation, by name; without those of what people expose, which are theirs and listed there. */
export async function serverEntries(
  { presence }: ControllerContext,
  { store, reader }: Organisation,
  kind: 'connector' | 'relay',
): Promise<ServerEntry[]> {
  const { networks, exposures } = await reader.current();
  const theirs = new Set<string | null>(exposures.map(({ network }) => network));
  const rows = await store.select('nodes').selectAll().where('kind', '=', kind).orderBy('name').execute();
  return rows
    .filter(({ network }) => !theirs.has(network))
    .map((row) => {
      const network = networks.find(({ id }) => id === row.network)?.name;
      return {
        id: row.id,
        name: row.name,
        ...(network === undefined ? {} : { network }),
        ...(row.url === null ? {} : { url: row.url }),
        version: row.version,
        online: presence.isOnline(row.id),
        seen: new Date(row.seen_ms).toISOString(),
        ...(row.drained_ms === null ? {} : { drained: new Date(row.drained_ms).toISOString() }),
        ...(isEmbedded(row) ? { embedded: true as const } : {}),
      };
    });
}

/** The relay inside a controller's process has no machine key: nothing of it ever joined. */
export function isEmbedded({ mk }: { readonly mk: string }): boolean {
  return mk === '';
}
