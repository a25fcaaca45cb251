import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  failedTestIssues,
  policyTestIssues,
  runPolicyTests,
  type TestedDocument,
} from '../../policy/policy-tests.ts';
import type { PolicyTestDocument } from '../../protocol/policy-document.ts';

/** A Friday. */
const noon = Date.parse('2026-11-20T12:00:00Z');

const document: TestedDocument = {
  serviceAccounts: [{ name: 'ci', groups: ['automation'] }],
  resources: [
    { name: 'wiki', network: 'hq', address: 'wiki.acme.internal', ports: ['tcp/80'], tags: ['staging'] },
    { name: 'databases', network: 'hq', address: '*.db.acme.internal', ports: ['tcp/5432'], tags: ['prod'] },
  ],
  postureProfiles: [
    { name: 'healthy', linux: { minVersion: '5.10' } },
    { name: 'encrypted', linux: {} },
  ],
  policies: [
    { name: 'staff-wiki', allow: { groups: ['staff'] }, to: { resources: ['wiki'] } },
    { name: 'ci-wiki', allow: { groups: ['automation'] }, to: { resources: ['wiki'] }, doors: ['client'] },
    { name: 'sre-db', allow: { groups: ['sre'] }, to: { tags: ['prod'] }, until: '2027-12-31T00:00:00Z' },
    {
      name: 'prod-needs',
      require: 'everyone',
      to: { tags: ['prod'] },
      when: {
        posture: ['healthy'],
        mfa: '12h',
        schedule: { zone: 'Europe/Berlin', days: 'mon-fri', hours: '09:00-18:00' },
      },
    },
    { name: 'no-contractors', deny: { groups: ['contractors'] }, to: { tags: ['prod'] } },
    {
      name: 'audit-db',
      allow: { groups: ['audit'] },
      to: { tags: ['prod'] },
      when: {
        source: ['10.0.0.0/8'],
        country: ['DE'],
        session: '1h',
        deviceApproved: true,
        mfa: { age: '1h', amr: ['hwk'], acr: ['phr'] },
      },
      until: '2027-12-31T00:00:00Z',
      waives: ['prod-needs'],
    },
  ],
};

function issuesOf(...tests: PolicyTestDocument[]): string[] {
  return failedTestIssues(runPolicyTests({ ...document, tests }, noon)).map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  );
}

const bob: PolicyTestDocument = {
  user: 'bob@acme.example',
  groups: ['sre'],
  posture: ['healthy'],
  mfa: '1h',
  at: '2026-11-20T10:00+01:00',
};
const dora: PolicyTestDocument = {
  user: 'Dora@acme.example',
  groups: ['audit'],
  source: '10.1.2.3',
  country: 'DE',
  session: '10m',
  deviceApproved: true,
  mfa: '10m',
  amr: ['hwk'],
  acr: 'phr',
};

describe('policy tests', () => {
  test('pass when the policies say what they say', () => {
    assert.deepEqual(
      issuesOf(
        { user: 'alice@acme.example', groups: ['staff'], can: ['wiki'], cannot: ['databases'] },
        { ...bob, can: ['databases'], cannot: ['wiki'] },
        { serviceAccount: 'ci', can: ['wiki'], cannot: ['databases'] },
        { serviceAccount: 'ci', door: 'web', cannot: ['wiki'] },
        { ...dora, can: ['databases'] },
      ),
      [],
    );
  });

  test('say of each resource that comes out otherwise which policy and which condition decided', () => {
    const cases: [PolicyTestDocument, string][] = [
      [
        { user: 'alice@acme.example', groups: ['staff'], cannot: ['databases', 'wiki'] },
        'tests.0.cannot.1 this test fails: alice@acme.example of staff can use "wiki" by the client; staff-wiki: allow-matches',
      ],
      [
        { user: 'alice@acme.example', can: ['wiki'] },
        'tests.0.can.0 this test fails: alice@acme.example cannot use "wiki" by the client; no-allow',
      ],
      [
        { ...bob, groups: ['sre', 'contractors'], can: ['databases'] },
        'tests.0.can.0 this test fails: bob@acme.example of sre, contractors cannot use "databases" by the client; no-contractors: deny-matches',
      ],
      [
        { user: 'bob@acme.example', groups: ['sre'], can: ['databases'] },
        'tests.0.can.0 this test fails: bob@acme.example of sre cannot use "databases" by the client; prod-needs posture: posture-unknown, prod-needs mfa: mfa-unknown',
      ],
      [
        { ...bob, posture: ['encrypted'], mfa: '12h', at: '2026-11-21T10:00Z', can: ['databases'] },
        'tests.0.can.0 this test fails: bob@acme.example of sre cannot use "databases" by the client; prod-needs posture: posture-failing, prod-needs mfa: mfa-too-old, prod-needs schedule: schedule-closed',
      ],
      [
        { serviceAccount: 'ci', door: 'web', can: ['wiki'] },
        'tests.0.can.0 this test fails: service account ci cannot use "wiki" by the browser; no-allow',
      ],
    ];
    for (const [one, expected] of cases) assert.deepEqual(issuesOf(one), [expected]);
  });

  test('depend on each thing that they name', () => {
    const changes: [Partial<PolicyTestDocument>, RegExp][] = [
      [{ source: '11.0.0.1' }, /audit-db source: source-not-listed/],
      [{ country: 'FR' }, /audit-db country: country-not-listed/],
      [{ session: '1h' }, /audit-db session: session-too-old/],
      [{ deviceApproved: false }, /audit-db deviceApproved: device-not-approved/],
      [{ mfa: '1h' }, /audit-db mfa: mfa-too-old/],
      [{ amr: ['otp'] }, /audit-db mfa: mfa-method-not-listed/],
      [{ acr: '1' }, /audit-db mfa: mfa-context-not-listed/],
      [{ groups: ['staff'] }, /no-allow/],
      [{ at: '2028-01-01T00:00:00Z' }, /no-allow/],
    ];
    assert.deepEqual(issuesOf({ ...dora, can: ['databases'] }), []);
    for (const [change, says] of changes) {
      const [issue = ''] = issuesOf({ ...dora, ...change, can: ['databases'] });
      assert.match(issue, says, JSON.stringify(change));
    }
    const { source: _source, ...nowhere } = dora;
    assert.match(issuesOf({ ...nowhere, can: ['databases'] }).join(), /audit-db source: source-unknown/);
  });

  test('take place at the time of the check unless they say when', () => {
    const { at: _at, ...now } = bob;
    assert.deepEqual(issuesOf({ ...now, can: ['databases'] }), []);
    const tests = [{ ...now, can: ['databases'] }];
    const [result] = runPolicyTests({ ...document, tests }, Date.parse('2026-11-20T20:00:00Z'));
    assert.equal(result?.passed, false);
    assert.deepEqual(result?.failures[0]?.reasons, [
      { reason: 'schedule-closed', policy: 'prod-needs', condition: 'schedule' },
    ]);
  });

  test('that are wrong themselves are issues with their place', () => {
    const wrong = (one: PolicyTestDocument): string[] =>
      policyTestIssues([one]).map(({ path, message }) => `${path.join('.')}: ${message}`);
    assert.deepEqual(wrong({ user: 'alice@acme.example', can: ['wiki'] }), []);
    assert.match(wrong({ can: ['wiki'] }).join(), /^tests\.0: a test is about one/);
    assert.match(wrong({ user: 'a@b.example', serviceAccount: 'ci', can: ['wiki'] }).join(), /about one/);
    assert.match(wrong({ user: 'alice', can: ['wiki'] }).join(), /^tests\.0\.user: "alice" is no e-mail/);
    assert.match(wrong({ user: 'a@b.example' }).join(), /write can: or cannot: and resources/);
    assert.match(
      wrong({ serviceAccount: 'ci', groups: ['staff'], can: ['wiki'] }).join(),
      /^tests\.0\.groups: the groups of a service account are those it declares/,
    );
    assert.match(
      wrong({ user: 'a@b.example', at: '2026-13-20T10:00Z', can: ['wiki'] }).join(),
      /^tests\.0\.at: "2026-13-20T10:00Z" is no instant/,
    );
    assert.match(
      wrong({ user: 'a@b.example', source: '10.0.0.0/8', can: ['wiki'] }).join(),
      /^tests\.0\.source: "10\.0\.0\.0\/8" is no address/,
    );
  });
});
