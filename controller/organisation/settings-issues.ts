/** Durations of sessions and devices that lie outside their bounds. */
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { DocumentIssue } from '../../protocol/problem.ts';
import { parseDuration } from '../../protocol/durations.ts';

interface Bounds {
  readonly least: string;
  readonly most: string;
}

const sessionBounds: Bounds = { least: '5m', most: '30d' };
const resourceBounds: Bounds = { least: '1m', most: '30d' };
const lockBounds: Bounds = { least: '1d', most: '366d' };
const requestBounds: Bounds = { least: '5m', most: '30d' };
const exposeBounds: Bounds = { least: '1m', most: '7d' };
const deviceBounds: Bounds = { least: '1d', most: '366d' };

/** What is wrong with the durations of a document that is sound otherwise. */
export function settingsIssues({
  sessions,
  devices,
  expose,
  resources,
  requests,
}: OrganisationDocument): DocumentIssue[] {
  const issues: DocumentIssue[] = [];
  const check = (path: DocumentIssue['path'], text: string | undefined, bounds: Bounds): void => {
    if (text === undefined || isWithin(text, bounds)) return;
    const { least, most } = bounds;
    issues.push({ path, message: `"${text}" is out of bounds; write a duration from ${least} to ${most}` });
  };
  check(['sessions', 'length'], sessions?.length, sessionBounds);
  check(['expose', 'longest'], expose?.longest, exposeBounds);
  check(['devices', 'expireAfter'], devices?.expireAfter, deviceBounds);
  for (const [index, { session, lockUnused }] of (resources ?? []).entries()) {
    check(['resources', index, 'session'], session, resourceBounds);
    check(['resources', index, 'lockUnused'], lockUnused, lockBounds);
  }
  for (const [index, { longest }] of (requests ?? []).entries())
    check(['requests', index, 'longest'], longest, requestBounds);
  return issues;
}

function isWithin(text: string, { least, most }: Bounds): boolean {
  const [ms, leastMs, mostMs] = [text, least, most].map(parseDuration);
  return ms !== undefined && leastMs !== undefined && mostMs !== undefined && ms >= leastMs && ms <= mostMs;
}
