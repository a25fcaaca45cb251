/** The map: what joins whom with what, in memory, and what is seen and chosen of it in a real Chromium. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ServerEntry } from '../../protocol/inventory.ts';
import { edgeStates } from '../../web/src/admin/map/edge-states.ts';
import { around, edgeKey, graphOf, reachedFrom } from '../../web/src/admin/map/graph.ts';
import { recordSignIn } from '../../controller/login/record-sign-in.ts';
import { issuer } from './support/busy-organisation.ts';
import { startDashboard } from './support/dashboard.ts';

const dashboard = await startDashboard({ after });
const { portal } = dashboard;
const organisation = portal.context.organisation(portal.context.firstOrganisation);

const document = {
  organisation: 'acme',
  networks: [{ name: 'hq' }, { name: 'lab' }],
  resources: [
    { name: 'wiki', network: 'hq', address: 'wiki.acme.internal', ports: ['tcp/80'], tags: ['everyday'] },
    { name: 'printer', network: 'lab', address: 'printer.acme.internal', ports: ['tcp/9100'] },
  ],
  policies: [
    { name: 'builds', allow: { groups: ['ci'] }, to: { tags: ['everyday'] } },
    { name: 'robots', allow: { serviceAccounts: ['ci'] }, to: { resources: ['printer'] } },
    { name: 'no-robots', deny: { serviceAccounts: ['ci'] }, to: { resources: ['wiki'] } },
  ],
};
const connector = (name: string, network: string, online: boolean): ServerEntry => ({
  ...{ id: `con_${name}`, name, network, online, version: '0.1.0', seen: '2026-11-20T10:00:00Z' },
});

test('a group and a service account of one name are two, and a way leads through each connector to the network', () => {
  const graph = graphOf(document, [connector('hq-1', 'hq', true), connector('hq-2', 'hq', false)]);
  assert.deepEqual(graph.edges.map(edgeKey), [
    'who:group:ci|policies:builds',
    'policies:builds|resources:wiki',
    'who:service account:ci|policies:robots',
    'policies:robots|resources:printer',
    'who:service account:ci|policies:no-robots',
    'policies:no-robots|resources:wiki',
    'resources:wiki|connectors:con_hq-1',
    'resources:wiki|connectors:con_hq-2',
    'resources:printer|connectors:none:lab',
    'connectors:con_hq-1|networks:hq',
    'connectors:con_hq-2|networks:hq',
    'connectors:none:lab|networks:lab',
  ]);
  assert.deepEqual(
    graph.nodes.filter(({ isDown }) => isDown === true).map(({ id }) => id),
    ['connectors:con_hq-2', 'connectors:none:lab', 'networks:lab'],
  );
  const group = reachedFrom(graph, new Set(['who:group:ci']));
  assert.ok(!group.nodes.some(({ id }) => id === 'resources:printer'));
  const printer = around(graph, 'resources:printer').nodes.map(({ id }) => id);
  assert.deepEqual(printer, [
    'policies:robots',
    'who:service account:ci',
    'resources:printer',
    'connectors:none:lab',
    'networks:lab',
  ]);
  // While nobody knows which connectors there are, nothing is called down.
  assert.ok(graphOf(document, undefined).nodes.every(({ isDown }) => isDown !== true));
});

test('a line is as good as the best that it leads to, or comes from behind a resource', () => {
  const graph = graphOf(document, [connector('hq-1', 'hq', true)]);
  const states = edgeStates(graph, (name) => (name === 'wiki' ? 'refused' : 'none'));
  assert.deepEqual(Object.fromEntries(states), {
    'who:group:ci|policies:builds': 'refused',
    'policies:builds|resources:wiki': 'refused',
    'who:service account:ci|policies:robots': 'none',
    'policies:robots|resources:printer': 'none',
    'who:service account:ci|policies:no-robots': 'refused',
    'policies:no-robots|resources:wiki': 'refused',
    'resources:wiki|connectors:con_hq-1': 'refused',
    'resources:printer|connectors:none:lab': 'none',
    'connectors:con_hq-1|networks:hq': 'refused',
    'connectors:none:lab|networks:lab': 'none',
  });
});

test('a line is clicked for its rule, and found by the keyboard below the map', async () => {
  const { page, context, complaints } = await dashboard.open();
  await page.goto(dashboard.url('/admin/map?at=resources%3Aledger'));
  const line = page.locator('[data-edge="policies:no-contractors|resources:ledger"] path').last();
  await line.click();
  const rule = page.getByRole('region', { name: 'The rule' });
  await rule.getByText('contractors').first().waitFor();
  assert.match(page.url(), /edge=policies%3Ano-contractors%7Cresources%3Aledger/);
  await rule.getByRole('link', { name: 'Change the policy no-contractors' }).click();
  await page.getByRole('dialog').getByText('Change the policy no-contractors').waitFor();

  await page.goto(dashboard.url('/admin/map?at=resources%3Awiki'));
  const joined = page.getByRole('region', { name: 'Joined with it' });
  await joined.getByRole('button', { name: /^hq-1/ }).focus();
  await page.keyboard.press('Enter');
  await page
    .getByRole('region', { name: 'The way' })
    .getByText('The connector hq-1, in hq, is connected')
    .waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test('seen as somebody, lines are coloured by how they stand, and anybody of thousands is found', async () => {
  const { person } = await recordSignIn(portal.context, organisation, {
    issuer,
    provider: 'corp',
    identity: {
      subject: 'last',
      name: 'Zoe Last',
      email: 'zoe@acme.example',
      groups: ['staff'],
      authMs: portal.context.now(),
      amr: ['pwd'],
    },
    address: '203.0.113.9',
  });
  const row = await organisation.store
    .select('people')
    .selectAll()
    .where('id', '=', person)
    .executeTakeFirstOrThrow();
  const { organisation: _, ...like } = row;
  await organisation.store.transaction(async (tx) => {
    for (let index = 0; index < 1_200; index += 1) {
      const number = String(index).padStart(4, '0');
      const id = `usr_${number}${person.slice(8)}` as typeof person;
      const email = `a${number}@acme.example`;
      await tx.insert('people', { ...like, id, email, subject: `a${number}`, name: `A ${number}` }).execute();
    }
  });
  const { page, context, complaints } = await dashboard.open();
  await page.goto(dashboard.url('/admin/map'));
  const field = page.getByRole('combobox', { name: 'View as' });
  await field.fill('zoe');
  await page.getByRole('option', { name: 'zoe@acme.example' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('May not use it').waitFor();
  assert.equal(await field.inputValue(), 'zoe@acme.example');
  const strokeOf = async (key: string) =>
    page.locator(`[data-edge="${key}"] path`).first().getAttribute('class');
  const answer = await portal.admin('GET', `/api/v1/access?subject=${person}`);
  const [wiki] = answer
    .json<{ list: { resource: string; state: string }[] }>()
    .list.filter(({ resource }) => resource === 'wiki');
  assert.equal(wiki?.state, 'now');
  assert.match((await strokeOf('policies:staff-wiki|resources:wiki')) ?? '', /stroke-good/);
  // A require on what they may not use at all leads nowhere for them.
  assert.match((await strokeOf('policies:prod-needs|resources:databases')) ?? '', /stroke-bad/);
  assert.equal(await page.locator('[data-edge^="who:group:sre"]').count(), 0);
  await page.getByRole('button', { name: 'View as everyone' }).click();
  await page.locator('[data-edge^="who:group:sre"]').first().waitFor({ state: 'attached' });
  assert.deepEqual(complaints, []);
  await context.close();
});
