/**
 * The built-in TLS authority: one P-256 root that certifies the controller's own listener and the hosts of its relays,
 * where no certificate files are given. Trust comes from the card that names it, or from `ca.pem` for people.
 */
import { createPrivateKey, webcrypto, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import './reflect-metadata.ts';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { loadSealed } from './controller-keys.ts';
import type { KeyPlace } from './key-place.ts';
import type { SecretKey } from './secret-key.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 24 * 3_600_000;
const authorityLifeMs = 3_650 * dayMs;
const leafLifeMs = 90 * dayMs;
/** Clocks of those who verify may be behind. */
const backdateMs = 3_600_000;
/** The certificate as people may import it. */
export const certificateFile = 'ca.pem';

export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  /** Epoch milliseconds. */
  readonly expiresMs: number;
}

export class Authority {
  /** The authority's own certificate, PEM. */
  readonly pem: string;
  /** When it ends; epoch milliseconds. */
  readonly untilMs: number;
  readonly #certificate: X509Certificate;
  readonly #key: webcrypto.CryptoKey;
  readonly #now: () => number;
  readonly #random: (bytes: number) => Buffer;

  constructor(
    certificate: X509Certificate,
    key: webcrypto.CryptoKey,
    options: { readonly now: () => number; readonly random: (bytes: number) => Buffer },
  ) {
    this.#certificate = certificate;
    this.#key = key;
    this.#now = options.now;
    this.#random = options.random;
    this.untilMs = certificate.notAfter.getTime();
    this.pem = `${certificate.toString('pem')}\n`;
  }

  /** A new key and its certificate for these hosts (names or address literals). */
  async issue(hosts: readonly string[]): Promise<ServerCertificate> {
    const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await this.#certify(new PublicKey(await spki(pair.publicKey)), hosts);
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey));
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    return {
      cert: certificate.toString('pem'),
      key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
      expiresMs: certificate.notAfter.getTime(),
    };
  }

  /** The certificate of a relay's own key (SPKI, DER) for `host` alone; undefined when it is no P-256 key. */
  async certify(key: Uint8Array, host: string): Promise<string | undefined> {
    try {
      const imported = await webcrypto.subtle.importKey('spki', key.slice(), algorithm, true, ['verify']);
      return (await this.#certify(new PublicKey(await spki(imported)), [host])).toString('pem');
    } catch {
      return undefined;
    }
  }

  async #certify(publicKey: PublicKey, hosts: readonly string[]): Promise<X509Certificate> {
    const now = this.#now();
    return X509CertificateGenerator.create({
      serialNumber: serialNumber(this.#random),
      subject: 'CN=Postern',
      issuer: this.#certificate.subject,
      notBefore: new Date(now - backdateMs),
      notAfter: new Date(now + leafLifeMs),
      publicKey,
      signingKey: this.#key,
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(hosts.map(generalName), true),
        await AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
        await SubjectKeyIdentifierExtension.create(publicKey),
      ],
    });
  }
}

/** Loads the authority from where keys are kept, or makes it there, with its certificate as `ca.pem`. */
export async function loadAuthority(
  place: KeyPlace,
  secretKey: SecretKey,
  options: { readonly now: () => number; readonly random: (bytes: number) => Buffer },
): Promise<Authority> {
  const bytes = await loadSealed(place, 'authority', secretKey, async () => {
    const made = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    return Buffer.from(await webcrypto.subtle.exportKey('pkcs8', made.privateKey));
  });
  const key = await webcrypto.subtle.importKey('pkcs8', new Uint8Array(bytes), algorithm, false, ['sign']);
  const stored = await place.read(certificateFile);
  if (stored !== undefined) return new Authority(new X509Certificate(stored), key, options);
  const publicKey = new PublicKey(
    await spkiOfPrivate(createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })),
  );
  const now = options.now();
  const name = 'CN=Postern built-in authority';
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(options.random),
    subject: name,
    issuer: name,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + authorityLifeMs),
    publicKey,
    signingKey: key,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  const { pem } = new Authority(certificate, key, options);
  // Of two that begin at once, the first one's.
  const kept = await place.keepFirst(certificateFile, pem, 'for everyone');
  return new Authority(new X509Certificate(kept), key, options);
}

/** 16 random bytes, positive and without a leading zero byte (RFC 5280 section 4.1.2.2). */
function serialNumber(random: (bytes: number) => Buffer): string {
  const bytes = Buffer.from(random(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function generalName(host: string): { type: 'ip' | 'dns'; value: string } {
  return { type: isIP(host) === 0 ? 'dns' : 'ip', value: host };
}

async function spki(key: webcrypto.CryptoKey): Promise<ArrayBuffer> {
  return webcrypto.subtle.exportKey('spki', key);
}

async function spkiOfPrivate(key: KeyObject): Promise<ArrayBuffer> {
  const jwk = key.export({ format: 'jwk' });
  const { d: _private, ...open } = jwk as Record<string, string>;
  const publicKey = await webcrypto.subtle.importKey('jwk', open, algorithm, true, ['verify']);
  return spki(publicKey);
}
