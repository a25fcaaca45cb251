/** Codes of an authenticator (TOTP, RFC 6238: SHA-1, six digits, 30 s), each good once. */
import { Secret, TOTP } from 'otpauth';

const periodS = 30;

/** What an authenticator is told; `secret` is 20 bytes. */
export function authenticatorUri(secret: Uint8Array, account: string): { otpauth: string; secret: string } {
  const totp = totpOf(secret, account);
  return { otpauth: totp.toString(), secret: totp.secret.base32 };
}

/**
 * The step of the code when it is right now, or was just before or after, and comes after `lastStep`; undefined for any
 * other. The caller keeps it: a code that somebody has looked over a shoulder for is good no more.
 */
export function stepOfCode(
  secret: Uint8Array,
  code: string,
  { nowMs, lastStep }: { readonly nowMs: number; readonly lastStep: number },
): number | undefined {
  const delta = totpOf(secret, '').validate({ token: code, timestamp: nowMs, window: 1 });
  if (delta === null) return undefined;
  const step = Math.floor(nowMs / 1_000 / periodS) + delta;
  return step > lastStep ? step : undefined;
}

function totpOf(secret: Uint8Array, label: string): TOTP {
  return new TOTP({
    issuer: 'Postern',
    label,
    algorithm: 'SHA1',
    digits: 6,
    period: periodS,
    secret: new Secret({ buffer: Uint8Array.from(secret).buffer }),
  });
}
