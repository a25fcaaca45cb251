/** What is wrong with posture in a document beyond its schema: sources, and profiles that could never be met. */
import { X509Certificate } from 'node:crypto';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { PostureProfileDocument } from '../../protocol/posture-document.ts';
import type { DocumentIssue } from '../../protocol/problem.ts';
import { parseDuration } from '../../protocol/durations.ts';
import { antivirusProducts, maxAsked } from '../../protocol/posture.ts';
import { defaultFreshnessMs } from '../../policy/conditions/posture-profile.ts';
import { defaultEveryMs } from './poll-interval.ts';

type Report = (path: (string | number)[], message: string) => void;

const shortestEveryMs = 10_000;
const longestEveryMs = 86_400_000;
const systems = ['linux', 'macos', 'windows'] as const;

/** Everything wrong with the posture profiles and sources of a document whose entries have their form. */
export function postureIssues(document: OrganisationDocument): DocumentIssue[] {
  const issues: DocumentIssue[] = [];
  const { postureSources = [], postureProfiles = [] } = document;
  const seen = new Set<string>();
  for (const [index, source] of postureSources.entries()) {
    const report: Report = (path, message) =>
      void issues.push({ path: ['postureSources', index, ...path], message });
    if (source.name !== '' && seen.has(source.name))
      report(['name'], `"${source.name}" stands twice; names are used once`);
    if (source.name === 'dry-run') report(['name'], 'this name is taken; choose another');
    seen.add(source.name);
    if ((source.webhook === undefined) === (source.poll === undefined))
      report([], 'a posture source has exactly one of webhook and poll');
    if (source.poll !== undefined) reportPoll(source.poll, report);
  }
  for (const [index, profile] of postureProfiles.entries()) {
    reportProfile(profile, postureSources, (path, message) =>
      issues.push({ path: ['postureProfiles', index, ...path], message }),
    );
  }
  for (const system of systems) {
    for (const key of ['processes', 'files'] as const) {
      const asked = new Set(postureProfiles.flatMap((profile) => profile[system]?.[key] ?? []));
      if (asked.size > maxAsked) {
        const message = `all profiles together ask a ${system} device for ${asked.size} ${key}; at most ${maxAsked} are possible`;
        issues.push({ path: ['postureProfiles'], message });
      }
    }
  }
  return issues;
}

/** What is wrong with one profile by itself, for the dry run. */
export function profileIssues(
  profile: PostureProfileDocument,
  sources: readonly SourceIntervals[],
): DocumentIssue[] {
  const issues: DocumentIssue[] = [];
  const report: Report = (path, message) => void issues.push({ path: ['profile', ...path], message });
  if (![profile.linux, profile.macos, profile.windows, profile.verdicts].some((each) => each !== undefined))
    report([], 'a profile names at least one system (linux, macos or windows), or verdicts');
  if (profile.freshness !== undefined && parseDuration(profile.freshness) === undefined)
    report(['freshness'], 'a duration is at most a year');
  reportProfile(profile, sources, report);
  return issues;
}

/** What is asked here of a source, with or without its secrets. */
interface SourceIntervals {
  readonly name: string;
  readonly poll?: { readonly every?: string };
}

function reportPoll(
  { url, every, ca }: NonNullable<NonNullable<OrganisationDocument['postureSources']>[number]['poll']>,
  report: Report,
): void {
  const wrong = urlIssue(url);
  if (wrong !== undefined) report(['poll', 'url'], wrong);
  if (ca !== undefined && !isCertificate(ca)) report(['poll', 'ca'], 'ca is no certificate in PEM');
  const everyMs = every === undefined ? defaultEveryMs : parseDuration(every);
  if (everyMs === undefined || everyMs < shortestEveryMs || everyMs > longestEveryMs)
    report(['poll', 'every'], 'a source is asked every 10s to 1d');
}

function reportProfile(
  profile: PostureProfileDocument,
  sources: readonly SourceIntervals[],
  report: Report,
): void {
  const freshnessMs =
    profile.freshness === undefined ? defaultFreshnessMs : (parseDuration(profile.freshness) ?? 0);
  for (const [index, name] of (profile.verdicts ?? []).entries()) {
    const source = sources.find((each) => each.name === name);
    if (source === undefined) {
      report(['verdicts', index], `posture source "${name}" is not declared; add it to postureSources`);
      continue;
    }
    if (source.poll === undefined) continue;
    const everyMs = source.poll.every === undefined ? defaultEveryMs : parseDuration(source.poll.every);
    if (everyMs !== undefined && everyMs >= freshnessMs) {
      const message = `verdicts of "${name}" come less often than this profile's freshness allows; give a freshness longer than its every`;
      report(['verdicts', index], message);
    }
  }
  for (const system of systems) {
    const wanted = profile[system];
    const { screenLock, antivirus } = wanted ?? {};
    if (typeof screenLock === 'string' && parseDuration(screenLock) === undefined)
      report([system, 'screenLock'], 'a duration is at most a year');
    for (const [index, product] of (Array.isArray(antivirus) ? antivirus : []).entries()) {
      if (Object.hasOwn(antivirusProducts, product)) continue;
      const known = Object.keys(antivirusProducts).join(', ');
      report(
        [system, 'antivirus', index],
        `"${product}" is no product that devices can tell; known are ${known}`,
      );
    }
  }
}

/** What is wrong with an address that the controller is to fetch; undefined when nothing is. */
function urlIssue(text: string): string | undefined {
  if (!URL.canParse(text)) return `"${text}" is no web address`;
  const url = new URL(text);
  if (url.hash !== '' || url.username !== '' || url.password !== '')
    return 'a source has no fragment and no user name; give its token apart';
  const loopback = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || loopback ? undefined : 'a source is reached over https';
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== '';
  } catch {
    return false;
  }
}
