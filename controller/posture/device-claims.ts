/**
 * What is said of a device, as `decide()` takes it: its own last report, whether the serial number in it is one of the
 * organisation's, and the verdicts of others. All of it claims; nothing here is proven.
 */
import type { PostureFacts } from '../../protocol/posture-facts.ts';
import type { NodeId } from '../../protocol/ids.ts';
import { normalSerial } from '../../protocol/posture.ts';
import type { Facts } from '../../policy/facts.ts';
import type { OrganisationState, StoredDocument } from '../organisation/organisation-state.ts';
import type { NodesTable } from '../store/tables/nodes.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

export type DeviceClaims = Omit<Facts['device'], 'approved'>;
type Verdicts = NonNullable<DeviceClaims['verdicts']>;

/** The claims about a node. `verdicts`: from `verdictsOn`, where the organisation has sources. */
export function claimsOf(
  { posture, posture_ms: atMs, serial }: Pick<NodesTable, 'posture' | 'posture_ms' | 'serial'>,
  { document }: Pick<OrganisationState, 'document'>,
  verdicts: Verdicts | undefined,
): DeviceClaims {
  return {
    ...(posture === null || atMs === null
      ? {}
      : { posture: { atMs, facts: JSON.parse(posture) as PostureFacts } }),
    ...(serial === null ? {} : { serialListed: listedSerials(document).has(serial) }),
    ...(verdicts === undefined ? {} : { verdicts }),
  };
}

/** Those of the claims that a decision is given, from whatever carries them. */
export function pickClaims({ posture, serialListed, verdicts }: DeviceClaims): DeviceClaims {
  return {
    ...(posture === undefined ? {} : { posture }),
    ...(serialListed === undefined ? {} : { serialListed }),
    ...(verdicts === undefined ? {} : { verdicts }),
  };
}

/**
 * The verdicts on these nodes, by the device's id or its serial number; where a source has said both, the later counts, and
 * of two at once the worse. Empty when the organisation has no sources.
 */
export async function verdictsOn(
  store: ScopedStore,
  { document }: Pick<OrganisationState, 'document'>,
  nodes: readonly Pick<NodesTable, 'id' | 'serial'>[],
): Promise<ReadonlyMap<NodeId, Verdicts>> {
  const found = new Map<NodeId, Verdicts>();
  const sources = new Set((document.postureSources ?? []).map(({ name }) => name));
  if (sources.size === 0) return found;
  for (let at = 0; at < nodes.length; at += 250) {
    const chunk = nodes.slice(at, at + 250);
    const subjects = chunk.flatMap(({ id, serial }) => (serial === null ? [id] : [id, serial]));
    const rows = await store
      .select('posture_verdicts')
      .selectAll()
      .where('subject', 'in', subjects)
      .execute();
    if (rows.length === 0) continue;
    const bySubject = Map.groupBy(rows, ({ subject }) => subject);
    for (const { id, serial } of chunk) {
      const said = [...(bySubject.get(id) ?? []), ...(bySubject.get(serial ?? '') ?? [])];
      const latest = said
        .filter(({ source }) => sources.has(source))
        .toSorted((a, b) => a.at_ms - b.at_ms || b.compliant - a.compliant)
        .map(
          ({ source, at_ms, compliant }) => [source, { atMs: at_ms, compliant: compliant === 1 }] as const,
        );
      if (latest.length > 0) found.set(id, Object.fromEntries(latest));
    }
  }
  return found;
}

/** A list of a hundred thousand is made into a set once per document. */
const listed = new WeakMap<StoredDocument, ReadonlySet<string>>();

function listedSerials(document: StoredDocument): ReadonlySet<string> {
  const known = listed.get(document) ?? new Set((document.serials ?? []).map(normalSerial));
  listed.set(document, known);
  return known;
}
