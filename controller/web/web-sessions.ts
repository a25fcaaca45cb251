/**
 * Web sessions in force: minted when a code is redeemed, remembered until they end, decided anew whenever something changes,
 * and taken back by their ids. Whoever holds one keeps a cookie; the controller knows only its hash.
 */
import { newId, type Id, type NetworkId, type OrganisationId } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import { signWebSession } from '../../protocol/web.ts';
import type { ControllerContext } from '../context.ts';
import { resourceOutageS } from '../organisation/resource-hosts.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { SessionsTable } from '../store/tables/people.ts';
import type { WebSessionsTable } from '../store/tables/web-door.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { WebRight } from './web-right.ts';

/** What a new web session is for. */
export interface WebSessionClaims {
  readonly host: Name;
  /** base64url SHA-256 of the cookie. */
  readonly ch: string;
  /** Where the browser came from, as the controller and the relay saw it. */
  readonly addresses: readonly string[];
  /** The relay's word. */
  readonly src?: string;
}

/** Signs a web session and remembers it; inside the caller's transaction. Returns the token. */
export async function mintWebSession(
  context: ControllerContext,
  organisation: OrganisationId,
  tx: ScopedStore,
  session: SessionsTable,
  right: WebRight,
  { host, ch, addresses, src }: WebSessionClaims,
): Promise<{ readonly id: Id<'tok'>; readonly token: string }> {
  const nowMs = context.now();
  const id = newId('tok', context.random(16));
  const untilS = Math.floor(right.untilMs / 1_000);
  const { resource, who, terms } = right;
  const token = await signWebSession(context.keys.signer, {
    iss: context.publicUrl.origin,
    aud: host,
    jti: id,
    org: organisation,
    net: resource.network.id,
    res: resource.id,
    sub: session.subject as Id<'usr'>,
    ses: session.id,
    ch,
    who,
    amr: JSON.parse(session.amr) as string[],
    ...(session.auth_ms === null ? {} : { auth_time: Math.floor(session.auth_ms / 1_000) }),
    ...(src === undefined ? {} : { src }),
    cav: { until: untilS, out: resourceOutageS(resource.definition) },
    iat: Math.floor(nowMs / 1_000),
    exp: untilS,
  });
  await tx.delete('web_sessions').where('expires_ms', '<=', nowMs).execute();
  await tx
    .insert('web_sessions', {
      id,
      session: session.id,
      subject: session.subject as Id<'usr'>,
      network: resource.network.id,
      resource: resource.id,
      host,
      addresses: JSON.stringify(addresses),
      terms,
      token,
      until_ms: untilS * 1_000,
      expires_ms: untilS * 1_000,
    })
    .execute();
  return { id, token };
}

/** The tokens that connectors of these networks shall hold, by network; absent where there are none. */
export async function webTokensOf(
  store: ScopedStore,
  networks: readonly NetworkId[],
  nowMs: number,
): Promise<Map<NetworkId, string[]>> {
  const rows = await inChunks([...new Set(networks)], (some) =>
    store
      .select('web_sessions')
      .select(['network', 'token'])
      .where('network', 'in', some)
      .where('expires_ms', '>', nowMs)
      .execute(),
  );
  const tokens = new Map<NetworkId, string[]>();
  for (const { network, token } of rows) {
    const known = tokens.get(network);
    if (known === undefined) tokens.set(network, [token]);
    else known.push(token);
  }
  return tokens;
}

/** The claims that a remembered token carries; it is our own, so nothing is verified. */
export function claimsIn({ token }: Pick<WebSessionsTable, 'token'>): { ch: string; src?: string } {
  const [, payload = ''] = token.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { ch: string; src?: string };
}
