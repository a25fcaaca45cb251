/**
 * A device joins, or its owner signs in on it again: the node and its session in one transaction. Called by the
 * redemption of a service key and by answered login attempts.
 */
import { newId, type DeviceId, type Id } from '../../protocol/ids.ts';
import type { Random } from '../../protocol/clock.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { isDisabled } from '../people/disable.ts';
import type { Approval } from '../store/tables/nodes.ts';
import type { SessionsTable } from '../store/tables/people.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { newNode } from './new-node.ts';

/** What a device says of itself when it asks to join; the control channel has checked its keys and signature. */
export interface DeviceClaim {
  /** Machine and node public keys, base64url. */
  readonly mk: string;
  readonly nk: string;
  readonly name: string;
  readonly os: string;
  readonly version: string;
  readonly boot: string;
  /** The address its control channel came from. */
  readonly address: string;
  /** The name of a resource whose conditions the person's new sign-in shall meet. */
  readonly for?: string;
}

export interface Joining {
  readonly claim: DeviceClaim;
  readonly owner: Id<'usr'> | Id<'svc'>;
  /** What a device gets that is new to its owner. */
  readonly approval: Approval;
  readonly untilMs: number;
  readonly authMs?: number | undefined;
  readonly amr: readonly string[];
  readonly acr?: string | undefined;
  /** The name of the provider that the person signed in at, and its own id of that. */
  readonly provider?: string | undefined;
  readonly providerSession?: string | undefined;
  readonly enrolmentKey?: Id<'tok'>;
  /** A device on which nobody signed in for so long counts as new; undefined: never. */
  readonly deviceLifeMs?: number | undefined;
}

/**
 * `blocked`: an administrator has locked this device out; `disabled`: its person or service account. Nothing was changed.
 */
export type Joined =
  | {
      readonly state: 'joined';
      readonly device: DeviceId;
      readonly session: Id<'ses'>;
      /** What stands now: a device that was known keeps what it had. */
      readonly approval: Approval;
      /** It is new, or suspended no more: what its owner's other devices say of it has changed. */
      readonly isNews: boolean;
      /** Older sessions of the same machine, ended here: the caller publishes that. */
      readonly ended: readonly Id<'ses'>[];
    }
  | { readonly state: 'blocked' }
  | { readonly state: 'disabled' };

/** Whether an administrator has locked this machine out, whoever signs in on it. */
export async function isBlockedMachine(tx: ScopedStore, mk: string): Promise<boolean> {
  const blocked = await tx
    .select('nodes')
    .select('id')
    .where('kind', '=', 'device')
    .where('mk', '=', mk)
    .where('state', '=', 'blocked')
    .executeTakeFirst();
  return blocked !== undefined;
}

/**
 * Registers the device where it is new, ends what ran on the same machine and begins a session. A person who signs in on a
 * device while their session there is open renews it: same id, so that what is open stays open.
 */
export async function joinDevice(
  tx: ScopedStore,
  { claim, owner, approval, untilMs, authMs, amr, enrolmentKey, ...more }: Joining,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): Promise<Joined> {
  if (await isBlockedMachine(tx, claim.mk)) return { state: 'blocked' };
  if (await isDisabled(tx, owner)) return { state: 'disabled' };
  const sameMachine = await tx
    .select('nodes')
    .select(['id', 'owner', 'nk', 'state', 'approval', 'named_by', 'signed_in_ms'])
    .where('kind', '=', 'device')
    .where('mk', '=', claim.mk)
    .execute();
  const known = sameMachine.find((node) => node.owner === owner);
  const device = (known?.id ?? newId('dev', random(16))) as DeviceId;
  const named = known !== undefined && known.named_by !== null;
  const told = {
    nk: claim.nk,
    ...(named ? {} : { name: claim.name }),
    os: claim.os,
    version: claim.version,
    signed_in_ms: nowMs,
  };
  const expired =
    known !== undefined &&
    more.deviceLifeMs !== undefined &&
    nowMs - (known.signed_in_ms ?? 0) >= more.deviceLifeMs;
  if (known === undefined) {
    await tx
      .insert('nodes', {
        ...newNode(claim, nowMs),
        id: device,
        kind: 'device',
        signed_in_ms: nowMs,
        keys_ms: nowMs,
        network: null,
        owner,
        approval,
        url: null,
      })
      .execute();
  } else {
    // Signing in again is what lifts a suspension; old boot ids no longer count as copies.
    await tx
      .update('nodes')
      .set({
        ...told,
        state: 'active',
        address: claim.address,
        seen_ms: nowMs,
        // After so long it is a new device again: to whoever approves it, and to its owner.
        ...(expired ? { approval, acknowledged_ms: null } : {}),
        ...(known.nk === claim.nk ? {} : { keys_ms: nowMs }),
      })
      .where('id', '=', device)
      .execute();
    await tx.delete('boots').where('node', '=', device).execute();
  }
  await tx.insert('boots', { node: device, boot: claim.boot, fenced_ms: null, seen_ms: nowMs }).execute();

  const machines = [...sameMachine.map(({ id }) => id as DeviceId), device];
  const signIn = {
    address: claim.address,
    started_ms: nowMs,
    until_ms: untilMs,
    auth_ms: authMs ?? null,
    amr: JSON.stringify(amr),
    acr: more.acr ?? null,
    provider: more.provider ?? null,
    provider_session: more.providerSession ?? null,
  };
  const renewable =
    known?.nk === claim.nk && known.state === 'active' && !expired && owner.startsWith('usr_');
  const renewed = renewable ? await renew(tx, device, signIn, nowMs) : undefined;
  const session = renewed ?? newId('ses', random(16));
  const ended = await tx
    .update('sessions')
    .set({ ended_ms: nowMs, ended_reason: 'replaced' })
    .where('device', 'in', machines)
    .where('id', '!=', session)
    .where('ended_ms', 'is', null)
    .returning('id')
    .execute();
  if (renewed === undefined) {
    await tx
      .insert('sessions', {
        id: session,
        kind: 'device',
        subject: owner,
        device,
        enrolment_key: enrolmentKey ?? null,
        cookie_hash: null,
        ...signIn,
        ended_ms: null,
        ended_reason: null,
      })
      .execute();
  }
  await appendAudit(tx, [
    {
      atMs: nowMs,
      who: owner,
      what:
        known === undefined || expired
          ? 'device.enrol'
          : renewed === undefined
            ? 'session.begin'
            : 'session.renew',
      result: 'done',
      detail: {
        device,
        session,
        name: claim.name,
        os: claim.os,
        address: claim.address,
        approval,
        ...(expired ? { expired } : {}),
      },
    },
  ]);
  const stands = known === undefined || expired ? approval : known.approval;
  const isNews = known === undefined || expired || known.state !== 'active';
  return { state: 'joined', device, session, approval: stands, isNews, ended: ended.map(({ id }) => id) };
}

/** Puts this sign-in into the newest open session of the device; undefined when there is none. */
async function renew(
  tx: ScopedStore,
  device: DeviceId,
  signIn: Partial<SessionsTable>,
  nowMs: number,
): Promise<Id<'ses'> | undefined> {
  const open = await tx
    .select('sessions')
    .select('id')
    .where('device', '=', device)
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs)
    .orderBy('started_ms', 'desc')
    .executeTakeFirst();
  if (open === undefined) return undefined;
  await tx.update('sessions').set(signIn).where('id', '=', open.id).execute();
  return open.id;
}
