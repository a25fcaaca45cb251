/** ChaCha20-Poly1305 by node:crypto: everywhere Node's OpenSSL has it, at a higher price per record. */
import { createCipheriv, createDecipheriv, getCiphers } from 'node:crypto';
import { tagBytes, type Aead } from './aead.ts';

const algorithm = 'chacha20-poly1305';
const options = { authTagLength: tagBytes };

const overNode: Aead = {
  seal(key, nonce, associated, plaintext, out) {
    const cipher = createCipheriv(algorithm, key, nonce, options);
    cipher.setAAD(associated, { plaintextLength: plaintext.length });
    cipher.update(plaintext).copy(out);
    cipher.final();
    cipher.getAuthTag().copy(out, out.length - tagBytes);
  },
  open(key, nonce, associated, sealed, out) {
    const decipher = createDecipheriv(algorithm, key, nonce, options);
    decipher.setAAD(associated, { plaintextLength: out.length });
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    const plaintext = decipher.update(sealed.subarray(0, out.length));
    try {
      decipher.final();
    } catch {
      return false;
    }
    plaintext.copy(out);
    return true;
  },
};

/** Undefined where this OpenSSL leaves the cipher out. */
export const nodeAead: Aead | undefined = getCiphers().includes(algorithm) ? overNode : undefined;
