/**
 * Policies as written, checked and compiled once per document so that `decide()` only evaluates. Selection (who, to,
 * doors, validity) is apart from conditions (`when`).
 */
import type {
  ConditionsDocument,
  DocumentIssue,
  OrganisationDocument,
  PolicyDocument,
  PostureProfileDocument,
  ResourceDocument,
  WhoDocument,
} from '../protocol/admin.ts';
import { parseDuration } from '../protocol/durations.ts';
import type { Condition } from './conditions/condition.ts';
import { deviceApprovedCondition } from './conditions/device-approved.ts';
import { mfaCondition } from './conditions/mfa.ts';
import { postureCondition } from './conditions/posture.ts';
import { scheduleCondition, scheduleIssue } from './conditions/schedule.ts';
import { personSessionCondition, sessionCondition } from './conditions/session.ts';
import { PolicyIndex } from './policy-index.ts';
import type { Effect, Policy } from './policy.ts';
import type { TimeZone } from './time-zone.ts';

const effects: readonly Effect[] = ['allow', 'deny', 'require'];
const bothDoors = ['client', 'web'] as const;

export type Policies = PolicyIndex;

/**
 * Compiles policies that `policyIssues` found nothing wrong with and whose profiles exist; throws on others. Of `resources`
 * those that limit the age of a session by themselves become requires.
 */
export function compilePolicies(
  policies: readonly PolicyDocument[],
  profiles: readonly PostureProfileDocument[],
  resources: readonly Pick<ResourceDocument, 'name' | 'session'>[] = [],
): Policies {
  const zones = new Map<string, TimeZone>();
  const compiled = policies.map((document) => {
    const effect = effects.find((name) => document[name] !== undefined);
    const who = effect === undefined ? undefined : document[effect];
    if (effect === undefined || who === undefined) throw new Error(`policy ${document.name} has no effect`);
    return {
      name: document.name,
      effect,
      who,
      to: document.to,
      doors: document.doors ?? bothDoors,
      fromMs: document.from === undefined ? Number.NEGATIVE_INFINITY : instantMs(document.from),
      untilMs: document.until === undefined ? Number.POSITIVE_INFINITY : instantMs(document.until),
      conditions: compileConditions(document.when ?? {}, profiles, zones),
    };
  });
  return new PolicyIndex([...compiled, ...resources.flatMap(sessionRequire)]);
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
  for (const [index, policy] of (document.policies ?? []).entries()) {
    const report = (path: (string | number)[], message: string): void => {
      issues.push({ path: ['policies', index, ...path], message });
    };
    const given = effects.filter((effect) => policy[effect] !== undefined);
    if (given.length !== 1) report([], 'a policy has exactly one of allow, deny and require');
    for (const effect of given)
      reportWho(policy[effect], (path, message) => report([effect, ...path], message));
    if (policy.to !== 'everything' && policy.to.resources === undefined && policy.to.tags === undefined) {
      report(['to'], 'to names resources or tags, or is everything');
    }
    if (
      policy.from !== undefined &&
      policy.until !== undefined &&
      instantMs(policy.from) >= instantMs(policy.until)
    ) {
      report(['until'], 'until lies after from');
    }
    const schedule = policy.when?.schedule;
    const wrong = schedule === undefined ? undefined : scheduleIssue(schedule);
    if (wrong !== undefined) report(['when', 'schedule', wrong.key], wrong.message);
  }
  return issues;
}

function reportWho(
  who: WhoDocument | undefined,
  report: (path: (string | number)[], message: string) => void,
): void {
  if (who === undefined || who === 'everyone') return;
  if (Object.keys(who).length === 0) report([], 'name people, groups or serviceAccounts, or write everyone');
  for (const [index, person] of (who.people ?? []).entries()) {
    if (!/^[^@\s]+@[^@\s]+$/.test(person)) report(['people', index], `"${person}" is no e-mail address`);
  }
}

function compileConditions(
  when: ConditionsDocument,
  profiles: readonly PostureProfileDocument[],
  zones: Map<string, TimeZone>,
): Condition[] {
  const conditions: Condition[] = [];
  if (when.posture !== undefined)
    conditions.push(postureCondition(when.posture.map((name) => named(profiles, name))));
  if (when.mfa !== undefined) conditions.push(mfaCondition(durationMs(when.mfa)));
  if (when.session !== undefined) conditions.push(sessionCondition(durationMs(when.session)));
  if (when.deviceApproved !== undefined) conditions.push(deviceApprovedCondition());
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
