/**
 * Requests that are approved, as decisions see them: what counts of each under the document in force. A rule that is gone
 * or is about something else takes what it gave with it.
 */
import type { Approval } from '../../policy/approvals.ts';
import type { ResourceDocument } from '../../protocol/organisation-document.ts';
import type { TargetDocument } from '../../protocol/policy-document.ts';
import type { Id } from '../../protocol/ids.ts';
import type { StoredDocument } from '../organisation/organisation-state.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** One as it was approved. */
export interface Approved {
  readonly id: Id<'req'>;
  readonly person: Id<'usr'>;
  /** Names of the resource and of the rule. */
  readonly resource: string;
  readonly rule: string;
  readonly untilMs: number;
  readonly waives: readonly string[];
}

/** Those that are not over, the oldest first. */
export async function readApproved(store: ScopedStore): Promise<Approved[]> {
  const rows = await store
    .select('access_requests')
    .select(['id', 'person', 'resource', 'rule', 'until_ms', 'waives'])
    .where('state', '=', 'approved')
    .orderBy('created_ms')
    .orderBy('id')
    .execute();
  return rows.map(({ id, person, resource, rule, until_ms: untilMs, waives }) => ({
    id,
    person,
    resource,
    rule,
    untilMs: untilMs ?? 0,
    waives: JSON.parse(waives) as string[],
  }));
}

/** What counts of them: whom the rule still names, its resources, and requires that it may still waive. */
export function approvalsOf(document: StoredDocument, approved: readonly Approved[]): Approval[] {
  const rules = new Map((document.requests ?? []).map((rule) => [rule.name, rule]));
  const resources = new Map((document.resources ?? []).map((resource) => [resource.name, resource]));
  const requires = new Set(
    (document.policies ?? []).flatMap(({ name, require }) => (require === undefined ? [] : [name])),
  );
  return approved.flatMap(({ id, person, resource: name, rule: ruleName, untilMs, waives }) => {
    const rule = rules.get(ruleName);
    const resource = resources.get(name);
    if (rule === undefined || resource === undefined || !isTarget(rule.to, resource)) return [];
    const counting = waives.filter((each) => rule.waives?.includes(each) === true && requires.has(each));
    return [{ id, person, who: rule.who, resource: name, untilMs, waives: counting }];
  });
}

/** Whether what `to` says means this resource. */
export function isTarget(
  to: TargetDocument,
  { name, tags = [] }: Pick<ResourceDocument, 'name' | 'tags'>,
): boolean {
  if (to === 'everything') return true;
  return to.resources?.includes(name) === true || tags.some((tag) => to.tags?.includes(tag) === true);
}
