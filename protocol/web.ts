/**
 * The web session of WIRE A2: what one browser, holding one cookie, may open at one hostname. Signed by the controller,
 * sent on control channels only, kept by every connector of the network. Says nothing of how a browser comes by one (A10).
 */
import {
  parseId,
  type Id,
  type NetworkId,
  type OrganisationId,
  type ResourceId,
  type UserId,
} from './ids.ts';
import { parseName, type Name } from './names.ts';
import { openToken, signToken, type Card, type TokenSigner } from './tokens.ts';

/** Who somebody is to the application behind the door. */
export interface Who {
  readonly name: string;
  readonly email?: string;
  /** Groups that the policies and path rules of the network's resources use. */
  readonly groups: readonly string[];
}

export interface WebSession {
  readonly iss: string;
  /** The exact hostname; never a wildcard. */
  readonly aud: Name;
  readonly jti: Id<'tok'>;
  readonly org: OrganisationId;
  readonly net: NetworkId;
  readonly res: ResourceId;
  readonly sub: UserId;
  /** The browser's session at the controller. */
  readonly ses: Id<'ses'>;
  /** base64url SHA-256 of the cookie's 32 bytes. */
  readonly ch: string;
  readonly who: Who;
  /** Authentication methods (RFC 8176) of the sign-in behind it, and when that was, in epoch seconds. */
  readonly amr: readonly string[];
  readonly auth_time?: number;
  /** The browser's address as the relay reported it to the connector that redeemed; absent when that was not known. */
  readonly src?: string;
  /** `until` in epoch seconds; `out` is how long it outlives contact with the controller, in seconds. */
  readonly cav: { readonly until: number; readonly out: number };
  readonly iat: number;
  readonly exp: number;
}

const typ = 'postern-web+jwt';
const hash = /^[A-Za-z0-9_-]{43}$/;

/** Throws a plain Error when the token would pass 16 KiB. */
export function signWebSession(signer: TokenSigner, session: WebSession): Promise<string> {
  return signToken(signer, typ, session);
}

/**
 * Verifies a web session as far as the token alone goes: typ, alg, key, signature, issuer, network, that its audience is a
 * name that `serves` takes, time. Contact, revocation and the cookie are the caller's. Undefined when anything is wrong.
 */
export async function verifyWebSession(
  token: string,
  card: Card,
  expected: { readonly network: NetworkId; readonly serves: (host: Name) => boolean },
  nowS: number,
): Promise<WebSession | undefined> {
  const claims = await openToken(token, typ, card.keys, nowS);
  if (claims === undefined || claims['iss'] !== card.iss || claims['net'] !== expected.network)
    return undefined;
  const session = claims as unknown as WebSession;
  const host = typeof session.aud === 'string' ? parseName(session.aud) : undefined;
  if (host === undefined || host !== session.aud || !expected.serves(host)) return undefined;
  const ids = [
    parseId('tok', session.jti),
    parseId('res', session.res),
    parseId('usr', session.sub),
    parseId('ses', session.ses),
  ];
  if (ids.includes(undefined) || typeof session.ch !== 'string' || !hash.test(session.ch)) return undefined;
  const cav = claims['cav'] as { until?: unknown; out?: unknown } | null | undefined;
  if (typeof cav?.until !== 'number' || typeof cav.out !== 'number') return undefined;
  return typeof claims['who'] === 'object' && claims['who'] !== null ? session : undefined;
}
