/** Codes of an authenticator (TOTP, RFC 6238: SHA-1, six digits, 30 s). */
import { Secret, TOTP } from 'otpauth';

const periodS = 30;

/** What an authenticator is told; `secret` is 20 bytes. */
export function authenticatorUri(secret: Uint8Array, account: string): { otpauth: string; secret: string } {
  const totp = totpOf(secret, account);
  return { otpauth: totp.toString(), secret: totp.secret.base32 };
}

/**
 * The step of the code when it is right now, or was just before or after; undefined for any other. The caller lets each step
 * be used once: a code that somebody has looked over a shoulder for is good no more.
 */
export function stepOfCode(secret: Uint8Array, code: string, nowMs: number): number | undefined {
  const delta = totpOf(secret, '').validate({ token: code, timestamp: nowMs, window: 1 });
  return delta === null ? undefined : Math.floor(nowMs / 1_000 / periodS) + delta;
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
