/**
 * A device joins, or its owner signs in on it again: the node and its session in one transaction. Called by the
 * redemption of a service key and by answered login attempts.
 */
import { newId, type DeviceId, type Id } from '../../protocol/ids.ts';
import type { Random } from '../../protocol/clock.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { Approval } from '../store/schema.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** A person's session lasts this long. */
export const personSessionMs = 12 * 3_600_000;

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
}

export interface Joining {
  readonly claim: DeviceClaim;
  readonly owner: Id<'usr'> | Id<'svc'>;
  /** What a device gets that is new to its owner. */
  readonly approval: Approval;
  readonly untilMs: number;
  readonly authMs?: number | undefined;
  readonly amr: readonly string[];
  readonly enrolmentKey?: Id<'tok'>;
}

/** `blocked`: an administrator has locked this device out; nothing was changed. */
export type Joined =
  | {
      readonly state: 'joined';
      readonly device: DeviceId;
      readonly session: Id<'ses'>;
      /** Older sessions of the same machine, ended here: the caller publishes that. */
      readonly ended: readonly Id<'ses'>[];
    }
  | { readonly state: 'blocked' };

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

/** Registers the device where it is new, ends what ran on the same machine and begins a session. */
export async function joinDevice(
  tx: ScopedStore,
  { claim, owner, approval, untilMs, authMs, amr, enrolmentKey }: Joining,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): Promise<Joined> {
  if (await isBlockedMachine(tx, claim.mk)) return { state: 'blocked' };
  const sameMachine = await tx
    .select('nodes')
    .select(['id', 'owner'])
    .where('kind', '=', 'device')
    .where('mk', '=', claim.mk)
    .execute();
  const known = sameMachine.find((node) => node.owner === owner);
  const device = (known?.id ?? newId('dev', random(16))) as DeviceId;
  const told = { nk: claim.nk, name: claim.name, os: claim.os, version: claim.version };
  if (known === undefined) {
    await tx
      .insert('nodes', {
        id: device,
        kind: 'device',
        mk: claim.mk,
        ...told,
        network: null,
        owner,
        approval,
        state: 'active',
        url: null,
        address: claim.address,
        created_ms: nowMs,
        seen_ms: nowMs,
        posture: null,
        posture_ms: null,
        received_seq: 0,
      })
      .execute();
  } else {
    // Signing in again is what lifts a suspension; old boot ids no longer count as copies.
    await tx
      .update('nodes')
      .set({ ...told, state: 'active', address: claim.address, seen_ms: nowMs })
      .where('id', '=', device)
      .execute();
    await tx.delete('boots').where('node', '=', device).execute();
  }
  await tx.insert('boots', { node: device, boot: claim.boot, fenced_ms: null, seen_ms: nowMs }).execute();

  const machines = [...sameMachine.map(({ id }) => id as DeviceId), device];
  const ended = await tx
    .update('sessions')
    .set({ ended_ms: nowMs, ended_reason: 'replaced' })
    .where('device', 'in', machines)
    .where('ended_ms', 'is', null)
    .returning('id')
    .execute();
  const session = newId('ses', random(16));
  await tx
    .insert('sessions', {
      id: session,
      kind: 'device',
      subject: owner,
      device,
      enrolment_key: enrolmentKey ?? null,
      cookie_hash: null,
      address: claim.address,
      started_ms: nowMs,
      until_ms: untilMs,
      auth_ms: authMs ?? null,
      amr: JSON.stringify(amr),
      ended_ms: null,
      ended_reason: null,
    })
    .execute();
  await appendAudit(tx, [
    {
      atMs: nowMs,
      who: owner,
      what: known === undefined ? 'device.enrol' : 'session.begin',
      result: 'done',
      detail: { device, session, name: claim.name, os: claim.os, address: claim.address, approval },
    },
  ]);
  return { state: 'joined', device, session, ended: ended.map(({ id }) => id) };
}
