/** The shape of every condition: one file each in this folder, pass and fail reasons named in pairs. */
import type { ReasonName } from '../../protocol/reasons.ts';
import type { Facts } from '../facts.ts';

/** `unknown` fails in an allow or a require and counts as met in a deny. */
export interface Verdict {
  readonly met: boolean | 'unknown';
  readonly reason: ReasonName;
  /** The first instant (epoch ms) at which time alone changes this verdict; absent when it never does. */
  readonly changesMs?: number;
}

/** A compiled condition; pure. */
export type Condition = (facts: Facts) => Verdict;
