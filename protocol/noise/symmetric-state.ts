/** Noise's SymmetricState (section 5.2) for ChaChaPoly and BLAKE2s: chaining key, transcript hash, current cipher. */
import { blake2s, hashBytes, hkdf } from './blake2s.ts';
import { CipherState } from './cipher-state.ts';

export class SymmetricState {
  #chainingKey: Buffer;
  #hash: Buffer;
  #cipher: CipherState | undefined;

  /** @param protocolName e.g. `Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s` */
  constructor(protocolName: string) {
    const name = Buffer.from(protocolName);
    this.#hash =
      name.length <= hashBytes ? Buffer.concat([name, Buffer.alloc(hashBytes - name.length)]) : blake2s(name);
    this.#chainingKey = Buffer.from(this.#hash);
  }

  /** The transcript so far; after the last message the handshake hash (section 11.2). */
  get hash(): Buffer {
    return this.#hash;
  }

  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.#chainingKey, input);
    this.#rekey(chainingKey, key);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = blake2s(this.#hash, data);
  }

  /** For a pre-shared key (section 9.2). */
  mixKeyAndHash(input: Uint8Array): void {
    const [chainingKey, hash, key] = hkdf(this.#chainingKey, input);
    this.mixHash(hash);
    this.#rekey(chainingKey, key);
  }

  /** Seals once there is a key, otherwise passes through; returns a new buffer. */
  encryptAndHash(plaintext: Buffer): Buffer {
    const sealed = this.#cipher?.sealWith(this.#hash, plaintext) ?? Buffer.from(plaintext);
    this.mixHash(sealed);
    return sealed;
  }

  /** Undefined when the tag does not fit: the handshake has failed and the state must not be used again. */
  decryptAndHash(sealed: Buffer): Buffer | undefined {
    const plaintext =
      this.#cipher === undefined ? Buffer.from(sealed) : this.#cipher.openWith(this.#hash, sealed);
    if (plaintext !== undefined) this.mixHash(sealed);
    return plaintext;
  }

  /** The keys of both directions and, as the third output, the resume secret; erases what they came from. */
  split(): { readonly first: Buffer; readonly second: Buffer; readonly third: Buffer } {
    const [first, second, third] = hkdf(this.#chainingKey, Buffer.alloc(0));
    this.erase();
    return { first, second, third };
  }

  /** Overwrites the secrets; the hash stays. */
  erase(): void {
    this.#chainingKey.fill(0);
    this.#cipher?.erase();
  }

  #rekey(chainingKey: Buffer, key: Buffer): void {
    this.erase();
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key);
    key.fill(0);
  }
}
