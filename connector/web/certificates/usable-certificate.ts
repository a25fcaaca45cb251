/** A certificate with its key, checked: that they belong together, for which name, how long, and when to renew. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';

/** Both PEM; the certificate with its chain. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface UsableCertificate extends Pair {
  readonly context: SecureContext;
  readonly issuer: string;
  /** Epoch milliseconds. */
  readonly untilMs: number;
  /** How long it is valid in all. */
  readonly lifeMs: number;
  /** From when on it should be replaced: the last third of its life begins, and a little before, by `spread`. */
  readonly renewMs: number;
}

/** The renewals of what was ordered together are spread over this part of the lifetime. */
const spreadPart = 1 / 30;

/**
 * Undefined when the two do not belong together, or the certificate does not name `name`, in so many words.
 * @param spread from 0 to 1
 */
export function usableCertificate(pair: Pair, name: string, spread: number): UsableCertificate | undefined {
  try {
    const { cert, key } = pair;
    const certificate = new X509Certificate(cert);
    if (!(certificate.subjectAltName ?? '').split(', ').includes(`DNS:${name}`)) return undefined;
    const fromMs = Date.parse(certificate.validFrom);
    const untilMs = Date.parse(certificate.validTo);
    const lifeMs = untilMs - fromMs;
    return {
      cert,
      key,
      // Throws where the two do not belong together.
      context: createSecureContext({ cert, key, minVersion: 'TLSv1.2' }),
      issuer: certificate.issuer.replaceAll('\n', ', ').slice(0, 256),
      untilMs,
      lifeMs,
      renewMs: untilMs - lifeMs / 3 - spread * spreadPart * lifeMs,
    };
  } catch {
    // Whatever cannot be read cannot be used.
    return undefined;
  }
}
