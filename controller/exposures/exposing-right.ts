/** Whether a person may expose ports of a device of theirs now: `decide()` by the policies with `mayExpose`. */
import { decide } from '../../policy/decide.ts';
import { exposing } from '../../policy/exposed.ts';
import { reasonTexts, type Reason } from '../../protocol/reasons.ts';
import { circumstancesOf, withheldFrom } from '../decisions/entitlements.ts';
import type { Seat } from '../decisions/seat.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';

export type ExposingRight =
  /** Epoch ms at which time alone may change it; undefined: it does not. */
  | { readonly may: true; readonly untilMs: number | undefined }
  | {
      readonly may: false;
      readonly why: 'signed-out' | 'not-allowed';
      /** What is not met. */
      readonly reasons: readonly Reason[];
    };

export function exposingRight(state: OrganisationState, seat: Seat, nowMs: number): ExposingRight {
  const withheld = withheldFrom(state, seat, nowMs);
  if (withheld !== undefined)
    return {
      may: false,
      why: withheld.name === 'session-ended' ? 'signed-out' : 'not-allowed',
      reasons: [withheld],
    };
  if (seat.subject.kind !== 'person')
    return { may: false, why: 'not-allowed', reasons: [{ name: 'no-allow' }] };
  const facts = { ...circumstancesOf(state, seat), nowMs, door: 'client', resource: exposing } as const;
  const { decision, reasons, untilMs } = decide(facts, state.exposing);
  if (decision === 'allow') return { may: true, untilMs };
  return { may: false, why: 'not-allowed', reasons: reasons.filter(({ name }) => !reasonTexts[name].met) };
}
