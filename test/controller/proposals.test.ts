/** Changes of the document that a second administrator approves: they wait, are shown with their plan, and are never one’s own. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ProposalDetail, ProposalList } from '../../protocol/proposals.ts';
import { createApiToken } from '../../controller/api-tokens.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { testController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { people, type Browser } from './support/people.ts';

const path = '/api/v1/document/proposals';
const asked = { ...acmeDocument(), changes: { approval: 'required' as const } };
const changed = { ...asked, groups: [...(asked.groups ?? []), 'more'] };

async function world(t: TestContext) {
  const controller = await testController(t);
  const signed = await people(t, controller);
  const applied = await controller.call('PUT', '/api/v1/document', asked);
  assert.equal(applied.statusCode, 200, applied.body);
  const propose = async (browser: Pick<Browser, 'call'>, document: object = changed) => {
    const answer = await browser.call('PUT', '/api/v1/document', document);
    assert.equal(answer.statusCode, 202, answer.body);
    return answer.json<{ proposal: string }>().proposal;
  };
  const revision = async () =>
    (await controller.call('GET', '/api/v1/document')).json<{ revision: number }>().revision;
  const waiting = async () => (await controller.call('GET', path)).json<ProposalList>().proposals;
  return { controller, ...signed, propose, revision, waiting };
}

test('a change waits with its plan until somebody else approves it, and each step is in the audit log', async (t) => {
  const { controller, administrator, propose, revision, waiting } = await world(t);
  const [alice, bob] = [await administrator('alice', 'admin'), await administrator('bob', 'owner')];
  const proposal = await propose(alice);
  assert.equal(await revision(), 1);
  const [entry] = await waiting();
  assert.deepEqual(entry?.changes, [{ action: 'created', kind: 'group', name: 'more' }]);
  const detail = (await bob.call('GET', `${path}/${proposal}`)).json<ProposalDetail>();
  assert.equal(detail.own, false);
  assert.deepEqual(detail.plan.changes, entry?.changes);
  assert.equal((await alice.call('GET', `${path}/${proposal}`)).json<ProposalDetail>().own, true);

  const approved = await bob.call('POST', `${path}/${proposal}/approve`);
  assert.equal(approved.statusCode, 200, approved.body);
  assert.equal(await revision(), 2);
  assert.deepEqual(await waiting(), []);
  assert.equal((await bob.call('POST', `${path}/${proposal}/approve`)).statusCode, 409);
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const rows = await store
    .select('audit')
    .selectAll()
    .where('what', 'like', 'document.%')
    .orderBy('seq')
    .execute();
  assert.deepEqual(
    rows.slice(1).map(({ what, who }) => `${what} ${who}`),
    [`document.propose ${alice.person}`, `document.approve ${bob.person}`, `document.apply ${alice.person}`],
  );
  const secret = asked.identityProviders?.[0]?.clientSecret ?? '';
  const kept = await store.select('proposals').selectAll().execute();
  assert.equal(Buffer.from(kept[0]?.document ?? []).includes(secret), false);
});

test('SEC-A10: nobody approves their own change, nor by a token, nor what their role does not cover', async (t) => {
  const { controller, administrator, signIn, propose, revision } = await world(t);
  const alice = await administrator('alice', 'admin');
  const own = await propose(alice);
  assert.equal((await alice.call('POST', `${path}/${own}/approve`)).statusCode, 403);
  assert.equal((await controller.call('POST', `${path}/${own}/approve`)).statusCode, 403);
  const network = await administrator('nina', 'network');
  for (const what of ['approve', 'refuse'])
    assert.equal((await network.call('POST', `${path}/${own}/${what}`)).statusCode, 403);
  // What is shown says so beforehand.
  const decides = async ({ call }: typeof alice): Promise<unknown> =>
    (await call('GET', path)).json<{ proposals: { decides: boolean }[] }>().proposals[0]?.decides;
  assert.deepEqual([await decides(alice), await decides(network)], [true, false]);
  const auditor = await administrator('olaf', 'auditor');
  assert.equal((await auditor.call('POST', `${path}/${own}/approve`)).statusCode, 403);

  // As made before a second administrator was asked for.
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const made = async (who: string) =>
    createApiToken(store, 'admin', { nowMs: controller.context.now(), random: systemRandom, who });
  const { id: first } = await made(alice.person);
  const { text: through } = await made(`token ${first}`);
  const sent = await controller.app.inject({
    method: 'PUT',
    url: '/api/v1/document',
    headers: { authorization: `Bearer ${through}` },
    payload: changed,
  });
  assert.equal(sent.statusCode, 202);
  const { proposal } = sent.json<{ proposal: string }>();
  assert.equal((await alice.call('POST', `${path}/${proposal}/approve`)).statusCode, 403);
  assert.equal(await revision(), 1);
  const bob = await administrator('bob', 'admin');
  assert.equal((await bob.call('POST', `${path}/${proposal}/approve`)).statusCode, 200);
  await signIn('alice');
});

test('to ask for no second administrator any more, or to go back, takes one too', async (t) => {
  const { controller, administrator, propose, revision } = await world(t);
  const [alice, bob] = [await administrator('alice', 'admin'), await administrator('bob', 'admin')];
  await bob.call('POST', `${path}/${await propose(alice)}/approve`);
  assert.equal(await revision(), 2);
  assert.equal((await alice.call('POST', '/api/v1/document/rollback', { revision: 1 })).statusCode, 202);
  const off = await propose(alice, acmeDocument());
  assert.equal(await revision(), 2);
  assert.equal((await bob.call('POST', `${path}/${off}/approve`)).statusCode, 200);
  assert.equal((await alice.call('PUT', '/api/v1/document', changed)).statusCode, 200);
  assert.equal((await controller.call('GET', path)).statusCode, 200);
});

test('what was proposed for another revision is not approved, and what is refused is gone', async (t) => {
  const { administrator, propose, revision, waiting } = await world(t);
  const [alice, bob] = [await administrator('alice', 'admin'), await administrator('bob', 'admin')];
  const older = await propose(alice);
  const other = { ...asked, groups: [...(asked.groups ?? []), 'other'] };
  await bob.call('POST', `${path}/${await propose(alice, other)}/approve`);
  assert.equal((await waiting())[0]?.stale, true);
  assert.equal((await bob.call('POST', `${path}/${older}/approve`)).statusCode, 409);
  assert.equal(await revision(), 2);
  assert.equal((await alice.call('POST', `${path}/${older}/refuse`)).statusCode, 204);
  assert.equal((await bob.call('POST', `${path}/${older}/refuse`)).statusCode, 409);
  assert.deepEqual(await waiting(), []);
});

test('SEC-A11: of approval and refusal at the same moment one counts', async (t) => {
  const { administrator, propose, revision } = await world(t);
  const [alice, bob, carol] = [
    await administrator('alice', 'admin'),
    await administrator('bob', 'admin'),
    await administrator('carol', 'admin'),
  ];
  const proposal = await propose(alice);
  const answers = await Promise.all([
    bob.call('POST', `${path}/${proposal}/approve`),
    carol.call('POST', `${path}/${proposal}/approve`),
    carol.call('POST', `${path}/${proposal}/refuse`),
  ]);
  const done = answers.filter(({ statusCode }) => statusCode < 300);
  assert.equal(done.length, 1);
  assert.equal(await revision(), done[0]?.statusCode === 200 ? 2 : 1);
});
