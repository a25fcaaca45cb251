/**
 * Sign-ins that are under way at a provider: what was sent there and which browser began it. Kept on this side, one
 * record per attempt, so that two tabs do not disturb each other; used once, forgotten after ten minutes. In memory and
 * bounded: a restart makes people start again.
 */
import { createHash } from 'node:crypto';
import type { Door } from '../../protocol/policy-document.ts';
import { sameText } from '../../protocol/secrets.ts';

export const signInLifeMs = 10 * 60_000;
const maxPending = 10_000;

export interface PendingSignIn {
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
}

interface Kept extends PendingSignIn {
  readonly browser: string;
  readonly expiresMs: number;
}

export class PendingSignIns {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;

  /** `now` gives epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Keeps an attempt under its `state`; `browser` is the value of the browser's sign-in cookie. */
  add(state: string, browser: string, pending: PendingSignIn): void {
    const nowMs = this.#now();
    for (const [key, { expiresMs }] of this.#kept) {
      if (expiresMs > nowMs && this.#kept.size < maxPending) break;
      this.#kept.delete(key);
    }
    this.#kept.set(state, { ...pending, browser: hash(browser), expiresMs: nowMs + signInLifeMs });
  }

  /**
   * Takes the attempt out, for good. Undefined when there is none, it is too old, it belongs to another provider or to
   * another browser; an attempt that is asked for by the wrong browser stays for the right one.
   */
  take(state: string, browser: string | undefined, provider: string): PendingSignIn | undefined {
    const kept = this.#kept.get(state);
    if (kept === undefined || browser === undefined || !sameText(kept.browser, hash(browser)))
      return undefined;
    this.#kept.delete(state);
    return kept.expiresMs > this.#now() && kept.provider === provider ? kept : undefined;
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
