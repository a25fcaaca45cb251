/**
 * A node joins with an enrolment key: the key is used and the node made in one transaction. A node that comes with the key
 * it has used already gets itself back, since the first answer may have been lost.
 */
import {
  newId,
  type ConnectorId,
  type Id,
  type NetworkId,
  type NodeId,
  type OrganisationId,
} from '../../protocol/ids.ts';
import { decodeEnrolmentKey, hashOfSecret } from '../../protocol/secrets.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import { longestLifeMs } from '../decisions/revocations.ts';
import { bindExposure } from '../exposures/bind-exposure.ts';
import { hasRoom } from '../operator/limits.ts';
import { isDisabled } from '../people/disable.ts';
import type { EnrolmentKeysTable, NodeKind } from '../store/tables/nodes.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { redeemKey } from './enrolment-keys.ts';
import { isBlockedMachine, joinDevice, type DeviceClaim, type Joined } from './join-device.ts';
import { newNode } from './new-node.ts';

/** A service's session lasts as long as its key, and where that has no end, this long. */
const serviceSessionMs = 365 * longestLifeMs;

export type Redeemed =
  | { readonly state: 'joined'; readonly organisation: OrganisationId; readonly node: NodeId }
  /** Unknown, used up, expired, or for another kind of node: one answer for all. */
  | { readonly state: 'refused' }
  /** The key stays as it is. */
  | { readonly state: 'suspended' }
  /** There may be no more connectors; the key stays as it is. */
  | { readonly state: 'no-room' }
  | { readonly state: 'blocked' }
  | { readonly state: 'disabled' };

/** Redeems `secret` (the text of a pk_ or sk_ key) for this node. `url`: a relay's public origin. */
export async function redeem(
  context: ControllerContext,
  secret: string,
  kind: NodeKind,
  claim: DeviceClaim,
  url: string | undefined,
): Promise<Redeemed> {
  const key = decodeEnrolmentKey(kind === 'device' ? 'sk' : 'pk', secret);
  const hash = key === undefined ? undefined : hashOfSecret(key.secret);
  const stored = hash === undefined ? undefined : await context.store.enrolmentKey(hash);
  if (hash === undefined || stored === undefined || stored.purpose !== purposes[kind])
    return { state: 'refused' };
  const { organisation } = stored;
  const { store } = context.organisation(organisation);
  const nowMs = context.now();
  const result = await store.transaction(async (tx) => {
    if ((await tx.standing()).isSuspended) return { state: 'suspended' } as const;
    const again = kind === 'device' ? undefined : await sameNode(tx, stored, kind, claim);
    if (again !== undefined) return { state: 'joined', node: again, isNew: false, ended: [] } as const;
    // Before the key is used: what is locked out uses up nothing.
    if (kind === 'device') {
      if (await isBlockedMachine(tx, claim.mk)) return { state: 'blocked' } as const;
      if (await isDisabled(tx, stored.target as Id<'svc'>)) return { state: 'disabled' } as const;
    }
    if (kind === 'connector' && !(await hasRoom(tx, 'connectors'))) {
      const detail = { name: claim.name, key: stored.id, target: stored.target, address: claim.address };
      const entry = { atMs: nowMs, who: `address ${claim.address}`, what: 'connector.enrol', detail };
      await appendAudit(tx, [{ ...entry, result: 'refused', reasons: ['limit'] }]);
      return { state: 'no-room' } as const;
    }
    const used = await redeemKey(tx, hash, nowMs);
    if (used === undefined) return { state: 'refused' } as const;
    if (kind === 'device') return asRedeemed(await joinService(tx, used, claim, context));
    const node = await insertServer(tx, used, kind, claim, url, context);
    const exposure =
      kind === 'connector'
        ? await bindExposure(tx, used.target as NetworkId, node as ConnectorId)
        : undefined;
    const network = kind === 'connector' ? (used.target as NetworkId) : undefined;
    return { state: 'joined', node, isNew: true, ended: [], exposure, network } as const;
  });
  if (result.state !== 'joined') return result;
  if (result.ended.length > 0) {
    const ended = { kind: 'sessions-ended', sessions: result.ended, reason: 'replaced' } as const;
    await context.publish(organisation, ended);
  }
  if ('exposure' in result && result.exposure !== undefined) {
    const { exposure } = result;
    await context.publish(organisation, { kind: 'exposure', exposure });
  } else if (result.isNew) {
    const where = 'network' in result && result.network !== undefined ? { network: result.network } : {};
    await context.publish(organisation, { kind: 'servers', relay: kind === 'relay', ...where });
  }
  return { state: 'joined', organisation, node: result.node };
}

const purposes = { device: 'service', connector: 'connector', relay: 'relay' } as const;

function asRedeemed(joined: Joined) {
  if (joined.state !== 'joined') return joined;
  return { state: 'joined', node: joined.device as NodeId, isNew: false, ended: joined.ended } as const;
}

function joinService(
  tx: ScopedStore,
  key: EnrolmentKeysTable,
  claim: DeviceClaim,
  context: ControllerContext,
): Promise<Joined> {
  const nowMs = context.now();
  return joinDevice(
    tx,
    {
      claim,
      owner: key.target as Id<'svc'>,
      // Whoever made the key approved what joins with it.
      approval: 'approved',
      untilMs: key.expires_ms ?? nowMs + serviceSessionMs,
      authMs: nowMs,
      amr: [],
      enrolmentKey: key.id,
    },
    { nowMs, random: context.random },
  );
}

/** The node with these very keys that joined for the same target before. */
async function sameNode(
  tx: ScopedStore,
  key: EnrolmentKeysTable,
  kind: NodeKind,
  { mk, nk }: DeviceClaim,
): Promise<NodeId | undefined> {
  const row = await tx
    .select('nodes')
    .select(['id', 'network', 'name'])
    .where('kind', '=', kind)
    .where('mk', '=', mk)
    .where('nk', '=', nk)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return (kind === 'connector' ? row.network : row.name) === key.target ? row.id : undefined;
}

async function insertServer(
  tx: ScopedStore,
  key: EnrolmentKeysTable,
  kind: 'connector' | 'relay',
  claim: DeviceClaim,
  url: string | undefined,
  { now, random }: ControllerContext,
): Promise<NodeId> {
  const nowMs = now();
  const node = newId(kind === 'connector' ? 'con' : 'rly', random(16));
  const name = kind === 'relay' ? key.target : claim.name;
  await tx
    .insert('nodes', {
      ...newNode(claim, nowMs),
      id: node,
      kind,
      name,
      network: kind === 'connector' ? (key.target as NetworkId) : null,
      owner: null,
      approval: 'approved',
      url: kind === 'relay' ? (url ?? null) : null,
    })
    .execute();
  const detail = { node, name, key: key.id, target: key.target, address: claim.address };
  await appendAudit(tx, [{ atMs: nowMs, who: node, what: `${kind}.enrol`, result: 'done', detail }]);
  return node;
}
