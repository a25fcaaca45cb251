import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PolicyDocument } from '../../protocol/policy-document.ts';
import type { PostureProfileDocument } from '../../protocol/posture-document.ts';
import { decide } from '../../policy/decide.ts';
import type { Facts } from '../../policy/facts.ts';
import { compilePolicies, policyIssues } from '../../policy/policies.ts';

const noon = Date.parse('2026-11-20T12:00:00Z');
const hourMs = 3_600_000;

interface Change {
  nowMs?: number;
  door?: Facts['door'];
  subject?: Partial<Facts['subject']>;
  session?: Partial<Facts['session']>;
  device?: Partial<Facts['device']>;
  resource?: Partial<Facts['resource']>;
}

function facts(change: Change = {}): Facts {
  return {
    nowMs: change.nowMs ?? noon,
    door: change.door ?? 'client',
    subject: {
      kind: 'person',
      name: 'Alice',
      email: 'alice@acme.example',
      groups: ['staff'],
      ...change.subject,
    },
    session: { startedMs: noon - hourMs, authTimeMs: noon - hourMs, amr: ['pwd', 'otp'], ...change.session },
    device: {
      approved: true,
      posture: {
        atMs: noon - 30_000,
        facts: { os: 'linux', osVersion: '6.1.0-13-amd64', clientVersion: '0.1.0' },
      },
      ...change.device,
    },
    resource: { name: 'wiki', tags: ['prod'], ...change.resource },
  };
}

const staffWiki: PolicyDocument = {
  name: 'staff-wiki',
  allow: { groups: ['staff'] },
  to: { resources: ['wiki'] },
};
const profiles: PostureProfileDocument[] = [{ name: 'healthy', linux: { minVersion: '5.10' } }];

function decideOn(policies: PolicyDocument[], change: Change = {}): ReturnType<typeof decide> {
  return decide(facts(change), compilePolicies(policies, profiles));
}

function names(result: ReturnType<typeof decide>): string[] {
  return result.reasons.map(({ name }) => name);
}

describe('decide', () => {
  test('denies when no policy speaks of the request', () => {
    const result = decideOn([]);
    assert.equal(result.decision, 'deny');
    assert.deepEqual(result.reasons, [{ name: 'no-allow' }]);
    assert.equal(result.fixable, false);
  });

  test('allows when one allow holds, naming the policy', () => {
    const result = decideOn([staffWiki]);
    assert.equal(result.decision, 'allow');
    assert.deepEqual(result.reasons, [{ name: 'allow-matches', policy: 'staff-wiki' }]);
    assert.equal(result.untilMs, undefined);
  });

  test('selects by group, person and service account, and by nothing else', () => {
    const to = { resources: ['wiki'] };
    const byPerson: PolicyDocument = { name: 'p', allow: { people: ['Alice@acme.example'] }, to };
    const byService: PolicyDocument = { name: 's', allow: { serviceAccounts: ['ci'] }, to };
    assert.equal(decideOn([byPerson]).decision, 'allow');
    assert.equal(decideOn([byPerson], { subject: { email: 'bob@acme.example' } }).decision, 'deny');
    assert.equal(decideOn([byService]).decision, 'deny');
    assert.equal(
      decideOn([byService], { subject: { kind: 'service', name: 'ci', groups: [] } }).decision,
      'allow',
    );
    assert.equal(
      decideOn([byService], { subject: { kind: 'person', name: 'ci', groups: [] } }).decision,
      'deny',
    );
    assert.equal(decideOn([staffWiki], { subject: { groups: ['contractors'] } }).decision, 'deny');
  });

  test('a person whose e-mail is not verified is selected by no people list', () => {
    const policy: PolicyDocument = {
      name: 'p',
      allow: { people: ['alice@acme.example'] },
      to: { resources: ['wiki'] },
    };
    const unverified = facts();
    const { email: _, ...subject } = unverified.subject;
    assert.equal(decide({ ...unverified, subject }, compilePolicies([policy], [])).decision, 'deny');
  });

  test('an allow for one door does not open the other', () => {
    const policies: PolicyDocument[] = [{ ...staffWiki, doors: ['web'] }];
    assert.equal(decideOn(policies, { door: 'web' }).decision, 'allow');
    assert.equal(decideOn(policies, { door: 'client' }).decision, 'deny');
  });

  test('allows add up, and a deny beats all of them', () => {
    const second: PolicyDocument = { name: 'b', allow: 'everyone', to: 'everything' };
    const deny: PolicyDocument = { name: 'no', deny: { groups: ['staff'] }, to: { tags: ['prod'] } };
    assert.equal(decideOn([{ ...staffWiki, when: { mfa: '1s' } }, second]).decision, 'allow');
    const denied = decideOn([staffWiki, second, deny]);
    assert.equal(denied.decision, 'deny');
    assert.deepEqual(denied.reasons, [{ name: 'deny-matches', policy: 'no' }]);
    assert.equal(denied.fixable, false);
  });

  test('a require on a tag cannot be bypassed by any other allow', () => {
    const require: PolicyDocument = {
      name: 'needs',
      require: 'everyone',
      to: { tags: ['prod'] },
      when: { mfa: '30m' },
    };
    const loose: PolicyDocument = { name: 'loose', allow: 'everyone', to: 'everything' };
    const result = decideOn([staffWiki, loose, require]);
    assert.equal(result.decision, 'deny');
    assert.equal(result.fixable, true);
    assert.ok(names(result).includes('mfa-too-old'));
    assert.equal(decideOn([staffWiki, require], { resource: { tags: [] } }).decision, 'allow');
  });

  test('an unknown fact fails an allow and a require, and counts as met in a deny', () => {
    const noPosture: Facts = { ...facts({ device: {} }), device: { approved: true } };
    const allow = compilePolicies([{ ...staffWiki, when: { posture: ['healthy'] } }], profiles);
    const deny = compilePolicies(
      [staffWiki, { name: 'd', deny: 'everyone', to: 'everything', when: { posture: ['healthy'] } }],
      profiles,
    );
    const require = compilePolicies(
      [staffWiki, { name: 'r', require: 'everyone', to: 'everything', when: { posture: ['healthy'] } }],
      profiles,
    );
    assert.deepEqual(names(decide(noPosture, allow)), ['allow-matches', 'posture-unknown']);
    assert.deepEqual(names(decide(noPosture, require)), ['allow-matches', 'posture-unknown']);
    assert.equal(decide(noPosture, require).decision, 'deny');
    assert.equal(decide(noPosture, allow).decision, 'deny');
    assert.equal(decide(noPosture, deny).decision, 'deny');
  });

  test('a device that has fallen silent, and a sign-in that names no method, escape no deny', () => {
    const silent: Change = {
      device: {
        posture: { atMs: noon - hourMs, facts: { os: 'linux', osVersion: '6.1', clientVersion: '1' } },
      },
    };
    const deny = (when: PolicyDocument['when']): PolicyDocument[] => [
      staffWiki,
      { name: 'd', deny: 'everyone', to: 'everything', ...(when === undefined ? {} : { when }) },
    ];
    assert.equal(decideOn(deny({ posture: ['healthy'] }), silent).decision, 'deny');
    assert.equal(decideOn(deny({ mfa: '12h' }), { session: { amr: [] } }).decision, 'deny');
    // Known to be too long ago, whatever the methods were: the condition is false, and the deny does not apply.
    assert.equal(decideOn(deny({ mfa: '30m' }), { session: { amr: [] } }).decision, 'allow');
    assert.equal(decideOn(deny({ mfa: '12h' }), { session: { amr: ['pwd'] } }).decision, 'allow');
  });

  test('a profile that is known to fail is not made unknown by one whose report is too old', () => {
    const both = compilePolicies(
      [staffWiki, { name: 'd', deny: 'everyone', to: 'everything', when: { posture: ['quick', 'healthy'] } }],
      [...profiles, { name: 'quick', linux: {}, freshness: '10s' }],
    );
    assert.equal(decide(facts(), both).decision, 'deny');
    const old = facts({
      device: {
        posture: { atMs: noon - 30_000, facts: { os: 'linux', osVersion: '5.4', clientVersion: '1' } },
      },
    });
    assert.equal(decide(old, both).decision, 'allow');
    // Once the other report is too old as well, nothing is known any more.
    assert.equal(decide(old, both).untilMs, noon - 30_000 + 5 * 60_000);
  });

  test('an until in a leap second ends the policy', () => {
    const policy: PolicyDocument = { ...staffWiki, until: '2026-12-31T23:59:60Z' };
    const midnight = Date.parse('2027-01-01T00:00:00Z');
    const before = decideOn([policy], { nowMs: midnight - 1 });
    assert.equal(before.decision, 'allow');
    assert.equal(before.untilMs, midnight);
    assert.equal(decideOn([policy], { nowMs: midnight }).decision, 'deny');
  });

  test('a policy whose validity is no instant is refused, not taken as valid for ever', () => {
    assert.throws(() => compilePolicies([{ ...staffWiki, until: 'tomorrow' }], profiles), /no instant/);
  });

  test('validity selects: before from and from until on the policy is not there', () => {
    const policy: PolicyDocument = {
      ...staffWiki,
      from: '2026-11-20T13:00:00Z',
      until: '2026-11-20T15:00:00+01:00',
    };
    const early = decideOn([policy]);
    assert.equal(early.decision, 'deny');
    assert.equal(early.untilMs, noon + hourMs);
    const inside = decideOn([policy], { nowMs: noon + 90 * 60_000 });
    assert.equal(inside.decision, 'allow');
    assert.equal(inside.untilMs, noon + 2 * hourMs);
    assert.equal(decideOn([policy], { nowMs: noon + 2 * hourMs }).decision, 'deny');
  });

  test('until passes over instants that change a verdict but not the decision', () => {
    const fresh: PolicyDocument = { ...staffWiki, when: { mfa: '2h' } };
    const longer: PolicyDocument = { ...staffWiki, name: 'longer', when: { session: '6h' } };
    assert.equal(decideOn([fresh, longer]).untilMs, noon + 5 * hourMs);
  });

  test('each condition names why it fails', () => {
    const failing = (when: PolicyDocument['when'], change: Change): string | undefined =>
      names(decideOn([{ ...staffWiki, ...(when === undefined ? {} : { when }) }], change)).at(-1);
    assert.equal(failing({ session: '30m' }, {}), 'session-too-old');
    assert.equal(failing({ mfa: '30m' }, {}), 'mfa-too-old');
    assert.equal(failing({ mfa: '12h' }, { session: { amr: ['pwd'] } }), 'mfa-missing');
    assert.equal(failing({ mfa: '12h' }, { session: { amr: ['pwd', 'pin'] } }), 'mfa-missing');
    assert.equal(failing({ mfa: '12h' }, { session: { amr: ['mfa'] } }), 'mfa-fresh');
    assert.equal(failing({ deviceApproved: true }, { device: { approved: false } }), 'device-not-approved');
    assert.equal(failing({ schedule: { zone: 'UTC', hours: '13:00-14:00' } }, {}), 'schedule-closed');
    const report = (osVersion: string, ageMs = 0): Change => ({
      device: { posture: { atMs: noon - ageMs, facts: { os: 'linux', osVersion, clientVersion: '1' } } },
    });
    assert.equal(failing({ posture: ['healthy'] }, report('5.9.99')), 'posture-failing');
    assert.equal(failing({ posture: ['healthy'] }, report('5.10.0-rc1')), 'posture-met');
    assert.equal(failing({ posture: ['healthy'] }, report('unknown')), 'posture-unknown');
    assert.equal(failing({ posture: ['healthy'] }, report('6.1', 5 * 60_000)), 'posture-stale');
    const mac: Change = { device: { posture: { atMs: noon, facts: { os: 'macos', clientVersion: '1' } } } };
    assert.equal(failing({ posture: ['healthy'] }, mac), 'system-not-listed');
  });

  test('no reason carries a configured value', () => {
    const policies: PolicyDocument[] = [
      {
        ...staffWiki,
        when: { posture: ['healthy'], mfa: '59m', schedule: { zone: 'Europe/Berlin', hours: '01:00-02:00' } },
      },
    ];
    assert.doesNotMatch(JSON.stringify(decideOn(policies)), /5\.10|59m|Berlin|01:00/);
  });
});

describe('policyIssues', () => {
  const document = (policy: object): Parameters<typeof policyIssues>[0] =>
    ({ organisation: 'acme', policies: [policy] }) as Parameters<typeof policyIssues>[0];
  const messages = (policy: object): string[] => policyIssues(document(policy)).map(({ message }) => message);

  test('accepts a policy of one effect', () => {
    assert.deepEqual(messages(staffWiki), []);
  });

  test('refuses none or two effects, an empty who, an empty target and a reversed validity', () => {
    assert.equal(messages({ name: 'x', to: 'everything' }).length, 1);
    assert.equal(messages({ ...staffWiki, deny: 'everyone' }).length, 1);
    assert.equal(messages({ ...staffWiki, allow: {} }).length, 1);
    assert.equal(messages({ ...staffWiki, to: {} }).length, 1);
    assert.equal(
      messages({ ...staffWiki, from: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' }).length,
      1,
    );
    assert.equal(messages({ ...staffWiki, allow: { people: ['alice'] } }).length, 1);
  });

  test('names the place of a wrong schedule', () => {
    const when = { schedule: { zone: 'Europe/Atlantis' } };
    assert.deepEqual(policyIssues(document({ ...staffWiki, when }))[0]?.path, [
      'policies',
      0,
      'when',
      'schedule',
      'zone',
    ]);
    assert.equal(messages({ ...staffWiki, when: { schedule: { zone: 'UTC', days: 'mon-xyz' } } }).length, 1);
    assert.equal(
      messages({ ...staffWiki, when: { schedule: { zone: 'UTC', hours: '09:00-09:00' } } }).length,
      1,
    );
    assert.equal(
      messages({ ...staffWiki, when: { schedule: { zone: 'UTC', hours: '25:00-26:00' } } }).length,
      1,
    );
  });

  test('lets only an allow with an end waive, and only requires of the file', () => {
    const needs: PolicyDocument = {
      name: 'needs',
      require: 'everyone',
      to: 'everything',
      when: { mfa: '12h' },
    };
    const issues = (policy: object): string[] =>
      policyIssues({
        organisation: 'acme',
        policies: [{ ...staffWiki, ...policy }, needs],
      }).map(({ path, message }) => `${path.join('.')}: ${message}`);
    const until = '2027-01-01T00:00:00Z';
    assert.deepEqual(issues({ until, waives: ['needs'] }), []);
    const only =
      'policies.0.waives: only an allow that has until may waive; what is waived is waived for a time';
    assert.deepEqual(issues({ waives: ['needs'] }), [only]);
    assert.deepEqual(issues({ allow: undefined, require: 'everyone', until, waives: ['needs'] }), [only]);
    assert.deepEqual(issues({ until, waives: ['needs', 'neds', 'staff-wiki'] }), [
      'policies.0.waives.1: policy "neds" is not declared; waives names requires of this file',
      'policies.0.waives.2: policy "staff-wiki" is no require; only what is required can be waived',
    ]);
  });

  test('reports a source that is no network, each with its place', () => {
    const path = (source: string[]): string[] =>
      policyIssues(document({ ...staffWiki, when: { source } })).map(
        (issue) => `${issue.path.slice(2).join('.')}: ${issue.message}`,
      );
    assert.deepEqual(path(['10.0.0.0/8', '0.0.0.0/0', '2001:db8::/32', '::/0', '::1/128']), []);
    assert.deepEqual(path(['10.0.0.0/8', '10.0.0.1']), [
      'when.source.1: "10.0.0.1" has no length; write 10.0.0.1/32',
    ]);
    assert.match(path(['2001:db8::1']).join(), /"2001:db8::1" has no length; write 2001:db8::1\/128/);
    assert.match(path(['10.0.0.1/8']).join(), /has bits beyond its length; write 10\.0\.0\.1\/32, or clear/);
    assert.match(path(['2001:db8::1/32']).join(), /has bits beyond its length/);
    assert.match(path(['::ffff:10.0.0.0/104']).join(), /is IPv4 inside IPv6; write the IPv4 network itself/);
    for (const bad of [
      '10.0.0.0/33',
      '10.0.0.0/08',
      '10.0.0/8',
      '::/129',
      '10.0.0.0/',
      '/8',
      'lan',
      '1::2::/8',
      '::/x',
    ])
      assert.match(path([bad]).join(), /is no network; write it like 10\.20\.0\.0\/16/, bad);
  });
});
