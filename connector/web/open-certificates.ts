/** Where a door's certificates come from, by what its connector was started with: files, an ACME CA, the built-in authority. */
import { AcmeCertificates } from './certificates/acme-certificates.ts';
import { BuiltInCertificates } from './certificates/built-in.ts';
import { CertificateFiles } from './certificates/certificate-files.ts';
import { Certificates, type ServedHost } from './certificates/certificates.ts';
import type { Challenges } from './certificates/challenges.ts';
import type { ControllerCalls } from './controller-calls.ts';
import type { WebDoorOptions } from './door.ts';

/** Parts of the door around them. */
export interface AroundCertificates {
  readonly calls: ControllerCalls;
  readonly challenges: Challenges;
  served(this: void, host: string): ServedHost | undefined;
  /** What is served is another. */
  changed(this: void): void;
}

export function openCertificates(
  options: WebDoorOptions,
  { calls, challenges, served, changed }: AroundCertificates,
): Certificates {
  const { state, lease, clock, random, acme, certificates } = options;
  const nowMs = (): number => lease.nowMs();
  const shared = { state, nowMs, changed };
  return new Certificates({
    nowMs,
    files: certificates === undefined ? undefined : new CertificateFiles(certificates, clock, changed),
    acme:
      acme === undefined
        ? undefined
        : new AcmeCertificates({ ...shared, ...acme, challenges, clock, random }),
    builtIn: new BuiltInCertificates({ ...shared, calls, notKept: () => options.alarm('not-kept') }),
    served,
  });
}
