/** What changes access or roles beside the document waits for a second administrator too, and is carried out with what both may do. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ProposedChanges } from '../../protocol/proposed-changes.ts';
import { testController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { inFlight } from './support/in-flight.ts';
import { people, type Browser } from './support/people.ts';

const path = '/api/v1/proposals';
const asked = { ...acmeDocument(), changes: { approval: 'required' as const } };

async function world(t: TestContext) {
  const controller = await testController(t);
  const signed = await people(t, controller);
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const ask = async (): Promise<void> => {
    const applied = await controller.call('PUT', '/api/v1/document', asked);
    assert.equal(applied.statusCode, 200, applied.body);
  };
  const propose = async (
    browser: Pick<Browser, 'call'>,
    method: 'POST' | 'PUT',
    url: string,
    body?: object,
  ): Promise<string> => {
    const answer = await browser.call(method, url, body);
    assert.equal(answer.statusCode, 202, answer.body);
    return answer.json<{ proposal: string }>().proposal;
  };
  const approve = async (browser: Pick<Browser, 'call'>, id: string) =>
    browser.call('POST', `${path}/${id}/approve`);
  const waiting = async (browser: Pick<Browser, 'call'>) =>
    (await browser.call('GET', path)).json<ProposedChanges>().proposals;
  const roleOf = async (person: string) =>
    (
      await store
        .select('people')
        .select('role')
        .where('id', '=', person as never)
        .executeTakeFirst()
    )?.role;
  const log = async () =>
    (await store.select('audit').select(['what', 'who', 'result']).orderBy('seq').execute()).map(
      ({ what, who, result }) => `${what} ${who} ${result}`,
    );
  return { controller, ...signed, store, ask, propose, approve, waiting, roleOf, log };
}

test('a role waits with what it was and would be, and is given once somebody else approves, in both names', async (t) => {
  const { administrator, signIn, ask, propose, approve, waiting, roleOf, log } = await world(t);
  const [alice, bob] = [await administrator('alice', 'owner'), await administrator('bob', 'admin')];
  const carol = await signIn('carol');
  await ask();
  const url = `/api/v1/administrators/${carol.person}`;
  const id = await propose(alice, 'PUT', url, { role: 'network' });
  assert.equal(await roleOf(carol.person), null);
  const [entry] = await waiting(bob);
  assert.deepEqual([entry?.who, entry?.method, entry?.path], [alice.person, 'PUT', url]);
  assert.equal((entry?.before as { role: string | null } | undefined)?.role, null);
  assert.deepEqual([entry?.after, entry?.own, entry?.stale], [{ role: 'network' }, false, false]);
  assert.match(entry?.what ?? '', /Gives a person a role/);

  assert.equal((await approve(alice, id)).statusCode, 403, 'nobody approves their own');
  const done = await approve(bob, id);
  assert.equal(done.statusCode, 200, done.body);
  assert.equal(await roleOf(carol.person), 'network');
  assert.equal((await approve(bob, id)).statusCode, 409);
  const entries = await log();
  assert.deepEqual(
    entries.filter((each) => /^(change|administrator)\./.test(each)),
    [
      `change.propose ${alice.person} done`,
      `change.approve ${bob.person} done`,
      `administrator.role ${alice.person} done`,
    ],
  );
  assert.deepEqual(await waiting(bob), []);
});

test('what only takes away happens at once, and so does what changes nothing', async (t) => {
  const { administrator, signIn, ask, roleOf } = await world(t);
  const alice = await administrator('alice', 'owner');
  const bob = await administrator('bob', 'network');
  const carol = await signIn('carol');
  await ask();
  assert.equal((await alice.call('DELETE', `/api/v1/administrators/${bob.person}`)).statusCode, 204);
  assert.equal(await roleOf(bob.person), null);
  assert.equal((await alice.call('POST', `/api/v1/people/${carol.person}/disable`)).statusCode, 204);
  assert.equal((await alice.call('POST', `/api/v1/people/${carol.person}/enable`)).statusCode, 202);
  assert.equal((await alice.call('DELETE', `/api/v1/sessions/${carol.session}`)).statusCode, 404);
  assert.equal((await alice.call('POST', '/api/v1/document/plan', asked)).statusCode, 200);
});

test('every changing route of administrators waits unless it says that it happens at once', async (t) => {
  const { administrator, ask, portal } = await world(t);
  const alice = await administrator('alice', 'owner');
  await ask();
  const waits = portal.declaredRoutes.filter(
    ({ url, method }) =>
      portal.swagger().paths?.[url.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase() as 'post']
        ?.responses?.['202'] !== undefined,
  );
  assert.deepEqual(waits.map(({ method, url }) => `${method} ${url.slice('/api/v1/'.length)}`).toSorted(), [
    'POST administrators/invitations',
    'POST devices/:id/approve',
    'POST devices/:id/unblock',
    'POST directories/:name/resume',
    'POST directories/:name/tokens',
    'POST document/rollback',
    'POST enrolment-keys',
    'POST passes',
    'POST people/:id/enable',
    'POST service-accounts/:id/enable',
    'POST tokens',
    ...['access', 'admin', 'approver', 'auditor', 'network', 'support'].map(
      (role) => `POST tokens/:id/role/${role}`,
    ),
    'PUT administrators/:id',
    'PUT document',
  ]);
  const wrong = await alice.call('POST', '/api/v1/tokens', { role: 'emperor' });
  assert.equal(wrong.statusCode, 400, 'what is not valid does not wait');
});

test('the text of a token goes to whoever proposed it, once, and the token is theirs', async (t) => {
  const { administrator, ask, propose, approve, waiting, store } = await world(t);
  const [alice, bob] = [await administrator('alice', 'admin'), await administrator('bob', 'admin')];
  await ask();
  const id = await propose(alice, 'POST', '/api/v1/tokens', { role: 'auditor', name: 'reports' });
  const done = await approve(bob, id);
  assert.deepEqual(done.json(), { status: 201 });
  assert.deepEqual(await waiting(bob), []);
  assert.deepEqual(
    (await waiting(alice)).map(({ state }) => state),
    ['done'],
  );
  assert.equal((await bob.call('POST', `${path}/${id}/take`)).statusCode, 404);
  const taken = await alice.call('POST', `${path}/${id}/take`);
  assert.match(taken.json<{ answer: { token: string } }>().answer.token, /^at_/);
  assert.equal((await alice.call('POST', `${path}/${id}/take`)).statusCode, 404);
  const [made] = await store.select('api_tokens').selectAll().where('name', '=', 'reports').execute();
  assert.deepEqual([made?.created_by, made?.role], [alice.person, 'auditor']);
});

test('SEC-A10: it is done with no more than both may do, and not when the proposer may nothing any more', async (t) => {
  const { administrator, signIn, ask, propose, approve, roleOf, controller } = await world(t);
  const [alice, bob] = [await administrator('alice', 'owner'), await administrator('bob', 'admin')];
  const olga = await administrator('olga', 'owner');
  const nina = await administrator('nina', 'network');
  const carol = await signIn('carol');
  await ask();
  const url = `/api/v1/administrators/${carol.person}`;
  const owner = await propose(alice, 'PUT', url, { role: 'owner' });
  assert.equal((await approve(nina, owner)).statusCode, 403);
  assert.equal((await approve(bob, owner)).statusCode, 403, 'an admin makes no owner, by whoever’s wish');
  assert.equal(await roleOf(carol.person), null);
  const admins = await propose(bob, 'PUT', url, { role: 'owner' });
  assert.equal((await approve(olga, admins)).statusCode, 403, 'nor does an owner for an admin');
  const owners = await propose(alice, 'PUT', url, { role: 'owner' });
  assert.equal((await approve(olga, owners)).statusCode, 200);
  assert.equal(await roleOf(carol.person), 'owner');

  const late = await propose(bob, 'POST', '/api/v1/tokens', { role: 'admin' });
  assert.equal((await alice.call('DELETE', `/api/v1/administrators/${bob.person}`)).statusCode, 204);
  assert.equal((await approve(alice, late)).statusCode, 403);
  // A token proposes, and approves nothing.
  const byToken = await propose(
    { call: async (method, at, payload) => controller.call(method, at, payload) },
    'POST',
    '/api/v1/enrolment-keys',
    { purpose: 'connector', name: 'hq' },
  );
  const headers = { authorization: `Bearer ${await controller.token('admin')}` };
  const another = await controller.app.inject({ method: 'POST', url: `${path}/${byToken}/approve`, headers });
  assert.equal(another.statusCode, 403);
  assert.equal((await approve(alice, byToken)).statusCode, 200);
});

test('what it is about has changed: it is refused, whoever approves, and one that is refused is gone', async (t) => {
  const { administrator, signIn, ask, propose, approve, waiting, roleOf } = await world(t);
  const [alice, bob] = [await administrator('alice', 'admin'), await administrator('bob', 'admin')];
  const carol = await signIn('carol');
  await ask();
  const url = `/api/v1/administrators/${carol.person}`;
  const first = await propose(alice, 'PUT', url, { role: 'network' });
  const second = await propose(alice, 'PUT', url, { role: 'auditor' });
  assert.equal((await approve(bob, first)).statusCode, 200);
  const [stale] = await waiting(bob);
  assert.deepEqual([stale?.id, stale?.stale], [second, true]);
  assert.equal((await approve(bob, second)).statusCode, 409);
  assert.equal(await roleOf(carol.person), 'network');
  assert.equal((await bob.call('POST', `${path}/${second}/refuse`)).statusCode, 204);
  assert.equal((await approve(bob, second)).statusCode, 409);
  assert.deepEqual(await waiting(alice), []);
});

test('two who approve at once carry it out once', async (t) => {
  const { administrator, ask, propose, approve, store } = await world(t);
  const [alice, bob, carol] = [
    await administrator('alice', 'admin'),
    await administrator('bob', 'admin'),
    await administrator('carol', 'admin'),
  ];
  await ask();
  const id = await propose(alice, 'POST', '/api/v1/tokens', { role: 'auditor', name: 'once' });
  const answers = await Promise.all([bob, carol, bob].map(async (each) => approve(each, id)));
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b),
    [200, 409, 409],
  );
  const made = await store.select('api_tokens').select('id').where('name', '=', 'once').execute();
  assert.equal(made.length, 1);
});

test('SEC-A11: what is on its way when a second administrator is asked for does not happen by one alone', async (t) => {
  const { administrator, signIn, ask, portal, store, roleOf, controller } = await world(t);
  const alice = await administrator('alice', 'owner');
  const carol = await signIn('carol');
  await ask();
  const required = await store.select('documents').selectAll().orderBy('revision', 'desc').executeTakeFirst();
  assert.ok(required !== undefined);
  const { organisation: _own, revision, ...columns } = required;
  // In force at first is one that asks for nobody.
  const alone = JSON.stringify(acmeDocument());
  await store.insert('documents', { ...columns, revision: revision + 1, document: alone }).execute();
  await controller.context.organisation(controller.context.firstOrganisation).reader.current();
  const flight = await inFlight(portal, '{"role":"network"}', {
    method: 'PUT',
    url: `/api/v1/administrators/${carol.person}`,
    headers: { ...alice.headers },
  });
  const answer = await flight.finishAround(store, async (tx) => {
    await tx.insert('documents', { ...columns, revision: revision + 2 }).execute();
  });
  assert.equal(answer.statusCode, 409, answer.body);
  assert.match(answer.body, /second administrator/);
  assert.equal(await roleOf(carol.person), null);
  const again = await alice.call('PUT', `/api/v1/administrators/${carol.person}`, { role: 'network' });
  assert.equal(again.statusCode, 202, 'tried again, it waits');
});

test('whoever may do a change may refuse it, and whoever proposed it take it back; nobody else does away with it', async (t) => {
  const { administrator, signIn, ask, propose, waiting } = await world(t);
  const [alice, bob] = [await administrator('alice', 'admin'), await administrator('bob', 'admin')];
  const nina = await administrator('nina', 'network');
  const carol = await signIn('carol');
  await ask();
  const url = `/api/v1/administrators/${carol.person}`;
  const [first, second] = [
    await propose(alice, 'PUT', url, { role: 'auditor' }),
    await propose(alice, 'PUT', url, { role: 'support' }),
  ];
  const refuse = async ({ call }: Browser, id: string) =>
    (await call('POST', `${path}/${id}/refuse`)).statusCode;
  assert.equal(await refuse(nina, first), 403);
  const decides = async (who: Browser) => (await waiting(who)).map((each) => each.decides);
  assert.deepEqual(await decides(bob), [true, true]);
  assert.deepEqual(await decides(nina), [false, false], 'as the page shows it');
  assert.equal(await refuse(bob, first), 204);
  assert.equal(await refuse(alice, second), 204);
  assert.deepEqual(await waiting(bob), []);
});
