/**
 * Grants and tickets as texts, signed of what was issued whenever a node is given them. The same record and holder give the same
 * text, since Ed25519 has no randomness (RFC 8032), so no text has to be kept; and nothing waits for it inside a transaction.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import { signGrant, signTicket, type Caveat, type Grant } from '../../protocol/tokens.ts';
import type { Who } from '../../protocol/web.ts';
import type { ControllerContext } from '../context.ts';
import { rightsOf, termsOf, type IssuedToken } from './issued-tokens.ts';
import type { Rights } from './rights.ts';
import type { Seat } from './seat.ts';
import { whoTold } from './told.ts';

/** A grant of a device, for the one who sits there. */
export function signedGrant(
  { publicUrl, keys }: ControllerContext,
  organisation: OrganisationId,
  row: IssuedToken,
  { device, session, subject }: Seat,
): Promise<string> {
  if (row.network === null) throw new Error('a grant is of one network');
  return signGrant(keys.signer, {
    iss: publicUrl.origin,
    aud: row.network,
    jti: row.id,
    org: organisation,
    sub: subject.id,
    dev: device.id,
    ses: session.id,
    nk: device.nk,
    who: row.who === null ? whoTold(subject, []) : (JSON.parse(row.who) as Who),
    ...(session.authMs === undefined ? {} : { auth_time: Math.floor(session.authMs / 1_000) }),
    ...claimsOf(rightsOf(row)),
    iat: Math.floor(row.issued_ms / 1_000),
    exp: Math.floor(row.expires_ms / 1_000),
  });
}

/** A ticket of a device or a connector with this machine key. */
export function signedTicket(
  { publicUrl, keys }: ControllerContext,
  organisation: OrganisationId,
  row: IssuedToken,
  { mk, role }: { readonly mk: string; readonly role: 'client' | 'connector' },
): Promise<string> {
  return signTicket(keys.signer, {
    iss: publicUrl.origin,
    jti: row.id,
    org: organisation,
    sub: row.node,
    role,
    mk,
    ...termsOf(row),
    iat: Math.floor(row.issued_ms / 1_000),
    exp: Math.floor(row.expires_ms / 1_000),
  });
}

/** Caveats, each once, and the index of each resource's. */
export function claimsOf(rights: Rights): Pick<Grant, 'cav' | 'res'> {
  const caveats: Caveat[] = [];
  const places = new Map<string, number>();
  const res: Record<string, number> = {};
  for (const [id, { until, out }] of rights) {
    const key = `${until} ${out}`;
    let place = places.get(key);
    if (place === undefined) {
      place = caveats.push({ until, out }) - 1;
      places.set(key, place);
    }
    res[id] = place;
  }
  return { cav: caveats, res };
}
