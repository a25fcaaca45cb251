/**
 * Policy tests: what a document says people can and cannot use, held against its own policies in memory. They run at
 * `apply`, `plan` and `policy test`; nothing is asked but the document and the time.
 */
import type { OrganisationDocument } from '../protocol/organisation-document.ts';
import type { PolicyTestDocument } from '../protocol/policy-document.ts';
import type { PostureProfileDocument } from '../protocol/posture-document.ts';
import type { DocumentIssue } from '../protocol/problem.ts';
import { parseDuration } from '../protocol/durations.ts';
import { parseEmail } from '../protocol/email-address.ts';
import type { ReasonName } from '../protocol/reasons.ts';
import type { Condition } from './conditions/condition.ts';
import type { Facts } from './facts.ts';
import { isInNetworks } from './ip-network.ts';
import { compilePolicies, type Policies } from './policies.ts';
import { decide } from './decide.ts';
import { traceDecision, type PolicyTrace } from './trace.ts';

/** Of a checked document, those parts that tests need. */
export type TestedDocument = Pick<
  OrganisationDocument,
  'policies' | 'postureProfiles' | 'resources' | 'serviceAccounts' | 'tests'
>;

export interface PolicyTestResult {
  /** Its place in `tests`. */
  readonly index: number;
  /** Whom it is about. */
  readonly subject: string;
  readonly passed: boolean;
  readonly failures: readonly PolicyTestFailure[];
}

/** One resource about which the test is wrong. */
export interface PolicyTestFailure {
  readonly expected: 'can' | 'cannot';
  /** Its place in that list. */
  readonly place: number;
  readonly resource: string;
  readonly door: Facts['door'];
  readonly reasons: readonly TestReason[];
}

/** What decided otherwise: which policy, which of its conditions, and how that came out. */
export interface TestReason {
  readonly reason: ReasonName;
  readonly policy?: string;
  readonly condition?: Condition['name'];
}

/** Runs every test; `nowMs` is the time of those that name none. Throws on a document that was not checked. */
export function runPolicyTests(document: TestedDocument, nowMs: number): PolicyTestResult[] {
  const { tests = [], resources = [], serviceAccounts = [] } = document;
  if (tests.length === 0) return [];
  const assumed: Assumed = { met: undefined };
  const policies = compilePolicies(document.policies ?? [], document.postureProfiles ?? [], {
    resources,
    posture: (profiles) => assumedPosture(profiles, assumed),
  });
  const tagsOf = new Map(resources.map(({ name, tags }) => [name, tags ?? []]));
  const groupsOf = new Map(serviceAccounts.map(({ name, groups }) => [name, groups ?? []]));
  return tests.map((test, index) => {
    assumed.met = test.posture === undefined ? undefined : new Set(test.posture);
    const circumstances = circumstancesOf(test, groupsOf, nowMs);
    const failures = (['can', 'cannot'] as const).flatMap((expected) =>
      (test[expected] ?? []).flatMap((resource, place) => {
        const facts = { ...circumstances, resource: { name: resource, tags: tagsOf.get(resource) ?? [] } };
        const isAllowed = decide(facts, policies).decision === 'allow';
        if (isAllowed === (expected === 'can')) return [];
        return [{ expected, place, resource, door: facts.door, reasons: reasonsOf(facts, policies) }];
      }),
    );
    return { index, subject: subjectOf(test), passed: failures.length === 0, failures };
  });
}

/** A failed test as it is told: here, or in the answer to a plan. */
export interface FailedTest {
  readonly index: number;
  readonly subject: string;
  readonly failures: readonly (Omit<PolicyTestFailure, 'reasons'> & {
    readonly reasons: readonly {
      readonly reason: string;
      readonly policy?: string;
      readonly condition?: string;
    }[];
  })[];
}

/** Each failure as an issue of the document, with its place; empty when all tests pass. */
export function failedTestIssues(results: readonly FailedTest[]): DocumentIssue[] {
  return results.flatMap(({ index, subject, failures }) =>
    failures.map((failure) => ({
      path: ['tests', index, failure.expected, failure.place],
      message: failureSentence(subject, failure),
    })),
  );
}

/** `alice@acme.example cannot use "databases" by the client: prod-needs mfa: mfa-missing`. */
function failureSentence(
  subject: string,
  { expected, resource, door, reasons }: FailedTest['failures'][number],
): string {
  const why = reasons.map(({ policy, condition, reason }) => {
    const where = [policy, condition].filter((part) => part !== undefined).join(' ');
    return where === '' ? reason : `${where}: ${reason}`;
  });
  const outcome = expected === 'can' ? 'cannot use' : 'can use';
  const way = door === 'client' ? 'by the client' : 'by the browser';
  return `this test fails: ${subject} ${outcome} "${resource}" ${way}; ${why.join(', ')}`;
}

/** What is wrong with tests beyond their schema and the names they refer to. */
export function policyTestIssues(tests: readonly PolicyTestDocument[]): DocumentIssue[] {
  const issues: DocumentIssue[] = [];
  for (const [index, test] of tests.entries()) {
    const report = (key: string | undefined, message: string): void =>
      void issues.push({ path: ['tests', index, ...(key === undefined ? [] : [key])], message });
    const { user, guest, serviceAccount, groups, can, cannot, at, source } = test;
    if ([user, guest, serviceAccount].filter((each) => each !== undefined).length !== 1)
      report(
        undefined,
        'a test is about one: write user: or guest: and an e-mail address, or serviceAccount:',
      );
    if (guest !== undefined && parseEmail(guest) === undefined)
      report('guest', `"${guest}" is no e-mail address`);
    if (guest !== undefined && groups !== undefined)
      report('groups', 'a guest has no groups; leave this out');
    if (guest !== undefined && test.door === 'client')
      report('door', 'guests come by the web door alone; leave this out');
    if (user !== undefined && !/^[^@\s]+@[^@\s]+$/.test(user))
      report('user', `"${user}" is no e-mail address`);
    if (serviceAccount !== undefined && groups !== undefined)
      report('groups', 'the groups of a service account are those it declares; leave this out');
    if (can === undefined && cannot === undefined)
      report(undefined, 'a test says what somebody can or cannot use: write can: or cannot: and resources');
    if (at !== undefined && Number.isNaN(Date.parse(at)))
      report('at', `"${at}" is no instant; write it like 2026-11-20T10:00+01:00`);
    if (source !== undefined && isInNetworks(source, []) === undefined)
      report('source', `"${source}" is no address; write one such as 192.0.2.7 or 2001:db8::7`);
  }
  return issues;
}

/** Whether the test that runs takes profiles as met; undefined while it says nothing of the device. */
interface Assumed {
  met: ReadonlySet<string> | undefined;
}

function assumedPosture(profiles: readonly PostureProfileDocument[], assumed: Assumed): Condition {
  const names = profiles.map(({ name }) => name);
  return {
    name: 'posture',
    judge: ({ device }) => {
      const { met } = assumed;
      if (device.absent === true) return { met: 'unknown', reason: 'device-needed' };
      if (met === undefined) return { met: 'unknown', reason: 'posture-unknown' };
      return names.every((name) => met.has(name))
        ? { met: true, reason: 'posture-met' }
        : { met: false, reason: 'posture-failing' };
    },
    nextChangeMs: () => Number.POSITIVE_INFINITY,
  };
}

function circumstancesOf(
  test: PolicyTestDocument,
  groupsOf: ReadonlyMap<string, readonly string[]>,
  nowMs: number,
): Omit<Facts, 'resource'> {
  const { mfa, session, source, country, acr } = test;
  const door = test.door ?? (test.guest === undefined ? 'client' : 'web');
  const atMs = test.at === undefined ? nowMs : Date.parse(test.at);
  return {
    nowMs: atMs,
    door,
    subject: testedSubject(test, groupsOf),
    session: {
      startedMs: atMs - lengthMs(session),
      ...(mfa === undefined ? {} : { authTimeMs: atMs - lengthMs(mfa) }),
      amr: test.amr ?? (mfa === undefined ? [] : ['mfa']),
      ...(acr === undefined ? {} : { acr }),
    },
    device: {
      approved: test.deviceApproved ?? false,
      // A browser brings no device, unless the test says something of one.
      ...(door === 'web' && test.deviceApproved === undefined && test.posture === undefined
        ? { absent: true as const }
        : {}),
    },
    // A country alone is known by no address.
    ...(source === undefined && country === undefined
      ? {}
      : { source: { address: source ?? '', ...(country === undefined ? {} : { country }) } }),
  };
}

function testedSubject(
  { user, guest, serviceAccount, groups = [] }: PolicyTestDocument,
  groupsOf: ReadonlyMap<string, readonly string[]>,
): Facts['subject'] {
  if (serviceAccount !== undefined)
    return { kind: 'service', name: serviceAccount, groups: groupsOf.get(serviceAccount) ?? [] };
  if (guest !== undefined) return { kind: 'guest', name: guest, email: guest.toLowerCase(), groups: [] };
  const name = user ?? '';
  return { kind: 'person', name, email: name.toLowerCase(), groups };
}

function lengthMs(text: string | undefined): number {
  return text === undefined ? 0 : (parseDuration(text) ?? 0);
}

function subjectOf({ user, guest, serviceAccount, groups = [] }: PolicyTestDocument): string {
  if (guest !== undefined) return `guest ${guest}`;
  if (serviceAccount !== undefined) return `service account ${serviceAccount}`;
  return groups.length === 0 ? (user ?? '') : `${user ?? ''} of ${groups.join(', ')}`;
}

/** What let the request in, or everything that kept it out. */
function reasonsOf(facts: Facts, policies: Policies): TestReason[] {
  const { decision, policies: traces } = traceDecision(facts, policies);
  const selected = traces.filter((trace) => trace.state === 'selected');
  const effective = (effect: PolicyTrace['effect']): typeof selected =>
    selected.filter((trace) => trace.effect === effect && trace.inEffect);
  const matching = (reason: ReasonName, list: typeof selected): TestReason[] =>
    list.map(({ policy }) => ({ reason, policy }));
  if (decision === 'allow') return matching('allow-matches', effective('allow'));
  const denies = effective('deny');
  if (denies.length > 0) return matching('deny-matches', denies);
  const allows = selected.filter(({ effect }) => effect === 'allow');
  if (allows.length === 0) return [{ reason: 'no-allow' }];
  const failing = [...(effective('allow').length > 0 ? [] : allows), ...effective('require')];
  return failing.flatMap(({ policy, conditions }) =>
    conditions.flatMap(({ condition, met, reason }) => (met === true ? [] : [{ reason, policy, condition }])),
  );
}
