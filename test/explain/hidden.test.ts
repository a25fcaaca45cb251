/**
 * What is hidden and what does not exist are one thing to whoever asks: the same bytes, by the same path, through the
 * portal's API, the client's local API and DNS. What may be known follows `visibility`.
 */
import assert from 'node:assert/strict';
import { StatementSync } from 'node:sqlite';
import { after, test, type TestContext } from 'node:test';
import { AddressPool } from '../../client/dns/address-pool.ts';
import { defaultRange, parseRange, type AddressRange } from '../../client/dns/address-range.ts';
import { createResolver } from '../../client/dns/resolver.ts';
import { namesOf } from '../../client/accounts/names.ts';
import { explain } from '../../client/why.ts';
import { createApiToken } from '../../controller/api-tokens.ts';
import { Refusals } from '../../controller/explain/refusals.ts';
import type { OrganisationState } from '../../controller/organisation/organisation-state.ts';
import type { Policy } from '../../policy/policy.ts';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { hiddenText } from '../../protocol/reasons.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { question } from '../client/dns/knowledge.ts';
import { testPortal, testUrl, type TestPortal } from '../login/support/portal.ts';
import { person, startProvider } from '../login/support/provider.ts';
import { SimpleBrowser } from '../login/support/simple-browser.ts';
import { conditionOf, enrolDevice, judgeBy, knowledgeOf, policyOf } from './support/signed-in.ts';

const email = 'alice@acme.example';
const alice = person('a1', ['staff']);
const corp = await startProvider({ after }, 'corp', testUrl, { [email]: alice });

const visibilities = ['granted', 'fixable', 'everyone'] as const;
type Visibility = (typeof visibilities)[number];

/** Why the secret is refused, and with which visibilities the person may know of it. */
const cases: readonly (readonly [why: string, policies: readonly Policy[], known: readonly Visibility[]])[] =
  [
    ['nothing allows it', [], ['everyone']],
    ['it is denied', [policyOf('all', 'allow', 'secret'), policyOf('none', 'deny', 'secret')], ['everyone']],
    [
      'an allow’s condition fails',
      [policyOf('all', 'allow', 'secret', [conditionOf('mfa-missing')])],
      ['fixable', 'everyone'],
    ],
    [
      'a require’s condition fails',
      [
        policyOf('all', 'allow', 'secret'),
        policyOf('need', 'require', 'secret', [conditionOf('mfa-missing')]),
      ],
      ['fixable', 'everyone'],
    ],
  ];

async function world(
  t: TestContext,
  visibility: Visibility,
): Promise<{ portal: TestPortal; browser: SimpleBrowser }> {
  const portal = await testPortal(t, [corp]);
  const document = acmeDocument();
  document.resources = [
    ...(document.resources ?? []),
    { name: 'secret', network: 'hq', address: 'secret.acme.internal', ports: ['tcp/443'], visibility },
  ];
  await portal.apply({ ...document, identityProviders: [corp.document] });
  const browser = new SimpleBrowser(portal, [corp]);
  await browser.open('/oidc/corp/start', alice, email);
  return { portal, browser };
}

/** What a call makes the controller do: every statement the store runs, and how many decisions are made. */
async function workOf(state: OrganisationState, call: () => Promise<unknown>): Promise<string[]> {
  const done: string[] = [];
  const statements = Object.getOwnPropertyDescriptors(StatementSync.prototype);
  const countOf = (value: unknown) =>
    function counted(this: StatementSync, ...values: unknown[]): unknown {
      done.push(this.sourceSQL);
      return Reflect.apply(value as () => unknown, this, values);
    };
  for (const name of ['all', 'run'] as const)
    Object.defineProperty(StatementSync.prototype, name, {
      ...statements[name],
      value: countOf(statements[name].value),
    });
  const decide = state.policies.concerning.bind(state.policies);
  state.policies.concerning = (facts) => {
    done.push(`decide ${facts.resource.name}`);
    return decide(facts);
  };
  try {
    await call();
  } finally {
    Object.defineProperties(StatementSync.prototype, { all: statements.all, run: statements.run });
    state.policies.concerning = decide;
  }
  return done;
}

/** Traces differ from one refusal to the next, and in nothing but their digits. */
const withoutTrace = (value: unknown): string =>
  JSON.stringify(value).replace(/"trace":"[0-9a-f]{16}"/, '"trace":"0123456789abcdef"');

for (const visibility of visibilities) {
  for (const [why, policies, known] of cases) {
    const isKnown = known.includes(visibility);
    test(`T7 visibility ${visibility}, ${why}: ${isKnown ? 'known, with its reasons' : 'as if it were not there'}, everywhere`, async (t) => {
      const { portal, browser } = await world(t, visibility);
      const state = await judgeBy(portal, policies);
      const ask = (name: string) => browser.call('GET', `me/resources/${name}`);
      // The same name in the same length, so that nothing else can differ.
      const work: string[][] = [];
      const answers: unknown[] = [];
      for (const name of ['secret', 'secreT', 'absent', 'absenT']) {
        work.push(await workOf(state, async () => answers.push(await ask(name))));
      }
      const device = await enrolDevice(portal);
      const knowledge = await knowledgeOf(portal, device);
      const [secret, , absent] = answers as Awaited<ReturnType<typeof ask>>[];
      if (isKnown) {
        assert.equal(secret?.status, 200);
        assert.equal(explain('secret', knowledge).decision, 'refused');
        assert.equal(absent?.status, 404);
        return;
      }
      assert.equal(secret?.status, 404);
      assert.equal((secret.json as { detail: string }).detail, hiddenText);
      for (const answer of answers) assert.equal(withoutTrace(answer), withoutTrace(secret));
      for (const each of work) assert.deepEqual(each, work[0]);
      assert.ok(
        work[0]?.some((step) => step.startsWith('insert into "audit"')),
        'a refusal is written down',
      );

      // In the snapshot there is no trace of it, so nothing after it can tell the two apart.
      assert.doesNotMatch(JSON.stringify(knowledge), /secret/);
      const said = (name: string) => JSON.stringify(explain(name, knowledge)).replace(name, 'NAME');
      for (const name of ['secret.acme.internal', 'absent', 'absent.acme.internal'])
        assert.equal(said(name), said('secret'));
      const resolver = createResolver({
        pool: new AddressPool(parseRange(defaultRange) as AddressRange, () => 0),
        names: () => namesOf(knowledge),
        upstreams: () => [],
        exists: async () => assert.fail('a connector is not asked'),
        records: async () => assert.fail('a connector is not asked'),
        clock: systemClock,
        random: systemRandom,
      });
      for (const type of ['A', 'AAAA', 'TXT']) {
        const reply = async (name: string): Promise<string> =>
          String(await resolver.answer(question(`${name}.acme.internal`, type), 'udp')).replace(name, 'NAME');
        assert.equal(await reply('absent'), await reply('secret'));
      }
    });
  }
}

test('administrators find a hidden refusal by its trace, and see whether there is such a resource', async (t) => {
  const { portal, browser } = await world(t, 'granted');
  const traces: string[] = [];
  for (const name of ['secret', 'absent']) {
    const { json } = await browser.call('GET', `me/resources/${name}`);
    traces.push((json as { trace: string }).trace);
  }
  const entries = await portal.audit('access.refuse');
  assert.deepEqual(
    entries.map(({ reasons, detail }) => [JSON.parse(reasons), JSON.parse(detail).trace]),
    [
      [['no-allow'], traces[0]],
      [['no-resource'], traces[1]],
    ],
  );
  // By the API, as `postern audit --trace` asks it.
  const { store } = portal.context.organisation(portal.context.firstOrganisation);
  const { text: token } = await createApiToken(store, 'auditor', {
    nowMs: portal.context.now(),
    random: systemRandom,
    who: 'test',
  });
  for (const [place, trace] of traces.entries()) {
    const answer = await portal.app.inject({
      url: `/api/v1/audit?trace=${trace}`,
      headers: { authorization: `Bearer ${token}` },
    });
    const found = answer.json<{ entries: { what: string; resource: string; who: string }[] }>().entries;
    assert.deepEqual(
      found.map(({ what, resource }) => [what, resource]),
      [['access.refuse', ['secret', 'absent'][place]]],
    );
    assert.match(found[0]?.who ?? '', /^usr_/);
  }
});

test('a person who asks for ever more fills no log: alike for what is there and what is not', async (t) => {
  const { portal } = await world(t, 'granted');
  const { store } = portal.context.organisation(portal.context.firstOrganisation);
  const refusals = new Refusals(portal.context, { limit: 3, windowMs: 60_000 });
  const ask = (who: string, resource: string): Promise<string | undefined> =>
    refusals.record(store, { who, resource, reasons: ['no-allow'], device: undefined, address: '192.0.2.1' });
  const traces = [await ask('usr_a', 'one'), await ask('usr_a', 'two'), await ask('usr_a', 'three')];
  assert.equal(new Set(traces).size, 3);
  assert.deepEqual([await ask('usr_a', 'four'), await ask('usr_a', 'secret')], [undefined, undefined]);
  // What was shown already is shown again, and nobody else has to wait.
  assert.equal(await ask('usr_a', 'three'), traces[2]);
  assert.match((await ask('usr_b', 'four')) ?? '', /^[0-9a-f]{16}$/);
  assert.equal((await portal.audit('access.refuse')).length, 4);
  portal.time.ahead += 61_000;
  assert.notEqual(await ask('usr_a', 'three'), traces[2]);
  assert.equal((await portal.audit('access.refuse')).length, 5);
});

test('no policy but an allow is named to the person, and nothing that is configured', async (t) => {
  const { portal, browser } = await world(t, 'everyone');
  await judgeBy(portal, [
    policyOf('open-to-staff', 'allow', 'secret', [conditionOf('mfa-too-old')]),
    policyOf('against-mallory', 'require', 'secret', [conditionOf('schedule-closed')]),
  ]);
  const refused = JSON.stringify(await browser.call('GET', 'me/resources/secret'));
  const knowledge = JSON.stringify(await knowledgeOf(portal, await enrolDevice(portal)));
  for (const shown of [refused, knowledge]) {
    assert.match(shown, /open-to-staff/);
    assert.match(shown, /schedule-closed/);
    assert.doesNotMatch(shown, /against-mallory/);
  }
  await judgeBy(portal, [
    policyOf('open-to-staff', 'allow', 'secret'),
    policyOf('against-mallory', 'deny', 'secret'),
  ]);
  const denied = JSON.stringify(await browser.call('GET', 'me/resources/secret'));
  assert.match(denied, /deny-matches/);
  assert.doesNotMatch(denied, /against-mallory|open-to-staff/);
});
