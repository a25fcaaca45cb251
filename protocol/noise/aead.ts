/** The one interface over ChaCha20-Poly1305 (RFC 8439) that the cipher state sees, whoever computes it. */
export const keyBytes = 32;
export const nonceBytes = 12;
export const tagBytes = 16;

export interface Aead {
  /**
   * Seals `plaintext` into `out`, which is exactly `tagBytes` longer. Both belong to the caller and may begin at the
   * same memory.
   */
  seal(key: Buffer, nonce: Buffer, associated: Buffer, plaintext: Buffer, out: Buffer): void;
  /**
   * Opens `sealed` into `out`, which is exactly `tagBytes` shorter and may begin at the same memory. False when the tag
   * does not fit; `out` then holds nothing to rely on.
   */
  open(key: Buffer, nonce: Buffer, associated: Buffer, sealed: Buffer, out: Buffer): boolean;
}
