/** Why a target was not reached, in words, for pages and the terminal alike. */
import type { HealthCode } from './resource-health.ts';

export const healthCodeTexts: Readonly<Record<HealthCode, string>> = {
  'no-name': 'its name is not known there',
  'address-forbidden': 'its name leads where it may not',
  timeout: 'no answer in time',
  refused: 'nothing listens there',
  unreachable: 'no way to its address',
  certificate: 'a certificate that is not trusted',
  'no-tls': 'no TLS',
  'no-http': 'no HTTP',
};
