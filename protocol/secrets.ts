/**
 * Secrets that people copy: prefix, body and a four-byte checksum in base64url, so that a mistyped one is told from a
 * wrong one before it is sent (WIRE A1). Stored only as the SHA-256 of their random part.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { fromBase64Url, toBase64Url } from './encoding.ts';

/** `pk_` enrols connectors and relays, `sk_` service accounts: they carry where to go and whom to trust. */
export interface EnrolmentKey {
  readonly kind: 'pk' | 'sk';
  /** The controller's root public key, 32 bytes. */
  readonly root: Buffer;
  /** 32 random bytes. */
  readonly secret: Buffer;
  /** The controller's public URL. */
  readonly url: string;
}

/** `at_` is an API token; its body is 32 random bytes. */
export interface ApiToken {
  readonly kind: 'at';
  readonly secret: Buffer;
}

const bodyVersion = 1;
const checksumLength = 4;

export function encodeEnrolmentKey(key: EnrolmentKey): string {
  return seal(
    `${key.kind}_`,
    Buffer.concat([Buffer.of(bodyVersion), key.root, key.secret, Buffer.from(key.url)]),
  );
}

/** The enrolment key in `text`; undefined when it is mistyped, cut short, or of another kind or version. */
export function decodeEnrolmentKey(kind: 'pk' | 'sk', text: string): EnrolmentKey | undefined {
  const body = unseal(`${kind}_`, text.trim());
  if (body === undefined || body.length < 66) return undefined;
  const url = body.subarray(65).toString('utf8');
  if (!URL.canParse(url)) return undefined;
  return { kind, root: body.subarray(1, 33), secret: body.subarray(33, 65), url };
}

export function encodeApiToken(token: ApiToken): string {
  return seal('at_', Buffer.concat([Buffer.of(bodyVersion), token.secret]));
}

/** The API token in `text`; undefined when it is mistyped or of another kind or version. */
export function decodeApiToken(text: string): ApiToken | undefined {
  const body = unseal('at_', text.trim());
  return body?.length === 33 ? { kind: 'at', secret: body.subarray(1) } : undefined;
}

/** `dt_` is the token by which a directory comes in; the body is 32 random bytes. */
export function encodeDirectoryToken(secret: Buffer): string {
  return seal('dt_', Buffer.concat([Buffer.of(bodyVersion), secret]));
}

/** The secret of the directory token in `text`; undefined when it is mistyped or of another kind or version. */
export function decodeDirectoryToken(text: string): Buffer | undefined {
  const body = unseal('dt_', text);
  return body?.length === 33 ? body.subarray(1) : undefined;
}

/** `ws_` is the secret of a service token, `dp_` a device pass: both open the web door of one resource without a browser. */
export interface PassSecret {
  readonly kind: 'ws' | 'dp';
  /** 32 random bytes. */
  readonly secret: Buffer;
}

export function encodePass({ kind, secret }: PassSecret): string {
  return seal(`${kind}_`, Buffer.concat([Buffer.of(bodyVersion), secret]));
}

/** The service token or device pass in `text`; undefined when it is mistyped or of another kind or version. */
export function decodePass(text: string): PassSecret | undefined {
  const kind = text.startsWith('ws_') ? 'ws' : 'dp';
  const body = unseal(`${kind}_`, text);
  return body?.length === 33 ? { kind, secret: body.subarray(1) } : undefined;
}

/** What is stored of a secret: the SHA-256 of its random part, as base64url. */
export function hashOfSecret(secret: Uint8Array): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Compares two texts of equal meaning in constant time; false when their lengths differ. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function seal(prefix: string, body: Buffer): string {
  return prefix + toBase64Url(Buffer.concat([body, checksum(prefix, body)]));
}

function unseal(prefix: string, text: string): Buffer | undefined {
  if (!text.startsWith(prefix) || text.length > 4_096) return undefined;
  const bytes = fromBase64Url(text.slice(prefix.length));
  if (bytes === undefined || bytes.length <= checksumLength) return undefined;
  const body = bytes.subarray(0, -checksumLength);
  if (!checksum(prefix, body).equals(bytes.subarray(-checksumLength))) return undefined;
  return body[0] === bodyVersion ? body : undefined;
}

function checksum(prefix: string, body: Uint8Array): Buffer {
  return createHash('sha256').update(prefix).update(body).digest().subarray(0, checksumLength);
}
