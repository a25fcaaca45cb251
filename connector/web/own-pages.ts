/**
 * What the door answers itself below `/.postern`: the way back from a sign-in, signing out, and the keys of its assertions. Whose
 * session it is was found by the gate.
 */
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { Asked, Verdict } from './gate.ts';
import type { RawRequest } from './request-target.ts';
import { askSignOut, signInNeeded, type Answer, type SignIn } from './sign-in.ts';

export type Own = Extract<Verdict, { verdict: 'own' }>;
type Jwks = NonNullable<ConnectorSnapshot['jwks']>;

export interface OwnPagesOptions {
  readonly signIn: SignIn;
  /** Keys that verify assertions: those of this connector, then those of the others. */
  jwks(): Jwks;
}

export class OwnPages {
  readonly #options: OwnPagesOptions;

  constructor(options: OwnPagesOptions) {
    this.#options = options;
  }

  async answer(
    { page, target, cookies, session }: Own,
    { raw, address }: Asked,
  ): Promise<Answer | { readonly json: string }> {
    const { signIn } = this.#options;
    if (page === 'jwks') return { json: JSON.stringify({ keys: this.#keys() }) };
    if (page === 'callback') {
      if (raw.method !== 'GET') return { notice: signInNeeded, cookies: [] };
      return signIn.finish(target, cookies, address);
    }
    if (raw.method !== 'POST') return { notice: askSignOut, cookies: [] };
    // A foreign page may post here, but not with this word.
    const isOwn = raw.headers.origin === `https://${target.authority}`;
    if (!isOwn || !isPressed(raw))
      return { notice: { ...askSignOut, status: 403, error: 'foreign-origin' }, cookies: [] };
    return signIn.end(session, new URLSearchParams(target.query).has('everywhere'));
  }

  /** RFC 7517; of two under one id the last. */
  #keys(): object[] {
    const byId = new Map(this.#options.jwks().map((key) => [key.kid, key]));
    return [...byId.values()].map((key) => ({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', ...key }));
  }
}

/** Whether a person pressed a button, as far as browsers say: a script of the application ends nobody's sessions by itself. */
function isPressed({ headers }: RawRequest): boolean {
  return headers['sec-fetch-mode'] === undefined || headers['sec-fetch-user'] === '?1';
}
