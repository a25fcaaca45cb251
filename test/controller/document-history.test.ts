/** Policy tests that stand in the way, the document's history, rollback, and two administrators at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import type { ApplyResult } from '../../protocol/document-revisions.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { acmeDocument } from './support/document.ts';
import { testController, type TestController } from './support/controller.ts';
import { TestNode } from './support/node.ts';

interface History {
  revisions: { revision: number; time: string; who: string; changes: number }[];
}

async function apply(controller: TestController, document: OrganisationDocument): Promise<ApplyResult> {
  const answer = await controller.call('PUT', '/api/v1/document', document);
  assert.equal(answer.statusCode, 200, answer.body);
  return answer.json<ApplyResult>();
}

async function history(controller: TestController, query = ''): Promise<History['revisions']> {
  const answer = await controller.call('GET', `/api/v1/document/history${query}`);
  assert.equal(answer.statusCode, 200, answer.body);
  return answer.json<History>().revisions;
}

/** The document with the wiki closed to everyone but sre. */
function narrowed(): OrganisationDocument {
  const document = acmeDocument();
  document.policies = (document.policies ?? []).map((policy) =>
    policy.name === 'ci-wiki' ? { ...policy, to: { resources: ['printer'] } } : policy,
  );
  return document;
}

test('a policy test that fails blocks the change, with its place and the policy that decides', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  const tests = [
    { user: 'alice@acme.example', groups: ['staff'], can: ['wiki'], cannot: ['databases'] },
    { serviceAccount: 'ci', can: ['wiki', 'printer'] },
  ];
  const tested = await apply(controller, { ...acmeDocument(), tests });
  assert.deepEqual(
    tested.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`),
    [
      'created test can: wiki; cannot: databases; groups: staff; user: alice@acme.example',
      'created test can: wiki, printer; serviceAccount: ci',
    ],
  );
  const refused = await controller.call('PUT', '/api/v1/document', { ...narrowed(), tests });
  assert.equal(refused.statusCode, 422);
  assert.deepEqual(refused.json<Problem>().issues, [
    {
      path: ['tests', 1, 'can', 0],
      message: 'this test fails: service account ci cannot use "wiki" by the client; no-allow',
    },
  ]);
  const kept = await controller.call('GET', '/api/v1/document');
  assert.equal(kept.json<{ revision: number }>().revision, tested.revision);
  assert.equal((await history(controller)).length, 2);
});

test('names in a test that nothing declares are issues with their place', async (t) => {
  const controller = await testController(t);
  const refused = await controller.call('PUT', '/api/v1/document', {
    ...acmeDocument(),
    tests: [
      { user: 'a@acme.example', groups: ['nobody'], posture: ['ill'], can: ['wikki'], cannot: ['no'] },
      { serviceAccount: 'cd', can: ['wiki'] },
      { user: 'a@acme.example', can: ['wiki'], mfa: '999d' },
      { user: 'a@acme.example', can: 'wiki' },
    ],
  });
  assert.equal(refused.statusCode, 422);
  const issues = refused.json<Problem>().issues?.map(({ path, message }) => `${path.join('.')}: ${message}`);
  assert.deepEqual(issues?.toSorted(), [
    'tests.0.can.0: resource "wikki" is not declared; add it to resources',
    'tests.0.cannot.0: resource "no" is not declared; add it to resources',
    'tests.0.groups.0: group "nobody" is not declared; add it to groups',
    'tests.0.posture.0: posture profile "ill" is not declared; add it to postureProfiles',
    'tests.1.serviceAccount: service account "cd" is not declared; add it to serviceAccounts',
    'tests.2.mfa: a duration is at most a year',
    'tests.3.can: must be a list',
  ]);
});

test('the history says who changed how much when, newest first, by pages', async (t) => {
  const controller = await testController(t);
  assert.deepEqual(await history(controller), []);
  await apply(controller, acmeDocument());
  await controller.time.pass(1_000);
  await apply(controller, narrowed());
  // Nothing changes, so nothing is written.
  await apply(controller, narrowed());
  const all = await history(controller);
  assert.deepEqual(
    all.map(({ revision, time, changes }) => [revision, time, changes]),
    [
      [2, '2026-11-20T10:00:01.000Z', 1],
      [1, '2026-11-20T10:00:00.000Z', 15],
    ],
  );
  assert.ok(all.every(({ who }) => who.startsWith('token tok_')));
  assert.deepEqual(await history(controller, '?limit=1'), [all[0]]);
  assert.deepEqual(await history(controller, '?before=2'), [all[1]]);
});

test('one revision shows before and after of what it changed, and the whole document, without secrets', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  await apply(controller, narrowed());
  const answer = await controller.call('GET', '/api/v1/document/history/2');
  assert.equal(answer.statusCode, 200);
  const { changes, document } = answer.json<{ changes: unknown; document: OrganisationDocument }>();
  const [, before] = acmeDocument().policies ?? [];
  assert.deepEqual(changes, [
    {
      action: 'changed',
      kind: 'policy',
      name: 'ci-wiki',
      before,
      after: { ...before, to: { resources: ['printer'] } },
    },
  ]);
  assert.deepEqual(document.resources, acmeDocument().resources);
  assert.doesNotMatch(answer.body, /a secret of the provider/);
  for (const none of ['3', '0', '-1', '01', '1e0', 'x', '99999999999999999999'])
    assert.equal((await controller.call('GET', `/api/v1/document/history/${none}`)).statusCode, 404, none);
});

test('a revision that brought a new secret alone says so, and not which', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  const document = acmeDocument();
  for (const provider of document.identityProviders ?? []) provider.clientSecret = 'another secret';
  await apply(controller, document);
  const answer = await controller.call('GET', '/api/v1/document/history/2');
  assert.deepEqual(answer.json<{ changes: unknown }>().changes, [
    { action: 'changed', kind: 'secret', name: 'not kept' },
  ]);
  assert.doesNotMatch(answer.body, /another secret/);
});

test('a rollback puts an earlier revision into force as a new one, keeps the secrets of now, and cuts what is lost', async (t) => {
  const controller = await testController(t);
  await apply(controller, narrowed());
  await apply(controller, acmeDocument());
  const device = await TestNode.enrolled(controller, 'device');
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq'), name: 'hq-1' });
  const wiki = Object.values((device.snapshot as DeviceSnapshot).resources).find(
    ({ name }) => name === 'wiki',
  );
  assert.equal(wiki?.state, 'granted');
  const grants = device.last('grants')?.list ?? [];

  const answer = await controller.call('POST', '/api/v1/document/rollback', { revision: 1 });
  assert.equal(answer.statusCode, 200, answer.body);
  assert.deepEqual(answer.json<ApplyResult>(), {
    changes: [{ action: 'changed', kind: 'policy', name: 'ci-wiki' }],
    revision: 3,
  });
  await connector.until((message) => message.t === 'revoke' && message.reason === 'policy');
  const named = connector.heard.flatMap((message) => (message.t === 'revoke' ? message.ids : []));
  const held = grants.map((token) => decodeJwt(token).jti ?? '');
  assert.ok(
    held.some((id) => named.includes(id)),
    named.join(),
  );

  const [latest] = await history(controller);
  assert.equal(latest?.revision, 3);
  const { entries } = (await controller.call('GET', '/api/v1/audit?what=document.rollback')).json<{
    entries: { who: string; detail: { revision: number; to: number; changes: object[] } }[];
  }>();
  assert.equal(entries.length, 1);
  assert.equal(entries[0]?.detail.revision, 3);
  assert.equal(entries[0]?.detail.to, 1);
  assert.equal(entries[0]?.detail.changes.length, 1);
  // The secret is the one that was sealed all along: the file that brings it changes the policy back and nothing else.
  assert.deepEqual((await apply(controller, acmeDocument())).changes, [
    { action: 'changed', kind: 'policy', name: 'ci-wiki' },
  ]);
});

test('a rollback to what is in force changes and writes nothing', async (t) => {
  const controller = await testController(t);
  await apply(controller, acmeDocument());
  const answer = await controller.call('POST', '/api/v1/document/rollback', { revision: 1 });
  assert.deepEqual(answer.json<ApplyResult>(), { changes: [], revision: 1 });
  assert.equal((await history(controller)).length, 1);
});

test('a rollback passes the checks of apply: unknown revisions, secrets that are gone, tests that fail', async (t) => {
  const controller = await testController(t);
  const rollback = (revision: number | string) =>
    controller.call('POST', '/api/v1/document/rollback', { revision });
  await apply(controller, acmeDocument());
  const { identityProviders: _providers, ...without } = acmeDocument();
  await apply(controller, without);
  assert.equal((await rollback(9)).statusCode, 404);
  assert.match((await rollback(9)).body, /There is no revision 9; see postern policy history/);
  assert.equal((await rollback('x')).statusCode, 400);
  const gone = await rollback(1);
  assert.equal(gone.statusCode, 422);
  assert.deepEqual(gone.json<Problem>().issues, [
    {
      path: ['identityProviders', 0, 'clientSecret'],
      message: 'the secret of the identity provider "corp" is kept no longer; apply a file that has both',
    },
  ]);
  // A test that named its time and passed then fails once its waiver is over.
  const tests = [{ serviceAccount: 'ci', can: ['wiki'] }];
  const until = '2026-11-20T10:30:00Z';
  const policies = (without.policies ?? []).map((policy) =>
    policy.name === 'ci-wiki' ? { ...policy, until } : policy,
  );
  const { revision } = await apply(controller, { ...without, policies, tests });
  await apply(controller, without);
  assert.equal((await rollback(revision)).statusCode, 200);
  await apply(controller, without);
  controller.time.ms = Date.parse(until);
  const over = await rollback(revision);
  assert.equal(over.statusCode, 422);
  assert.match(over.body, /this test fails: service account ci cannot use/);
  assert.equal((await history(controller)).length, 6);
});

test('of two administrators who start from one revision the second is told, and changes nothing', async (t) => {
  const controller = await testController(t);
  const first = await apply(controller, acmeDocument());
  const headers = async (match: string) => ({
    authorization: `Bearer ${await controller.token('admin')}`,
    'if-match': match,
  });
  const put = async (match: string, payload: object) =>
    controller.app.inject({
      method: 'PUT',
      url: '/api/v1/document',
      headers: await headers(match),
      payload,
    });
  const read = await controller.call('GET', '/api/v1/document');
  assert.equal(read.headers.etag, `"${first.revision}"`);
  const [one, two] = await Promise.all([
    put(read.headers.etag, narrowed()),
    put(read.headers.etag, { ...acmeDocument(), groups: ['staff', 'sre', 'automation', 'late'] }),
  ]);
  const codes = [one.statusCode, two.statusCode].toSorted((a, b) => a - b);
  assert.deepEqual(codes, [200, 409]);
  const loser = one.statusCode === 409 ? one : two;
  assert.match(
    loser.json<Problem>().detail ?? '',
    /Revision 2 is in force, not 1: somebody else changed the document.*Nothing was changed/,
  );
  assert.equal((await history(controller)).length, 2);
  const stale = await controller.call('POST', '/api/v1/document/rollback', { revision: 1, from: 1 });
  assert.equal(stale.statusCode, 409);
  assert.equal((await put('"7', acmeDocument())).statusCode, 400);
  assert.equal((await put('*', acmeDocument())).statusCode, 200);
  const current = await controller.call('POST', '/api/v1/document/rollback', { revision: 2, from: 3 });
  assert.equal(current.statusCode, 200, current.body);
});
