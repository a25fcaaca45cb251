/** Names of a document against each other: used twice, used but not declared, durations out of bounds. */
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { PolicyDocument, WhoDocument } from '../../protocol/policy-document.ts';
import type { DocumentIssue } from '../../protocol/problem.ts';
import { exposedTag } from '../exposures/exposure.ts';
import { parseDuration } from '../../protocol/durations.ts';

type Path = (string | number)[];

const maxOutageMs = 8 * 3_600_000;
const lists = [
  'identityProviders',
  'networks',
  'serviceAccounts',
  'resources',
  'postureProfiles',
  'policies',
  'requests',
  'webhooks',
] as const;

/** What is wrong between the entries of a document whose entries are sound each by itself. */
export function referenceIssues(document: OrganisationDocument): DocumentIssue[] {
  const issues: DocumentIssue[] = [];
  const report = (path: Path, message: string): void => void issues.push({ path, message });
  for (const list of lists) {
    const names = (document[list] ?? []).map(({ name }) => name);
    reportDuplicates(names, (index) => [list, index, 'name'], report);
  }
  reportDuplicates(document.groups ?? [], (index) => ['groups', index], report);

  const groups = declared(document.groups ?? []);
  const accounts = declared((document.serviceAccounts ?? []).map(({ name }) => name));
  const networks = declared((document.networks ?? []).map(({ name }) => name));
  const resources = declared((document.resources ?? []).map(({ name }) => name));
  const tags = declared([
    ...(document.resources ?? []).flatMap((resource) => resource.tags ?? []),
    ...(document.expose === undefined ? [] : [exposedTag]),
  ]);
  const profiles = declared((document.postureProfiles ?? []).map(({ name }) => name));
  const mustExist = (
    known: Declared,
    kind: string,
    list: string,
    names: readonly string[] = [],
    path: Path,
  ): void => {
    for (const [index, name] of names.entries()) {
      if (!known.has(name)) report([...path, index], `${kind} "${name}" is not declared; add it to ${list}`);
    }
  };

  for (const [index, account] of (document.serviceAccounts ?? []).entries()) {
    mustExist(groups, 'group', 'groups', account.groups, ['serviceAccounts', index, 'groups']);
  }
  for (const [index, resource] of (document.resources ?? []).entries()) {
    const path = ['resources', index] as const;
    if (resource.network !== '' && !networks.has(resource.network)) {
      report([...path, 'network'], `network "${resource.network}" is not declared; add it to networks`);
    }
    const outage = resource.outage === undefined ? 0 : parseDuration(resource.outage);
    if (outage === undefined || outage > maxOutageMs) report([...path, 'outage'], 'outage is at most 8h');
  }
  for (const [index, profile] of (document.postureProfiles ?? []).entries()) {
    const { freshness, linux, macos, windows, verdicts } = profile;
    if (![linux, macos, windows, verdicts].some((each) => each !== undefined)) {
      report(
        ['postureProfiles', index],
        'a profile names at least one system (linux, macos or windows), or verdicts',
      );
    }
    if (freshness !== undefined && tooLong(freshness)) {
      report(['postureProfiles', index, 'freshness'], 'a duration is at most a year');
    }
  }
  for (const [index, policy] of (document.policies ?? []).entries()) {
    const path: Path = ['policies', index];
    for (const effect of ['allow', 'deny', 'require'] as const) {
      const who = namesOf(policy[effect]);
      mustExist(groups, 'group', 'groups', who.groups, [...path, effect, 'groups']);
      mustExist(accounts, 'service account', 'serviceAccounts', who.serviceAccounts, [
        ...path,
        effect,
        'serviceAccounts',
      ]);
    }
    const to = policy.to === undefined || policy.to === 'everything' ? {} : policy.to;
    mustExist(resources, 'resource', 'resources', to.resources, [...path, 'to', 'resources']);
    mustExist(tags, 'tag', 'the tags of a resource', to.tags, [...path, 'to', 'tags']);
    mustExist(profiles, 'posture profile', 'postureProfiles', policy.when?.posture, [
      ...path,
      'when',
      'posture',
    ]);
    reportDurations(policy, path, report);
  }
  for (const [index, test] of (document.tests ?? []).entries()) {
    const path: Path = ['tests', index];
    const { serviceAccount, mfa, session } = test;
    mustExist(groups, 'group', 'groups', test.groups, [...path, 'groups']);
    mustExist(profiles, 'posture profile', 'postureProfiles', test.posture, [...path, 'posture']);
    mustExist(resources, 'resource', 'resources', test.can, [...path, 'can']);
    mustExist(resources, 'resource', 'resources', test.cannot, [...path, 'cannot']);
    if (serviceAccount !== undefined && !accounts.has(serviceAccount)) {
      const message = `service account "${serviceAccount}" is not declared; add it to serviceAccounts`;
      report([...path, 'serviceAccount'], message);
    }
    for (const [key, text] of Object.entries({ mfa, session }))
      if (text !== undefined && tooLong(text)) report([...path, key], 'a duration is at most a year');
  }
  return issues;
}

function reportDurations(
  policy: PolicyDocument,
  path: Path,
  report: (path: Path, message: string) => void,
): void {
  const { session, mfa } = policy.when ?? {};
  const age: readonly (readonly [Path, string | undefined])[] = [
    [['session'], session],
    typeof mfa === 'object' ? [['mfa', 'age'], mfa.age] : [['mfa'], mfa],
  ];
  for (const [keys, text] of age) {
    if (text !== undefined && tooLong(text))
      report([...path, 'when', ...keys], 'a duration is at most a year');
  }
}

function tooLong(text: string): boolean {
  return parseDuration(text) === undefined;
}

function namesOf(who: WhoDocument | undefined): Exclude<WhoDocument, 'everyone'> {
  return who === undefined || who === 'everyone' ? {} : who;
}

type Declared = ReadonlySet<string>;

function declared(names: readonly string[]): Declared {
  return new Set(names);
}

function reportDuplicates(
  names: readonly string[],
  pathOf: (index: number) => Path,
  report: (path: Path, message: string) => void,
): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (name !== '' && seen.has(name)) report(pathOf(index), `"${name}" stands twice; names are used once`);
    seen.add(name);
  }
}
