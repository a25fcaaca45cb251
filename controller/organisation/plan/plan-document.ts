/**
 * The dry run of apply: what would change, who would lose and gain what, what is probably not meant, and how the policy
 * tests come out. Reads the store and writes nothing.
 */
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import type { PlanResult } from '../../../protocol/plan.ts';
import type { Random } from '../../../protocol/clock.ts';
import { runPolicyTests } from '../../../policy/policy-tests.ts';
import type { SecretKey } from '../../keys/secret-key.ts';
import type { ScopedStore } from '../../store/scoped-store.ts';
import { changedSecrets, withoutSecrets } from '../apply-document.ts';
import { documentChanges, withoutValues } from '../document-changes.ts';
import { withoutExposures, type OrganisationState } from '../organisation-state.ts';
import { accessChanges } from './access-changes.ts';
import { plannedState } from './plan-states.ts';
import { openNow, subjectClasses } from './plan-subjects.ts';
import { policyWarnings } from './policy-warnings.ts';

export interface PlanOptions {
  readonly secretKey: SecretKey;
  readonly random: Random;
  readonly nowMs: number;
}

/**
 * @param current what is in force
 * @param document checked; its tests may fail
 */
export async function planDocument(
  store: ScopedStore,
  current: OrganisationState,
  document: OrganisationDocument,
  { secretKey, random, nowMs }: PlanOptions,
): Promise<PlanResult> {
  // What people expose is no part of the document.
  const before = withoutExposures(current);
  const after = plannedState(before, document, random);
  const secrets = await changedSecrets(store, document, secretKey);
  const changes = documentChanges(before.document, withoutSecrets(document), secrets);
  const sides = { before, after };
  const classes = await subjectClasses(store, sides);
  const { access, more, notLookedAt } = await accessChanges(
    sides,
    classes,
    () => openNow(store, before, nowMs),
    nowMs,
  );
  const { warnings, more: moreWarnings } = policyWarnings(after, classes, nowMs);
  const tests = runPolicyTests(document, nowMs);
  return {
    revision: before.revision,
    changes: changes.map(withoutValues),
    access,
    moreAccess: more,
    notLookedAt,
    warnings,
    moreWarnings,
    tests: {
      passed: tests.filter(({ passed }) => passed).length,
      failed: tests
        .filter(({ passed }) => !passed)
        .map((result) => ({
          index: result.index,
          subject: result.subject,
          failures: result.failures.map((failure) => ({
            ...failure,
            reasons: failure.reasons.map((reason) => ({ ...reason })),
          })),
        })),
    },
  };
}
