/**
 * Noise's CipherState (section 5.1): one key and a counter that is the nonce. The handshake uses it with associated
 * data, the records of the tunnel without. Counters live here, so a nonce cannot repeat under a key.
 */
import { aead } from './best-aead.ts';
import { keyBytes, nonceBytes, tagBytes, type Aead } from './aead.ts';

const none = Buffer.alloc(0);

export class CipherState {
  readonly #aead: Aead;
  readonly #key: Buffer;
  readonly #nonce = Buffer.alloc(nonceBytes);
  #counter: number;
  #erased = false;

  /**
   * Copies `key` (32 bytes); the caller's copy stays the caller's to erase. `counter` is for tests that begin where nobody
   * gets by counting.
   */
  constructor(key: Uint8Array, implementation: Aead = aead, counter = 0) {
    if (key.length !== keyBytes) throw new Error('a cipher key is exactly 32 bytes');
    this.#aead = implementation;
    this.#key = Buffer.from(key);
    this.#counter = counter;
  }

  /** Seals with associated data into a new buffer, 16 bytes longer. */
  sealWith(associated: Buffer, plaintext: Buffer): Buffer {
    const out = Buffer.allocUnsafe(plaintext.length + tagBytes);
    this.#aead.seal(this.#key, this.#next(), associated, plaintext, out);
    return out;
  }

  /** Opens into a new buffer; undefined when the tag does not fit, after which the state must not be used. */
  openWith(associated: Buffer, sealed: Buffer): Buffer | undefined {
    if (sealed.length < tagBytes) return undefined;
    const out = Buffer.allocUnsafe(sealed.length - tagBytes);
    return this.#aead.open(this.#key, this.#next(), associated, sealed, out) ? out : undefined;
  }

  /** Seals into `out`, which is 16 bytes longer, without associated data. */
  sealInto(plaintext: Buffer, out: Buffer): void {
    this.#aead.seal(this.#key, this.#next(), none, plaintext, out);
  }

  /**
   * Opens `sealed` where it lies; the returned plaintext is its first part. Undefined when the tag does not fit, after
   * which the state must not be used.
   */
  openInPlace(sealed: Buffer): Buffer | undefined {
    if (sealed.length < tagBytes) return undefined;
    const plaintext = sealed.subarray(0, sealed.length - tagBytes);
    return this.#aead.open(this.#key, this.#next(), none, sealed, plaintext) ? plaintext : undefined;
  }

  /** Overwrites the key; any further use is a bug and throws. */
  erase(): void {
    this.#key.fill(0);
    this.#erased = true;
  }

  /** 32 zero bits, then the counter as 64 bits little-endian (Noise section 12.3). */
  #next(): Buffer {
    if (this.#erased) throw new Error('an erased key was used');
    const counter = this.#counter++;
    this.#nonce.writeUInt32LE(counter >>> 0, 4);
    this.#nonce.writeUInt32LE(Math.floor(counter / 0x1_0000_0000), 8);
    return this.#nonce;
  }
}
