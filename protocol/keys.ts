/**
 * The two keys of every node and the operations on them, over node:crypto: X25519 for the tunnel (RFC 7748) and Ed25519
 * for proofs (RFC 8032). Raw 32-byte public keys travel; private keys stay in `KeyObject`s, which print no secret.
 */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  sign as signBytes,
  verify as verifyBytes,
  type KeyObject,
} from 'node:crypto';
import { fromBase64Url, toBase64Url } from './encoding.ts';

/** An X25519 key pair. `publicKey` is the raw 32 bytes. */
export interface AgreementKey {
  readonly publicKey: Buffer;
  readonly privateKey: KeyObject;
}

/** An Ed25519 key pair. `publicKey` is the raw 32 bytes. */
export interface SigningKey {
  readonly publicKey: Buffer;
  readonly privateKey: KeyObject;
}

/** DER prefixes that turn raw 32-byte keys into SPKI and PKCS #8 (RFC 8410). */
const der = {
  x25519: prefixes('302a300506032b656e032100', '302e020100300506032b656e04220420'),
  ed25519: prefixes('302a300506032b6570032100', '302e020100300506032b657004220420'),
};

function prefixes(spki: string, pkcs8: string): { readonly spki: Buffer; readonly pkcs8: Buffer } {
  return { spki: Buffer.from(spki, 'hex'), pkcs8: Buffer.from(pkcs8, 'hex') };
}

export function newAgreementKey(): AgreementKey {
  const pair = generateKeyPairSync('x25519');
  return { privateKey: pair.privateKey, publicKey: rawPublic(pair.publicKey) };
}

export function newSigningKey(): SigningKey {
  const pair = generateKeyPairSync('ed25519');
  return { privateKey: pair.privateKey, publicKey: rawPublic(pair.publicKey) };
}

/** The X25519 pair of a stored 32-byte private key. Throws on any other length. */
export function agreementKeyFrom(secret: Uint8Array): AgreementKey {
  const privateKey = privateFrom('x25519', secret);
  return { privateKey, publicKey: rawPublic(createPublicKey(privateKey)) };
}

/** The Ed25519 pair of a stored 32-byte seed. Throws on any other length. */
export function signingKeyFrom(seed: Uint8Array): SigningKey {
  const privateKey = privateFrom('ed25519', seed);
  return { privateKey, publicKey: rawPublic(createPublicKey(privateKey)) };
}

/** The 32 secret bytes of a key, for writing to a file of mode 0600; the caller owns and erases them. */
export function secretBytes(key: AgreementKey | SigningKey): Buffer {
  const encoded = key.privateKey.export({ format: 'der', type: 'pkcs8' });
  return Buffer.from(encoded.subarray(-32));
}

/**
 * X25519. Returns 32 bytes, owned by the caller, or undefined when the result is all zero (a low-order point), which
 * every caller must treat as a failed handshake. Throws when `peer` is not 32 bytes.
 */
export function agree(own: AgreementKey, peer: Uint8Array): Buffer | undefined {
  return agreeWith(own, peerKey(peer));
}

/** A peer's X25519 key for several agreements: making one takes as long as using it. Throws when it is not 32 bytes. */
export function peerKey(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: derOf(der.x25519.spki, raw), format: 'der', type: 'spki' });
}

/** As `agree`, with a key of `peerKey`. */
export function agreeWith(own: AgreementKey, publicKey: KeyObject): Buffer | undefined {
  try {
    const shared = diffieHellman({ privateKey: own.privateKey, publicKey });
    return shared.every((byte) => byte === 0) ? undefined : shared;
  } catch {
    // OpenSSL refuses low-order points itself instead of returning zeros.
    return undefined;
  }
}

/** The uses of Ed25519 signatures; part of what is signed, so that one proof never serves as another (WIRE A1). */
export type SignatureUse = 'control' | 'enrol' | 'attach' | 'root' | 'rotate';

/** Signs `"postern/1 <use>\0"` followed by `fields`; returns 64 bytes. */
export function sign(key: SigningKey, use: SignatureUse, fields: readonly Uint8Array[]): Buffer {
  return signBytes(null, signed(use, fields), key.privateKey);
}

/** Whether `signature` is `publicKey`'s over the same use and fields; false for anything malformed. */
export function verify(
  publicKey: Uint8Array,
  use: SignatureUse,
  fields: readonly Uint8Array[],
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    return verifyBytes(null, signed(use, fields), ed25519PublicKey(publicKey), signature);
  } catch {
    return false;
  }
}

/** The `KeyObject` of a raw Ed25519 public key, as jose wants it. Throws when it is not 32 bytes. */
export function ed25519PublicKey(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: derOf(der.ed25519.spki, raw), format: 'der', type: 'spki' });
}

/** A raw 32-byte public key as text. */
export function encodeKey(key: Uint8Array): string {
  return toBase64Url(key);
}

/** The 32-byte public key in `text`; undefined when it is none. */
export function decodeKey(text: string): Buffer | undefined {
  const bytes = fromBase64Url(text);
  return bytes?.length === 32 ? bytes : undefined;
}

function signed(use: SignatureUse, fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(`postern/1 ${use}\0`), ...fields]);
}

function privateFrom(kind: keyof typeof der, secret: Uint8Array): KeyObject {
  return createPrivateKey({ key: derOf(der[kind].pkcs8, secret), format: 'der', type: 'pkcs8' });
}

function derOf(prefix: Buffer, raw: Uint8Array): Buffer {
  if (raw.length !== 32) throw new Error('a key is exactly 32 bytes');
  return Buffer.concat([prefix, raw]);
}

/** By JWK (RFC 8037), which is ten times as fast here as the encoding that it is read from. */
function rawPublic(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}
