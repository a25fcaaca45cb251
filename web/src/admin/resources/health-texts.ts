/** What connectors found behind a resource, in words. */
import type { HealthCode, HealthState } from '../../../../protocol/resource-health.ts';

export const healthTexts: Readonly<Record<HealthState, string>> = {
  ok: 'Answers',
  partly: 'Answers in part',
  failing: 'Does not answer',
};

export const healthDots: Readonly<Record<HealthState, string>> = {
  ok: 'bg-good',
  partly: 'bg-wait',
  failing: 'bg-bad',
};

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
