/**
 * Passwords of local owners as scrypt hashes: `scrypt$N$r$p$salt$hash`, the numbers beside the hash so that they can grow.
 * A few are computed at a time; who comes beyond that is told to come again, so that nobody fills the machine with them.
 */
import { scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import type { Random } from '../../protocol/clock.ts';
import { fromBase64Url, toBase64Url } from '../../protocol/encoding.ts';

/** 64 MiB and about a tenth of a second each. */
const cost = { N: 65_536, r: 8, p: 1 } as const;
const keyBytes = 32;
const atOnce = 4;
let running = 0;

/** Too many are being computed. */
export class Busy extends Error {}

/** Rejects with `Busy`. */
export async function hashPassword(password: string, random: Random): Promise<string> {
  const salt = random(16);
  const key = await derive(password, salt, cost);
  return ['scrypt', cost.N, cost.r, cost.p, toBase64Url(salt), toBase64Url(key)].join('$');
}

/** Whether it is the password; without a hash no, after the same time. Rejects with `Busy`. */
export async function isPassword(password: string, hash: string | null | undefined): Promise<boolean> {
  const [kind, N, r, p, salt, key] = (hash ?? '').split('$');
  const expected = fromBase64Url(key ?? '');
  const isHash = kind === 'scrypt' && salt !== undefined && expected?.length === keyBytes;
  const numbers = isHash ? { N: Number(N), r: Number(r), p: Number(p) } : cost;
  const given = await derive(password, fromBase64Url(isHash ? salt : '') ?? Buffer.alloc(16), numbers);
  return isHash && timingSafeEqual(given, expected);
}

async function derive(password: string, salt: Buffer, numbers: ScryptOptions): Promise<Buffer> {
  if (running >= atOnce) throw new Busy();
  running += 1;
  try {
    return await new Promise((resolve, reject) => {
      const options = { ...numbers, maxmem: 256 * 1_024 * 1_024 };
      scrypt(password.normalize('NFKC'), salt, keyBytes, options, (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      });
    });
  } finally {
    running -= 1;
  }
}
