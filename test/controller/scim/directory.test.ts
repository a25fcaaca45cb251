/** What a directory may do to people, and what it may not: joined by rule, deactivated at once, stopped when it goes wild. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setLimits } from '../../../controller/operator/limits.ts';
import { recordSignIn, PersonDisabled } from '../../../controller/login/record-sign-in.ts';
import type { IdentityProviderDocument } from '../../../protocol/organisation-document.ts';
import { issuer } from '../requests/request-bench.ts';
import { directoryBench, directoryOf, type DirectoryBench } from './directory-bench.ts';

const patch = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const replace = (value: object): object => ({ schemas: [patch], Operations: [{ op: 'replace', value }] });

async function signIn(
  { context }: DirectoryBench,
  subject: string,
  {
    email = `${subject}@acme.example`,
    groups = [],
    from = issuer,
    provider = 'corp',
  }: {
    /** Null: the provider verified none. */
    email?: string | null;
    groups?: string[];
    from?: string;
    provider?: string;
  } = {},
): Promise<string> {
  const signedIn = await recordSignIn(context, context.organisation(context.firstOrganisation), {
    issuer: from,
    provider,
    identity: {
      subject,
      name: subject,
      email: email ?? undefined,
      groups,
      authMs: context.now(),
      amr: ['pwd'],
    },
    address: '203.0.113.9',
  });
  return signedIn.person;
}

function other(): IdentityProviderDocument {
  return {
    name: 'partner',
    issuer: 'https://sso.partner.example',
    clientId: 'postern',
    clientSecret: 'another secret of a provider',
    directory: {},
  };
}

test('who is deactivated is signed out at once with every flow, stays out, and comes back when the directory says so', async (t) => {
  const bench = await directoryBench(t);
  const alice = await bench.person('alice', ['staff']);
  const id = await bench.directory.user('alice');
  const heard: string[] = [];
  bench.context.bus.subscribe((_organisation, news) => {
    if (news.kind === 'revoked') heard.push(news.revocation.reason);
  });
  await bench.directory.expect(200, 'PATCH', `Users/${id}`, replace({ active: false }));
  assert.deepEqual(heard, ['disabled']);
  assert.equal((await alice.call('GET', 'requests')).statusCode, 401);
  assert.equal((await bench.row(alice.id))?.disabled, true);
  await assert.rejects(signIn(bench, 'alice'), PersonDisabled);
  await bench.directory.expect(200, 'PATCH', `Users/${id}`, replace({ active: true }));
  assert.equal((await bench.row(alice.id))?.disabled, false);
  assert.equal(await signIn(bench, 'alice'), alice.id);
  await bench.directory.expect(204, 'DELETE', `Users/${id}`);
  assert.equal((await bench.row(alice.id))?.disabled, true);
  const whats = (await bench.audit('person.')).map(({ what, who }) => `${what} ${who}`);
  assert.deepEqual(
    whats,
    ['person.disable', 'person.enable', 'person.disable'].map((what) => `${what} directory corp`),
  );
});

test('whom an administrator disabled the directory does not enable', async (t) => {
  const bench = await directoryBench(t);
  const alice = await bench.person('alice', ['staff']);
  const id = await bench.directory.user('alice');
  const disable = () => bench.call('POST', `/api/v1/people/${alice.id}/disable`);
  assert.equal((await disable()).statusCode, 204);
  await bench.directory.expect(200, 'PATCH', `Users/${id}`, replace({ displayName: 'Alice' }));
  await bench.directory.expect(200, 'PATCH', `Users/${id}`, replace({ active: false }));
  await bench.directory.expect(200, 'PATCH', `Users/${id}`, replace({ active: true }));
  assert.equal((await bench.row(alice.id))?.disabled, true);
  assert.equal((await bench.call('POST', `/api/v1/people/${alice.id}/enable`)).statusCode, 204);
  await bench.directory.expect(200, 'PATCH', `Users/${id}`, replace({ active: false }));
  assert.equal((await disable()).statusCode, 204, 'an administrator says so as well');
  await bench.directory.expect(200, 'PATCH', `Users/${id}`, replace({ active: true }));
  assert.equal((await bench.row(alice.id))?.disabled, true);
});

test('whom a directory disabled it does not enable where the organisation has as many people as it may', async (t) => {
  const bench = await directoryBench(t);
  const { context, directory } = bench;
  const alice = await bench.person('alice', ['staff']);
  const id = await directory.user('alice');
  const by = { nowMs: context.now(), who: 'test' };
  await directory.expect(200, 'PATCH', `Users/${id}`, replace({ active: false }));
  await setLimits(context.store, context.firstOrganisation, { people: 0 }, by);
  await directory.expect(200, 'PATCH', `Users/${id}`, replace({ active: true }));
  assert.equal((await bench.row(alice.id))?.disabled, true);
  assert.equal((await bench.audit('person.enable')).length, 1);
  await setLimits(context.store, context.firstOrganisation, { people: 1 }, by);
  await directory.expect(200, 'PATCH', `Users/${id}`, replace({ active: false }));
  await directory.expect(200, 'PATCH', `Users/${id}`, replace({ active: true }));
  assert.equal((await bench.row(alice.id))?.disabled, false);
});

test('groups of the directory count for whoever is joined, where the document lists them; those it does not have are claimed', async (t) => {
  const bench = await directoryBench(t);
  const { directory } = bench;
  const user = await directory.user('alice');
  const made = await directory.expect(201, 'POST', 'Groups', { displayName: 'staff', members: [] });
  const id = String(made['id']);
  const alice = await signIn(bench, 'alice', { groups: ['staff', 'sre'] });
  assert.deepEqual(
    (await bench.row(alice))?.groups,
    ['sre'],
    'the directory has staff, and she is not in it',
  );
  const add = (op: string) =>
    directory.expect(200, 'PATCH', `Groups/${id}`, {
      schemas: [patch],
      Operations: [{ op, path: 'members', value: [{ value: user }] }],
    });
  await add('add');
  assert.deepEqual((await bench.row(alice))?.groups, ['sre', 'staff']);
  await add('Remove');
  assert.deepEqual((await bench.row(alice))?.groups, ['sre']);
  const [person] = (await bench.call('GET', '/api/v1/people')).json<{ groups: string[] }[]>();
  assert.deepEqual(person?.groups, ['sre']);
  await directory.expect(201, 'POST', 'Groups', { displayName: 'unheard-of', members: [{ value: user }] });
  await signIn(bench, 'alice', { groups: ['sre'] });
  const state = await bench.context.organisation(bench.context.firstOrganisation).reader.current();
  assert.equal(state.groups.has('unheard-of'), false);
});

test('T9, SEC-I1: a directory touches no person of another provider, no role, and makes no id of ours its own', async (t) => {
  const bench = await directoryBench(t, { join: 'externalId' }, (document) => ({
    ...document,
    identityProviders: [...(document.identityProviders ?? []), other()],
  }));
  const { directory } = bench;
  const partner = await directoryOf(bench, 'partner');
  const boss = await signIn(bench, 'boss');
  const role = await bench.call('PUT', `/api/v1/administrators/${boss}`, { role: 'owner' });
  assert.ok(role.statusCode < 300, role.body);
  const before = await bench.call('GET', '/api/v1/administrators');
  // Whatever looks like one of ours: ids, subjects of the other provider, roles.
  for (const externalId of [boss, '1', 'admin', `usr_${'0'.repeat(26)}`, '../..', 'boss']) {
    const id = await partner.user(`x${externalId.replaceAll(/\W/g, '')}`, {
      externalId,
      id: boss,
      roles: [{ value: 'owner', primary: true }],
      entitlements: [{ value: 'admin' }],
    });
    assert.notEqual(id, boss);
    assert.notEqual(id, externalId);
    await partner.expect(204, 'DELETE', `Users/${id}`);
    await bench.call('POST', '/api/v1/directories/partner/resume');
  }
  assert.deepEqual(await bench.row(boss), { disabled: false, groups: [] });
  assert.deepEqual((await bench.call('GET', '/api/v1/administrators')).body, before.body);
  for (const path of [`Users/${boss}`, 'Users/1', `Groups/${boss}`])
    assert.equal((await partner.call('GET', path)).statusCode, 404, path);
  const ours = await directory.user('boss', { externalId: 'boss' });
  for (const [method, payload] of [
    ['GET', undefined],
    ['PUT', { userName: 'taken@acme.example' }],
    ['PATCH', replace({ active: false })],
    ['DELETE', undefined],
  ] as const)
    assert.equal((await partner.call(method, `Users/${ours}`, payload)).statusCode, 404, method);
  const group = await partner.call('POST', 'Groups', { displayName: 'sre', members: [{ value: ours }] });
  assert.equal(group.statusCode, 400, 'a member of another directory is none');
  assert.equal((await bench.row(boss))?.disabled, false);
  // What the other directory has under the same address takes nobody away from their own.
  const carol = await signIn(bench, 'carol');
  await partner.user('carol');
  const own = await directory.user('carol', { externalId: 'carol' });
  await directory.expect(200, 'PATCH', `Users/${own}`, replace({ active: false }));
  assert.equal((await bench.row(carol))?.disabled, true);
});

test('somebody is joined by what is equal and known of one alone, and an address that changes hands takes nobody along', async (t) => {
  const bench = await directoryBench(t);
  const { directory } = bench;
  // A private address is whatever somebody wrote there.
  const mallory = await directory.user('mallory', {
    emails: [{ type: 'home', value: 'alice@acme.example' }],
  });
  const alice = await signIn(bench, 'alice');
  await directory.expect(200, 'PATCH', `Users/${mallory}`, replace({ active: false }));
  assert.equal((await bench.row(alice))?.disabled, false);
  const unverified = await signIn(bench, 'bob', { email: null });
  const bob = await directory.user('bob');
  await directory.expect(200, 'PATCH', `Users/${bob}`, replace({ active: false }));
  assert.equal((await bench.row(unverified))?.disabled, false, 'no address was verified');
  const first = await directory.user('alice');
  const second = await signIn(bench, 'alice-the-second', { email: 'alice@acme.example' });
  assert.notEqual(second, alice);
  const [entry] = (await bench.call('GET', '/api/v1/directories')).json<{ joined: number }[]>();
  assert.equal(entry?.joined, 1);
  await directory.expect(200, 'PATCH', `Users/${first}`, replace({ active: false }));
  assert.equal((await bench.row(alice))?.disabled, true);
  assert.equal((await bench.row(second))?.disabled, false);
});

test('whom a directory comes to know by a changed address is in its groups at once, and in none of them besides', async (t) => {
  const bench = await directoryBench(t);
  const { directory } = bench;
  const alice = await signIn(bench, 'alice', { groups: ['staff', 'automation'] });
  const user = await directory.user('alice-before-the-wedding');
  await directory.expect(201, 'POST', 'Groups', { displayName: 'staff' });
  await directory.expect(201, 'POST', 'Groups', { displayName: 'sre', members: [{ value: user }] });
  assert.deepEqual((await bench.row(alice))?.groups, ['automation', 'staff']);
  await directory.expect(200, 'PATCH', `Users/${user}`, replace({ userName: 'alice@acme.example' }));
  // What the directory does not have stays as the sign-in said.
  assert.deepEqual((await bench.row(alice))?.groups, ['automation', 'sre']);
});

test('where the directory has to know somebody, a stranger does not come in', async (t) => {
  const bench = await directoryBench(t, { required: true });
  await assert.rejects(signIn(bench, 'stranger'), PersonDisabled);
  await bench.directory.user('stranger');
  await signIn(bench, 'stranger');
  const off = await bench.directory.user('gone', { active: false });
  await assert.rejects(signIn(bench, 'gone'), PersonDisabled);
  await bench.directory.expect(200, 'PATCH', `Users/${off}`, replace({ active: true }));
  await signIn(bench, 'gone');
});

test('a directory that would take too much away at once is stopped with an alarm, until an administrator lets it go on', async (t) => {
  const bench = await directoryBench(t);
  const { directory, time } = bench;
  const ids: string[] = [];
  for (let index = 0; index < 40; index += 1) ids.push(await directory.user(`person-${index}`));
  const off = (id: string | undefined) =>
    directory.call('PATCH', `Users/${id ?? ''}`, replace({ active: false }));
  for (const id of ids.slice(0, 8)) assert.equal((await off(id)).statusCode, 200);
  const ninth = await off(ids[8]);
  assert.deepEqual([ninth.statusCode, ninth.headers['retry-after']], [503, '3600']);
  assert.equal((await directory.call('DELETE', `Users/${ids[9] ?? ''}`)).statusCode, 503);
  const entries = await bench.audit('directory.halt');
  assert.deepEqual(
    entries.map(({ detail }) => detail),
    [{ directory: 'corp', people: 9, of: 40 }],
    'said once',
  );
  // Nothing is forgotten because time passes, and joiners still join.
  time.ms += 2 * 3_600_000;
  assert.equal((await off(ids[8])).statusCode, 503);
  await directory.user('joiner');
  assert.equal((await bench.call('POST', '/api/v1/directories/none/resume')).statusCode, 404);
  assert.equal((await bench.call('POST', '/api/v1/directories/corp/resume')).statusCode, 204);
  for (const id of ids.slice(8, 30)) assert.equal((await off(id)).statusCode, 200);
  time.ms += 3_600_000;
  for (const id of ids.slice(30, 35)) assert.equal((await off(id)).statusCode, 200, 'five may always go');
  assert.equal((await off(ids[35])).statusCode, 503);
});

test('the share that stops a directory is the one that was set; unless one was, five may always go', async (t) => {
  for (const { settings, people, may } of [
    { settings: { stopAt: 30 }, people: 10, may: 3 },
    { settings: { stopAt: 10 }, people: 6, may: 1 },
    { settings: { stopAt: 50 }, people: 6, may: 3 },
    { settings: { stopAt: 100 }, people: 3, may: 3 },
    { settings: {}, people: 5, may: 5 },
    { settings: {}, people: 12, may: 5 },
  ] as const) {
    const { directory, audit } = await directoryBench(t, settings);
    const ids: string[] = [];
    for (let index = 0; index < people; index += 1) ids.push(await directory.user(`person-${index}`));
    const gone: number[] = [];
    for (const id of ids) gone.push((await directory.call('DELETE', `Users/${id}`)).statusCode);
    const what = `${people} people, ${JSON.stringify(settings)}`;
    assert.deepEqual(
      gone,
      ids.map((_id, at) => (at < may ? 204 : 503)),
      what,
    );
    const halts = await audit('directory.halt');
    assert.deepEqual(
      halts.map(({ detail }) => detail),
      may === people ? [] : [{ directory: 'corp', people: may + 1, of: people }],
      what,
    );
  }
});

test('a group of hundreds that is filled or emptied decides anew for its people together, and each loses what the group gave', async (t) => {
  const bench = await directoryBench(t, { stopAt: 100 });
  const { directory, context } = bench;
  const people: string[] = [];
  const users: string[] = [];
  const size = 300;
  for (let index = 0; index < size; index += 1) {
    users.push(await directory.user(`person-${index}`));
    people.push(await signIn(bench, `person-${index}`));
  }
  const made = await directory.expect(201, 'POST', 'Groups', { displayName: 'staff' });
  const heard: string[] = [];
  t.after(context.bus.subscribe((_organisation, { kind }) => void heard.push(kind)));
  const members = (op: string, value: readonly string[]): object => ({
    schemas: [patch],
    Operations: [{ op, path: 'members', value: value.map((each) => ({ value: each })) }],
  });
  const groupsOf = async (): Promise<string[]> => {
    const rows = await Promise.all(people.map(async (person) => (await bench.row(person))?.groups));
    return [...new Set(rows.map((groups) => JSON.stringify(groups)))];
  };
  const path = `Groups/${String(made['id'])}`;
  await directory.expect(200, 'PATCH', path, members('add', users));
  assert.deepEqual(await groupsOf(), ['["staff"]']);
  assert.deepEqual(heard, ['devices'], 'nodes are told once, not once for each person');
  await directory.expect(200, 'PATCH', path, members('remove', users));
  assert.deepEqual(await groupsOf(), ['[]']);
  assert.deepEqual(heard, ['devices', 'devices']);
});

test('a group that would lose most of its members stops the directory, and an empty directory removes nobody', async (t) => {
  const bench = await directoryBench(t);
  const { directory } = bench;
  const ids: string[] = [];
  for (let index = 0; index < 30; index += 1) ids.push(await directory.user(`person-${index}`));
  const person = await signIn(bench, 'person-3');
  const made = await directory.expect(201, 'POST', 'Groups', {
    displayName: 'staff',
    members: ids.map((value) => ({ value })),
  });
  assert.deepEqual((await bench.row(person))?.groups, ['staff']);
  const emptied = await directory.call('PUT', `Groups/${String(made['id'])}`, {
    displayName: 'staff',
    members: [],
  });
  assert.equal(emptied.statusCode, 503);
  assert.equal((await directory.call('DELETE', `Groups/${String(made['id'])}`)).statusCode, 503);
  assert.deepEqual(await bench.row(person), { disabled: false, groups: ['staff'] });
  // A directory that asks and tells nothing takes nothing away.
  const partner = await directoryBench(t);
  const alice = await signIn(partner, 'alice', { groups: ['staff'] });
  await partner.directory.expect(200, 'GET', 'Users');
  await partner.directory.expect(200, 'GET', 'Groups');
  assert.deepEqual(await partner.row(alice), { disabled: false, groups: ['staff'] });
});

test('SEC-A8: a directory token opens SCIM alone, and nothing else opens SCIM', async (t) => {
  const bench = await directoryBench(t);
  const made = await bench.call('POST', '/api/v1/directories/corp/tokens', { expires: '1h' });
  const { token, id } = made.json<{ token: string; id: string }>();
  const ask = (url: string, bearer: string, method: 'GET' | 'POST' = 'GET') =>
    bench.portal.inject({ method, url, headers: { authorization: `Bearer ${bearer}` } });
  assert.equal((await ask('/scim/v2/Users', token)).statusCode, 200);
  for (const route of bench.portal.declaredRoutes.filter(({ access }) => access !== 'public')) {
    if (route.url.startsWith('/scim/')) continue;
    const answer = await ask(route.url.replaceAll(/:\w+/g, 'x'), token, route.method as 'GET');
    assert.ok([401, 403].includes(answer.statusCode), `${route.method} ${route.url}: ${answer.statusCode}`);
  }
  const admin = await bench.token('admin');
  assert.equal((await ask('/scim/v2/Users', admin)).statusCode, 403);
  for (const wrong of [`${token}x`, token.replace('dt_', 'at_'), 'dt_', 'a-secret-of-the-webhook', ''])
    assert.equal((await ask('/scim/v2/Users', wrong)).statusCode, 401, wrong);
  const refused = await ask('/scim/v2/Users', 'dt_nothing');
  assert.match(String(refused.headers['content-type']), /application\/scim\+json/);
  bench.time.ms += 3_600_000;
  assert.equal((await ask('/scim/v2/Users', token)).statusCode, 401, 'it has expired');
  assert.equal((await bench.call('DELETE', `/api/v1/directories/corp/tokens/${id}`)).statusCode, 204);
  assert.equal((await bench.call('DELETE', `/api/v1/directories/corp/tokens/${id}`)).statusCode, 404);
  assert.equal((await bench.call('POST', '/api/v1/directories/none/tokens', {})).statusCode, 404);
  assert.equal((await bench.call('GET', '/api/v1/directories')).body.includes(token), false);
});
