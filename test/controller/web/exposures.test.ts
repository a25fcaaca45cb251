/**
 * What people expose, as the controller sees it: who may, under which hostname, who may open it, what the connector in the
 * person's process is told and can do, and everything that ends it.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { joinDevice } from '../../../controller/enrolment/join-device.ts';
import { overTexts } from '../../../controller/exposures/end-exposures.ts';
import { exposeForDevice } from '../../../controller/exposures/for-device.ts';
import { reviewExposures } from '../../../controller/exposures/review-exposures.ts';
import { plainLabel } from '../../../controller/exposures/labels.ts';
import { simulate } from '../../../controller/explain/simulate.ts';
import { closeSessions, endSessions } from '../../../controller/sessions/end-sessions.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import { ExposureBegun, NewExposure, type ExposeCall } from '../../../protocol/exposures.ts';
import type { DeviceId, Id } from '../../../protocol/ids.ts';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import { Value } from 'typebox/value';
import { deviceClaim } from '../../login/support/portal.ts';
import { eventually } from '../../support/eventually.ts';
import { TestNode } from '../support/node.ts';
import { WebBench, webDocument, wikiHost } from './web-bench.ts';

/** Staff may expose, below apps.acme.example. */
function exposeDocument(more: Partial<OrganisationDocument> = {}): OrganisationDocument {
  const document = webDocument();
  return {
    ...document,
    expose: { suffix: 'apps.acme.example' },
    policies: [
      ...(document.policies ?? []),
      { name: 'staff-expose', allow: { groups: ['staff'] }, mayExpose: true },
    ],
    ...more,
  };
}

interface Laptop {
  readonly person: Id<'usr'>;
  readonly device: DeviceId;
  readonly session: Id<'ses'>;
  /** The person's cookie at the controller. */
  readonly cookie: string;
  call(call: ExposeCall['call']): Promise<{ status: number; body?: unknown }>;
  /** Exposes a port, and throws unless it may. */
  expose(wanted?: Partial<Extract<ExposeCall['call'], { what: 'begin' }>['wanted']>): Promise<ExposureBegun>;
  /** What a refusal says. */
  refused(
    wanted?: Partial<Extract<ExposeCall['call'], { what: 'begin' }>['wanted']>,
  ): Promise<{ status: number; text: string }>;
}

async function laptopOf(bench: WebBench, name: string, groups = ['staff']): Promise<Laptop> {
  const { context } = bench;
  const { store } = context.organisation(context.firstOrganisation);
  const cookie = await bench.cookie(name, { groups, email: `${name}@acme.example` });
  const { id: person } = await store
    .select('people')
    .select('id')
    .where('subject', '=', name)
    .executeTakeFirstOrThrow();
  const joined = await store.transaction((tx) =>
    joinDevice(
      tx,
      {
        claim: deviceClaim({ name: `${name}-laptop` }),
        owner: person,
        approval: 'approved',
        untilMs: context.now() + 12 * 3_600_000,
        authMs: context.now(),
        amr: ['pwd'],
      },
      { nowMs: context.now(), random: systemRandom },
    ),
  );
  if (joined.state !== 'joined') throw new Error('the device was not let in');
  const { device, session } = joined;
  const call: Laptop['call'] = (wanted) =>
    exposeForDevice(context, context.firstOrganisation, device, { t: 'expose', id: 1, call: wanted });
  return {
    person,
    device,
    session,
    cookie,
    call,
    async expose(wanted = {}) {
      const { status, body } = await call({ what: 'begin', wanted: { port: 3000, ...wanted } });
      if (status !== 201) throw new Error(JSON.stringify(body));
      return Value.Parse(ExposureBegun, body);
    },
    async refused(wanted = {}) {
      const { status, body } = await call({ what: 'begin', wanted: { port: 3000, ...wanted } });
      return { status, text: JSON.stringify(body) };
    },
  };
}

async function joined(bench: WebBench, key: string): Promise<TestNode> {
  const node = new TestNode(bench, 'connector');
  await node.enrol({ secret: key });
  return node;
}

async function served(bench: WebBench): Promise<string[]> {
  const answer = await bench.portal.admin('GET', '/api/v1/exposures');
  return answer.json<{ exposures: { hostname: string }[] }>().exposures.map(({ hostname }) => hostname);
}

/** Where a browser ends up that asks for a hostname: with a code, or not. */
async function mayOpen(bench: WebBench, cookie: string, host: string): Promise<boolean> {
  const { to } = await bench.start(cookie, { host });
  return to.searchParams.get('code') !== null;
}

suite('postern expose at the controller', () => {
  test('whom a policy lets, exposes a port: a hostname of theirs, a connector that serves that and nothing else', async (t) => {
    const bench = await WebBench.open(t, exposeDocument());
    const alice = await laptopOf(bench, 'alice');
    const begun = await alice.expose();
    assert.equal(begun.hostname, 'alice-3000.apps.acme.example');
    assert.equal(begun.personName, 'alice@acme.example');
    const node = await joined(bench, begun.key);
    const { snapshot } = node;
    assert.ok(snapshot?.kind === 'connector');
    const [resource, ...more] = Object.values(snapshot.resources);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [resource?.hosts, resource?.web?.hostnames, resource?.web?.origins.map(String), resource?.outage],
      [[], ['alice-3000.apps.acme.example'], ['http://localhost:3000'], 0],
    );
    assert.equal(snapshot.network.name, 'exposed');
    assert.deepEqual(snapshot.peers, {});
    const listed = (await alice.call({ what: 'list' })).body as { exposures: { online: boolean }[] };
    assert.deepEqual(
      listed.exposures.map(({ online }) => online),
      [true],
    );
    const [entry] = await bench.portal.audit('exposure.begin');
    assert.equal(entry?.who, alice.person);
    const detail = JSON.parse(entry.detail) as { port: number; device: string };
    assert.deepEqual([detail.port, detail.device], [3000, alice.device]);
    // Administrators see it there, and not among what the document declares.
    for (const path of ['networks', 'resources', 'connectors', 'enrolment-keys']) {
      const answer = await bench.portal.admin('GET', `/api/v1/${path}`);
      assert.equal(answer.statusCode, 200);
      assert.ok(!/apps\.acme\.example|"exposed"/.test(answer.body), `${path}: ${answer.body}`);
    }
    assert.deepEqual(await served(bench), ['alice-3000.apps.acme.example']);
  });

  test('the application is sent the Host that was asked for, its own or another, and nothing that is none', async (t) => {
    const bench = await WebBench.open(t, exposeDocument());
    const alice = await laptopOf(bench, 'alice');
    for (const [name, host] of [
      ['own', 'origin'],
      ['other', 'dev.acme.internal:8080'],
    ] as const) {
      const { key } = await alice.expose({ name, host });
      const { snapshot } = await joined(bench, key);
      assert.ok(snapshot?.kind === 'connector');
      assert.equal(Object.values(snapshot.resources)[0]?.web?.host, host);
    }
    const wrong = await alice.refused({ name: 'wrong', host: 'two words' });
    assert.equal(wrong.status, 400);
    assert.match(wrong.text, /is no host; write origin, or a name with an optional port/);
  });

  test('nobody exposes without mayExpose: not by an allow of everything, nor as a service, nor past a require', async (t) => {
    const bench = await WebBench.open(
      t,
      exposeDocument({
        policies: [
          { name: 'staff-expose', allow: { groups: ['staff'] }, mayExpose: true },
          { name: 'all', allow: 'everyone', to: 'everything' },
          { name: 'sre-not', deny: { groups: ['sre'] }, mayExpose: true },
          { name: 'strong', require: 'everyone', to: 'everything', when: { mfa: '1h' } },
        ],
      }),
    );
    const bob = await laptopOf(bench, 'bob', []);
    const without = await bob.refused();
    assert.equal(without.status, 403);
    assert.match(without.text, /You may not expose anything.*\(no-allow\)/);
    const carol = await laptopOf(bench, 'carol', ['staff', 'sre']);
    assert.equal((await carol.refused()).status, 403, 'a deny of exposing');
    const alice = await laptopOf(bench, 'alice');
    const weak = await alice.refused();
    assert.equal(weak.status, 403);
    assert.match(weak.text, /mfa-/, 'a require of everything is one of exposing');
    assert.deepEqual(await served(bench), []);
    const entries = await bench.portal.audit('exposure.begin');
    assert.deepEqual(
      entries.map(({ who, result }) => [who, result]),
      [bob, carol, alice].map(({ person }) => [person, 'refused']),
    );
  });

  test('without an expose section nobody can, and a document that lets somebody needs one', async (t) => {
    const { expose: _, ...without } = exposeDocument();
    const bench = await WebBench.open(t, { ...without, policies: webDocument().policies ?? [] });
    const alice = await laptopOf(bench, 'alice');
    assert.equal((await alice.refused()).status, 403);
    const answer = await bench.portal.admin('PUT', '/api/v1/document', without);
    assert.equal(answer.statusCode, 422);
    assert.match(answer.body, /mayExpose.*add expose: \{ suffix/);
    for (const [expose, problem] of [
      [{ suffix: 'com' }, /top-level domain/],
      [{ suffix: 'localhost' }, /means this machine/],
      [{ suffix: '*.apps.acme.example' }, /is no name/],
      [{ suffix: 'apps.acme.example', longest: '30d' }, /1m to 7d/],
    ] as const) {
      const refused = await bench.portal.admin('PUT', '/api/v1/document', exposeDocument({ expose }));
      assert.equal(refused.statusCode, 422, JSON.stringify(expose));
      assert.match(refused.body, problem);
    }
  });

  test('only those may open it who were named, and its owner; why says so, and what everybody has to meet counts', async (t) => {
    const bench = await WebBench.open(t, exposeDocument());
    const [alice, bob] = [await laptopOf(bench, 'alice'), await laptopOf(bench, 'bob', ['sre'])];
    const carol = await laptopOf(bench, 'carol', ['automation']);
    const host = (await alice.expose({ allow: { groups: ['sre'] } })).hostname;
    const may = async (): Promise<boolean[]> =>
      Promise.all([alice, bob, carol].map(({ cookie }) => mayOpen(bench, cookie, host)));
    assert.deepEqual(await may(), [true, true, false]);
    const { context } = bench;
    const why = async (user: string): Promise<string> =>
      (
        await simulate(
          context.organisation(context.firstOrganisation),
          { user, resource: host, door: 'web' },
          context.now(),
        )
      ).decision;
    assert.deepEqual(
      [await why('bob@acme.example'), await why('carol@acme.example')],
      ['allow', 'deny'],
      'the simulator answers for it',
    );
    await bench.portal.apply(
      exposeDocument({
        policies: [
          ...(exposeDocument().policies ?? []),
          { name: 'not-sre', deny: { people: ['bob@acme.example'] }, to: { tags: ['exposed'] } },
        ],
      }),
    );
    assert.deepEqual(await may(), [true, false, false], 'policies may be about all that is exposed');
  });

  test('a name is its person’s for good: nobody chooses one that is or was another’s, or anybody’s at all', async (t) => {
    const bench = await WebBench.open(t, exposeDocument());
    const alice = await laptopOf(bench, 'alice');
    const other = await laptopOf(bench, 'al.ice');
    const admin = await laptopOf(bench, 'admin');
    const first = await alice.expose();
    await joined(bench, first.key);
    const again = await alice.refused();
    assert.equal(again.status, 409, 'while it is open there is one');
    assert.equal((await alice.expose({ name: 'docs' })).hostname, 'alice-docs.apps.acme.example');
    await alice.call({ what: 'end', exposure: first.id });
    assert.equal(
      (await other.expose()).hostname,
      'alice2-3000.apps.acme.example',
      'an equal label has a number',
    );
    assert.equal((await admin.expose()).hostname, 'adminperson-3000.apps.acme.example');
    for (const name of ['a.b', 'UP', '-x', 'x-', '*', 'a'.repeat(31), 'x/../y', ''])
      assert.equal(Value.Check(NewExposure, { port: 1, name }), false, name);
    assert.equal(plainLabel({ name: 'Zoë-Ann Müller' }), 'zoeannmuller');
    assert.equal(plainLabel({ name: '李' }), 'person');
  });

  test('a hostname that a resource has is not exposed, and one that a document takes is over', async (t) => {
    const document = exposeDocument();
    const [wiki, ...rest] = document.resources ?? [];
    assert.ok(wiki);
    const taking = (hostname: string): OrganisationDocument => ({
      ...document,
      resources: [{ ...wiki, web: { hostname, origin: 'http://wiki.acme.internal:80' } }, ...rest],
    });
    const bench = await WebBench.open(t, taking('alice-3000.apps.acme.example'));
    const alice = await laptopOf(bench, 'alice');
    assert.equal((await alice.refused()).status, 409);
    const begun = await alice.expose({ port: 4000 });
    const node = await joined(bench, begun.key);
    await bench.portal.apply(taking('alice-4000.apps.acme.example'));
    assert.deepEqual(await served(bench), []);
    await eventually('the end of its channel', async () => node.closed);
    const wildcard = await bench.portal.admin('PUT', '/api/v1/document', taking('*.apps.acme.example'));
    assert.equal(wildcard.statusCode, 422);
    assert.match(wildcard.body, /lies below/);
    const named = await bench.portal.admin('PUT', '/api/v1/document', {
      ...document,
      resources: [{ ...wiki, name: 'alice-3000.apps.acme.example' }, ...rest],
      policies: document.policies?.slice(-1),
    });
    assert.equal(named.statusCode, 422);
    assert.match(named.body, /those of what people expose/);
  });

  test('a process that joined for one thing serves nothing else: no other network, name, code or certificate', async (t) => {
    const bench = await WebBench.open(t, exposeDocument());
    const [alice, mallory] = [await laptopOf(bench, 'alice'), await laptopOf(bench, 'mallory')];
    const mine = await alice.expose({ allow: 'everyone' });
    const theirs = await mallory.expose({ port: 666 });
    const good = await joined(bench, mine.key);
    const rogue = await joined(bench, theirs.key);
    const again = new TestNode(bench, 'connector');
    await again.enrol({ secret: theirs.key });
    assert.equal(again.last('fault')?.code, 'denied', 'a key works once');
    assert.ok(rogue.snapshot?.kind === 'connector' && good.snapshot?.kind === 'connector');
    assert.notEqual(rogue.snapshot.network.id, good.snapshot.network.id);
    for (const host of [mine.hostname, wikiHost]) {
      const { to, verifier } = await bench.start(alice.cookie, { host });
      const code = to.searchParams.get('code') ?? '';
      assert.notEqual(code, '');
      const { answer } = await bench.redeem(rogue, code, verifier, { host });
      assert.equal(answer.jws, undefined, host);
    }
    const { session } = await (async () => {
      const { to, verifier } = await bench.start(alice.cookie, { host: mine.hostname });
      const { answer } = await bench.redeem(good, to.searchParams.get('code') ?? '', verifier, {
        host: mine.hostname,
      });
      return { session: answer.jws };
    })();
    assert.ok(session);
    assert.equal(rogue.all('web').flatMap(({ list }) => list).length, 0, 'and it is told of none');
    rogue.send({ t: 'certify', id: 9, key: 'AAAA', host: mine.hostname });
    const certificate = await rogue.until((message) => message.t === 'certificate');
    assert.ok(certificate.t === 'certificate' && certificate.pem === '');
    const tickets = rogue.all('tickets').flatMap(({ list }) => list);
    const claims = tickets.map(
      (jws) =>
        JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()) as { hosts: string[] },
    );
    assert.deepEqual(
      claims.map(({ hosts }) => hosts),
      [[theirs.hostname]],
      'relays give it no other name',
    );
  });

  test('who may end it: its owner theirs, an administrator any; the key of one that is over is worth nothing', async (t) => {
    const bench = await WebBench.open(t, exposeDocument());
    const [alice, mallory] = [await laptopOf(bench, 'alice'), await laptopOf(bench, 'mallory')];
    const mine = await alice.expose({ allow: 'everyone' });
    const node = await joined(bench, mine.key);
    assert.equal((await mallory.call({ what: 'end', exposure: mine.hostname })).status, 404);
    assert.deepEqual((await mallory.call({ what: 'list' })).body, { exposures: [] });
    const { to, verifier } = await bench.start(mallory.cookie, { host: mine.hostname });
    const { answer } = await bench.redeem(node, to.searchParams.get('code') ?? '', verifier, {
      host: mine.hostname,
    });
    assert.ok(answer.jws);
    const gone = await bench.portal.admin('DELETE', `/api/v1/exposures/${mine.hostname}`);
    assert.equal(gone.statusCode, 204);
    const fault = await node.until((message) => message.t === 'fault');
    assert.ok(fault.t === 'fault' && /administrator ended/.test(fault.message ?? ''));
    assert.ok(bench.revoked(node).includes(mine.id), 'what is open is cut before the channel ends');
    assert.ok(!(await mayOpen(bench, mallory.cookie, mine.hostname)));
    const [entry] = await bench.portal.audit('exposure.end');
    assert.match(entry?.who ?? '', /^token tok_/);
    await node.hello();
    assert.equal(node.last('fault')?.code, 'revoked');
    const second = await alice.expose();
    assert.equal((await alice.call({ what: 'end', exposure: second.id })).status, 204);
    const late = await joined(bench, second.key);
    assert.equal(late.last('fault')?.code, 'denied');
    assert.equal((await bench.portal.admin('DELETE', `/api/v1/exposures/${second.id}`)).statusCode, 404);
  });

  for (const [what, cause, end] of [
    [
      'the person signs out',
      'signed-out',
      async ({ context }: WebBench, { session }: Laptop) => {
        await endSessions(context, context.firstOrganisation, [session], { reason: 'logout', who: 'test' });
      },
    ],
    [
      'the person is disabled',
      'signed-out',
      async (bench: WebBench, { person }: Laptop) => {
        const answer = await bench.portal.admin('POST', `/api/v1/people/${person}/disable`);
        assert.ok(answer.statusCode < 300, answer.body);
      },
    ],
    [
      'mayExpose is taken away',
      'not-allowed',
      async (bench: WebBench) =>
        bench.portal.apply({ ...exposeDocument(), policies: webDocument().policies ?? [] }),
    ],
    [
      'the suffix is another one',
      'hostname',
      async (bench: WebBench) =>
        bench.portal.apply(exposeDocument({ expose: { suffix: 'lab.acme.example' } })),
    ],
    [
      'its time ends',
      'expired',
      async ({ context, portal }: WebBench) => {
        portal.time.ahead += 3_600_000;
        await reviewExposures(context, context.firstOrganisation);
      },
    ],
    [
      'the person leaves the group',
      'not-allowed',
      async (bench: WebBench) => {
        // The group went with the next sign-in.
        await bench.cookie('alice', { groups: [], email: 'alice@acme.example' });
      },
    ],
  ] as const)
    test(`REL-6 it is over at once when ${what}`, async (t) => {
      const bench = await WebBench.open(t, exposeDocument());
      const alice = await laptopOf(bench, 'alice');
      const begun = await alice.expose({ for: '1h' });
      const node = await joined(bench, begun.key);
      await end(bench, alice);
      assert.deepEqual(await served(bench), []);
      // What it cut then is handed in, and stands in the log under the hostname that it had.
      await node.until((message) => message.t === 'revoke' && message.ids.includes(begun.id));
      const cut = { at: bench.context.now(), event: 'close', flow: 'f', resource: begun.id, code: 'revoked' };
      node.send({ t: 'receipts', list: [{ seq: 1, ...cut, subject: alice.person, host: begun.hostname }] });
      await node.until((message) => message.t === 'received' && message.seq === 1);
      const { store } = bench.context.organisation(bench.context.firstOrganisation);
      const record = await store
        .select('audit')
        .select(['resource', 'who'])
        .where('what', '=', 'flow.close')
        .executeTakeFirst();
      assert.deepEqual([record?.resource, record?.who], [begun.hostname, alice.person]);
      await eventually('the end of its channel', async () => node.closed);
      const { code, message } = node.last('fault') ?? assert.fail('it was not told why');
      assert.equal(code, cause === 'signed-out' ? 'expired' : 'revoked');
      assert.equal(message, overTexts[cause]);
      assert.ok(bench.revoked(node).includes(begun.id));
      const ends = await store.select('audit').select('cause').where('what', '=', 'exposure.end').execute();
      assert.deepEqual(
        ends.map((each) => each.cause),
        [cause],
      );
      const [entry] = await bench.portal.audit('exposure.end');
      assert.deepEqual(
        [entry?.who, (JSON.parse(entry?.detail ?? '') as { port: number }).port],
        ['controller', 3000],
      );
    });

  test('a process that is gone is noticed; one that comes back in time goes on, and its owner begins anew at once', async (t) => {
    const bench = await WebBench.open(t, exposeDocument());
    const alice = await laptopOf(bench, 'alice');
    const review = (): Promise<void> => reviewExposures(bench.context, bench.context.firstOrganisation);
    const begun = await alice.expose();
    const node = await joined(bench, begun.key);
    const left = (): Promise<true> =>
      eventually('a channel that is gone', async () =>
        bench.context.presence.isOnline(node.id as Id<'con'>) ? undefined : true,
      );
    node.close();
    await left();
    await review();
    bench.portal.time.ahead += 50_000;
    await review();
    await node.hello();
    bench.portal.time.ahead += 50_000;
    await review();
    assert.deepEqual(await served(bench), [begun.hostname], 'it had come back');
    node.close();
    await left();
    const again = await alice.expose();
    assert.equal(again.hostname, begun.hostname);
    assert.notEqual(again.id, begun.id);
    bench.portal.time.ahead += 61_000;
    await review();
    assert.deepEqual(await served(bench), [], 'nothing ever joined for it');
    const ends = await bench.portal.audit('exposure.end');
    assert.equal(ends.length, 2);
  });

  test('bounds: how long, how many, and whom one may let in', async (t) => {
    const bench = await WebBench.open(
      t,
      exposeDocument({ expose: { suffix: 'apps.acme.example', longest: '2h' } }),
    );
    const alice = await laptopOf(bench, 'alice');
    for (const [wanted, problem] of [
      [{ for: '3h' }, /1m to 2h/],
      [{ for: '5s' }, /1m to 2h/],
      [{ allow: { groups: ['nobody'] } }, /names the group/],
      [{ allow: { serviceAccounts: ['none'] } }, /names the service account/],
      [{ allow: { guests: ['pat@customer.example'] } }, /who may not be let in/],
      [{ allow: {} }, /names nobody/],
      [{ allow: { people: ['*@acme.example'] } }, /which is no e-mail address/],
    ] as const) {
      const { status, text } = await alice.refused(wanted as object);
      assert.equal(status, 400, text);
      assert.match(text, problem);
    }
    const until = Date.parse((await alice.expose()).until);
    assert.ok(Math.abs(until - bench.context.now() - 2 * 3_600_000) < 60_000);
    for (let port = 3001; port < 3010; port++) await alice.expose({ port });
    assert.match((await alice.refused({ port: 4000 })).text, /10 ports already/);
    const { store } = bench.context.organisation(bench.context.firstOrganisation);
    // No transaction of theirs was left half done.
    assert.equal((await store.select('exposures').selectAll().execute()).length, 10);
    await store.transaction((tx) =>
      closeSessions(tx, [alice.session], { reason: 'logout', who: 'test', nowMs: bench.context.now() }),
    );
    assert.equal((await alice.refused({ port: 5000 })).status, 401);
  });
});
