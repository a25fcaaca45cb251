/**
 * Service tokens and device passes: how programs, and applications that cannot follow a redirect, come through the web door
 * of one resource. Decided like a browser that signed in when the pass was made; connectors are told the hash of each.
 */
import type { Id, NetworkId, OrganisationId, ResourceId } from '../../protocol/ids.ts';
import type { ConnectorPass } from '../../protocol/web-resource.ts';
import type { ControllerContext } from '../context.ts';
import { visitorEntitlements } from '../decisions/entitlements.ts';
import { subjectsOf } from '../decisions/seat.ts';
import { resourceOutageS } from '../organisation/resource-hosts.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { WebPassesTable } from '../store/tables/web-door.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { whoFor } from './web-right.ts';

/** Epoch seconds that no pass outlives: the year 2100. */
const endOfTimeS = 4_102_444_800;

export interface PassesInForce {
  readonly passes: Record<string, ConnectorPass>;
  /** Epoch ms at which time alone may change them; infinite: never. */
  nextMs: number;
}

/** The passes that connectors of each of these networks honour now. What may not be used is absent. */
export async function passesInForce(
  tx: ScopedStore,
  state: OrganisationState,
  networks: readonly NetworkId[],
  nowMs: number,
): Promise<Map<NetworkId, PassesInForce>> {
  const rows = await tx.select('web_passes').selectAll().execute();
  const inForce = new Map<NetworkId, PassesInForce>(
    networks.map((network) => [network, { passes: {}, nextMs: Number.POSITIVE_INFINITY }]),
  );
  if (rows.length === 0) return inForce;
  const resources = new Map<ResourceId, OrganisationState['resources'][number]>();
  for (const resource of state.resources)
    if (resource.definition.web !== undefined) resources.set(resource.id, resource);
  const ids = rows.map(({ subject }) => subject);
  const subjects = await subjectsOf(tx, state, ids);
  const disabled = await disabledAmong(tx, ids);
  for (const row of rows) {
    const resource = resources.get(row.resource);
    const own = resource === undefined ? undefined : inForce.get(resource.network.id);
    const subject = subjects.get(row.subject);
    if (resource === undefined || own === undefined || subject === undefined || disabled.has(row.subject))
      continue;
    if (row.expires_ms !== null && row.expires_ms <= nowMs) continue;
    const [right] = visitorEntitlements(state, { subject, ...factsOf(row) }, nowMs, 'web', [resource]);
    if (right?.untilMs !== undefined) own.nextMs = Math.min(own.nextMs, right.untilMs);
    if (right?.state !== 'granted') continue;
    const untilMs = Math.min(right.untilMs ?? Infinity, row.expires_ms ?? Infinity, endOfTimeS * 1_000);
    const who = whoFor(state, resource, subject);
    own.passes[row.id] = {
      id: row.id,
      kind: row.kind,
      hash: row.hash,
      res: row.resource,
      sub: row.subject,
      who: { ...who, groups: [...who.groups] },
      cav: { until: Math.floor(untilMs / 1_000), out: resourceOutageS(resource.definition) },
    };
  }
  return inForce;
}

/** What of a change of these people or service accounts concerns connectors: nothing, unless a pass is theirs. */
export async function tellPassesOf(
  context: ControllerContext,
  organisation: OrganisationId,
  subjects: readonly string[],
): Promise<void> {
  const row = await context
    .organisation(organisation)
    .store.select('web_passes')
    .select('id')
    .where('subject', 'in', subjects as Id<'usr'>[])
    .limit(1)
    .executeTakeFirst();
  if (row !== undefined) context.bus.publish(organisation, { kind: 'connectors' });
}

/** A pass is as good as the sign-in in which it was made; where it is used from is not known. */
function factsOf({ created_ms: createdMs, auth_ms: authMs, amr, acr }: WebPassesTable) {
  return {
    session: {
      startedMs: createdMs,
      amr: JSON.parse(amr) as string[],
      ...(authMs === null ? {} : { authMs }),
      ...(acr === null ? {} : { acr }),
    },
    addresses: [],
  };
}

async function disabledAmong(tx: ScopedStore, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const table of ['people', 'service_accounts'] as const) {
    const rows = await inChunks([...new Set(ids)], (some) =>
      tx
        .select(table as 'people')
        .select('id')
        .where('id', 'in', some as Id<'usr'>[])
        .where('disabled_ms', 'is not', null)
        .execute(),
    );
    for (const { id } of rows) found.add(id);
  }
  return found;
}
