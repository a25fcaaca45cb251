/**
 * Which conditions are stricter than which, as far as their text tells: for `plan`, which says of a change that it asks
 * for more or less, and warns of an allow that is looser than another. Decides nothing.
 */
import type { ConditionsDocument, MfaDocument } from '../protocol/policy-document.ts';
import { parseDuration } from '../protocol/durations.ts';
import { mfaOf } from './conditions/mfa.ts';
import { isWithinNetwork, parseIpNetwork } from './ip-network.ts';

/** Everything that may stand between a person and a resource: conditions of policies, and what a resource asks by itself. */
export interface AskedConditions extends ConditionsDocument {
  /** It was used within so long. */
  readonly lockUnused?: string;
}

type All = Required<AskedConditions>;
type Key = keyof All;

/** Whether what meets the first value of a key always meets the second. False where the texts do not tell. */
const follows: { readonly [K in Key]: (stricter: All[K], looser: All[K]) => boolean } = {
  posture: (stricter, looser) => isAmong(looser, stricter),
  mfa: (stricter, looser) => mfaFollows(mfaOf(stricter), mfaOf(looser)),
  session: (stricter, looser) => lengthMs(stricter) <= lengthMs(looser),
  deviceApproved: () => true,
  source: (stricter, looser) =>
    stricter.every((inner) => looser.some((outer) => lies(parseIpNetwork(inner), parseIpNetwork(outer)))),
  country: isAmong,
  schedule: (stricter, looser) =>
    stricter.zone === looser.zone &&
    String(stricter.days) === String(looser.days) &&
    stricter.hours === looser.hours,
  lockUnused: (stricter, looser) => lengthMs(stricter) <= lengthMs(looser),
};

/** Whether whoever meets all of `stricter` meets all of `looser`. */
export function implies(stricter: readonly AskedConditions[], looser: readonly AskedConditions[]): boolean {
  return looser.every((when) =>
    keysOf(when).every((key) => stricter.some((given) => keyFollows(key, given, when))),
  );
}

/** The conditions that are asked for, each once, in the order of the alphabet. */
export function conditionKeys(list: readonly AskedConditions[]): Key[] {
  return [...new Set(list.flatMap(keysOf))].toSorted();
}

function keysOf(when: AskedConditions): Key[] {
  return Object.keys(when) as Key[];
}

function keyFollows<K extends Key>(key: K, stricter: AskedConditions, looser: AskedConditions): boolean {
  const [given, wanted] = [stricter[key] as All[K] | undefined, looser[key] as All[K] | undefined];
  return wanted === undefined || (given !== undefined && follows[key](given, wanted));
}

function mfaFollows(stricter: MfaDocument, looser: MfaDocument): boolean {
  const isByClass = looser.acr !== undefined;
  // A class takes the place of several factors, so that one with and one without say different things.
  if ((stricter.acr !== undefined) !== isByClass) return false;
  if (looser.acr !== undefined && !isAmong(stricter.acr ?? [], looser.acr)) return false;
  if (looser.amr !== undefined && (stricter.amr === undefined || !isAmong(stricter.amr, looser.amr)))
    return false;
  return lengthMs(stricter.age) <= lengthMs(looser.age);
}

function lies(inner: ReturnType<typeof parseIpNetwork>, outer: ReturnType<typeof parseIpNetwork>): boolean {
  return !('issue' in inner) && !('issue' in outer) && isWithinNetwork(inner, outer);
}

function isAmong(few: readonly string[], many: readonly string[]): boolean {
  return few.every((one) => many.includes(one));
}

function lengthMs(text: string): number {
  return parseDuration(text) ?? 0;
}
