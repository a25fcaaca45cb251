/** What administrators do in the dashboard, in a real Chromium, each with its effect as the controller has it afterwards. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { createOrganisation } from '../../controller/operator/create-organisation.ts';
import { setLimits } from '../../controller/operator/limits.ts';
import type { NameProof } from '../../protocol/name-proofs.ts';
import { clientSecretOf } from '../../controller/organisation/apply-document.ts';
import { issuer } from './support/busy-organisation.ts';
import { startDashboard } from './support/dashboard.ts';
import { undone } from './support/mutations.ts';

/** What DNS says of names. */
const records = new Map<string, string[]>();
const dashboard = await startDashboard({ after }, { texts: async (name) => records.get(name) ?? [] });
const { portal, busy } = dashboard;
const organisation = portal.context.organisation(portal.context.firstOrganisation);
const { page, complaints } = await dashboard.open();

async function go(path: string, on: Page = page): Promise<void> {
  await on.goto(dashboard.url(path));
  await on.locator('h1').first().waitFor();
}

async function inForce() {
  const { document, revision } = await organisation.reader.current();
  return { document, revision };
}

/** Goes through the review of what has been put together, and saves it. */
async function save(text: string | RegExp): Promise<void> {
  const review = page.getByRole('dialog').last();
  await review.getByText(text).first().waitFor();
  await review.getByRole('button', { name: 'Save' }).click();
  await page
    .getByText(/Saved as revision/)
    .last()
    .waitFor();
}

const dialogs = (): ReturnType<Page['getByRole']> => page.getByRole('dialog');
const see = (): Promise<void> => page.getByRole('button', { name: 'See what it would do' }).click();

test('a resource is added by the form, shown as code and saved, and taken back by undo', async () => {
  await go('/admin/resources?add=resource');
  const before = await inForce();
  await page.getByLabel('Name', { exact: true }).fill('tickets');
  await page.getByLabel('Address').fill('tickets.acme.internal');
  const ports = page.getByRole('combobox', { name: 'Ports' });
  await ports.fill('tcp/8080');
  await ports.press('Enter');
  await see();
  await dialogs().last().getByText('As code').click();
  await dialogs().last().getByText('address: tickets.acme.internal').waitFor();
  await save('created');
  assert.deepEqual(
    (await inForce()).document.resources?.find(({ name }) => name === 'tickets'),
    { name: 'tickets', network: 'hq', address: 'tickets.acme.internal', ports: ['tcp/8080'] },
  );
  await page.getByRole('link', { name: 'tickets' }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('link', { name: 'tickets' }).waitFor({ state: 'detached' });
  assert.deepEqual((await inForce()).document, before.document);
});

test('what the operator lets the organisation have stands beside what it has, to read', async () => {
  const { context } = portal;
  const by = { nowMs: context.now(), who: 'command line' };
  const given = { people: 40, flows: 2_000, relay: 100 };
  await setLimits(context.store, context.firstOrganisation, given, by);
  await go('/admin/usage');
  const figures = page.getByRole('list', { name: 'Now' }).getByRole('listitem');
  for (const text of [
    /^People\d+ of 40who may come in/,
    /^Connectors\d+in all networks, no limit$/,
    /^Flows open now0 of 2,000at all connectors$/,
    /^Relayed now, Mbit a second0 of 100both ways together$/,
  ])
    await figures.filter({ hasText: text }).waitFor();
  const none = { people: null, flows: null, relay: null };
  await setLimits(context.store, context.firstOrganisation, none, by);
});

test('secrets that nobody was shown survive a change, and a provider that moves needs a new one', async () => {
  const secret = () => clientSecretOf(organisation.store, portal.context.secretKey, 'corp');
  await go('/admin/settings?tab=sessions');
  await page.getByLabel('A session lasts').fill('9h');
  await see();
  await save('changed');
  assert.equal((await inForce()).document.sessions?.length, '9h');
  assert.equal(await secret(), 'a secret of the provider');

  await go('/admin/settings');
  await page.getByRole('button', { name: 'Change corp' }).click();
  await page.getByLabel('Issuer').fill('https://evil.acme.example');
  await see();
  await page.getByText('It cannot be saved like this').waitFor();
  assert.equal((await inForce()).document.identityProviders?.[0]?.issuer, issuer);
});

test('a policy is written in the builder and by its YAML; the review names who gains, and a failing test forbids it', async () => {
  await go('/admin/policies?add=policy');
  await page.getByLabel('Name', { exact: true }).fill('contractors-printer');
  await page.getByRole('combobox', { name: 'Groups' }).fill('contr');
  await page.getByRole('combobox', { name: 'Groups' }).press('Enter');
  await page.getByRole('combobox', { name: 'Resources', exact: true }).fill('printer');
  await page.getByRole('combobox', { name: 'Resources', exact: true }).press('Enter');
  await page.getByText('The group contractors may use printer.').first().waitFor();
  const yaml = page.getByLabel('As YAML');
  assert.match(await yaml.inputValue(), /groups:\n\s+- contractors/);
  await yaml.fill(`${await yaml.inputValue()}doors: [client]\n`);
  await page.getByText('may use printer with the client.').waitFor();
  await yaml.fill('name: [unclosed');
  assert.ok(await page.getByRole('button', { name: 'See what it would do' }).isDisabled());
  await yaml.fill(
    'name: contractors-printer\nallow: { groups: [contractors] }\nto: { resources: [printer] }\n',
  );
  await see();
  await save('gains');
  assert.ok((await inForce()).document.policies?.some(({ name }) => name === 'contractors-printer'));

  await go('/admin/policies');
  await page.getByRole('button', { name: 'Remove staff-wiki' }).click();
  await page.getByText('A policy test would fail').waitFor();
  assert.ok(await dialogs().last().getByRole('button', { name: 'Save' }).isDisabled());
});

test('a policy has a page: whom it lets in and where, the tests about that, and what changed it', async () => {
  const answer = await portal.admin('GET', '/api/v1/access?resource=wiki');
  const rows = answer
    .json<{ list: { policies: string[] }[] }>()
    .list.filter(({ policies }) => policies.includes('staff-wiki'));
  assert.ok(rows.length > 1);
  await go('/admin/policies');
  await page.getByRole('link', { name: 'staff-wiki', exact: true }).click();
  await page.getByText('can use wiki').waitFor();
  await page.getByRole('link', { name: 'Who it lets in' }).click();
  await page.getByText(`${rows.length} rights`, { exact: true }).waitFor();
  await go('/admin/policies/contractors-printer?tab=changes');
  await page.getByRole('list', { name: 'Entries' }).getByText('Document changed').first().waitFor();
});

test('the simulator answers as the decision does, and says why', async () => {
  await go('/admin/policies?tab=simulate&resource=databases&user=alice@acme.example');
  await page.getByRole('button', { name: 'Simulate' }).click();
  await page.getByText('Refused', { exact: true }).waitFor();
  await page.getByText('prod-needs', { exact: true }).first().waitFor();
});

test('somebody else’s change meanwhile is not overwritten', async () => {
  await go('/admin/people?tab=groups');
  await page.getByLabel('Another group').fill('interns');
  await page.getByRole('button', { name: 'Add it' }).click();
  await dialogs().getByText('created').first().waitFor();
  const { document } = await inForce();
  const answer = await portal.admin('PUT', '/api/v1/document?secrets=keep', {
    ...document,
    networks: [...(document.networks ?? []), { name: 'annex' }],
  });
  assert.equal(answer.statusCode, 200, answer.body);
  await dialogs().getByRole('button', { name: 'Save' }).click();
  await page.getByText('Somebody else changed the document').waitFor();
  const now = (await inForce()).document;
  assert.ok(now.networks?.some(({ name }) => name === 'annex'));
  assert.ok(!now.groups?.includes('interns'));
});

test('a connector’s key is made for one line to copy, and its row turns when the connector comes', async () => {
  await go('/admin/networks?add=connector&network=lab');
  await page.getByRole('button', { name: 'Make its key' }).click();
  await page.getByText(/postern connector --key pk_/).waitFor();
  const steps = page.getByRole('list', { name: 'Steps' });
  assert.equal(await steps.getByLabel('Done').count(), 0);
  const keys = await organisation.store.select('enrolment_keys').selectAll().execute();
  assert.equal(keys.at(-1)?.purpose, 'connector');
  const [old] = await organisation.store
    .select('nodes')
    .selectAll()
    .where('kind', '=', 'connector')
    .execute();
  const { networks } = await organisation.reader.current();
  const lab = networks.find(({ name }) => name === 'lab');
  assert.ok(old !== undefined && lab !== undefined);
  const id = old.id.replace(/.$/, (last) => (last === '0' ? '4' : '0')) as typeof old.id;
  await organisation.store
    .insert('nodes', { ...old, id, mk: 'x', nk: 'y', name: 'lab-9', network: lab.id })
    .execute();
  portal.context.presence.enter(id);
  await page.getByText('No relay is connected, so nobody could reach it.').waitFor();
  assert.equal(await steps.getByLabel('Done').count(), 3);
  const relay = await organisation.store
    .select('nodes')
    .select('id')
    .where('kind', '=', 'relay')
    .executeTakeFirstOrThrow();
  portal.context.presence.enter(relay.id);
  await page.getByText('lab is connected').waitFor();
  assert.equal(await steps.getByLabel('Done').count(), 4);
});

test('a device is approved from the list, blocked and unblocked on its page', async () => {
  const state = async (id: string) =>
    organisation.store
      .select('nodes')
      .select(['approval', 'state'])
      .where('id', '=', id as never)
      .executeTakeFirst();
  await go('/admin/devices?state=held');
  await page.getByRole('button', { name: /^Approve/ }).click();
  await page.getByText(/is approved/).waitFor();
  assert.equal((await state(busy.held))?.approval, 'approved');
  await go(`/admin/devices/${busy.held}`);
  await page.getByRole('button', { name: 'Block' }).click();
  await page.getByRole('button', { name: 'Block it' }).click();
  await page.getByText(/is blocked/).waitFor();
  assert.equal((await state(busy.held))?.state, 'blocked');
  await page.getByRole('button', { name: 'Unblock' }).click();
  await page.getByRole('button', { name: 'Block', exact: true }).waitFor();
  assert.equal((await state(busy.held))?.state, 'active');
});

test('a session is cut, and a person disabled and let in again', async () => {
  const open = async (): Promise<number> =>
    (await organisation.store.select('sessions').select('id').where('ended_ms', 'is', null).execute()).length;
  const before = await open();
  await go('/admin/sessions?kind=device&q=person5');
  await page.getByRole('button', { name: 'Cut the session of person5' }).click();
  await page.getByRole('button', { name: 'Cut now' }).click();
  await page.getByText(/is cut/).waitFor();
  assert.equal(await open(), before - 1);

  await go('/admin/people?q=person6');
  await page.getByRole('link', { name: 'Gita Example' }).click();
  await page.getByRole('button', { name: 'Disable' }).click();
  await dialogs().getByRole('button', { name: 'Disable' }).click();
  await page.getByText('Gita Example is disabled.').waitFor();
  const disabled = async () =>
    (
      await organisation.store
        .select('people')
        .select('disabled_ms')
        .where('subject', '=', 'person6')
        .executeTakeFirst()
    )?.disabled_ms;
  assert.notEqual(await disabled(), null);
  await page.getByRole('button', { name: 'Let in again' }).click();
  await page.getByRole('button', { name: 'Disable' }).waitFor();
  assert.equal(await disabled(), null);
});

test('a posture profile is tried before it is saved', async () => {
  await go('/admin/posture');
  await page.getByRole('button', { name: 'Add a profile' }).click();
  await page.getByLabel('Name', { exact: true }).fill('walled');
  await page.getByLabel('A firewall runs').check();
  await page.getByRole('button', { name: 'Dry run' }).last().click();
  await page.getByText(/It would block \d+ of \d+ devices/).waitFor();
  await see();
  await save('created');
  const { document } = await inForce();
  assert.deepEqual(document.postureProfiles?.find(({ name }) => name === 'walled')?.linux, {
    diskEncryption: true,
    firewall: true,
  });
});

test('an earlier revision is looked at and put into force again', async () => {
  const { revision } = await inForce();
  await go('/admin/history?revision=2');
  await page.getByRole('button', { name: 'Put it into force again' }).click();
  await page.getByRole('button', { name: 'Go back to it' }).click();
  await page.getByText('Revision 2 is in force again.').waitFor();
  assert.equal((await inForce()).revision, revision + 1);
});

test('one’s own sessions are listed, one is ended, then all others; this one stays', async () => {
  const open = async (): Promise<string[]> =>
    (
      await organisation.store
        .select('sessions')
        .select('kind')
        .where('subject', '=', busy.owner)
        .where('ended_ms', 'is', null)
        .execute()
    ).map(({ kind }) => kind);
  assert.ok((await open()).length > 2);
  await go('/');
  await page.getByRole('link', { name: 'Where you are signed in' }).click();
  await page.getByRole('button', { name: /^End the session of laptop-1 from/ }).click();
  await page.getByRole('button', { name: 'End it' }).click();
  await page.getByText('The session is over.').waitFor();
  assert.equal((await open()).includes('device'), false);
  await page.getByRole('button', { name: 'End all others' }).click();
  await dialogs().getByRole('button', { name: 'End all others' }).click();
  await page.getByText('You are signed in nowhere else.').waitFor();
  assert.deepEqual(await open(), ['browser']);
  await page.getByText('This one', { exact: true }).waitFor();
});

test('a zone that waits for its record is seen to be proven by looking at DNS', async () => {
  const { store, publicUrl, now } = portal.context;
  await createOrganisation(store, { name: 'globex', address: undefined, publicUrl, nowMs: now() });
  const { document } = await inForce();
  const zones = [...(document.zones ?? []), 'acme-tools.com'];
  await portal.admin('PUT', '/api/v1/document?secrets=keep', { ...document, zones });
  await portal.admin('POST', '/api/v1/names/look');
  await go('/admin/hostnames?tab=proofs');
  await page.getByText('1 name waits for DNS').waitFor();
  await page.getByRole('button', { name: 'Look now' }).click();
  await page.getByText('does not have it yet').waitFor();

  const record = `org=${organisation.id}`;
  await page.getByText(`_postern.acme-tools.com TXT "${record}"`).last().waitFor();
  records.set('_postern.acme-tools.com', [record]);
  // Whoever looks again and again has DNS asked each five seconds.
  portal.time.ahead += 6_000;
  await page.getByRole('button', { name: 'Look now' }).click();
  await page.getByText('every name is yours').waitFor();
  const proofs = (await portal.admin('GET', '/api/v1/names')).json<NameProof[]>();
  assert.deepEqual(
    proofs.map(({ name, state }) => `${name} ${state}`),
    ['acme-tools.com owned', 'wiki.acme.example owned'],
  );
});

test('all that this file is to do was done in the browser, where nothing went wrong', () => {
  assert.deepEqual(undone(import.meta.filename), []);
  // The browser itself logs each answer that refuses: the moved provider and the stale revision.
  assert.deepEqual(
    complaints.filter((text) => !/status of 4(09|22)/.test(text)),
    [],
  );
});
