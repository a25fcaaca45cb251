/** A person at the portal with a device of theirs, and what that device would know of its last snapshot. */
import { readKnowledge, type Knowledge } from '../../../client/standing.ts';
import { deviceView } from '../../../controller/decisions/device-view.ts';
import { joinDevice } from '../../../controller/enrolment/join-device.ts';
import type { OrganisationState } from '../../../controller/organisation/organisation-state.ts';
import type { Condition } from '../../../policy/conditions/condition.ts';
import { PolicyIndex } from '../../../policy/policy-index.ts';
import type { Policy } from '../../../policy/policy.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import type { PostureFacts } from '../../../protocol/posture-facts.ts';
import type { DeviceId } from '../../../protocol/ids.ts';
import { encodeKey, newAgreementKey, newSigningKey } from '../../../protocol/keys.ts';
import { reasonTexts, type ReasonName } from '../../../protocol/reasons.ts';
import { deviceClaim, type TestPortal } from '../../login/support/portal.ts';

/** A condition that gives this reason, whatever is asked. */
export function conditionOf(reason: ReasonName): Condition {
  const verdict = { met: reasonTexts[reason].met, reason };
  return { name: 'session', judge: () => verdict, nextChangeMs: () => Number.POSITIVE_INFINITY };
}

/** A policy for everyone, through both doors and at all times. */
export function policyOf(
  name: string,
  effect: Policy['effect'],
  resource: string,
  conditions: readonly Condition[] = [],
): Policy {
  return {
    name,
    effect,
    who: 'everyone',
    to: { resources: [resource] },
    doors: ['client', 'web'],
    fromMs: Number.NEGATIVE_INFINITY,
    untilMs: Number.POSITIVE_INFINITY,
    conditions,
  };
}

/** Puts policies into force that no document could say. */
export async function judgeBy(
  { context }: TestPortal,
  policies: readonly Policy[],
): Promise<OrganisationState> {
  const state = await context.organisation(context.firstOrganisation).reader.current();
  const index = new PolicyIndex(policies);
  Object.assign(state, { policies: index });
  return state;
}

/** Enrols a device for the one person of the portal. */
export async function enrolDevice({ context }: TestPortal): Promise<DeviceId> {
  const { store } = context.organisation(context.firstOrganisation);
  const { id: owner } = await store.select('people').select('id').executeTakeFirstOrThrow();
  const nowMs = context.now();
  const claim = deviceClaim({
    mk: encodeKey(newSigningKey().publicKey),
    nk: encodeKey(newAgreementKey().publicKey),
    address: '127.0.0.1',
  });
  const joined = await store.transaction((tx) =>
    joinDevice(
      tx,
      { claim, owner, approval: 'approved', untilMs: nowMs + 3_600_000, authMs: nowMs, amr: ['pwd'] },
      { nowMs, random: systemRandom },
    ),
  );
  if (joined.state !== 'joined') throw new Error('the device was not let in');
  const facts: PostureFacts = { os: 'linux', clientVersion: '0.1.0' };
  await store
    .update('nodes')
    .set({ posture: JSON.stringify(facts), posture_ms: nowMs })
    .where('id', '=', joined.device)
    .execute();
  return joined.device;
}

/** What the device's client knows once it has its snapshot. */
export async function knowledgeOf({ context }: TestPortal, device: DeviceId): Promise<Knowledge> {
  const view = await deviceView(context, context.firstOrganisation, device);
  if (view === undefined) throw new Error('the device has no view');
  const state = await context.organisation(context.firstOrganisation).reader.current();
  return readKnowledge(view.snapshot, [...state.zones], new Set());
}
