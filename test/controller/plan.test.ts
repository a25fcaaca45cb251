/** The dry run of apply through the API: changes, who loses and gains what, warnings, tests; and that it writes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { PlanAccess, PlanResult } from '../../protocol/plan.ts';
import type { PolicyDocument } from '../../protocol/policy-document.ts';
import type { Problem } from '../../protocol/problem.ts';
import { corpSignIn } from './support/corp-sign-in.ts';
import { acmeDocument } from './support/document.ts';
import { testController, type TestController } from './support/controller.ts';
import { TestNode } from './support/node.ts';

async function apply(controller: TestController, document: OrganisationDocument): Promise<void> {
  const answer = await controller.call('PUT', '/api/v1/document', document);
  assert.equal(answer.statusCode, 200, answer.body);
}

async function plan(controller: TestController, document: object): Promise<PlanResult> {
  const answer = await controller.call('POST', '/api/v1/document/plan', document);
  assert.equal(answer.statusCode, 200, answer.body);
  return answer.json<PlanResult>();
}

/** One line for each row: `loses now people alice@acme.example of staff: wiki (client) by staff-wiki needs mfa`. */
function lines({ access }: PlanResult): string[] {
  return access.map(
    ({ change, when, who, resources, doors, needs, policies }: PlanAccess) =>
      `${change} ${when} ${who.kind} ${who.count} ${who.names.join('+')} of ${who.groups.join('+')}: ` +
      `${resources.join('+')} (${doors.join('+')}) by ${policies.join('+')} needs ${needs.join('+')}`,
  );
}

/** Somebody signs in at the provider of the tests. */
async function signIn(
  { context, time }: TestController,
  name: string,
  groups: string[],
  more: { amr?: string[]; issuer?: string } = {},
): Promise<void> {
  await corpSignIn(context, name, {
    ...more,
    groups,
    authMs: time.ms,
    address: '192.0.2.1',
  });
}

function withPolicies(change: (policies: PolicyDocument[]) => PolicyDocument[]): OrganisationDocument {
  const document = acmeDocument();
  return { ...document, policies: change(document.policies ?? []) };
}

test('a plan of what is in force is empty, and of a new organisation says what becomes possible', async (t) => {
  const controller = await testController(t);
  const first = await plan(controller, acmeDocument());
  assert.equal(first.revision, 0);
  assert.equal(first.changes.length, 15);
  assert.deepEqual(lines(first), [
    'gains once-met anyone 0  of staff: wiki (client+web) by staff-wiki needs ',
    'gains once-met anyone 0  of sre: databases (client+web) by sre-db needs posture',
    'gains once-met service account 1 ci of automation: wiki+printer (client) by ci-wiki needs ',
  ]);
  await apply(controller, acmeDocument());
  const same = await plan(controller, acmeDocument());
  assert.deepEqual(same, {
    revision: 1,
    changes: [],
    access: [],
    moreAccess: 0,
    notLookedAt: 0,
    warnings: [],
    moreWarnings: 0,
    tests: { passed: 0, failed: [] },
  });
});

test('it tells who loses and gains now from who would once they sign in, by name and door', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  await TestNode.enrolled(controller, 'device');
  await signIn(controller, 'alice', ['staff']);
  await signIn(controller, 'anna', ['staff']);
  await signIn(controller, 'bob', ['sre']);
  await controller.context
    .organisation(controller.context.firstOrganisation)
    .store.update('sessions')
    .set({ ended_ms: controller.time.ms })
    .where('subject', 'in', await peopleNamed(controller, 'anna'))
    .execute();

  // ci has a device that uses the wiki; alice has a browser open, anna nothing.
  const closed = await plan(
    controller,
    withPolicies((policies) => policies.filter(({ name }) => name === 'sre-db')),
  );
  assert.deepEqual(lines(closed), [
    'loses now people 1 alice@acme.example of staff: wiki (web) by staff-wiki needs ',
    'loses now service account 1 ci of automation: wiki+printer (client) by ci-wiki needs ',
    'loses once-met people 1 anna@acme.example of staff: wiki (client+web) by staff-wiki needs ',
    'loses once-met people 1 alice@acme.example of staff: wiki (client) by staff-wiki needs ',
  ]);

  const opened = await plan(
    controller,
    withPolicies((policies) => [
      ...policies,
      { name: 'all-printer', allow: 'everyone', to: { resources: ['printer'] }, doors: ['web'] },
    ]),
  );
  assert.deepEqual(lines(opened), [
    'gains now people 2 alice@acme.example+bob@acme.example of : printer (web) by all-printer needs ',
    'gains once-met people 1 anna@acme.example of staff: printer (web) by all-printer needs ',
    'gains once-met service account 1 ci of automation: printer (web) by all-printer needs ',
  ]);
});

test('a require that is new takes away now from whom it refuses, and asks more of everybody else', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  await signIn(controller, 'alice', ['staff'], { amr: ['pwd'] });
  await signIn(controller, 'adam', ['staff'], { amr: ['pwd', 'otp'] });
  const needs: PolicyDocument = {
    name: 'wiki-needs',
    require: 'everyone',
    to: { resources: ['wiki'] },
    when: { mfa: '12h' },
  };
  const stricter = await plan(
    controller,
    withPolicies((policies) => [...policies, needs]),
  );
  assert.deepEqual(lines(stricter), [
    'loses now people 1 alice@acme.example of staff: wiki (web) by wiki-needs needs mfa',
    'needs-more once-met people 1 adam@acme.example of staff: wiki (client+web) by wiki-needs needs mfa',
    'needs-more once-met people 1 alice@acme.example of staff: wiki (client) by wiki-needs needs mfa',
    'needs-more once-met service account 1 ci of automation: wiki (client) by wiki-needs needs mfa',
  ]);
  await apply(
    controller,
    withPolicies((policies) => [...policies, needs]),
  );
  const looser = await plan(
    controller,
    withPolicies((policies) => [...policies, { ...needs, when: { mfa: '24h' } }]),
  );
  assert.deepEqual(
    lines(looser).map((line) => line.split(' ')[0]),
    ['needs-less', 'needs-less'],
  );
  const other = await plan(
    controller,
    withPolicies((policies) => [...policies, { ...needs, when: { session: '1h' } }]),
  );
  assert.deepEqual(
    lines(other).map((line) => line.split(':')[0]),
    [
      'gains now people 1 alice@acme.example of staff',
      'needs-other once-met people 1 adam@acme.example of staff',
      'needs-other once-met people 1 alice@acme.example of staff',
      'needs-other once-met service account 1 ci of automation',
    ],
  );
});

test('a tag, a group, a profile, an account or a provider that goes takes away what hung on it', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  await signIn(controller, 'bob', ['sre']);
  const change = async (edit: (document: OrganisationDocument) => void): Promise<string[]> => {
    const document = acmeDocument();
    edit(document);
    return lines(await plan(controller, document));
  };
  assert.deepEqual(
    await change((document) => {
      for (const resource of document.resources ?? []) {
        if (resource.name === 'wiki') resource.tags = ['prod'];
        if (resource.name === 'databases') resource.tags = ['staging'];
      }
    }),
    [
      'loses once-met people 1 bob@acme.example of sre: databases (client+web) by  needs ',
      'gains once-met people 1 bob@acme.example of sre: wiki (client+web) by  needs posture',
    ],
  );
  assert.deepEqual(
    await change((document) => {
      for (const profile of document.postureProfiles ?? []) profile.linux = { minVersion: '6.1' };
    }),
    ['needs-other once-met people 1 bob@acme.example of sre: databases (client+web) by sre-db needs posture'],
  );
  assert.deepEqual(
    await change((document) => {
      document.serviceAccounts = [];
      document.policies = document.policies?.filter(({ name }) => name !== 'ci-wiki') ?? [];
    }),
    ['loses once-met service account 1 ci of automation: wiki+printer (client) by ci-wiki needs '],
  );
  assert.deepEqual(
    await change((document) => {
      document.identityProviders = [];
    }),
    ['loses once-met people 1 bob@acme.example of sre: databases (client+web) by  needs '],
  );
  assert.deepEqual(
    await change((document) => {
      document.resources = document.resources?.filter(({ name }) => name !== 'printer') ?? [];
      for (const policy of document.policies ?? [])
        if (policy.name === 'ci-wiki') policy.to = { resources: ['wiki'] };
    }),
    ['loses once-met service account 1 ci of automation: printer (client) by ci-wiki needs '],
  );
});

test('people whom no policy tells apart share a row, and long lists say how much more there is', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  for (let person = 0; person < 30; person += 1) await signIn(controller, `person-${person}`, ['staff']);
  const document = acmeDocument();
  const names = Array.from({ length: 70 }, (_, index) => `service-${index}`);
  document.resources?.push(
    ...names.map((name) => ({ name, network: 'hq', address: `${name}.acme.internal`, ports: ['tcp/443'] })),
  );
  document.policies?.push({ name: 'more', allow: { groups: ['staff'] }, to: { resources: names } });
  const { access } = await plan(controller, document);
  const [row] = access;
  assert.equal(access.length, 2);
  assert.deepEqual([row?.when, row?.doors], ['now', ['web']]);
  assert.deepEqual([row?.who.count, row?.who.names.length], [30, 10]);
  assert.deepEqual([row?.resourceCount, row?.resources.length], [70, 50]);
});

test('a change that touches too much says how much it did not look at, and answers', async (t) => {
  const controller = await testController(t);
  const large = acmeDocument();
  const names = Array.from({ length: 1_500 }, (_, index) => `service-${index}`);
  large.groups?.push(...Array.from({ length: 120 }, (_, index) => `group-${index}`));
  large.resources?.push(
    ...names.map((name) => ({ name, network: 'hq', address: `${name}.acme.internal`, ports: ['tcp/443'] })),
  );
  const allow = { name: 'all', allow: 'everyone' } as const;
  // Resources that no policy tells apart are looked at once, however many there are.
  const alike = { ...large, policies: [...(large.policies ?? []), { ...allow, to: 'everything' as const }] };
  const whole = await plan(controller, alike);
  assert.equal(whole.notLookedAt, 0);
  assert.ok(whole.access.some(({ resourceCount }) => resourceCount >= 1_500));
  // 120 groups × 1,500 resources that are each named × 2 doors are more than a plan looks at.
  const apart = { ...large, policies: [...(large.policies ?? []), { ...allow, to: { resources: names } }] };
  const part = await plan(controller, apart);
  assert.ok(part.notLookedAt > 0 && part.notLookedAt < 125 * 1_503 * 2, `${part.notLookedAt}`);
  assert.ok(part.access.length > 0 && part.access.length <= 200);
});

test('it warns of a looser allow, and of policies that mean nobody, guard nothing or are over', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  await signIn(controller, 'alice', ['staff']);
  const { warnings } = await plan(
    controller,
    withPolicies((policies) => [
      ...policies,
      { name: 'any-db', allow: 'everyone', to: { resources: ['databases'] } },
      { name: 'old', allow: 'everyone', to: 'everything', until: '2026-11-20T10:00:00Z' },
      { name: 'nobody', deny: { people: ['mallory@acme.example'] }, to: 'everything' },
      {
        name: 'glass',
        allow: { groups: ['staff'] },
        to: { resources: ['wiki'] },
        until: '2027-01-01T00:00:00Z',
        waives: ['needs'],
      },
      { name: 'needs', require: 'everyone', to: { resources: ['databases'] }, when: { mfa: '12h' } },
    ]),
  );
  assert.deepEqual(
    warnings.map(({ kind, policy, other }) => [kind, policy, other].filter(Boolean).join(' ')),
    [
      'looser-allow any-db sre-db',
      'matches-nobody sre-db',
      'over old',
      'matches-nobody nobody',
      'waives-nothing glass needs',
    ],
  );
  assert.equal(
    warnings[0]?.message,
    '"any-db" lets people in to databases whom "sre-db" lets in only with posture; put what must always hold into a require',
  );
});

test('it shows the tests that fail and why, and refuses a document that is wrong with every issue', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  const tests = [
    { user: 'alice@acme.example', groups: ['staff'], can: ['wiki'] },
    { user: 'bob@acme.example', groups: ['sre'], can: ['databases'] },
  ];
  const result = await plan(controller, { ...acmeDocument(), tests });
  assert.equal(result.tests.passed, 1);
  assert.deepEqual(result.tests.failed, [
    {
      index: 1,
      subject: 'bob@acme.example of sre',
      failures: [
        {
          expected: 'can',
          place: 0,
          resource: 'databases',
          door: 'client',
          reasons: [{ reason: 'posture-unknown', policy: 'sre-db', condition: 'posture' }],
        },
      ],
    },
  ]);
  const refused = await controller.call('POST', '/api/v1/document/plan', {
    organisation: 'acme',
    zoness: [],
  });
  assert.equal(refused.statusCode, 422);
  assert.match(refused.json<Problem>().issues?.[0]?.message ?? '', /unknown key "zoness"/);
});

test('a plan writes nothing', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  const device = await TestNode.enrolled(controller, 'device');
  await signIn(controller, 'alice', ['staff']);
  const before = everyRow(controller);
  const heard = device.heard.length;
  const document = withPolicies(() => []);
  document.networks?.push({ name: 'branch' });
  document.serviceAccounts = [{ name: 'cd' }];
  for (const provider of document.identityProviders ?? []) provider.clientSecret = 'another secret';
  const result = await plan(controller, document);
  assert.ok(result.changes.length >= 6 && result.access.length >= 2);
  await plan(controller, { ...document, tests: [{ user: 'a@acme.example', can: ['wiki'] }] });
  await controller.time.pass(1_000);
  assert.equal(everyRow(controller), before);
  assert.equal(device.heard.filter(({ t: kind }) => kind !== 'beat').length, heard - beats(device, heard));
  const { revision } = (await controller.call('GET', '/api/v1/document')).json<{ revision: number }>();
  assert.equal(revision, 1);
});

test('an auditor cannot try out secrets with a plan', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  const headers = { authorization: `Bearer ${await controller.token('auditor')}` };
  const url = '/api/v1/document/plan';
  const answer = await controller.app.inject({ method: 'POST', url, headers, payload: acmeDocument() });
  assert.equal(answer.statusCode, 403);
});

function beats(device: TestNode, upTo: number): number {
  return device.heard.slice(0, upTo).filter(({ t: kind }) => kind === 'beat').length;
}

async function peopleNamed({ context }: TestController, name: string): Promise<string[]> {
  const { store } = context.organisation(context.firstOrganisation);
  const rows = await store.select('people').select('id').where('name', '=', name).execute();
  return rows.map(({ id }) => id);
}

/** Every row of every table, as text. */
function everyRow({ directory }: TestController): string {
  const db = new DatabaseSync(join(directory, 'postern.db'), { readOnly: true });
  try {
    const tables = db.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all() as {
      name: string;
    }[];
    return JSON.stringify(tables.map(({ name }) => [name, db.prepare(`SELECT * FROM "${name}"`).all()]));
  } finally {
    db.close();
  }
}
