/** What connectors found behind a resource, in words. */
import type { HealthState } from '../../../../protocol/resource-health.ts';

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
