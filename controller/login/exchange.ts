/** Turns a provider's answer to a sign-in into who that is: code for tokens, every check of the ID token, the claims. */
import { authorizationCodeGrant, fetchUserInfo } from 'openid-client';
import type { SignInError } from '../../protocol/portal.ts';
import type { ControllerContext } from '../context.ts';
import { objectionToIdToken } from './id-token-claims.ts';
import { needsUserInfo, readIdentity, type Claims, type Identity } from './identity-claims.ts';
import type { PendingSignIn } from './pending-sign-ins.ts';
import type { Provider } from './providers.ts';

export interface Exchanged {
  readonly identity: Identity;
  readonly idToken: string;
  /** What the identity was read from; `userInfo` is empty where it was not asked. */
  readonly claims: { readonly idToken: Claims; readonly userInfo: Claims };
}

/** Who the provider says this is; else why that cannot be told. `url` is where the browser was sent back to. */
export async function exchange(
  context: ControllerContext,
  { client, definition }: Provider,
  url: URL,
  state: string,
  { nonce, codeVerifier }: PendingSignIn,
): Promise<Exchanged | SignInError> {
  if (url.searchParams.has('error')) return 'provider-refused';
  try {
    const tokens = await authorizationCodeGrant(client, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined || tokens.id_token === undefined) return 'provider-answer';
    const objection = objectionToIdToken(tokens.id_token, claims, {
      accessToken: tokens.access_token,
      nowMs: context.now(),
    });
    if (objection !== undefined) throw new Error(`the ID token is refused: ${objection}`);
    const more =
      client.serverMetadata().userinfo_endpoint !== undefined &&
      needsUserInfo(claims, definition.groupsClaim);
    const userInfo = more ? await fetchUserInfo(client, tokens.access_token, claims.sub) : {};
    return {
      identity: readIdentity(claims, userInfo, definition.groupsClaim),
      idToken: tokens.id_token,
      claims: { idToken: claims, userInfo },
    };
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    context.log.warn({ provider: definition.name, code, reason: message }, 'a sign-in could not be checked');
    return isUnreachable(error) ? 'provider-unreachable' : 'provider-answer';
  }
}

/** Not an answer at all: no connection, no TLS, no time. */
function isUnreachable(error: unknown): boolean {
  const cause = (error as { cause?: unknown }).cause ?? error;
  return (
    cause instanceof TypeError ||
    (cause instanceof Error && ['TimeoutError', 'AbortError'].includes(cause.name)) ||
    (error as { code?: unknown }).code === 'OAUTH_TIMEOUT'
  );
}
