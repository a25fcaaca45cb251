/**
 * Codes by e-mail: eight digits, ten minutes, five tries, one at a time for each browser and hostname. One is kept for whoever
 * asks, invited or not, so that neither an answer nor the time it takes tells the two apart.
 */
import { createHash } from 'node:crypto';
import type { Random } from '../../protocol/clock.ts';
import type { Email } from '../../protocol/email-address.ts';
import type { Name } from '../../protocol/names.ts';
import { sameText } from '../../protocol/secrets.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

export const codeLifeMs = 10 * 60_000;
const mostTries = 5;
const digits = 8;

/** What a code is bound to. */
export interface CodePlace {
  /** The random cookie of the browser that asked for it. */
  readonly browser: string;
  readonly host: Name;
}

/** Makes a code in the place of the one before, and returns it. */
export async function makeGuestCode(
  store: ScopedStore,
  { browser, host }: CodePlace,
  { email, isInvited }: { readonly email: Email; readonly isInvited: boolean },
  { random, nowMs }: { readonly random: Random; readonly nowMs: number },
): Promise<string> {
  const code = drawDigits(random);
  const key = hashOf(browser);
  await store.transaction(async (tx) => {
    await tx.delete('guest_codes').where('expires_ms', '<=', nowMs).execute();
    await tx.delete('guest_codes').where('browser', '=', key).where('host', '=', host).execute();
    await tx
      .insert('guest_codes', {
        browser: key,
        host,
        email,
        invited: isInvited ? 1 : 0,
        hash: hashOf(`${key} ${code}`),
        tries: 0,
        expires_ms: nowMs + codeLifeMs,
      })
      .execute();
  });
  return code;
}

/**
 * Whose code it is, once; undefined when it is wrong, too old, tried too often, made for another browser or hostname, or for
 * somebody who is not invited.
 */
export async function takeGuestCode(
  store: ScopedStore,
  { browser, host }: CodePlace,
  code: string,
  nowMs: number,
): Promise<Email | undefined> {
  const key = hashOf(browser);
  return store.transaction(async (tx) => {
    const row = await tx
      .select('guest_codes')
      .selectAll()
      .where('browser', '=', key)
      .where('host', '=', host)
      .executeTakeFirst();
    if (row === undefined || row.expires_ms <= nowMs) return undefined;
    const isRight = sameText(row.hash, hashOf(`${key} ${code}`)) && row.invited === 1;
    const isLast = row.tries + 1 >= mostTries;
    const own = tx.delete('guest_codes').where('browser', '=', key).where('host', '=', host);
    if (isRight || isLast) await own.execute();
    else
      await tx
        .update('guest_codes')
        .set({ tries: row.tries + 1 })
        .where('browser', '=', key)
        .where('host', '=', host)
        .execute();
    return isRight ? row.email : undefined;
  });
}

/** Each code as likely as every other. */
function drawDigits(random: Random): string {
  const all = 10 ** digits;
  for (;;) {
    const drawn = random(4).readUInt32BE();
    if (drawn < Math.floor(2 ** 32 / all) * all) return String(drawn % all).padStart(digits, '0');
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
