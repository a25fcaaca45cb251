/**
 * `decide` once more, written from the sentences of docs/policies.md alone, as plainly and as slowly as it likes: reads
 * the documents themselves, compiles nothing, shares nothing with policy/ but types. Tests hold the product against it.
 */
import { isIP } from 'node:net';
import type { ConditionsDocument, PolicyDocument, WhoDocument } from '../../../protocol/policy-document.ts';
import type { PostureProfileDocument } from '../../../protocol/posture-document.ts';
import type { Approval } from '../../../policy/approvals.ts';
import type { Facts } from '../../../policy/facts.ts';
import { judgePosture, lengthOf, postureTurns, type Judged } from './slow-posture.ts';
import { isOpenAt, opensOrCloses } from './slow-schedule.ts';

export interface TwinDecision {
  readonly decision: 'allow' | 'deny';
  /** `NAME policy`, sorted: a set. */
  readonly reasons: readonly string[];
  readonly fixable: boolean;
  /** The first instant at which time alone changes the decision, at most two days ahead. */
  readonly untilMs: number | undefined;
}

/** What decides besides the document: approved requests, and what is locked because nobody used it. */
export interface Beside {
  /** "An approved request is an allow with `until`, which may name the requires it `waives`." */
  readonly approvals?: readonly Approval[];
  /** How long each resource may lie unused, by its name. */
  readonly locks?: Readonly<Record<string, string>>;
}

/** A policy as the twin reads it: of one person alone, or about use. */
type Read = PolicyDocument & { readonly person?: string; readonly unusedFor?: string };

const minute = 60_000;
const twoDays = 48 * 60 * minute;

export function slowDecide(
  facts: Facts,
  written: readonly PolicyDocument[],
  profiles: readonly PostureProfileDocument[],
  beside: Beside = {},
): TwinDecision {
  const policies = [...written, ...approvedAllows(beside), ...lockRequires(beside)];
  const now = decideAt(facts, policies, profiles);
  const untilMs = instantsOfChange(facts, policies, profiles)
    .filter((instant) => instant > facts.nowMs && instant <= facts.nowMs + twoDays)
    .toSorted((a, b) => a - b)
    .find((nowMs) => decideAt({ ...facts, nowMs }, policies, profiles).decision !== now.decision);
  return { ...now, untilMs };
}

function approvedAllows({ approvals = [] }: Beside): Read[] {
  return approvals.map(({ id, person, who, resource, untilMs, waives }) => ({
    name: `request ${id}`,
    allow: who,
    person,
    to: { resources: [resource] },
    until: new Date(untilMs).toISOString(),
    // Whoever asked for it again has it unlocked.
    waives: [...waives, `use of ${resource}`],
  }));
}

function lockRequires({ locks = {} }: Beside): Read[] {
  return Object.entries(locks).map(([name, unusedFor]) => ({
    name: `use of ${name}`,
    require: 'everyone',
    to: { resources: [name] },
    unusedFor,
  }));
}

function decideAt(
  facts: Facts,
  policies: readonly Read[],
  profiles: readonly PostureProfileDocument[],
): Omit<TwinDecision, 'untilMs'> {
  const selected = policies.filter((policy) => isSelected(policy, facts));
  const judge = (policy: Read): readonly Judged[] => [
    ...judgeConditions(policy.when ?? {}, facts, profiles),
    ...(policy.unusedFor === undefined ? [] : [judgeUse(facts, policy.unusedFor)]),
  ];
  const isTrue = (policy: Read): boolean => judge(policy).every(([truth]) => truth === true);
  const isFalse = (policy: Read): boolean => judge(policy).some(([truth]) => truth === false);

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
  // "every selected require has its whole `when` true", but for those that "an allow with `until` … waives"
  const requires = selected.filter((policy) => policy.require !== undefined);
  const suffices = ({ until, waives = [] }: PolicyDocument): boolean =>
    requires.every((policy) => isTrue(policy) || (until !== undefined && waives.includes(policy.name)));
  const enough = whole.filter((policy) => suffices(policy));
  const allowed = enough.length > 0;
  const shownAllows = allowed ? enough : whole.length > 0 ? whole : allows;
  const waived = allowed ? requires.filter((policy) => !isTrue(policy)) : [];
  const reasons = [
    ...shownAllows.map(({ name }) => `allow-matches ${name}`),
    ...waived.map(({ name }) => `require-waived ${name}`),
    ...[...shownAllows, ...requires.filter((policy) => !waived.includes(policy))].flatMap((policy) =>
      judge(policy).map(([, reason]) => `${reason} ${policy.name}`),
    ),
  ];
  return { decision: allowed ? 'allow' : 'deny', reasons: reasons.toSorted(), fixable: !allowed };
}

/** "Each selects who, to (resources by name or tag), doors, and validity (from, until)"; the keys of each add up. */
function isSelected(policy: Read, facts: Facts): boolean {
  // Nobody but a person asks for anything, and what was approved is for whoever asked.
  if (policy.person !== undefined)
    if (facts.subject.kind !== 'person' || policy.person !== facts.subject.id) return false;
  const who = policy.allow ?? policy.deny ?? policy.require;
  if (who === undefined || !isAmong(who, facts.subject)) return false;
  const { name, tags } = facts.resource;
  const { to = {} } = policy;
  if (to !== 'everything') {
    const byName = (to.resources ?? []).includes(name);
    const byTag = (to.tags ?? []).some((tag) => tags.includes(tag));
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
  if (kind === 'person') return (who.people ?? []).some((person) => person.toLowerCase() === email);
  // "guests (e-mail patterns, web door only)"
  return (who.guests ?? []).some((guest) =>
    guest.startsWith('*@') ? email?.endsWith(guest.slice(1).toLowerCase()) : guest.toLowerCase() === email,
  );
}

/** A person who has not used it for so long is locked out; of whom no use is known, the time begins now. */
function judgeUse({ nowMs, subject, resource }: Facts, unusedFor: string): Judged {
  const usedMs = subject.usedMs?.get(resource.name);
  const isLocked = subject.kind === 'person' && usedMs !== undefined && nowMs - usedMs >= lengthOf(unusedFor);
  return isLocked ? [false, 'unused-too-long'] : [true, 'used-recently'];
}

/** "All keys of `when` must hold." */
function judgeConditions(
  when: ConditionsDocument,
  facts: Facts,
  profiles: readonly PostureProfileDocument[],
): readonly Judged[] {
  const { nowMs, session, device, source } = facts;
  const judged: Judged[] = [];
  if (when.posture !== undefined) judged.push(...judgePosture(when.posture, facts, profiles));
  if (when.mfa !== undefined) judged.push(judgeMfa(when.mfa, facts));
  if (when.session !== undefined) {
    const recent = nowMs - session.startedMs < lengthOf(when.session);
    judged.push(recent ? [true, 'session-fresh'] : [false, 'session-too-old']);
  }
  if (when.deviceApproved !== undefined)
    judged.push(device.approved ? [true, 'device-approved'] : [false, 'device-not-approved']);
  if (when.source !== undefined) {
    const bits = source === undefined ? undefined : bitsOf(source.address);
    if (bits === undefined) judged.push(['unknown', 'source-unknown']);
    else if (when.source.some((network) => bits.startsWith(leadingBits(network))))
      judged.push([true, 'source-listed']);
    else judged.push([false, 'source-not-listed']);
  }
  if (when.country !== undefined) {
    const country = source?.country;
    if (country === undefined) judged.push(['unknown', 'country-unknown']);
    else
      judged.push(when.country.includes(country) ? [true, 'country-listed'] : [false, 'country-not-listed']);
  }
  if (when.schedule !== undefined)
    judged.push(isOpenAt(when.schedule, nowMs) ? [true, 'schedule-open'] : [false, 'schedule-closed']);
  return judged;
}

/**
 * Several factors were used, or, where classes are listed, in one of those; by one of the methods, where those are
 * listed; and not too long ago. What the provider did not say is unknown. What is false is named before what is unknown.
 */
function judgeMfa(
  document: NonNullable<ConditionsDocument['mfa']>,
  { nowMs, session: { amr, acr, authTimeMs } }: Facts,
): Judged {
  const wanted = typeof document === 'string' ? { age: document } : document;
  const kinds = ['pwd pin kba', 'otp hwk swk sc sms tel pop', 'face fpt iris retina vbm'];
  const proved = kinds.filter((kind) => kind.split(' ').some((method) => amr.includes(method)));
  const silent = amr.length === 0;
  const parts: Judged[] = [];
  if (wanted.acr === undefined) {
    if (silent) parts.push(['unknown', 'mfa-unknown']);
    else parts.push([amr.includes('mfa') || proved.length > 1, 'mfa-missing']);
  } else if (acr === undefined) parts.push(['unknown', 'mfa-context-unknown']);
  else parts.push([wanted.acr.includes(acr), 'mfa-context-not-listed']);
  if (wanted.amr !== undefined) {
    if (silent) parts.push(['unknown', 'mfa-unknown']);
    else parts.push([amr.some((method) => wanted.amr?.includes(method)), 'mfa-method-not-listed']);
  }
  if (authTimeMs === undefined) parts.push(['unknown', 'mfa-time-unknown']);
  else parts.push([nowMs - authTimeMs < lengthOf(wanted.age), 'mfa-too-old']);
  return (
    parts.find(([truth]) => truth === false) ??
    parts.find(([truth]) => truth === 'unknown') ?? [true, 'mfa-fresh']
  );
}

/** An address as its family and all its bits, as node reads it; undefined when it is none. */
function bitsOf(address: string): string | undefined {
  const bare = address.split('%')[0] ?? '';
  const version = isIP(bare);
  if (version === 0) return undefined;
  if (version === 4)
    return `4 ${bare
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('')}`;
  const whole = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [before = [], after] = whole.split('::').map((half) => half.split(':').filter((part) => part !== ''));
  const missing = 8 - before.length - (after?.length ?? 0);
  const groups = [
    ...before,
    ...Array.from({ length: after === undefined ? 0 : missing }, () => '0'),
    ...(after ?? []),
  ];
  const bits = groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
  // IPv4 that stands in IPv6 is IPv4.
  const mapped = '0'.repeat(80) + '1'.repeat(16);
  return bits.startsWith(mapped) ? `4 ${bits.slice(96)}` : `6 ${bits}`;
}

/** The family of a network and as many of its bits as its length says. */
function leadingBits(network: string): string {
  const [address = '', length = ''] = network.split('/');
  return (bitsOf(address) ?? 'none').slice(0, 2 + Number(length));
}

/** Every instant at which anything that a policy says about time can turn. */
function instantsOfChange(
  facts: Facts,
  policies: readonly Read[],
  profiles: readonly PostureProfileDocument[],
): number[] {
  const { nowMs, session, subject, resource } = facts;
  const usedMs = subject.usedMs?.get(resource.name);
  return policies.flatMap(({ from, until, when = {}, unusedFor }) => [
    ...(unusedFor === undefined || usedMs === undefined ? [] : [usedMs + lengthOf(unusedFor)]),
    ...(from === undefined ? [] : [instantOf(from)]),
    ...(until === undefined ? [] : [instantOf(until)]),
    ...(when.mfa === undefined || session.authTimeMs === undefined
      ? []
      : [session.authTimeMs + lengthOf(typeof when.mfa === 'string' ? when.mfa : when.mfa.age)]),
    ...(when.session === undefined ? [] : [session.startedMs + lengthOf(when.session)]),
    ...(when.posture === undefined ? [] : postureTurns(facts, when.posture, profiles)),
    ...(when.schedule === undefined ? [] : opensOrCloses(when.schedule, nowMs, nowMs + twoDays)),
  ]);
}

/** RFC 3339, the leap second included, which is the instant before midnight that clocks here do not have. */
function instantOf(text: string): number {
  return text.includes(':60') ? Date.parse(text.replace(':60', ':59')) + 1_000 : Date.parse(text);
}
