/** `Authorization: Bearer at_…`. A token that is malformed, unknown or expired is an error, not an anonymous caller. */
import { createHash } from 'node:crypto';
import { decodeApiToken, hashOfSecret } from '../../protocol/secrets.ts';
import { noteTokenUse, scopesOf } from '../api-tokens.ts';
import type { ControllerContext } from '../context.ts';
import { Guesses } from '../guesses.ts';
import type { Authenticate } from './access.ts';
import { ProblemError } from './problems.ts';

/** Different tokens that are no good, from one source. */
const wrongTokens = { limit: 30, windowMs: 10 * 60_000 };
const mostRecentTokens = 1_000;

export function tokenAuthenticator(context: ControllerContext): Authenticate {
  const guesses = new Guesses(context.live, 'api tokens', wrongTokens);
  const seen = new RecentTokens();
  return async ({ headers, ip }) => {
    if (headers.authorization === undefined) return undefined;
    const [scheme, text, ...rest] = headers.authorization.split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || text === undefined || rest.length > 0)
      return { kind: 'nobody' };
    const token = decodeApiToken(text);
    const hash = token === undefined ? undefined : hashOfSecret(token.secret);
    const waitMs = guesses.waitMs(ip, context.now());
    if (waitMs !== undefined && !seen.has(hash)) throw ProblemError.tooMany(waitMs);
    const row = hash === undefined ? undefined : await context.store.apiToken(hash);
    if (row === undefined || (row.expires_ms !== null && row.expires_ms <= context.now())) {
      guesses.wrong(ip, hash ?? createHash('sha256').update(text).digest('base64url'));
      return { kind: 'nobody' };
    }
    seen.add(row.hash);
    const { organisation, id, role } = row;
    await noteTokenUse(context.organisation(organisation).store, row, context.now());
    return { kind: 'token', organisation, id, role, scopes: scopesOf(row), expiresMs: row.expires_ms };
  };
}

/** Hashes of tokens that were good lately: those who use them are not held off for what others guess beside them. */
class RecentTokens {
  readonly #hashes = new Set<string>();

  add(hash: string): void {
    this.#hashes.delete(hash);
    this.#hashes.add(hash);
    const [oldest] = this.#hashes;
    if (this.#hashes.size > mostRecentTokens && oldest !== undefined) this.#hashes.delete(oldest);
  }

  has(hash: string | undefined): boolean {
    return hash !== undefined && this.#hashes.has(hash);
  }
}
