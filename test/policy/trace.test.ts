import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide } from '../../policy/decide.ts';
import type { Facts } from '../../policy/facts.ts';
import { compilePolicies } from '../../policy/policies.ts';
import { traceDecision, type PolicyTrace } from '../../policy/trace.ts';
import type { PolicyDocument } from '../../protocol/policy-document.ts';
import { CaseSource, profiles } from './support/random-cases.ts';

const noon = Date.parse('2026-11-20T12:00:00Z');
const facts: Facts = {
  nowMs: noon,
  door: 'client',
  subject: { kind: 'person', name: 'Alice', email: 'alice@acme.example', groups: ['staff'] },
  session: { startedMs: noon - 3_600_000, amr: ['pwd', 'otp'] },
  device: { approved: false },
  resource: { name: 'wiki', tags: ['prod'] },
};

function traced(policy: PolicyDocument, changed: Partial<Facts> = {}): PolicyTrace {
  const { policies } = traceDecision({ ...facts, ...changed }, compilePolicies([policy], profiles));
  return policies[0] ?? assert.fail('no trace');
}

function missOf(policy: PolicyDocument, changed: Partial<Facts> = {}): readonly string[] {
  const trace = traced(policy, changed);
  return trace.state === 'not-selected' ? trace.because : [];
}

describe('the trace of a decision', () => {
  test('says of each policy that is not selected which of its parts did not match', () => {
    const everywhere = { name: 'p', allow: 'everyone', to: 'everything' } as const;
    assert.deepEqual(missOf(everywhere), []);
    assert.deepEqual(missOf({ ...everywhere, allow: { groups: ['sre'] } }), ['who']);
    assert.deepEqual(missOf({ ...everywhere, allow: { people: ['bob@acme.example'] } }), ['who']);
    assert.deepEqual(missOf({ ...everywhere, allow: { people: ['Alice@acme.example'] } }), []);
    assert.deepEqual(missOf({ ...everywhere, to: { resources: ['db'], tags: ['staging'] } }), ['to']);
    assert.deepEqual(missOf({ ...everywhere, to: { resources: ['db'], tags: ['prod'] } }), []);
    assert.deepEqual(missOf({ ...everywhere, doors: ['web'] }), ['doors']);
    assert.deepEqual(missOf({ ...everywhere, from: '2026-11-20T12:00:00.001Z' }), ['validity']);
    assert.deepEqual(missOf({ ...everywhere, until: '2026-11-20T12:00:00Z' }), ['validity']);
    const nowhere: PolicyDocument = {
      name: 'n',
      deny: { serviceAccounts: ['Alice'] },
      to: { tags: ['eu'] },
      doors: ['web'],
      until: '2026-01-01T00:00:00Z',
    };
    assert.deepEqual(missOf(nowhere), ['who', 'to', 'doors', 'validity']);
  });

  test('says of each policy that is selected how each of its conditions came out', () => {
    const when = { mfa: '12h', session: '8h', deviceApproved: true } as const;
    assert.deepEqual(traced({ name: 'p', require: 'everyone', to: 'everything', when }), {
      policy: 'p',
      effect: 'require',
      state: 'selected',
      held: false,
      inEffect: true,
      conditions: [
        { condition: 'mfa', met: 'unknown', reason: 'mfa-time-unknown' },
        { condition: 'session', met: true, reason: 'session-fresh' },
        { condition: 'deviceApproved', met: false, reason: 'device-not-approved' },
      ],
    });
    const unknown = traced({ name: 'd', deny: 'everyone', to: 'everything', when: { posture: ['healthy'] } });
    assert.deepEqual(unknown, {
      policy: 'd',
      effect: 'deny',
      state: 'selected',
      held: 'unknown',
      inEffect: true,
      conditions: [{ condition: 'posture', met: 'unknown', reason: 'posture-unknown' }],
    });
  });

  test('is the decision that decide takes, and accounts for it, in random cases', () => {
    const source = new CaseSource(20_261_124);
    let selected = 0;
    for (let round = 0; round < 5_000; round += 1) {
      const { facts: asked, policies } = source.next();
      const compiled = compilePolicies(policies, profiles);
      const { decision, reasons, fixable, untilMs } = decide(asked, compiled);
      const trace = traceDecision(asked, compiled);
      assert.deepEqual(
        { ...trace, policies: trace.policies.map(({ policy }) => policy) },
        { decision, reasons, fixable, untilMs, policies: policies.map(({ name }) => name) },
      );
      const inEffect = trace.policies.filter((each) => each.state === 'selected' && each.inEffect);
      const waived = trace.policies.filter((each) => each.state === 'selected' && each.waived === true);
      assert.deepEqual(
        waived.map(({ policy }) => policy),
        reasons.flatMap(({ name, policy }) => (name === 'require-waived' ? [policy] : [])),
      );
      const has = (effect: string): boolean => inEffect.some((each) => each.effect === effect);
      assert.equal(has('allow') && !has('deny') && !has('require'), decision === 'allow');
      selected += trace.policies.filter(({ state }) => state === 'selected').length;
    }
    assert.ok(selected > 5_000);
  });
});
