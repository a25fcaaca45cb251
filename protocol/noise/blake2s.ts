/** BLAKE2s (RFC 7693) and what Noise builds on it: HMAC (RFC 2104) and Noise's HKDF, over node:crypto. */
import { createHash } from 'node:crypto';

export const hashBytes = 32;

/** BLAKE2s-256 over the parts in order; 32 bytes of the caller's own. */
export function blake2s(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('blake2s256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Bytes of a block (RFC 7693 section 2.1), to which HMAC fills up its key. */
const blockBytes = 64;

/**
 * HMAC-BLAKE2s-256 over the parts in order; 32 bytes of the caller's own. By the two hashes it is made of: to make its key object
 * alone costs `createHmac` more than both of them, and a handshake has dozens.
 */
export function hmacBlake2s(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const fitting = key.length > blockBytes ? blake2s(key) : key;
  return blake2s(padded(fitting, 0x5c), blake2s(padded(fitting, 0x36), ...parts));
}

/** The key, filled up with zeros to a block, each byte of it changed by `pad`. */
function padded(key: Uint8Array, pad: number): Buffer {
  const block = Buffer.alloc(blockBytes, pad);
  for (let index = 0; index < key.length; index++) block[index] = (key[index] ?? 0) ^ pad;
  return block;
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
