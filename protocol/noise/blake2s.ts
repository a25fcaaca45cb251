/** BLAKE2s (RFC 7693) and what Noise builds on it: HMAC (RFC 2104) and Noise's HKDF, over node:crypto. */
import { createHash, createHmac } from 'node:crypto';

export const hashBytes = 32;

/** BLAKE2s-256 over the parts in order; 32 bytes of the caller's own. */
export function blake2s(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('blake2s256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** HMAC-BLAKE2s-256 over the parts in order; 32 bytes of the caller's own. */
export function hmacBlake2s(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('blake2s256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/**
 * Noise's HKDF with three outputs (Noise section 4.3), which is RFC 5869 without `info`; whoever needs two leaves the
 * third. Another `mac` serves the published vectors, which know no BLAKE2s.
 */
export function hkdf(
  chainingKey: Uint8Array,
  input: Uint8Array,
  mac: typeof hmacBlake2s = hmacBlake2s,
): [Buffer, Buffer, Buffer] {
  const temporary = mac(chainingKey, input);
  const first = mac(temporary, one);
  const second = mac(temporary, first, two);
  return [first, second, mac(temporary, second, three)];
}

const one = Buffer.from([1]);
const two = Buffer.from([2]);
const three = Buffer.from([3]);
