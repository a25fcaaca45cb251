/** ChaCha20-Poly1305 by @noble/ciphers: plain JavaScript, works everywhere, slowest. */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { Aead } from './aead.ts';

export const nobleAead: Aead = {
  seal(key, nonce, associated, plaintext, out) {
    out.set(chacha20poly1305(key, nonce, associated).encrypt(plaintext));
  },
  open(key, nonce, associated, sealed, out) {
    try {
      out.set(chacha20poly1305(key, nonce, associated).decrypt(sealed));
      return true;
    } catch {
      return false;
    }
  },
};
