/** ChaCha20-Poly1305 by libsodium: the fastest per record. Absent on platforms without a prebuilt binary. */
import { createRequire } from 'node:module';
import type { Aead } from './aead.ts';

/** What is used of sodium-native, which has no types of its own. */
interface Sodium {
  crypto_aead_chacha20poly1305_ietf_encrypt(
    sealed: Buffer,
    plaintext: Buffer,
    associated: Buffer,
    secretNonce: null,
    nonce: Buffer,
    key: Buffer,
  ): number;
  /** Throws when the tag does not fit. */
  crypto_aead_chacha20poly1305_ietf_decrypt(
    plaintext: Buffer,
    secretNonce: null,
    sealed: Buffer,
    associated: Buffer,
    nonce: Buffer,
    key: Buffer,
  ): number;
}

/** Undefined where sodium-native cannot be loaded. */
export const sodiumAead: Aead | undefined = overSodium(loadSodium());

function loadSodium(): Sodium | undefined {
  try {
    return createRequire(import.meta.url)('sodium-native') as Sodium;
  } catch {
    return undefined;
  }
}

function overSodium(sodium: Sodium | undefined): Aead | undefined {
  if (sodium === undefined) return undefined;
  return {
    seal(key, nonce, associated, plaintext, out) {
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(out, plaintext, associated, null, nonce, key);
    },
    open(key, nonce, associated, sealed, out) {
      try {
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(out, null, sealed, associated, nonce, key);
        return true;
      } catch {
        return false;
      }
    },
  };
}
