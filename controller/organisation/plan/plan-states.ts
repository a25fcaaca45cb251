/** The organisation as it is and as a document would make it: what a plan compares. Nothing of it is written. */
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import type { PolicyDocument } from '../../../protocol/policy-document.ts';
import type { Random } from '../../../protocol/clock.ts';
import { newId } from '../../../protocol/ids.ts';
import { unusedLockOf } from '../../../policy/unused-locks.ts';
import type { AskedConditions } from '../../../policy/implies.ts';
import type { Policy } from '../../../policy/policy.ts';
import { withoutSecrets } from '../apply-document.ts';
import { canonicalJson } from '../document-changes.ts';
import { organisationState, type OrganisationState, type StoredDocument } from '../organisation-state.ts';

/** What the document would make of the organisation: known names keep their ids, new ones are given some. */
export function plannedState(
  current: OrganisationState,
  document: OrganisationDocument,
  random: Random,
): OrganisationState {
  const after = withoutSecrets(document);
  const known = {
    networks: new Map(current.networks.map(({ id, name }) => [name, id])),
    resources: new Map(current.resources.map(({ id, definition }) => [definition.name, id])),
    accounts: new Map(current.serviceAccounts.map(({ id, name }) => [name, id])),
  };
  const ids = {
    networks: (after.networks ?? []).map(({ name }) => ({
      name,
      id: known.networks.get(name) ?? newId('net', random(16)),
    })),
    resources: (after.resources ?? []).map(({ name }) => ({
      name,
      id: known.resources.get(name) ?? newId('res', random(16)),
    })),
    accounts: (after.serviceAccounts ?? []).map(({ name }) => ({
      name,
      id: known.accounts.get(name) ?? newId('svc', random(16)),
    })),
  };
  return organisationState(current.revision + 1, after, ids, current.countries, current.approved);
}

/** A policy as a plan reads it: with what a resource asks by itself. */
export type PlannedPolicy = Omit<PolicyDocument, 'when'> & { readonly when?: AskedConditions };

/** The policies of a document by name, with the requires that follow from its resources. */
export function policyDocuments({
  policies = [],
  resources = [],
}: StoredDocument): Map<string, PlannedPolicy> {
  const all = new Map<string, PlannedPolicy>(policies.map((policy) => [policy.name, policy]));
  for (const resource of resources) {
    const { name, session, lockUnused }: { name: string; session?: string; lockUnused?: string } = resource;
    if (lockUnused !== undefined) {
      const locked = unusedLockOf(name);
      all.set(locked, {
        name: locked,
        require: 'everyone',
        to: { resources: [name] },
        when: { lockUnused },
      });
    }
    if (session === undefined) continue;
    const followed = `session of ${name}`;
    all.set(followed, {
      name: followed,
      require: 'everyone',
      to: { resources: [name] },
      when: { session },
    });
  }
  return all;
}

/**
 * What a policy says, as text that is equal on both sides when it says the same: its own words and those of the posture
 * profiles that it names.
 */
export function policyTexts({ document, policies }: OrganisationState): Map<string, string> {
  const written = policyDocuments(document);
  const profiles = new Map((document.postureProfiles ?? []).map((profile) => [profile.name, profile]));
  return new Map(
    policies.policies.map(({ name }) => {
      const policy = written.get(name);
      return [name, canonicalJson([policy, policy?.when?.posture?.map((profile) => profiles.get(profile))])];
    }),
  );
}

/** Of `policies`, which do not stand on the other side with the same text. */
export function differing(
  policies: readonly Policy[],
  own: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
): Policy[] {
  return policies.filter(({ name }) => own.get(name) !== other.get(name));
}
