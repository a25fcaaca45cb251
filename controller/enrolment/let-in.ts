/**
 * A person lets in the device that waits for them: it joins, with a session, unless its attempt or their own sign-in is over.
 * The attempts stand in login-attempts.ts, which calls this.
 */
import type { DeviceId, Id, OrganisationId } from '../../protocol/ids.ts';
import { sourceOfAddress } from '../../protocol/source-address.ts';
import type { ControllerContext } from '../context.ts';
import { approvalRule, deviceLifeMs, sessionLengthMs } from '../organisation/settings.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Throttle } from '../throttle.ts';
import { joinDevice, type DeviceClaim } from './join-device.ts';

/** A person who has just proven who they are in a browser. */
export interface SignIn {
  readonly person: Id<'usr'>;
  /** When the provider says they authenticated, epoch milliseconds. */
  readonly authMs?: number | undefined;
  readonly amr: readonly string[];
  readonly acr?: string | undefined;
  /** The name of the provider, and its own id of the sign-in. */
  readonly provider?: string | undefined;
  readonly providerSession?: string | undefined;
  /** The session of the browser; what it lets in must not outlive a sign-out that came between. */
  readonly session?: Id<'ses'> | undefined;
  /** The browser's address. */
  readonly address: string;
}

export type LoginResult =
  | {
      readonly state: 'joined';
      readonly organisation: OrganisationId;
      readonly device: DeviceId;
      readonly session: Id<'ses'>;
      /** It waits for an administrator. */
      readonly held: boolean;
    }
  /** Expired, used, or never there. */
  | { readonly state: 'gone' }
  | { readonly state: 'blocked' }
  | { readonly state: 'disabled' };

/**
 * Makes device and session, once for each attempt, and publishes both, which wakes a waiting channel.
 * @param held whether it came from elsewhere, where the organisation may ask for an administrator's approval
 * @param starts what the device's address has begun; this one led somewhere
 */
export async function letIn(
  context: ControllerContext,
  { organisation, id: attempt }: { readonly organisation: OrganisationId; readonly id: string },
  signIn: SignIn,
  held: boolean,
  starts: Throttle,
): Promise<LoginResult> {
  const nowMs = context.now();
  const { store, reader } = context.organisation(organisation);
  const joined = await store.transaction(async (tx) => {
    const { document } = await reader.current(tx);
    const row = await tx
      .select('login_attempts')
      .selectAll()
      .where('id', '=', attempt)
      .where('session', 'is', null)
      .where('expires_ms', '>', nowMs)
      .executeTakeFirst();
    if (row === undefined || !(await isStillSignedIn(tx, signIn))) return { state: 'gone' } as const;
    const claim = JSON.parse(row.device) as DeviceClaim;
    const rule = approvalRule(document);
    const waits = rule === 'required' || (rule === 'elsewhere' && held);
    const result = await joinDevice(
      tx,
      {
        ...signIn,
        claim,
        owner: signIn.person,
        approval: waits ? 'held' : 'none',
        untilMs: nowMs + Math.min(sessionLengthMs(document), deviceLifeMs(document) ?? Infinity),
        deviceLifeMs: deviceLifeMs(document),
      },
      { nowMs, random: context.random },
    );
    if (result.state === 'joined') {
      await tx.update('login_attempts').set({ session: result.session }).where('id', '=', attempt).execute();
    }
    return { ...result, address: claim.address, rule };
  });
  if (joined.state !== 'joined') return joined;
  const { device, session, ended, address, approval, rule } = joined;
  // An office behind one address begins the day with many sign-ins; only those that lead nowhere count.
  starts.succeed(sourceOfAddress(address));
  if (ended.length > 0) {
    await context.publish(organisation, {
      kind: 'sessions-ended',
      sessions: ended,
      reason: 'replaced',
    });
  }
  // The owner's other devices tell them.
  if (joined.isNews) await context.publish(organisation, { kind: 'person', person: signIn.person });
  await context.publish(organisation, { kind: 'login', attempt });
  return {
    state: 'joined',
    organisation,
    device,
    session,
    held: approval === 'held' || (approval === 'none' && rule === 'required'),
  };
}

async function isStillSignedIn(tx: ScopedStore, { session }: SignIn): Promise<boolean> {
  if (session === undefined) return true;
  const open = await tx
    .select('sessions')
    .select('id')
    .where('id', '=', session)
    .where('ended_ms', 'is', null)
    .executeTakeFirst();
  return open !== undefined;
}
