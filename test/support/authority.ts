/**
 * A certificate authority for tests, so that the identity provider and a controller with `--tls-cert` can be trusted
 * the way a public site is. Writes X.509 by hand on node:crypto, so that it shares no code with the authority inside
 * the controller. It is no example of how to run an authority: no revocation, one key size, a month's validity.
 */
import { createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a certificate and its private key lie, both PEM; the key file is 0600. */
export interface CertificateFiles {
  certFile: string;
  keyFile: string;
}

export interface Authority {
  /** The authority's own certificate, PEM: what trusts it. */
  caFile: string;
  /** Makes a key and a certificate for `names` (DNS names; the first names the files) beside the authority's. */
  issue(names: readonly string[]): CertificateFiles;
}

/** Makes a new authority with its files in `folder`, which exists. */
export function createAuthority(folder: string): Authority {
  const name = distinguishedName('Acme test authority');
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const caFile = join(folder, 'ca.pem');
  const own = certificate(name, name, publicKey, privateKey, [
    extension('551d13', sequence(der(0x01, Buffer.from([0xff]))), true), // basic constraints: an authority
    extension('551d0f', der(0x03, Buffer.from([0x01, 0x06])), true), // key usage: signs certificates and lists
  ]);
  writeFileSync(caFile, own);
  return {
    caFile,
    issue(names) {
      const [first] = names;
      if (first === undefined) throw new Error('a certificate needs a name');
      const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const files = { certFile: join(folder, `${first}.pem`), keyFile: join(folder, `${first}.key`) };
      const text = certificate(name, distinguishedName(first), leaf.publicKey, privateKey, [
        extension('551d11', sequence(...names.map((each) => der(0x82, Buffer.from(each))))), // alternative names
        extension('551d25', sequence(der(0x06, Buffer.from('2b06010505070301', 'hex')))), // for TLS servers
        extension('551d0f', der(0x03, Buffer.from([0x07, 0x80])), true), // key usage: digital signature
      ]);
      writeFileSync(files.certFile, text);
      writeFileSync(files.keyFile, leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
      return files;
    },
  };
}

const ecdsaWithSha256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));

/** RFC 5280 section 4.1, as PEM. */
function certificate(
  issuer: Buffer,
  subject: Buffer,
  key: KeyObject,
  signer: KeyObject,
  extensions: Buffer[],
): string {
  const day = 86_400_000;
  const now = Date.now();
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    ecdsaWithSha256,
    issuer,
    sequence(utcTime(now - day), utcTime(now + 30 * day)),
    subject,
    key.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions, ...keyIdentifiers(key, signer))),
  );
  const signature = sign('sha256', content, signer);
  const whole = sequence(content, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** Subject and authority key identifiers, which some verifiers insist on; any octets that tell keys apart will do. */
function keyIdentifiers(key: KeyObject, signer: KeyObject): Buffer[] {
  const identifier = (each: KeyObject): Buffer => each.export({ type: 'spki', format: 'der' }).subarray(-20);
  return [
    extension('551d0e', der(0x04, identifier(key))),
    extension('551d23', sequence(der(0x80, identifier(createPublicKey(signer))))),
  ];
}

function distinguishedName(commonName: string): Buffer {
  const attribute = sequence(der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(commonName)));
  return sequence(der(0x31, attribute));
}

function extension(oid: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [der(0x01, Buffer.from([0xff]))] : [];
  return sequence(der(0x06, Buffer.from(oid, 'hex')), ...flag, der(0x04, value));
}

function utcTime(timeMs: number): Buffer {
  const digits = new Date(timeMs).toISOString().replace(/\D/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
