/**
 * `decide` once more, written from the sentences of DESIGN section 8 alone, as plainly and as slowly as it likes: reads
 * the documents themselves, compiles nothing, shares nothing with policy/ but types. Tests hold the product against it.
 */
import type {
  ConditionsDocument,
  PolicyDocument,
  PostureProfileDocument,
  WhoDocument,
} from '../../../protocol/admin.ts';
import type { Facts } from '../../../policy/facts.ts';
import { judgePosture, lengthOf, postureTurns, type Judged, type Truth } from './slow-posture.ts';
import { isOpenAt, opensOrCloses } from './slow-schedule.ts';

export interface TwinDecision {
  readonly decision: 'allow' | 'deny';
  /** `NAME policy`, sorted: a set. */
  readonly reasons: readonly string[];
  readonly fixable: boolean;
  /** The first instant at which time alone changes the decision, at most two days ahead. */
  readonly untilMs: number | undefined;
}

const minute = 60_000;
const twoDays = 48 * 60 * minute;

export function slowDecide(
  facts: Facts,
  policies: readonly PolicyDocument[],
  profiles: readonly PostureProfileDocument[],
): TwinDecision {
  const now = decideAt(facts, policies, profiles);
  const untilMs = instantsOfChange(facts, policies, profiles)
    .filter((instant) => instant > facts.nowMs && instant <= facts.nowMs + twoDays)
    .toSorted((a, b) => a - b)
    .find((nowMs) => decideAt({ ...facts, nowMs }, policies, profiles).decision !== now.decision);
  return { ...now, untilMs };
}

function decideAt(
  facts: Facts,
  policies: readonly PolicyDocument[],
  profiles: readonly PostureProfileDocument[],
): Omit<TwinDecision, 'untilMs'> {
  const selected = policies.filter((policy) => isSelected(policy, facts));
  const judge = (policy: PolicyDocument): readonly Judged[] =>
    judgeConditions(policy.when ?? {}, facts, profiles);
  const isTrue = (policy: PolicyDocument): boolean => judge(policy).every(([truth]) => truth === true);
  const isFalse = (policy: PolicyDocument): boolean => judge(policy).some(([truth]) => truth === false);

  // "no selected deny has its `when` true or unknown"
  const denies = selected.filter((policy) => policy.deny !== undefined && !isFalse(policy));
  if (denies.length > 0)
    return {
      decision: 'deny',
      reasons: denies.map(({ name }) => `deny-matches ${name}`).toSorted(),
      fixable: false,
    };
  // "at least one selected allow has its whole `when` true"
  const allows = selected.filter((policy) => policy.allow !== undefined);
  if (allows.length === 0) return { decision: 'deny', reasons: ['no-allow'], fixable: false };
  const whole = allows.filter((policy) => isTrue(policy));
  // "every selected require has its whole `when` true"
  const requires = selected.filter((policy) => policy.require !== undefined);
  const allowed = whole.length > 0 && requires.every((policy) => isTrue(policy));
  const shownAllows = whole.length > 0 ? whole : allows;
  const reasons = [
    ...shownAllows.map(({ name }) => `allow-matches ${name}`),
    ...[...shownAllows, ...requires].flatMap((policy) =>
      judge(policy).map(([, reason]) => `${reason} ${policy.name}`),
    ),
  ];
  return { decision: allowed ? 'allow' : 'deny', reasons: reasons.toSorted(), fixable: !allowed };
}

/** "Each selects who, to (resources by name or tag), doors, and validity (from, until)"; the keys of each add up. */
function isSelected(policy: PolicyDocument, facts: Facts): boolean {
  const who = policy.allow ?? policy.deny ?? policy.require;
  if (who === undefined || !isAmong(who, facts.subject)) return false;
  const { name, tags } = facts.resource;
  if (policy.to !== 'everything') {
    const byName = (policy.to.resources ?? []).includes(name);
    const byTag = (policy.to.tags ?? []).some((tag) => tags.includes(tag));
    if (!byName && !byTag) return false;
  }
  if (policy.doors !== undefined && !policy.doors.includes(facts.door)) return false;
  if (policy.from !== undefined && facts.nowMs < instantOf(policy.from)) return false;
  return policy.until === undefined || facts.nowMs < instantOf(policy.until);
}

function isAmong(who: WhoDocument, { kind, name, email, groups }: Facts['subject']): boolean {
  if (who === 'everyone') return true;
  if ((who.groups ?? []).some((group) => groups.includes(group))) return true;
  if (kind === 'service') return (who.serviceAccounts ?? []).includes(name);
  return (who.people ?? []).some((person) => person.toLowerCase() === email);
}

/** "All keys of `when` must hold." */
function judgeConditions(
  when: ConditionsDocument,
  facts: Facts,
  profiles: readonly PostureProfileDocument[],
): readonly Judged[] {
  const { nowMs, session, device } = facts;
  const judged: Judged[] = [];
  if (when.posture !== undefined) judged.push(...judgePosture(when.posture, facts, profiles));
  if (when.mfa !== undefined) judged.push(judgeMfa(lengthOf(when.mfa), facts));
  if (when.session !== undefined) {
    const recent = nowMs - session.startedMs < lengthOf(when.session);
    judged.push(recent ? [true, 'session-fresh'] : [false, 'session-too-old']);
  }
  if (when.deviceApproved !== undefined)
    judged.push(device.approved ? [true, 'device-approved'] : [false, 'device-not-approved']);
  if (when.schedule !== undefined)
    judged.push(isOpenAt(when.schedule, nowMs) ? [true, 'schedule-open'] : [false, 'schedule-closed']);
  return judged;
}

/** Several factors were used, and not too long ago; methods or a time that the provider did not name are unknown. */
function judgeMfa(age: number, { nowMs, session: { amr, authTimeMs } }: Facts): Judged {
  const kinds = ['pwd pin kba', 'otp hwk swk sc sms tel pop', 'face fpt iris retina vbm'];
  const proved = kinds.filter((kind) => kind.split(' ').some((method) => amr.includes(method)));
  const several: Truth = amr.length === 0 ? 'unknown' : amr.includes('mfa') || proved.length > 1;
  const recent: Truth = authTimeMs === undefined ? 'unknown' : nowMs - authTimeMs < age;
  const reason = several !== true ? 'mfa-missing' : recent !== true ? 'mfa-too-old' : 'mfa-fresh';
  return [both([several, recent]), reason];
}

function both(truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes('unknown') ? 'unknown' : true;
}

/** Every instant at which anything that a policy says about time can turn. */
function instantsOfChange(
  facts: Facts,
  policies: readonly PolicyDocument[],
  profiles: readonly PostureProfileDocument[],
): number[] {
  const { nowMs, session } = facts;
  return policies.flatMap(({ from, until, when = {} }) => [
    ...(from === undefined ? [] : [instantOf(from)]),
    ...(until === undefined ? [] : [instantOf(until)]),
    ...(when.mfa === undefined || session.authTimeMs === undefined
      ? []
      : [session.authTimeMs + lengthOf(when.mfa)]),
    ...(when.session === undefined ? [] : [session.startedMs + lengthOf(when.session)]),
    ...(when.posture === undefined ? [] : postureTurns(facts, when.posture, profiles)),
    ...(when.schedule === undefined ? [] : opensOrCloses(when.schedule, nowMs, nowMs + twoDays)),
  ]);
}

/** RFC 3339, the leap second included, which is the instant before midnight that clocks here do not have. */
function instantOf(text: string): number {
  return text.includes(':60') ? Date.parse(text.replace(':60', ':59')) + 1_000 : Date.parse(text);
}
