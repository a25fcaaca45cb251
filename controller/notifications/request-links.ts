/**
 * Links in mails to approvers. One names a request and an address, answers that request once, and only in the session of
 * whoever signs in under that address: a machine that opens what it finds in mails opens a page and changes nothing.
 */
import type { Random } from '../../protocol/clock.ts';
import type { Email } from '../../protocol/email-address.ts';
import { fromBase64Url, toBase64Url } from '../../protocol/encoding.ts';
import type { Id } from '../../protocol/ids.ts';
import { hashOfSecret } from '../../protocol/secrets.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** Makes a link's token, good until `expiresMs`; only its hash is kept. */
export async function makeRequestLink(
  store: ScopedStore,
  {
    request,
    email,
    expiresMs,
  }: { readonly request: Id<'req'>; readonly email: Email; readonly expiresMs: number },
  { random, nowMs }: { readonly random: Random; readonly nowMs: number },
): Promise<string> {
  const secret = random(32);
  await store.delete('request_links').where('expires_ms', '<=', nowMs).execute();
  await store
    .insert('request_links', { hash: hashOfSecret(secret), request, email, expires_ms: expiresMs })
    .execute();
  return toBase64Url(secret);
}

/**
 * Inside the transaction that counts the answer: uses the link up. False when it was used, has run out, or is for another
 * request or another person.
 */
export async function takeRequestLink(
  tx: ScopedStore,
  token: string,
  { request, email, nowMs }: { readonly request: Id<'req'>; readonly email: string; readonly nowMs: number },
): Promise<boolean> {
  const secret = fromBase64Url(token);
  if (secret === undefined) return false;
  const taken = await tx
    .delete('request_links')
    .where('hash', '=', hashOfSecret(secret))
    .where('request', '=', request)
    .where('email', '=', email.toLowerCase() as Email)
    .where('expires_ms', '>', nowMs)
    .returning('hash')
    .executeTakeFirst();
  return taken !== undefined;
}
