/**
 * What Postern asks of an ID token beyond what openid-client has checked by then: a subject that names somebody, an issue
 * time near now, and the access token that it says it came with (OpenID Connect Core sections 2 and 3.1.3.6).
 */
import { createHash } from 'node:crypto';
import { sameText } from '../../protocol/secrets.ts';

/** A token comes straight from the provider's endpoint: more than a difference between clocks is something else. */
const maxAgeMs = 10 * 60_000;
const maxSubject = 255;

/** What is wrong, as words for the log; undefined when nothing is. */
export function objectionToIdToken(
  token: string,
  claims: { readonly sub: string; readonly iat: number; readonly [claim: string]: unknown },
  { accessToken, nowMs }: { readonly accessToken: string; readonly nowMs: number },
): string | undefined {
  const { sub, iat, at_hash: hash } = claims;
  if (sub === '' || sub.length > maxSubject) return 'the subject is empty or too long';
  if (Math.abs(nowMs - iat * 1_000) > maxAgeMs) return 'it was issued long ago or in time to come';
  if (hash === undefined) return undefined;
  const expected = accessTokenHash(token, accessToken);
  return typeof hash === 'string' && expected !== undefined && sameText(hash, expected)
    ? undefined
    : 'it belongs to another access token';
}

/** The left half of the digest that the token's own algorithm uses; undefined for an algorithm without one. */
function accessTokenHash(token: string, accessToken: string): string | undefined {
  const header = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString()) as {
    alg?: unknown;
  };
  const alg = String(header.alg);
  const [, bits = alg === 'EdDSA' || alg === 'Ed25519' ? '512' : undefined] =
    /^[A-Z]{2}(256|384|512)$/.exec(alg) ?? [];
  if (bits === undefined) return undefined;
  const digest = createHash(`sha${bits}`).update(accessToken).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}
