/** base64url without padding, strict: a text decodes only when encoding it again gives the same text (WIRE A1). */

/** The bytes of a strict base64url text; undefined for padding, foreign characters or a non-canonical ending. */
export function fromBase64Url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

/** base64url without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** The form of 32 bytes, a public key or a hash, as text; whether it decodes is for `fromBase64Url` to say. */
export const pattern32Bytes = '^[A-Za-z0-9_-]{43}$';
