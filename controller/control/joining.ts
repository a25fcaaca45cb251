/**
 * How a node that is not known yet gets in over its control channel (WIRE A4): by a key, or by its person, who types a code
 * or comes back to the same machine. Knows what the node waits for; what follows once it is in is the conversation's.
 */
import { createHash } from 'node:crypto';
import type { Enrol, FromController, Login } from '../../protocol/control.ts';
import { formatDuration } from '../../protocol/durations.ts';
import { Fault, type CodeName } from '../../protocol/errors.ts';
import type { NodeId, OrganisationId } from '../../protocol/ids.ts';
import { encodeKey } from '../../protocol/keys.ts';
import type { ControlChannel } from '../../protocol/link/control-channel.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import type { DeviceClaim } from '../enrolment/join-device.ts';
import type { LoginResult } from '../enrolment/let-in.ts';
import type { LoginAttempts } from '../enrolment/login-attempts.ts';
import { redeem } from '../enrolment/redeem.ts';
import { formatUserCode } from '../enrolment/user-code.ts';
import type { Guesses } from '../guesses.ts';
import { limitTexts } from '../operator/limits.ts';
import { suspendedText } from '../operator/suspended-text.ts';
import type { NodeKind } from '../store/tables/nodes.ts';
import { relayUrl } from './admit-node.ts';
import { claimOf } from './claim-of.ts';

export interface JoiningOptions {
  readonly context: ControllerContext;
  readonly channel: Pick<ControlChannel, 'peerKey' | 'handshakeHash'>;
  /** The address the channel came from. */
  readonly address: string;
  readonly attempts: LoginAttempts;
  /** Keys that were no good, by the source that showed them. */
  readonly redemptions: Guesses;
  readonly send: (message: FromController) => void;
  readonly end: (code: CodeName, message: string) => void;
  /** It is in. */
  readonly enter: (organisation: OrganisationId, node: NodeId, kind: NodeKind) => Promise<void>;
}

/** A login that this node waits for. */
interface Pending {
  readonly organisation: OrganisationId;
  readonly attempt: string;
  readonly cancelTimer: () => void;
}

export class Joining {
  readonly #options: JoiningOptions;
  #pending: Pending | undefined;

  constructor(options: JoiningOptions) {
    this.#options = options;
  }

  /** The attempt that the node waits for; undefined while it waits for none. */
  get attempt(): string | undefined {
    return this.#pending?.attempt;
  }

  /** Begins what the node asks for. Throws a Fault that says why not. */
  async enrol(enrol: Enrol, organisation: OrganisationId): Promise<void> {
    const { context, channel, address, attempts, send } = this.#options;
    const { peerKey, handshakeHash } = channel;
    const claim = claimOf(enrol, { peerKey, handshakeHash, address });
    const { secret, code, loopback } = enrol;
    if ([secret, code, loopback].filter((way) => way !== undefined).length !== 1) throw new Fault('protocol');
    if (secret !== undefined) return this.#redeem(secret, enrol, claim, organisation);
    if (enrol.kind !== 'device') throw new Fault('denied', 'A connector or relay enrols with a pk_ key.');
    if (context.organisations.get(organisation)?.isSuspended === true)
      throw new Fault('denied', suspendedText);
    const signInAt = context.organisations.addressOf(organisation);
    if (code !== undefined) {
      const started = await attempts.startDeviceCode(organisation, claim);
      if (started === undefined) throw tooMany(attempts.waitMs(address));
      this.#await(organisation, started.attempt, started.expiresMs);
      return send({
        t: 'code',
        user_code: formatUserCode(started.userCode),
        url: new URL('/device', signInAt).href,
        expires: Math.floor(started.expiresMs / 1_000),
      });
    }
    if (loopback === undefined) return;
    const started = await attempts.startLoopback(organisation, claim, loopback);
    if (started === undefined) throw tooMany(attempts.waitMs(address));
    this.#await(organisation, started.attempt, started.expiresMs);
    const url = new URL('/device/confirm', signInAt);
    url.searchParams.set('attempt', started.secret);
    send({ t: 'open', url: url.href, state: started.attempt });
  }

  /** The code that came back on the loopback redirect. Throws a Fault where it opens nothing. */
  async login({ code, verifier }: Login): Promise<void> {
    const { attempts, channel, enter } = this.#options;
    const result: LoginResult = await attempts.completeLogin(code, verifier, encodeKey(channel.peerKey));
    if (result.state === 'blocked' || result.state === 'disabled') throw lockedOut(result.state);
    if (result.state === 'gone') throw new Fault('expired', goneText);
    this.stop();
    await enter(result.organisation, result.device, 'device');
  }

  /** The attempt that the node waits for was answered, or may have been. */
  async answer(attempt: string): Promise<void> {
    const { context, attempts, enter } = this.#options;
    const organisation = this.#pending?.organisation;
    if (organisation === undefined) return;
    const outcome = await attempts.outcome(organisation, attempt);
    if (outcome.state === 'waiting' || this.#pending?.attempt !== attempt) return;
    if (outcome.state === 'gone')
      throw new Fault('denied', 'The person who was asked did not let this device in.');
    const session = await context
      .organisation(organisation)
      .store.select('sessions')
      .select('device')
      .where('id', '=', outcome.session)
      .executeTakeFirst();
    if (session === undefined || session.device === null) throw new Fault('expired', goneText);
    this.stop();
    await enter(organisation, session.device, 'device');
  }

  /** Waits for nobody any more. */
  stop(): void {
    this.#pending?.cancelTimer();
    this.#pending = undefined;
  }

  async #redeem(
    secret: string,
    enrol: Enrol,
    claim: DeviceClaim,
    organisation: OrganisationId,
  ): Promise<void> {
    const { context, redemptions, address, enter } = this.#options;
    const waitMs = redemptions.waitMs(address, context.now());
    if (waitMs !== undefined) throw tooMany(waitMs);
    const url = relayUrl(enrol.url);
    if (enrol.kind === 'relay' && url === undefined)
      throw new Fault('protocol', 'a relay names its public URL');
    const result = await redeem(context, secret, enrol.kind, claim, url);
    if (result.state === 'suspended') throw new Fault('denied', suspendedText);
    if (result.state === 'no-room') throw new Fault('limit', limitTexts.connectors);
    if (result.state === 'blocked' || result.state === 'disabled') throw lockedOut(result.state);
    if (result.state === 'refused') {
      redemptions.wrong(address, createHash('sha256').update(secret).digest('base64url'));
      await appendAudit(context.organisation(organisation).store, [
        {
          atMs: context.now(),
          who: `address ${address}`,
          what: `${enrol.kind}.enrol`,
          result: 'refused',
          reasons: ['key'],
          detail: { name: claim.name, os: claim.os },
        },
      ]);
      throw new Fault('denied', refusedKeyText);
    }
    await enter(result.organisation, result.node, enrol.kind);
  }

  #await(organisation: OrganisationId, attempt: string, expiresMs: number): void {
    const { context, end } = this.#options;
    this.stop();
    const cancelTimer = context.clock.after(Math.max(0, expiresMs - context.now()), () =>
      end('timeout', 'Nobody signed in within five minutes.'),
    );
    this.#pending = { organisation, attempt, cancelTimer };
  }
}

const disabledText = 'An administrator has disabled this account.';
const goneText = 'This sign-in is over; start it again.';
const refusedKeyText =
  'This key is unknown, used up or expired; make a new one with "postern token create" and try again.';

/** With how long to wait, for the person at the node. */
function tooMany(waitMs: number): Fault {
  return new Fault(
    'busy',
    `Too many tries from this address; wait ${formatDuration(Math.max(1_000, waitMs))}.`,
  );
}

/** Why a device that is known is not let in, or its person is not. */
export function lockedOut(state: 'blocked' | 'disabled'): Fault {
  return new Fault(
    'denied',
    state === 'blocked' ? 'An administrator has blocked this device.' : disabledText,
  );
}
