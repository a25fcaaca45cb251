/**
 * Signing a browser in and out at a hostname (WIRE A10): the redirect to the controller with a verifier kept in the browser,
 * the callback that turns a code into a session, and sign-out. Bytes and words only; whoever uses it sends them.
 */
import { createHash } from 'node:crypto';
import type { Random } from '../../protocol/clock.ts';
import { toBase64Url } from '../../protocol/encoding.ts';
import type { WebSession } from '../../protocol/web.ts';
import type { ControllerCalls } from './controller-calls.ts';
import { clearPre, clearSession, hashOf, maxPre, setPre, setSession, type OwnCookies } from './cookies.ts';
import type { Notice } from './pages.ts';
import type { Target } from './request-target.ts';
import type { WebSessions } from './web-sessions.ts';

/** What the browser is answered. */
export type Answer =
  | { readonly redirect: string; readonly cookies: readonly string[] }
  | { readonly notice: Notice; readonly cookies: readonly string[] };

export interface SignInOptions {
  readonly calls: ControllerCalls;
  readonly sessions: WebSessions;
  readonly random: Random;
  /** Epoch milliseconds. */
  nowMs(): number;
  /** Where sign-in begins; undefined before the first snapshot. */
  start(): string | undefined;
}

/** A return target may be this long. */
const maxReturnBytes = 2_048;

export const callbackPath = '/.postern/callback';
export const logoutPath = '/.postern/logout';

export class SignIn {
  readonly #options: SignInOptions;

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /** Sends the browser to the controller. `fresh`: the sign-in may be at most so many seconds old. */
  begin(
    target: Target,
    cookies: OwnCookies,
    { returnTo, again, fresh }: { returnTo?: string; again?: boolean; fresh?: number } = {},
  ): Answer {
    const start = this.#options.start();
    if (start === undefined) return { notice: controllerAway, cookies: [] };
    const verifier = this.#options.random(32);
    const digits = this.#options.random(2).toString('hex');
    const url = new URL(start);
    url.searchParams.set('host', target.authority);
    url.searchParams.set('c', createHash('sha256').update(verifier).digest('base64url'));
    url.searchParams.set('n', digits);
    url.searchParams.set('rd', safeReturn(returnTo ?? `${target.path}${target.query}`));
    if (again === true) url.searchParams.set('again', '1');
    if (fresh !== undefined) url.searchParams.set('fresh', String(fresh));
    const kept = [...cookies.pre.keys()].filter((other) => other !== digits);
    const dropped = kept.slice(0, Math.max(0, kept.length - maxPre + 1));
    return { redirect: url.href, cookies: [...dropped.map(clearPre), setPre(digits, verifier)] };
  }

  /** The controller sent the browser back. `address`: the browser's, where the relay told one. */
  async finish(target: Target, cookies: OwnCookies, address: string | undefined): Promise<Answer> {
    const query = new URLSearchParams(target.query);
    const returnTo = safeReturn(query.get('rd') ?? '/');
    const digits = query.get('n') ?? '';
    const code = query.get('code') ?? '';
    const verifier = /^[0-9a-f]{4}$/.test(digits) ? cookies.pre.get(digits) : undefined;
    if (verifier === undefined) {
      if (query.has('again')) return { notice: cookieNotKept, cookies: [] };
      return this.begin(target, cookies, { returnTo, again: true });
    }
    const cleared = clearPre(digits);
    if (!/^[A-Za-z0-9_-]{43}$/.test(code)) return { notice: notCompleted(returnTo), cookies: [cleared] };
    const secret = this.#options.random(32);
    const redeemed = await this.#options.calls.redeem({
      code,
      verifier: toBase64Url(verifier),
      host: target.host,
      ch: hashOf(secret),
      ...(address === undefined ? {} : { addr: address }),
    });
    // With the pre cookie still there, going on once the controller is back works.
    if (!('jws' in redeemed) && redeemed.code !== 'denied') return { notice: controllerAway, cookies: [] };
    const session =
      'jws' in redeemed
        ? await this.#options.sessions.redeemed(redeemed.jws, target.host, secret)
        : undefined;
    if (session === undefined) return { notice: notCompleted(returnTo), cookies: [cleared] };
    const seconds = session.exp - this.#options.nowMs() / 1_000;
    return { redirect: returnTo, cookies: [setSession(secret, seconds), cleared] };
  }

  /**
   * Ends the browser's session at every application, or, `everywhere`, all of the person's sessions; the cookie goes whatever
   * the controller says.
   */
  async end(session: WebSession | undefined, everywhere: boolean): Promise<Answer> {
    const cookies = [clearSession];
    if (session === undefined) return { notice: everywhere ? notSignedIn : signedOut, cookies };
    const told = await this.#options.calls.signOut(session.jti, everywhere);
    if (!told) return { notice: signedOutHere, cookies };
    return { notice: everywhere ? signedOutEverywhere : signedOut, cookies };
  }
}

/** A path of this host, or `/`: begins with one slash, and nothing in it could be read as another host. */
export function safeReturn(path: string): string {
  const isPath = /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(path) && Buffer.byteLength(path) <= maxReturnBytes;
  // Coming back to the door's own paths would only go in circles.
  return isPath && !/^\/\.postern(\/|$)/.test(path) ? path : '/';
}

export const signInNeeded: Notice = {
  status: 401,
  error: 'sign-in-needed',
  title: 'Sign in first',
  text: 'You are not signed in here, or no longer. What you sent was not kept: sign in, then send it again.',
  link: { path: '/', label: 'Sign in' },
};

export const askSignOut: Notice = {
  status: 200,
  error: '',
  title: 'Sign out?',
  text: 'Signing out is for this browser, at every application behind Postern. Everywhere means all your browsers and devices.',
  actions: [
    { path: logoutPath, label: 'Sign out' },
    { path: `${logoutPath}?everywhere`, label: 'Sign out everywhere' },
  ],
};

const signedOut: Notice = {
  status: 200,
  error: '',
  title: 'You are signed out',
  text: 'This browser is signed out.',
  link: { path: '/', label: 'Sign in again' },
};

const signedOutEverywhere: Notice = {
  ...signedOut,
  title: 'You are signed out everywhere',
  text: 'Your sessions are over, in every browser and on every device.',
};

/** Whose other sessions would end is not known any more. */
const notSignedIn: Notice = {
  status: 200,
  error: '',
  title: 'Nobody is signed in here',
  text: 'Nothing was ended elsewhere. Sign in first, then sign out everywhere.',
  link: { path: '/', label: 'Sign in' },
};

const signedOutHere: Notice = {
  status: 200,
  error: '',
  title: 'You are signed out here',
  text: 'The controller could not be reached, so other applications may still be open in this browser. Sign out there as well, or try again later.',
  link: { path: '/', label: 'Sign in again' },
};

const controllerAway: Notice = {
  status: 503,
  error: 'controller-unreachable',
  title: 'Nobody can sign in right now',
  text: 'The connector has no contact with the controller, which signs people in. Try again in a moment.',
};

const cookieNotKept: Notice = {
  status: 400,
  error: 'cookie-not-kept',
  title: 'Your browser did not keep the sign-in',
  text: 'Signing in needs a cookie at this address, which your browser did not send back. Allow cookies for this site, then open it again.',
  link: { path: '/', label: 'Try again' },
};

function notCompleted(returnTo: string): Notice {
  return {
    status: 403,
    error: 'sign-in-not-completed',
    title: 'This sign-in could not be completed',
    text: 'It took too long, was used already, or was meant for another browser. Open the page again to sign in anew.',
    link: { path: returnTo, label: 'Sign in again' },
  };
}
