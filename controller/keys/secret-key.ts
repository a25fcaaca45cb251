/**
 * The secret key that seals what the controller stores: signing keys in files, provider secrets in
 * the database. AES-256-GCM; the purpose is authenticated, so a sealed value serves only where it was made for.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { dirname, basename } from 'node:path';
import { fromBase64Url, toBase64Url } from '../../protocol/encoding.ts';
import { readText, writeFirst } from './data-directory.ts';
import { UnusableKeyFile } from './unusable-key-file.ts';

const nonceLength = 12;
const tagLength = 16;

export class SecretKey {
  readonly #sealing: Buffer;
  readonly #hashing: Buffer;
  readonly #random: (bytes: number) => Buffer;

  /** @param secret 32 bytes */
  constructor(secret: Uint8Array, random: (bytes: number) => Buffer) {
    if (secret.length !== 32) throw new Error('a secret key is exactly 32 bytes');
    this.#sealing = Buffer.from(hkdfSync('sha256', secret, '', 'postern seal', 32));
    this.#hashing = Buffer.from(hkdfSync('sha256', secret, '', 'postern hash', 32));
    this.#random = random;
  }

  /** Seals `plain` for one purpose, e.g. `root` or `provider corp`. */
  seal(purpose: string, plain: Uint8Array): Buffer {
    const nonce = this.#random(nonceLength);
    const cipher = createCipheriv('aes-256-gcm', this.#sealing, nonce);
    cipher.setAAD(Buffer.from(purpose));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([nonce, body, cipher.getAuthTag()]);
  }

  /** What was sealed; undefined when it was sealed by another key, for another purpose, or altered. */
  unseal(purpose: string, sealed: Uint8Array): Buffer | undefined {
    if (sealed.length < nonceLength + tagLength) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#sealing, sealed.subarray(0, nonceLength));
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(sealed.subarray(-tagLength));
    const body = decipher.update(sealed.subarray(nonceLength, -tagLength));
    try {
      return Buffer.concat([body, decipher.final()]);
    } catch {
      // A tag that does not match is the only way this fails.
      return undefined;
    }
  }

  /** A keyed hash for short secrets that a plain hash would not hide, such as typed codes; base64url. */
  hash(purpose: string, text: string): string {
    return createHmac('sha256', this.#hashing).update(`${purpose}\0${text}`).digest('base64url');
  }
}

/** Reads the secret key from its file, or makes both. Throws a sentence when the file holds no key. */
export async function loadSecretKey(path: string, random: (bytes: number) => Buffer): Promise<SecretKey> {
  const text =
    (await readText(path)) ??
    (await writeFirst(dirname(path), basename(path), `${toBase64Url(random(32))}\n`));
  const secret = fromBase64Url(text.trim());
  if (secret?.length !== 32)
    throw new UnusableKeyFile(
      `${path} holds no secret key (32 bytes in base64url); give the file that the first start wrote, or bring it back from a backup`,
    );
  return new SecretKey(secret, random);
}
