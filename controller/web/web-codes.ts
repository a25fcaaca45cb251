/**
 * One-time codes between a sign-in at the controller and a connector (WIRE A10): 32 random bytes, a minute, one use, kept as
 * a hash together with the hostname, the network, what only the browser has, and its session.
 */
import { createHash } from 'node:crypto';
import { fromBase64Url, toBase64Url } from '../../protocol/encoding.ts';
import type { Id, NetworkId } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import { sameText } from '../../protocol/secrets.ts';
import type { Random } from '../../protocol/clock.ts';
import type { WebCodesTable } from '../store/tables/web-door.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

const lifeMs = 60_000;

export type WebCode = Omit<WebCodesTable, 'organisation' | 'hash' | 'expires_ms'>;

/** Makes a code and returns it; it is nowhere else. Undefined when its session is over, since a moment ago maybe. */
export async function makeWebCode(
  store: ScopedStore,
  code: WebCode,
  { random, nowMs }: { readonly random: Random; readonly nowMs: number },
): Promise<string | undefined> {
  return store.transaction(async (tx) => {
    const open = await tx
      .select('sessions')
      .select('id')
      .where('id', '=', code.session)
      .where('ended_ms', 'is', null)
      .executeTakeFirst();
    return open === undefined ? undefined : writeWebCode(tx, code, { random, nowMs });
  });
}

/** The same inside the caller's transaction. */
export async function writeWebCode(
  tx: ScopedStore,
  code: WebCode,
  { random, nowMs }: { readonly random: Random; readonly nowMs: number },
): Promise<string> {
  const text = toBase64Url(random(32));
  await tx.delete('web_codes').where('expires_ms', '<=', nowMs).execute();
  await tx.insert('web_codes', { ...code, hash: hashOf(text) ?? '', expires_ms: nowMs + lifeMs }).execute();
  return text;
}

/** Codes that are under way count for the session that follows the one they were made for. */
export async function moveWebCodes(tx: ScopedStore, from: Id<'ses'>, to: Id<'ses'>): Promise<void> {
  await tx.update('web_codes').set({ session: to }).where('session', '=', from).execute();
}

/**
 * Uses a code up and returns what it was made for; undefined when it is unknown, used, too old, or for another hostname,
 * network or browser. Whoever shows a code uses it up, right or wrong.
 */
export async function takeWebCode(
  tx: ScopedStore,
  shown: {
    readonly code: string;
    readonly verifier: string;
    readonly host: string;
    readonly network: NetworkId;
  },
  nowMs: number,
): Promise<WebCodesTable | undefined> {
  const [hash, challenge] = [hashOf(shown.code), hashOf(shown.verifier)];
  if (hash === undefined || challenge === undefined) return undefined;
  const row = await tx.delete('web_codes').where('hash', '=', hash).returningAll().executeTakeFirst();
  if (row === undefined || row.expires_ms <= nowMs) return undefined;
  if (row.network !== shown.network || (row.host as Name | string) !== shown.host) return undefined;
  return sameText(row.challenge, challenge) ? row : undefined;
}

/** base64url SHA-256 of the bytes that the text stands for. */
function hashOf(text: string): string | undefined {
  const bytes = fromBase64Url(text);
  return bytes === undefined ? undefined : createHash('sha256').update(bytes).digest('base64url');
}
