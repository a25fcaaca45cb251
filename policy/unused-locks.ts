/**
 * `lockUnused: 30d` of a resource: access that a person has not used for so long no longer counts for them, until they
 * have asked for it again. A require like any other, which an approved request waives.
 */
import type { ResourceDocument } from '../protocol/organisation-document.ts';
import { parseDuration } from '../protocol/durations.ts';
import { recentUseCondition } from './conditions/recent-use.ts';
import type { Policy } from './policy.ts';

/** The name of the require behind `lockUnused` of a resource: no policy of a document could have it. */
export function unusedLockOf(resource: string): string {
  return `use of ${resource}`;
}

/** The require of a resource that locks what is not used; none for others. Throws on what is no duration. */
export function unusedLock({ name, lockUnused }: Pick<ResourceDocument, 'name' | 'lockUnused'>): Policy[] {
  if (lockUnused === undefined) return [];
  const ms = parseDuration(lockUnused);
  if (ms === undefined) throw new Error(`"${lockUnused}" is no duration`);
  return [
    {
      name: unusedLockOf(name),
      effect: 'require',
      who: 'everyone',
      to: { resources: [name] },
      doors: ['client', 'web'],
      fromMs: Number.NEGATIVE_INFINITY,
      untilMs: Number.POSITIVE_INFINITY,
      conditions: [recentUseCondition(ms)],
    },
  ];
}
