/**
 * Devices that wait for their person: by a typed code, or by a loopback redirect with PKCE.
 * Keeps the attempts until they are answered; let-in.ts makes the device and its session. Knows nothing of OIDC and pages:
 * those sign the person in and then call `approve` or `authorise`.
 */
import { createHash } from 'node:crypto';
import { toBase64Url } from '../../protocol/encoding.ts';
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import { sourceOfAddress } from '../../protocol/source-address.ts';
import { sameText } from '../../protocol/secrets.ts';
import type { ControllerContext } from '../context.ts';
import type { LoginAttemptsTable } from '../store/tables/people.ts';
import type { Throttle } from '../throttle.ts';
import type { DeviceClaim } from './join-device.ts';
import { letIn, type LoginResult, type SignIn } from './let-in.ts';
import { newUserCode, parseUserCode } from './user-code.ts';

const attemptLifeMs = 5 * 60_000;
/** Between the redirect to the loopback port and the `login` message. */
const oneTimeCodeLifeMs = 60_000;
const wrongCodes = { limit: 5, windowMs: 15 * 60_000 };
/** Of all people behind one address together, so that one who cannot type does not keep an office out. */
const wrongCodesOfAddress = { limit: 30, windowMs: 15 * 60_000 };
/** Attempts that one address may start in a window. */
const starts = { limit: 30, windowMs: 10 * 60_000 };

/** A device that waits, as the page shows it. */
export interface PendingAttempt {
  readonly id: string;
  readonly organisation: OrganisationId;
  readonly kind: 'code' | 'loopback';
  readonly device: DeviceClaim;
  readonly expiresMs: number;
}

export type Entry =
  | { readonly state: 'found'; readonly attempt: PendingAttempt }
  | { readonly state: 'wrong'; readonly triesLeft: number }
  | { readonly state: 'locked'; readonly untilMs: number };

export class LoginAttempts {
  readonly #context: ControllerContext;
  readonly #wrong: Throttle;
  readonly #wrongOfAddress: Throttle;
  readonly #starts: Throttle;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#wrong = context.live.throttle('wrong codes', wrongCodes);
    this.#wrongOfAddress = context.live.throttle('wrong codes of address', wrongCodesOfAddress);
    this.#starts = context.live.throttle('device starts', starts);
  }

  /** Begins an attempt by typed code; undefined when this address has started too many. */
  async startDeviceCode(
    organisation: OrganisationId,
    device: DeviceClaim,
  ): Promise<{ attempt: string; userCode: string; expiresMs: number } | undefined> {
    const userCode = newUserCode(this.#context.random);
    const attempt = await this.#start(organisation, device, { kind: 'code', entry: userCode });
    return attempt === undefined ? undefined : { ...attempt, userCode };
  }

  /**
   * Begins an attempt by loopback redirect; `secret` goes into the URL that the person's browser opens. `challenge` is
   * the base64url SHA-256 of the device's verifier. Undefined when this address has started too many.
   */
  async startLoopback(
    organisation: OrganisationId,
    device: DeviceClaim,
    loopback: { readonly port: number; readonly challenge: string },
  ): Promise<{ attempt: string; secret: string; expiresMs: number } | undefined> {
    const secret = toBase64Url(this.#context.random(32));
    const attempt = await this.#start(organisation, device, { kind: 'loopback', entry: secret, loopback });
    return attempt === undefined ? undefined : { ...attempt, secret };
  }

  /** Milliseconds until this address may start an attempt; 0 when it may now. */
  waitMs(address: string): number {
    const untilMs = this.#starts.lockedUntilMs(sourceOfAddress(address));
    return untilMs === undefined ? 0 : Math.max(0, untilMs - this.#context.now());
  }

  /** The attempt whose code a signed-in person typed. Five wrong ones lock the person, thirty the address. */
  async enterCode(
    organisation: OrganisationId,
    typed: string,
    by: { readonly person: Id<'usr'>; readonly address: string },
  ): Promise<Entry> {
    const source = sourceOfAddress(by.address);
    const locked = this.#wrong.lockedUntilMs(by.person) ?? this.#wrongOfAddress.lockedUntilMs(source);
    if (locked !== undefined) return { state: 'locked', untilMs: locked };
    const code = parseUserCode(typed);
    const attempt = code === undefined ? undefined : await this.#find('code', code);
    if (attempt === undefined || attempt.organisation !== organisation) {
      const triesLeft = Math.min(this.#wrong.fail(by.person), this.#wrongOfAddress.fail(source));
      return { state: 'wrong', triesLeft };
    }
    // What others behind the address typed wrongly still counts.
    this.#wrong.succeed(by.person);
    return { state: 'found', attempt };
  }

  /** The attempt of a loopback URL; undefined when it is unknown, expired or already answered. */
  findLoopback(secret: string): Promise<PendingAttempt | undefined> {
    return this.#find('loopback', secret);
  }

  /**
   * The person let the device of a typed code in: makes device and session and wakes the waiting channel. `held`: it came
   * from elsewhere, which keeps it from everything until an administrator approves it, unless the document says otherwise.
   */
  async approve(
    attempt: PendingAttempt,
    signIn: SignIn,
    { held }: { readonly held: boolean },
  ): Promise<LoginResult> {
    return letIn(this.#context, attempt, signIn, held, this.#starts);
  }

  /** The person refused: the attempt is gone. */
  async refuse({ organisation, id }: PendingAttempt): Promise<void> {
    await this.#context
      .organisation(organisation)
      .store.delete('login_attempts')
      .where('id', '=', id)
      .execute();
    await this.#context.publish(organisation, { kind: 'login', attempt: id });
  }

  /**
   * The person signed in for a loopback attempt: returns the one-time code for the redirect to the device's port, or
   * undefined when the attempt is gone. The code alone is worth nothing without the device's verifier and key.
   */
  async authorise(
    attempt: PendingAttempt,
    signIn: SignIn,
  ): Promise<{ readonly code: string; readonly port: number } | undefined> {
    const code = toBase64Url(this.#context.random(32));
    const nowMs = this.#context.now();
    const row = await this.#context
      .organisation(attempt.organisation)
      .store.update('login_attempts')
      .set({
        code_hash: sha256(code),
        sign_in: JSON.stringify(signIn),
        expires_ms: nowMs + oneTimeCodeLifeMs,
      })
      .where('id', '=', attempt.id)
      .where('code_hash', 'is', null)
      .where('expires_ms', '>', nowMs)
      .returning('port')
      .executeTakeFirst();
    return row?.port === undefined || row.port === null ? undefined : { code, port: row.port };
  }

  /**
   * The device brings the one-time code back over its control channel, proven by the verifier and by the node key of
   * that channel. A code is used up by its first presentation, right or wrong.
   */
  async completeLogin(code: string, verifier: string, nodeKey: string): Promise<LoginResult> {
    const found = await this.#context.store.attemptByCode(sha256(code));
    if (found === undefined || found.expires_ms <= this.#context.now()) return { state: 'gone' };
    const { store } = this.#context.organisation(found.organisation);
    const taken = await store
      .update('login_attempts')
      .set({ code_hash: null, expires_ms: this.#context.now() + oneTimeCodeLifeMs })
      .where('id', '=', found.id)
      .where('code_hash', '=', found.code_hash)
      .returningAll()
      .executeTakeFirst();
    if (taken === undefined || taken.sign_in === null || taken.challenge === null) return { state: 'gone' };
    const device = JSON.parse(taken.device) as DeviceClaim;
    if (!sameText(sha256(verifier), taken.challenge) || device.nk !== nodeKey) return { state: 'gone' };
    return letIn(this.#context, taken, JSON.parse(taken.sign_in) as SignIn, false, this.#starts);
  }

  /** What became of an attempt whose channel waits: the session once it was approved, `gone` when refused or expired. */
  async outcome(
    organisation: OrganisationId,
    attempt: string,
  ): Promise<
    | { readonly state: 'waiting' }
    | { readonly state: 'gone' }
    | { readonly state: 'joined'; session: Id<'ses'> }
  > {
    const row = await this.#context
      .organisation(organisation)
      .store.select('login_attempts')
      .select(['session', 'expires_ms'])
      .where('id', '=', attempt)
      .executeTakeFirst();
    if (row === undefined) return { state: 'gone' };
    if (row.session !== null) return { state: 'joined', session: row.session };
    return row.expires_ms <= this.#context.now() ? { state: 'gone' } : { state: 'waiting' };
  }

  async #start(
    organisation: OrganisationId,
    device: DeviceClaim,
    how: {
      readonly kind: 'code' | 'loopback';
      readonly entry: string;
      readonly loopback?: { readonly port: number; readonly challenge: string };
    },
  ): Promise<{ attempt: string; expiresMs: number } | undefined> {
    const source = sourceOfAddress(device.address);
    if (this.#starts.lockedUntilMs(source) !== undefined) return undefined;
    this.#starts.fail(source);
    const nowMs = this.#context.now();
    const attempt = toBase64Url(this.#context.random(16));
    const expiresMs = nowMs + attemptLifeMs;
    await this.#context.organisation(organisation).store.transaction(async (tx) => {
      await tx
        .delete('login_attempts')
        .where('expires_ms', '<', nowMs - attemptLifeMs)
        .execute();
      await tx
        .insert('login_attempts', {
          id: attempt,
          kind: how.kind,
          entry_hash: this.#entryHash(how.kind, how.entry),
          device: JSON.stringify(device),
          port: how.loopback?.port ?? null,
          challenge: how.loopback?.challenge ?? null,
          code_hash: null,
          sign_in: null,
          session: null,
          created_ms: nowMs,
          expires_ms: expiresMs,
        })
        .execute();
    });
    return { attempt, expiresMs };
  }

  async #find(kind: 'code' | 'loopback', entry: string): Promise<PendingAttempt | undefined> {
    const row = await this.#context.store.attemptByEntry(this.#entryHash(kind, entry));
    if (row === undefined || row.kind !== kind || row.session !== null || row.sign_in !== null)
      return undefined;
    return row.expires_ms <= this.#context.now() ? undefined : pending(row);
  }

  #entryHash(kind: 'code' | 'loopback', entry: string): string {
    return this.#context.secretKey.hash(`login ${kind}`, entry);
  }
}

function pending(row: LoginAttemptsTable): PendingAttempt {
  return {
    id: row.id,
    organisation: row.organisation,
    kind: row.kind,
    device: JSON.parse(row.device) as DeviceClaim,
    expiresMs: row.expires_ms,
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
