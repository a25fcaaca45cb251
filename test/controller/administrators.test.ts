/** People as administrators: roles given and taken, what a session may do by them, and who stands over whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actions, actionsOf, covers, roles } from '../../protocol/roles.ts';
import { testController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { people } from './support/people.ts';

interface Me {
  administrator: { role: string | null; fromNextSignIn: boolean; actions: string[] };
}

test('every action is somebody’s, an owner has them all, and an approver those of requests', () => {
  assert.deepEqual(actionsOf('owner'), Object.keys(actions));
  assert.deepEqual(actionsOf('approver'), ['requests.read', 'requests.answer']);
  for (const role of roles)
    for (const action of actionsOf(role)) assert.ok(covers(role, action), `${role} ${action}`);
  for (const role of ['auditor', 'support'] as const)
    assert.ok(
      actionsOf(role).every((action) => actions[action].scope === undefined),
      `${role} changes something`,
    );
  for (const action of ['administrators.write', 'tokens.write', 'document.write-sign-in'] as const)
    assert.deepEqual(actions[action].roles, ['owner', 'admin']);
});

test('SEC-G7: a role counts from the next sign-in, and is gone at the next request once it is taken', async (t) => {
  const controller = await testController(t);
  const { signIn } = await people(t, controller);
  const before = await signIn('alice');
  const me = async (browser = before) => (await browser.call('GET', '/api/v1/me')).json<Me>().administrator;
  assert.deepEqual(await me(), { role: null, fromNextSignIn: false, actions: [] });
  assert.equal((await before.call('GET', '/api/v1/devices')).statusCode, 403);

  await controller.time.pass(1_000);
  const give = await controller.call('PUT', `/api/v1/administrators/${before.person}`, { role: 'access' });
  assert.equal(give.statusCode, 204, give.body);
  assert.deepEqual(await me(), { role: 'access', fromNextSignIn: true, actions: [] });
  assert.equal((await before.call('GET', '/api/v1/devices')).statusCode, 403);

  const after = await signIn('alice');
  assert.deepEqual(await me(after), {
    role: 'access',
    fromNextSignIn: false,
    actions: actionsOf('access'),
  });
  assert.equal((await after.call('GET', '/api/v1/devices')).statusCode, 200);
  assert.equal((await after.call('GET', '/api/v1/tokens')).statusCode, 403);
  const listed = (await controller.call('GET', '/api/v1/administrators')).json<{
    administrators: { id: string; role: string; email: string; givenBy: string }[];
  }>();
  assert.deepEqual(
    listed.administrators.map(({ id, role, email }) => ({ id, role, email })),
    [{ id: before.person, role: 'access', email: 'alice@acme.example' }],
  );
  assert.match(listed.administrators[0]?.givenBy ?? '', /^token tok_/);

  assert.equal((await controller.call('DELETE', `/api/v1/administrators/${before.person}`)).statusCode, 204);
  assert.equal((await after.call('GET', '/api/v1/devices')).statusCode, 403);
  assert.equal((await controller.call('DELETE', `/api/v1/administrators/${before.person}`)).statusCode, 404);
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const written = await store
    .select('audit')
    .select('detail')
    .where('what', '=', 'administrator.role')
    .orderBy('seq')
    .execute();
  assert.deepEqual(
    written.map(({ detail }) => JSON.parse(detail) as unknown),
    [
      { person: before.person, email: 'alice@acme.example', before: null, after: 'access' },
      { person: before.person, email: 'alice@acme.example', before: 'access', after: null },
    ],
  );
});

test('administrators are listed with owners first, whenever they became one', async (t) => {
  const controller = await testController(t);
  const { administrator } = await people(t, controller);
  for (const [name, role] of [
    ['sue', 'support'],
    ['nina', 'network'],
    ['olga', 'owner'],
    ['bob', 'admin'],
    ['oscar', 'owner'],
  ] as const) {
    await administrator(name, role);
    await controller.time.pass(1_000);
  }
  const listed = (await controller.call('GET', '/api/v1/administrators')).json<{
    administrators: { email: string }[];
  }>();
  assert.deepEqual(
    listed.administrators.map(({ email }) => email.split('@')[0]),
    ['olga', 'oscar', 'bob', 'nina', 'sue'],
  );
});

test('SEC-A10: an administrator names the first owner; after that only owners make, unmake and lock out owners', async (t) => {
  const controller = await testController(t);
  const { signIn, administrator } = await people(t, controller);
  const alice = await signIn('alice');
  const admin = await administrator('bob', 'admin');
  const path = (id: string) => `/api/v1/administrators/${id}`;
  assert.equal((await controller.call('PUT', path(alice.person), { role: 'owner' })).statusCode, 204);
  for (const [who, call] of [
    ['a token', (...asked: Parameters<typeof admin.call>) => controller.call(...asked)],
    ['an admin', admin.call],
  ] as const) {
    const refused = [
      await call('PUT', path(admin.person), { role: 'owner' }),
      await call('PUT', path(alice.person), { role: 'auditor' }),
      await call('DELETE', path(alice.person)),
      await call('POST', `/api/v1/people/${alice.person}/disable`),
    ];
    assert.deepEqual(
      refused.map(({ statusCode }) => statusCode),
      [403, 403, 403, 403],
      who,
    );
  }
  const owner = await signIn('alice');
  for (const call of [
    owner.call('DELETE', path(alice.person)),
    owner.call('PUT', path(alice.person), { role: 'admin' }),
    owner.call('POST', `/api/v1/people/${alice.person}/disable`),
  ]) {
    const answer = await call;
    assert.equal(answer.statusCode, 409, answer.body);
    assert.match(answer.body, /last owner/);
  }
  assert.equal((await owner.call('PUT', path(admin.person), { role: 'owner' })).statusCode, 204);
  assert.equal((await owner.call('DELETE', path(alice.person))).statusCode, 204);
});

test('SEC-A10: whoever may not take a role may not lock out the one who has it', async (t) => {
  const controller = await testController(t);
  const { administrator, signIn } = await people(t, controller);
  const access = await administrator('carol', 'access');
  const auditor = await administrator('dave', 'auditor');
  const nobody = await signIn('erin');
  const disable = async (id: string) =>
    (await access.call('POST', `/api/v1/people/${id}/disable`)).statusCode;
  assert.equal(await disable(auditor.person), 403);
  assert.equal(await disable(nobody.person), 204);
});

test('SEC-G7: what outlasts the session takes a sign-in of the last minutes', async (t) => {
  const controller = await testController(t);
  const { administrator, signIn } = await people(t, controller);
  await signIn('alice');
  const owner = await administrator('bob', 'owner');
  await controller.time.pass(6 * 60_000);
  const make = () => owner.call('POST', '/api/v1/tokens', { role: 'auditor' });
  const stale = await make();
  assert.equal(stale.statusCode, 403);
  assert.equal(stale.json<{ type: string }>().type, 'urn:postern:problem:not-fresh');
  assert.equal((await owner.call('GET', '/api/v1/tokens')).statusCode, 200);
  const fresh = await signIn('bob');
  assert.equal((await fresh.call('POST', '/api/v1/tokens', { role: 'auditor' })).statusCode, 201);
});

test('SEC-A10: a document changes only what the role covers, entry by entry, and otherwise nothing', async (t) => {
  const controller = await testController(t);
  const { administrator } = await people(t, controller);
  assert.equal((await controller.call('PUT', '/api/v1/document', acmeDocument())).statusCode, 200);
  const document = acmeDocument();
  const [corp] = document.identityProviders ?? [];
  const [wiki, ...others] = document.resources ?? [];
  assert.ok(corp !== undefined && wiki !== undefined);
  const changed = {
    network: { ...document, resources: [{ ...wiki, ports: ['tcp/8080'] }, ...others] },
    access: { ...document, groups: [...(document.groups ?? []), 'more'] },
    'sign-in': { ...document, identityProviders: [{ ...corp, clientSecret: 'another secret' }] },
  };
  const put = async (role: 'network' | 'access' | 'auditor' | 'admin', part: keyof typeof changed) => {
    const browser = await administrator(role, role);
    return (await browser.call('PUT', '/api/v1/document', changed[part])).statusCode;
  };
  const revision = async () =>
    (await controller.call('GET', '/api/v1/document')).json<{ revision: number }>();
  for (const [role, part] of [
    ['network', 'access'],
    ['network', 'sign-in'],
    ['access', 'network'],
    ['access', 'sign-in'],
    ['auditor', 'network'],
  ] as const)
    assert.equal(await put(role, part), 403, `${role} changes ${part}`);
  assert.equal((await revision()).revision, 1);
  assert.equal(await put('network', 'network'), 200);
  assert.equal((await controller.call('POST', '/api/v1/document/rollback', { revision: 1 })).statusCode, 200);
  assert.equal(await put('access', 'access'), 200);
  assert.equal(await put('admin', 'sign-in'), 200);
});

test('SEC-A10: enrolment keys of connectors are for Network, those of service accounts for Access', async (t) => {
  const controller = await testController(t);
  const { administrator } = await people(t, controller);
  await controller.call('PUT', '/api/v1/document', acmeDocument());
  const [network, access] = [await administrator('n', 'network'), await administrator('a', 'access')];
  const bodies = {
    connector: { purpose: 'connector', name: 'hq' },
    service: { purpose: 'service', name: 'ci' },
  };
  const made: Record<string, string> = {};
  for (const [browser, purpose, status] of [
    [network, 'connector', 201],
    [network, 'service', 403],
    [access, 'connector', 403],
    [access, 'service', 201],
  ] as const) {
    const answer = await browser.call('POST', '/api/v1/enrolment-keys', bodies[purpose]);
    assert.equal(answer.statusCode, status, purpose);
    if (status === 201) made[purpose] = answer.json<{ id: string }>().id;
  }
  const remove = async (browser: typeof network, purpose: string) =>
    (await browser.call('DELETE', `/api/v1/enrolment-keys/${made[purpose]}`)).statusCode;
  assert.equal(await remove(network, 'service'), 403);
  assert.equal(await remove(access, 'connector'), 403);
  assert.equal(await remove(network, 'connector'), 204);
  assert.equal(await remove(access, 'service'), 204);
});

test('SEC-A10: a token is used within its scopes, and makes none with more', async (t) => {
  const controller = await testController(t);
  await controller.call('PUT', '/api/v1/document', acmeDocument());
  const make = async (body: object) =>
    (await controller.call('POST', '/api/v1/tokens', body)).json<{ token: string }>().token;
  const call = async (token: string, method: 'GET' | 'POST', url: string, payload?: object) =>
    (
      await controller.app.inject({
        method,
        url,
        headers: { authorization: `Bearer ${token}` },
        ...(payload === undefined ? {} : { payload }),
      })
    ).statusCode;
  const key = { purpose: 'connector', name: 'hq' };
  const provision = await make({ role: 'admin', scopes: ['provision'] });
  assert.equal(await call(provision, 'POST', '/api/v1/enrolment-keys', key), 201);
  assert.equal(await call(provision, 'GET', '/api/v1/devices'), 403);
  assert.equal(await call(provision, 'POST', '/api/v1/tokens', { role: 'admin' }), 403);
  const write = await make({ role: 'admin', scopes: ['read', 'write'] });
  assert.equal(await call(write, 'GET', '/api/v1/devices'), 200);
  assert.equal(await call(write, 'POST', '/api/v1/enrolment-keys', key), 403);
  assert.equal(await call(write, 'POST', '/api/v1/tokens', { role: 'admin', scopes: ['provision'] }), 403);
  assert.equal(await call(write, 'POST', '/api/v1/tokens', { role: 'auditor' }), 201);
  const listed = (await controller.call('GET', '/api/v1/tokens')).json<
    { role: string; scopes: string[] }[]
  >();
  assert.deepEqual(
    listed.map(({ role, scopes }) => `${role}: ${scopes.join(' ')}`),
    ['admin: read write provision', 'admin: provision', 'admin: read write', 'auditor: read write'],
  );
});

test('SEC-A11: of fifty who are named first owner at once, one becomes it', async (t) => {
  const controller = await testController(t);
  const { signIn } = await people(t, controller);
  const persons: string[] = [];
  for (let index = 0; index < 50; index += 1) persons.push((await signIn(`p${index}`)).person);
  const answers = await Promise.all(
    persons.map((id) => controller.call('PUT', `/api/v1/administrators/${id}`, { role: 'owner' })),
  );
  assert.equal(answers.filter(({ statusCode }) => statusCode === 204).length, 1);
  assert.equal(answers.filter(({ statusCode }) => statusCode === 403).length, 49);
});

test('SEC-A11: two owners who unmake each other at the same moment leave one', async (t) => {
  const controller = await testController(t);
  const { administrator } = await people(t, controller);
  for (let round = 0; round < 10; round += 1) {
    const [one, two] = [await administrator('one', 'owner'), await administrator('two', 'owner')];
    await Promise.all([
      one.call('DELETE', `/api/v1/administrators/${two.person}`),
      two.call('DELETE', `/api/v1/administrators/${one.person}`),
      one.call('DELETE', `/api/v1/administrators/${one.person}`),
      two.call('PUT', `/api/v1/administrators/${two.person}`, { role: 'admin' }),
    ]);
    const { store } = controller.context.organisation(controller.context.firstOrganisation);
    // Who made themself an admin may lose that as well: what counts is who was an owner.
    const roles = await store
      .select('audit')
      .select('detail')
      .where('what', '=', 'administrator.role')
      .execute();
    const unmade = roles.filter(
      ({ detail }) => (JSON.parse(detail) as { before: unknown }).before === 'owner',
    );
    assert.equal(unmade.length, round + 1);
    const left = await store.select('people').select('id').where('role', '=', 'owner').execute();
    assert.equal(left.length, 1);
  }
});
