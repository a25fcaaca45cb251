/** Which policies speak of a resource, or of somebody. Reads the document as it stands; it decides nothing. */
import type { PolicyDocument } from '../../../../protocol/policy-document.ts';

export function policiesAbout(
  policies: readonly PolicyDocument[],
  resource: { readonly name: string; readonly tags: readonly string[] },
): PolicyDocument[] {
  return policies.filter((policy) => speaksOf(policy, resource));
}

export function speaksOf(
  { to = {} }: PolicyDocument,
  { name, tags }: { readonly name: string; readonly tags: readonly string[] },
): boolean {
  return (
    to === 'everything' ||
    to.resources?.includes(name) === true ||
    to.tags?.some((tag) => tags.includes(tag)) === true
  );
}

export type Effect = 'allow' | 'deny' | 'require';

export function effectOf(policy: PolicyDocument): Effect {
  return policy.deny !== undefined ? 'deny' : policy.require !== undefined ? 'require' : 'allow';
}

/** Whom it selects. */
export function whoOf(policy: PolicyDocument) {
  return policy.allow ?? policy.deny ?? policy.require ?? 'everyone';
}

/** Whether it says whom it is about, and what: before that no sentence can be made of it. */
export function isBegun(policy: PolicyDocument): boolean {
  const { to = {}, mayExpose } = policy;
  const who = whoOf(policy);
  return (
    (who === 'everyone' || Object.values(who).some((names) => names.length > 0)) &&
    (mayExpose === true || to === 'everything' || Object.values(to).some((names) => names.length > 0))
  );
}

/** Whether it names one of these groups, or everyone. */
export function namesGroup(policy: PolicyDocument, group: string): boolean {
  const who = whoOf(policy);
  return who !== 'everyone' && who.groups?.includes(group) === true;
}
