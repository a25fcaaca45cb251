/**
 * The certificate that answers an ACME validation by TLS-ALPN-01 (RFC 8737 section 3): self-signed, for one name, with the
 * digest of the key authorization. Its key is made for it and proves nothing; no browser is ever shown it.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** The protocol that a validating CA offers, and nobody else. */
export const validationProtocol = 'acme-tls/1';

const oids = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  subjectAltName: '551d11',
  acmeIdentifier: '2b0601050507011f',
} as const;
const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
  dnsName: 0x82,
  version: 0xa0,
  extensions: 0xa3,
} as const;
const dayMs = 86_400_000;

/**
 * @param digest SHA-256 of the key authorization, 32 bytes
 * @param nowMs epoch milliseconds; it is valid from a day before to a day after
 */
export function challengeCertificate(
  host: string,
  digest: Buffer,
  nowMs: number,
): { readonly cert: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid(oids.ecdsaWithSha256));
  const subject = sequence(
    der(tags.set, sequence(oid(oids.commonName), der(tags.utf8, Buffer.from('ACME challenge')))),
  );
  const content = sequence(
    der(tags.version, der(tags.integer, Buffer.from([2]))),
    der(tags.integer, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    subject,
    sequence(utcTime(nowMs - dayMs), utcTime(nowMs + dayMs)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      tags.extensions,
      sequence(
        extension(oids.subjectAltName, sequence(der(tags.dnsName, Buffer.from(host))), false),
        extension(oids.acmeIdentifier, der(tags.octets, digest), true),
      ),
    ),
  );
  const signature = der(tags.bits, Buffer.concat([Buffer.from([0]), sign('sha256', content, privateKey)]));
  const lines = sequence(content, algorithm, signature)
    .toString('base64')
    .replace(/.{64}(?!$)/g, '$&\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function extension(name: string, value: Buffer, critical: boolean): Buffer {
  const flag = critical ? [der(tags.boolean, Buffer.from([0xff]))] : [];
  return sequence(oid(name), ...flag, der(tags.octets, value));
}

function utcTime(timeMs: number): Buffer {
  const digits = new Date(timeMs).toISOString().replace(/\D/g, '').slice(2, 14);
  return der(tags.utcTime, Buffer.from(`${digits}Z`));
}

function oid(hex: string): Buffer {
  return der(tags.oid, Buffer.from(hex, 'hex'));
}

function sequence(...parts: Buffer[]): Buffer {
  return der(tags.sequence, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
