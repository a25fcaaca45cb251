/**
 * Policies as written, checked and compiled once per document so that `decide()` only evaluates. Selection (who, to,
 * doors, validity) is apart from conditions (`when`).
 */
import type { OrganisationDocument, ResourceDocument } from '../protocol/organisation-document.ts';
import type { ConditionsDocument, PolicyDocument, WhoDocument } from '../protocol/policy-document.ts';
import type { PostureProfileDocument } from '../protocol/posture-document.ts';
import type { DocumentIssue } from '../protocol/problem.ts';
import { parseDuration } from '../protocol/durations.ts';
import { parseEmailPattern } from '../protocol/email-address.ts';
import type { Condition } from './conditions/condition.ts';
import { deviceApprovedCondition } from './conditions/device-approved.ts';
import { countryCondition } from './conditions/country.ts';
import { mfaCondition } from './conditions/mfa.ts';
import { postureCondition } from './conditions/posture.ts';
import { scheduleCondition, scheduleIssue } from './conditions/schedule.ts';
import { personSessionCondition, sessionCondition } from './conditions/session.ts';
import { sourceCondition, sourceIssues } from './conditions/source.ts';
import { approvalPolicy, type Approval } from './approvals.ts';
import { exposurePolicies, type ExposedTo } from './exposed.ts';
import { PolicyIndex } from './policy-index.ts';
import type { Effect, Policy } from './policy.ts';
import type { TimeZone } from './time-zone.ts';
import { unusedLock } from './unused-locks.ts';

const effects: readonly Effect[] = ['allow', 'deny', 'require'];
const bothDoors = ['client', 'web'] as const;

export type Policies = PolicyIndex;

/** Makes the condition that a device meets these profiles. */
export type JudgePosture = (profiles: readonly PostureProfileDocument[]) => Condition;

export interface CompileOptions {
  /** Those that limit the age of a session, or lock what is not used, become requires. */
  readonly resources?: readonly Pick<ResourceDocument, 'name' | 'session' | 'lockUnused'>[];
  /** Approved requests, which become allows. */
  readonly approvals?: readonly Approval[];
  /** What is exposed, which becomes allows. */
  readonly exposed?: readonly ExposedTo[];
  /** Another way to judge profiles: policy tests take them as met by their name. */
  readonly posture?: JudgePosture;
}

/** Compiles policies that `policyIssues` found nothing wrong with and whose profiles exist; throws on others. */
export function compilePolicies(
  policies: readonly PolicyDocument[],
  profiles: readonly PostureProfileDocument[],
  { resources = [], approvals = [], exposed = [], posture = postureCondition }: CompileOptions = {},
): Policies {
  const zones = new Map<string, TimeZone>();
  const compiled = policies.flatMap((document) => {
    // One that is about exposing alone is asked by nobody else.
    if (document.to === undefined) return [];
    const effect = effects.find((name) => document[name] !== undefined);
    const who = effect === undefined ? undefined : document[effect];
    if (effect === undefined || who === undefined) throw new Error(`policy ${document.name} has no effect`);
    return [
      {
        name: document.name,
        effect,
        who,
        to: document.to,
        doors: document.doors ?? bothDoors,
        fromMs: document.from === undefined ? Number.NEGATIVE_INFINITY : instantMs(document.from),
        untilMs: document.until === undefined ? Number.POSITIVE_INFINITY : instantMs(document.until),
        conditions: compileConditions(document.when ?? {}, profiles, zones, posture),
        ...(document.waives === undefined ? {} : { waives: new Set(document.waives) }),
      },
    ];
  });
  return new PolicyIndex([
    ...compiled,
    ...resources.flatMap(sessionRequire),
    ...resources.flatMap(unusedLock),
    ...approvals.map(approvalPolicy),
    ...exposed.flatMap(exposurePolicies),
  ]);
}

/** The require behind `session` of a resource. Its name is none that a policy of a document could have. */
function sessionRequire({ name, session }: Pick<ResourceDocument, 'name' | 'session'>): Policy[] {
  if (session === undefined) return [];
  return [
    {
      name: `session of ${name}`,
      effect: 'require',
      who: 'everyone',
      to: { resources: [name] },
      doors: bothDoors,
      fromMs: Number.NEGATIVE_INFINITY,
      untilMs: Number.POSITIVE_INFINITY,
      conditions: [personSessionCondition(durationMs(session))],
    },
  ];
}

/** Everything wrong with the policies of a document beyond its schema and the names it refers to. */
export function policyIssues(document: OrganisationDocument): DocumentIssue[] {
  const issues: DocumentIssue[] = [];
  const policies = document.policies ?? [];
  const known = new Map(policies.map((policy) => [policy.name, policy]));
  for (const [index, policy] of policies.entries()) {
    const report = (path: (string | number)[], message: string): void => {
      issues.push({ path: ['policies', index, ...path], message });
    };
    const given = effects.filter((effect) => policy[effect] !== undefined);
    if (given.length !== 1) report([], 'a policy has exactly one of allow, deny and require');
    for (const effect of given)
      reportWho(policy[effect], (path, message) => report([effect, ...path], message));
    const { to = {}, mayExpose } = policy;
    const isAboutNothing = to !== 'everything' && to.resources === undefined && to.tags === undefined;
    if (isAboutNothing && mayExpose !== true) report(['to'], 'to names resources or tags, or is everything');
    if (mayExpose === true && document.expose === undefined)
      report(['mayExpose'], 'where to is not said; add expose: { suffix: apps.acme.example }');
    if (
      policy.from !== undefined &&
      policy.until !== undefined &&
      instantMs(policy.from) >= instantMs(policy.until)
    ) {
      report(['until'], 'until lies after from');
    }
    if (policy.doors !== undefined && !policy.doors.includes('web') && isAboutGuests(policy))
      report(['doors'], 'guests come by the web door alone; write doors: [web], or leave it out');
    const schedule = policy.when?.schedule;
    const wrong = schedule === undefined ? undefined : scheduleIssue(schedule);
    if (wrong !== undefined) report(['when', 'schedule', wrong.key], wrong.message);
    for (const { index: place, message } of sourceIssues(policy.when?.source ?? []))
      report(['when', 'source', place], message);
    reportWaives(policy, known, report);
  }
  return issues;
}

function reportWaives(
  { allow, until, waives = [] }: PolicyDocument,
  known: ReadonlyMap<string, PolicyDocument>,
  report: (path: (string | number)[], message: string) => void,
): void {
  if (waives.length > 0 && (allow === undefined || until === undefined))
    report(['waives'], 'only an allow that has until may waive; what is waived is waived for a time');
  for (const [index, name] of waives.entries()) {
    const policy = known.get(name);
    if (policy === undefined)
      report(['waives', index], `policy "${name}" is not declared; waives names requires of this file`);
    else if (policy.require === undefined)
      report(['waives', index], `policy "${name}" is no require; only what is required can be waived`);
  }
}

function isAboutGuests(policy: PolicyDocument): boolean {
  return effects.some((effect) => {
    const who = policy[effect];
    return who !== undefined && who !== 'everyone' && who.guests !== undefined;
  });
}

function reportWho(
  who: WhoDocument | undefined,
  report: (path: (string | number)[], message: string) => void,
): void {
  if (who === undefined || who === 'everyone') return;
  if (Object.keys(who).length === 0)
    report([], 'name people, groups, serviceAccounts or guests, or write everyone');
  for (const [index, pattern] of (who.guests ?? []).entries()) {
    if (parseEmailPattern(pattern) === undefined)
      report(['guests', index], `"${pattern}" is neither an e-mail address nor *@ and a domain`);
  }
  for (const [index, person] of (who.people ?? []).entries()) {
    if (!/^[^@\s]+@[^@\s]+$/.test(person)) report(['people', index], `"${person}" is no e-mail address`);
  }
}

function compileConditions(
  when: ConditionsDocument,
  profiles: readonly PostureProfileDocument[],
  zones: Map<string, TimeZone>,
  posture: JudgePosture,
): Condition[] {
  const conditions: Condition[] = [];
  if (when.posture !== undefined) conditions.push(posture(when.posture.map((name) => named(profiles, name))));
  if (when.mfa !== undefined) conditions.push(mfaCondition(when.mfa));
  if (when.session !== undefined) conditions.push(sessionCondition(durationMs(when.session)));
  if (when.deviceApproved !== undefined) conditions.push(deviceApprovedCondition());
  if (when.source !== undefined) conditions.push(sourceCondition(when.source));
  if (when.country !== undefined) conditions.push(countryCondition(when.country));
  if (when.schedule !== undefined) conditions.push(scheduleCondition(when.schedule, zones));
  return conditions;
}

function named(profiles: readonly PostureProfileDocument[], name: string): PostureProfileDocument {
  const profile = profiles.find((entry) => entry.name === name);
  if (profile === undefined) throw new Error(`posture profile ${name} does not exist`);
  return profile;
}

function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new Error(`"${text}" is no duration`);
  return ms;
}

/** RFC 3339 in epoch ms. A leap second is one of its instants, which Date.parse knows nothing of: it ends the minute. */
function instantMs(text: string): number {
  const ms = Date.parse(text.replace(':60', ':59')) + (text.includes(':60') ? 1_000 : 0);
  if (Number.isNaN(ms)) throw new Error(`"${text}" is no instant`);
  return ms;
}
