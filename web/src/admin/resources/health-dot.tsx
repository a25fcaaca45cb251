/** Whether a resource answers, as a dot and in words. */
import type { HealthState } from '../../../../protocol/resource-health.ts';
import { healthDots, healthTexts } from './health-texts.ts';

export function HealthDot({ state }: { readonly state: HealthState | undefined }) {
  return (
    <span className="inline-flex items-center gap-2">
      <span
        className={`size-2 shrink-0 rounded-full ${state === undefined ? 'border border-line-strong' : healthDots[state]}`}
        aria-hidden="true"
      />
      {state === undefined ? <span className="text-quiet">Not tried</span> : healthTexts[state]}
    </span>
  );
}
