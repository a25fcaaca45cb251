/**
 * Sign-ins that are under way at a provider: what was sent there and which browser began it. Kept on this side, one
 * record per attempt, so that two tabs do not disturb each other; used once, forgotten after ten minutes, at whichever
 * controller the browser comes back. Nothing that lasts: what is lost makes people start again.
 */
import { createHash } from 'node:crypto';
import type { Id } from '../../protocol/ids.ts';
import type { Door } from '../../protocol/policy-document.ts';
import type { KeptValues } from '../live/kept-values.ts';
import type { Live } from '../live/live.ts';

export const signInLifeMs = 10 * 60_000;

export interface PendingSignIn {
  /** With its organisation: another's may have the same name. */
  readonly provider: string;
  readonly nonce: string;
  /** PKCE (RFC 7636). */
  readonly codeVerifier: string;
  readonly returnTo: string;
  /** The provider was asked to sign the person in anew. */
  readonly fresh: boolean;
  /** The resource for whose conditions the person signs in again, and the device they would use it from. */
  readonly stepUp?: {
    readonly resource: string;
    readonly device: string | undefined;
    /** Through which door; the client's unless said. */
    readonly door?: Door;
  };
  /** The session of the administrator who only tries it (`sign-in-trials.ts`): then nobody is signed in by the answer. */
  readonly trialOf?: Id<'ses'>;
}

export class PendingSignIns {
  readonly #kept: KeptValues<PendingSignIn>;

  constructor(live: Live) {
    this.#kept = live.kept('sign-ins', signInLifeMs);
  }

  /**
   * Keeps an attempt under its `state`; `browser` is the value of the browser's sign-in cookie. Throws a Fault `busy` when
   * it cannot be kept now.
   */
  async add(state: string, browser: string, pending: PendingSignIn): Promise<void> {
    await this.#kept.put(keyOf(state, browser), pending);
  }

  /**
   * Takes the attempt out, for good. Undefined when there is none, it is too old, it belongs to another provider or to
   * another browser; an attempt that is asked for by the wrong browser stays for the right one.
   */
  async take(
    state: string,
    browser: string | undefined,
    provider: string,
  ): Promise<PendingSignIn | undefined> {
    if (browser === undefined) return undefined;
    const kept = await this.#kept.take(keyOf(state, browser));
    return kept?.provider === provider ? kept : undefined;
  }
}

/** Another browser asks under another key. */
function keyOf(state: string, browser: string): string {
  return createHash('sha256')
    .update(JSON.stringify([state, browser]))
    .digest('base64url');
}
