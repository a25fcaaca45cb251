import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conditionKeys, implies } from '../../policy/implies.ts';
import { decide } from '../../policy/decide.ts';
import { compilePolicies } from '../../policy/policies.ts';
import { compareTakes, whatItTakes } from '../../policy/what-it-takes.ts';
import type { ConditionsDocument, PolicyDocument } from '../../protocol/policy-document.ts';
import { CaseSource, profiles } from './support/random-cases.ts';

describe('one condition follows from another', () => {
  const cases: [about: string, stricter: ConditionsDocument, looser: ConditionsDocument, back: boolean][] = [
    ['nothing asks for less than anything', { mfa: '12h' }, {}, false],
    ['a shorter age', { mfa: '8h' }, { mfa: '12h' }, false],
    ['the same age in other words', { mfa: '24h' }, { mfa: { age: '1d' } }, true],
    ['a method besides', { mfa: { age: '1h', amr: ['hwk'] } }, { mfa: '1h' }, false],
    [
      'fewer methods',
      { mfa: { age: '1h', amr: ['hwk'] } },
      { mfa: { age: '1h', amr: ['hwk', 'swk'] } },
      false,
    ],
    [
      'fewer classes',
      { mfa: { age: '1h', acr: ['phr'] } },
      { mfa: { age: '1h', acr: ['phr', 'phrh'] } },
      false,
    ],
    ['a younger session', { session: '59m' }, { session: '1h' }, false],
    ['more profiles', { posture: ['a', 'b'] }, { posture: ['b'] }, false],
    ['fewer countries', { country: ['DE'] }, { country: ['FR', 'DE'] }, false],
    ['a smaller network', { source: ['10.1.0.0/16'] }, { source: ['10.0.0.0/8', '::/0'] }, false],
    ['two networks in one', { source: ['10.1.0.0/16', '10.2.0.0/16'] }, { source: ['10.0.0.0/8'] }, false],
    ['an approval', { deviceApproved: true, session: '1h' }, { deviceApproved: true }, false],
    ['the same hours', { schedule: { zone: 'UTC' } }, { schedule: { zone: 'UTC' } }, true],
  ];
  for (const [about, stricter, looser, back] of cases)
    test(about, () => {
      assert.equal(implies([stricter], [looser]), true);
      assert.equal(implies([looser], [stricter]), back);
    });

  test('and does not where the texts do not tell', () => {
    const unlike: [ConditionsDocument, ConditionsDocument][] = [
      [{ mfa: '1h' }, { session: '1h' }],
      [{ mfa: '1h' }, { mfa: { age: '1h', acr: ['phr'] } }],
      [{ mfa: { age: '1h', acr: ['phr'] } }, { mfa: '1h' }],
      [{ mfa: { age: '1h', acr: ['phr'] } }, { mfa: { age: '1h', acr: ['1'] } }],
      [{ mfa: { age: '1h', amr: ['hwk'] } }, { mfa: { age: '1h', amr: ['otp'] } }],
      [{ posture: ['a'] }, { posture: ['b'] }],
      [{ country: ['DE', 'US'] }, { country: ['DE', 'FR'] }],
      [{ source: ['10.0.0.0/8'] }, { source: ['::/0'] }],
      [{ schedule: { zone: 'UTC', hours: '09:00-17:00' } }, { schedule: { zone: 'UTC' } }],
      [
        { mfa: '8h', session: '8h' },
        { mfa: '12h', country: ['DE'] },
      ],
    ];
    for (const [one, other] of unlike) assert.equal(implies([one], [other]), false, JSON.stringify(one));
  });

  test('keys of several are each named once', () => {
    assert.deepEqual(conditionKeys([{ session: '1h', mfa: '1h' }, { mfa: '2h' }]), ['mfa', 'session']);
  });
});

/** What a plan says of people who are not signed in holds whatever the facts turn out to be. */
describe('what it takes', () => {
  test('says of random cases nothing that a decision contradicts', () => {
    const source = new CaseSource(20_261_125);
    const seen = { none: 0, same: 0, more: 0, less: 0, other: 0 };
    for (let round = 0; round < 20_000; round += 1) {
      const { facts, policies: before } = source.next();
      const chosen = before[source.below(before.length)];
      if (chosen === undefined) continue;
      const kind = source.below(4);
      const after =
        kind === 0
          ? before.filter((policy) => policy !== chosen)
          : kind === 1
            ? [...before, source.policy('more', facts.nowMs)]
            : kind === 2
              ? before.with(before.indexOf(chosen), { ...chosen, when: { ...chosen.when, mfa: '30s' } })
              : before.with(before.indexOf(chosen), { ...chosen, when: { ...source.conditions() } });
      const on = (policies: readonly PolicyDocument[]) => {
        const compiled = compilePolicies(policies, profiles);
        const documents = new Map(policies.map((policy) => [policy.name, policy]));
        return {
          takes: whatItTakes(compiled.concerning(facts), documents, facts.nowMs),
          allowed: decide(facts, compiled).decision === 'allow',
        };
      };
      const [was, is] = [on(before), on(after)];
      for (const { takes, allowed } of [was, is])
        if (allowed) assert.ok(takes.ways.length > 0, 'allowed where there is no way in');
      if (was.takes.ways.length === 0 || is.takes.ways.length === 0) {
        seen.none += 1;
        continue;
      }
      const compared = compareTakes(was.takes, is.takes);
      seen[compared] += 1;
      const place = JSON.stringify({ facts, before, after });
      if (compared === 'same') assert.equal(is.allowed, was.allowed, place);
      // What asks for more lets nobody in who was not let in, and what asks for less keeps nobody out.
      if (compared === 'more') assert.ok(was.allowed || !is.allowed, place);
      if (compared === 'less') assert.ok(is.allowed || !was.allowed, place);
    }
    for (const [outcome, count] of Object.entries(seen)) assert.ok(count > 100, `${outcome}: ${count}`);
  });
});
