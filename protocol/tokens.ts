/**
 * The signed tokens of WIRE A2: card, ticket, grant. Each has its own `typ` and audience and is checked by exact match;
 * signing is the controller's, verifying is every node's. What a token names is never fetched.
 */
import { sign } from 'node:crypto';
import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, type JWK } from 'jose';
import { encodeKey, ed25519PublicKey, type SigningKey } from './keys.ts';
import { fromBase64Url, toBase64Url } from './encoding.ts';
import type {
  DeviceId,
  Id,
  NetworkId,
  NodeId,
  OrganisationId,
  ResourceId,
  ServiceAccountId,
  UserId,
} from './ids.ts';

/** Clocks of two programs may differ by this much. */
const leewayS = 5;
const maxTokenBytes = 16_384;

/** What the controller is: its issuer name, signing keys, control key and TLS authorities; signed by the root. */
export interface Card {
  readonly iss: string;
  /** Raw Ed25519 signing keys as base64url, by key id. */
  readonly keys: Readonly<Record<string, string>>;
  /** The X25519 control key, base64url. */
  readonly ctl: string;
  /** PEM certificates of the built-in TLS authority; empty when the controller's certificate comes from files. */
  readonly tls: readonly string[];
  readonly iat: number;
  readonly exp: number;
}

/** May attach to relays, and whom it may meet there. */
export interface Ticket {
  readonly iss: string;
  readonly jti: Id<'tok'>;
  readonly org: OrganisationId;
  readonly sub: NodeId;
  readonly role: 'client' | 'connector';
  /** The machine key the ticket is bound to, base64url. */
  readonly mk: string;
  readonly meet: readonly NetworkId[];
  /** Public hostnames, exact or `*.x`, whose TLS a connector may be given; absent: none. */
  readonly hosts?: readonly string[];
  /** Bytes a second that its organisation may pass through all relays, both ways together; absent: without bound. */
  readonly rate?: number;
  /** How long without contact it stays good, in seconds. */
  readonly out: number;
  readonly iat: number;
  readonly exp: number;
}

/** One way in which resources of a grant are limited. `until` in epoch seconds, `out` in seconds. */
export interface Caveat {
  readonly until: number;
  readonly out: number;
  readonly ports?: readonly string[];
}

/** What one device, holding one node key, may reach on one network. */
export interface Grant {
  readonly iss: string;
  readonly aud: NetworkId;
  readonly jti: Id<'tok'>;
  readonly org: OrganisationId;
  readonly sub: UserId | ServiceAccountId;
  readonly dev: DeviceId;
  readonly ses: Id<'ses'>;
  /** The node key the grant is bound to, base64url. */
  readonly nk: string;
  readonly who: { readonly email?: string; readonly name: string; readonly groups: readonly string[] };
  /** When the person signed in, epoch seconds; absent for a service account. */
  readonly auth_time?: number;
  readonly cav: readonly Caveat[];
  readonly res: Readonly<Record<ResourceId, number>>;
  readonly iat: number;
  readonly exp: number;
}

/** A grant holds at most this many resources; further ones go into further grants. */
export const maxGrantResources = 300;

/** A signing key with its RFC 7638 thumbprint. */
export interface TokenSigner {
  readonly kid: string;
  readonly key: SigningKey;
}

/** The signer of a key; the key id is the RFC 7638 thumbprint of its public half. */
export async function tokenSigner(key: SigningKey): Promise<TokenSigner> {
  return { key, kid: await thumbprint(key.publicKey) };
}

/** The RFC 7638 thumbprint of a raw Ed25519 public key. */
function thumbprint(publicKey: Uint8Array): Promise<string> {
  return calculateJwkThumbprint(jwkOf(publicKey));
}

export function signCard(root: TokenSigner, card: Card): Promise<string> {
  const keys = Object.entries(card.keys).map(([kid, x]) => ({ kty: 'OKP', crv: 'Ed25519', x, kid }));
  return signToken(root, 'postern-card+jwt', { ...card, keys: { keys } });
}

export function signTicket(signer: TokenSigner, ticket: Ticket): Promise<string> {
  const { mk, ...claims } = ticket;
  return signToken(signer, 'postern-ticket+jwt', { ...claims, aud: 'relay', cnf: { mk } });
}

/** Throws a plain Error when the token would pass 16 KiB: the caller splits by size as well as by count. */
export function signGrant(signer: TokenSigner, grant: Grant): Promise<string> {
  const { nk, ...claims } = grant;
  return signToken(signer, 'postern-grant+jwt', { ...claims, cnf: { nk } });
}

/** Verifies a card under the pinned root key; undefined when anything about it is wrong or it is out of time. */
export async function verifyCard(token: string, root: Uint8Array, nowS: number): Promise<Card | undefined> {
  const claims = await openToken(
    token,
    'postern-card+jwt',
    { [await thumbprint(root)]: encodeKey(root) },
    nowS,
  );
  if (claims === undefined || typeof claims['ctl'] !== 'string' || !Array.isArray(claims['tls']))
    return undefined;
  const keys: Record<string, string> = {};
  for (const jwk of (claims['keys'] as { keys: JWK[] }).keys) {
    if (typeof jwk.x !== 'string' || typeof jwk.kid !== 'string') return undefined;
    const raw = fromBase64Url(jwk.x);
    if (raw?.length !== 32 || (await thumbprint(raw)) !== jwk.kid) return undefined;
    keys[jwk.kid] = jwk.x;
  }
  return { ...(claims as unknown as Card), keys };
}

/**
 * Whether each of these tokens was signed by a key of the card, whatever its time: for who passes them on and has a clock of
 * its own. The verifier they are meant for checks the rest.
 */
export async function areSigned(
  card: Card | undefined,
  kind: 'grant' | 'ticket' | 'web',
  tokens: readonly string[],
): Promise<boolean> {
  const keys = card?.keys ?? {};
  const claims = await Promise.all(tokens.map((token) => signedClaims(token, `postern-${kind}+jwt`, keys)));
  return !claims.includes(undefined);
}

/** Whether `after` no longer has a key of `before`: what that signed counts no longer than the key does. */
export function hasLostKey(before: Card | undefined, after: Card): boolean {
  return Object.keys(before?.keys ?? {}).some((kid) => !Object.hasOwn(after.keys, kid));
}

/** Verifies a ticket against the card; undefined when anything about it is wrong or it is out of time. */
export async function verifyTicket(token: string, card: Card, nowS: number): Promise<Ticket | undefined> {
  const claims = await openToken(token, 'postern-ticket+jwt', card.keys, nowS);
  if (claims === undefined || claims['iss'] !== card.iss || claims['aud'] !== 'relay') return undefined;
  const mk = (claims['cnf'] as { mk?: unknown } | undefined)?.mk;
  if (typeof mk !== 'string' || !Array.isArray(claims['meet'])) return undefined;
  if (claims['hosts'] !== undefined && !Array.isArray(claims['hosts'])) return undefined;
  if (claims['rate'] !== undefined && typeof claims['rate'] !== 'number') return undefined;
  return { ...(claims as unknown as Ticket), mk };
}

/**
 * Verifies a grant in the order of WIRE A2, as far as the token alone goes: typ, alg, key, signature, issuer, audience,
 * bound key, time. Contact and revocation are the caller's. Undefined when anything is wrong.
 */
export async function verifyGrant(
  token: string,
  card: Card,
  expected: { readonly network: NetworkId; readonly nodeKey: Uint8Array },
  nowS: number,
): Promise<Grant | undefined> {
  const claims = await openToken(token, 'postern-grant+jwt', card.keys, nowS);
  if (claims === undefined || claims['iss'] !== card.iss || claims['aud'] !== expected.network)
    return undefined;
  const nk = (claims['cnf'] as { nk?: unknown } | undefined)?.nk;
  if (nk !== encodeKey(expected.nodeKey)) return undefined;
  if (!Array.isArray(claims['cav']) || typeof claims['res'] !== 'object') return undefined;
  return { ...(claims as unknown as Grant), nk };
}

/**
 * Signs claims as a token of this type: a compact JWS (RFC 7515 section 3.1), EdDSA (RFC 8037). The same claims give the same
 * text each time. Throws a plain Error when it would pass 16 KiB.
 */
export async function signToken(signer: TokenSigner, typ: string, claims: object): Promise<string> {
  const header = textOf({ alg: 'EdDSA', kid: signer.kid, typ });
  const content = `${header}.${textOf(claims)}`;
  // Here and now: to give it to another thread costs as much as to do it.
  const signature = sign(null, Buffer.from(content), signer.key.privateKey);
  const token = `${content}.${toBase64Url(signature)}`;
  if (token.length > maxTokenBytes) throw new Error(`a ${typ} of ${token.length} bytes is too large`);
  return token;
}

function textOf(part: object): string {
  return toBase64Url(Buffer.from(JSON.stringify(part)));
}

/** The claims of a token of exactly this type, signed by one of `keys`, within its time; undefined otherwise. */
export async function openToken(
  token: string,
  typ: string,
  keys: Readonly<Record<string, string>>,
  nowS: number,
): Promise<Record<string, unknown> | undefined> {
  const claims = await signedClaims(token, typ, keys);
  if (claims === undefined) return undefined;
  const { iat, exp } = claims;
  if (typeof iat !== 'number' || typeof exp !== 'number') return undefined;
  return iat - leewayS <= nowS && nowS <= exp + leewayS ? claims : undefined;
}

/** The claims of a token of exactly this type, signed by one of `keys`; undefined otherwise. */
async function signedClaims(
  token: string,
  typ: string,
  keys: Readonly<Record<string, string>>,
): Promise<Record<string, unknown> | undefined> {
  if (token.length > maxTokenBytes || !strictParts(token)) return undefined;
  try {
    const header = decodeProtectedHeader(token);
    if (Object.keys(header).toSorted().join() !== 'alg,kid,typ') return undefined;
    if (header.alg !== 'EdDSA' || header.typ !== typ || typeof header.kid !== 'string') return undefined;
    const x = Object.hasOwn(keys, header.kid) ? keys[header.kid] : undefined;
    const raw = x === undefined ? undefined : fromBase64Url(x);
    if (raw === undefined) return undefined;
    const { payload } = await compactVerify(token, ed25519PublicKey(raw), { algorithms: ['EdDSA'] });
    return JSON.parse(Buffer.from(payload).toString('utf8')) as Record<string, unknown>;
  } catch {
    // jose throws for a bad signature and for anything malformed; both are simply not a token.
    return undefined;
  }
}

function strictParts(token: string): boolean {
  const parts = token.split('.');
  return parts.length === 3 && parts.every((part) => part !== '' && fromBase64Url(part) !== undefined);
}

function jwkOf(publicKey: Uint8Array): JWK {
  return { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) };
}
