/**
 * Which devices a posture profile would block, and by which check, before any policy uses it: judged as decisions are, by
 * what each device last reported and what others say of it.
 */
import type { PostureProfileDocument } from '../../protocol/posture-document.ts';
import type { ReasonName } from '../../protocol/reasons.ts';
import { postureCondition } from '../../policy/conditions/posture.ts';
import type { Facts } from '../../policy/facts.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import type { NodesTable } from '../store/tables/nodes.ts';
import { claimsOf, verdictsOn, type DeviceClaims } from './device-claims.ts';

/** How one device stands by a profile. */
export interface Standing {
  readonly met: boolean | 'unknown';
  /** Every check, in the order of the profile. */
  readonly reasons: readonly ReasonName[];
}

/** A device with what is said of it. */
export interface KnownDevice {
  readonly row: NodesTable;
  readonly claims: DeviceClaims;
}

/** Every device of the organisation that is not blocked, by name. */
export async function knownDevices({ store, reader }: Organisation): Promise<KnownDevice[]> {
  const state = await reader.current();
  const rows = await store
    .select('nodes')
    .selectAll()
    .where('kind', '=', 'device')
    .where('state', '!=', 'blocked')
    .orderBy('name')
    .orderBy('id')
    .execute();
  const verdicts = await verdictsOn(store, state, rows);
  return rows.map((row) => ({ row, claims: claimsOf(row, state, verdicts.get(row.id)) }));
}

/** How a device stands by profiles, all of which it has to meet. */
export function standingBy(
  profiles: readonly PostureProfileDocument[],
  claims: DeviceClaims,
  nowMs: number,
): Standing {
  const condition = postureCondition(profiles);
  const facts: Facts = {
    nowMs,
    door: 'client',
    subject: { kind: 'person', name: '', groups: [] },
    session: { startedMs: nowMs, amr: [] },
    device: { approved: true, ...claims },
    resource: { name: '', tags: [] },
  };
  return {
    met: condition.judge(facts).met,
    reasons: (condition.judgeEach?.(facts) ?? []).map(({ reason }) => reason),
  };
}

/** Names of owners by id: people by their address where it is verified, service accounts by name. */
export async function ownerNames({ store, reader }: Organisation): Promise<Map<string, string>> {
  const people = await store.select('people').select(['id', 'name', 'email']).execute();
  const names = new Map<string, string>(people.map(({ id, name, email }) => [id, email ?? name]));
  for (const { id, name } of (await reader.current()).serviceAccounts) names.set(id, name);
  return names;
}

/** The devices with how each stands by one profile. */
export async function dryRun(
  context: ControllerContext,
  organisation: Organisation,
  profile: PostureProfileDocument,
): Promise<(KnownDevice & { readonly standing: Standing })[]> {
  const nowMs = context.now();
  const devices = await knownDevices(organisation);
  return devices.map((device) => ({ ...device, standing: standingBy([profile], device.claims, nowMs) }));
}
