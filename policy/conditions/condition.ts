/** The shape of every condition: one file each in this folder, pass and fail reasons named in pairs. */
import type { ConditionsDocument } from '../../protocol/policy-document.ts';
import type { ReasonName } from '../../protocol/reasons.ts';
import type { Facts } from '../facts.ts';

/** `unknown` fails in an allow or a require and counts as met in a deny. */
export interface Verdict {
  readonly met: boolean | 'unknown';
  readonly reason: ReasonName;
}

/** A compiled condition; pure. Asked for every decision, so it parses nothing and judges without a closure. */
export interface Condition {
  /** Its key in `when`; `use` has none, since it follows from `lockUnused` of a resource. */
  readonly name: keyof ConditionsDocument | 'use';
  readonly judge: (facts: Facts) => Verdict;
  /** For a condition of several parts: each part's verdict by itself, for people to read. `judge` is what counts. */
  readonly judgeEach?: (facts: Facts) => readonly Verdict[];
  /** The first instant (epoch ms) after `facts.nowMs` at which time alone may change the verdict; else infinite. */
  readonly nextChangeMs: (facts: Facts) => number;
}

/** `endMs`, or never when that is over already. */
export function unlessOver(endMs: number, { nowMs }: Facts): number {
  return endMs > nowMs ? endMs : Number.POSITIVE_INFINITY;
}
