/** Forms that are open while somebody else changes the document, in a real Chromium: nobody's change is lost by it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import type { StoredDocument } from '../../controller/organisation/organisation-state.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import { startDashboard } from './support/dashboard.ts';

const dashboard = await startDashboard({ after });
const { portal } = dashboard;
const organisation = portal.context.organisation(portal.context.firstOrganisation);
const { page, complaints } = await dashboard.open();

const inForce = async () => (await organisation.reader.current()).document;
const see = () => page.getByRole('button', { name: 'See what it would do', exact: true });

const go = (path: string) => dashboard.go(page, path);

/** What somebody else does by the API meanwhile; the page has heard of it. */
async function meanwhile(change: (document: StoredDocument) => StoredDocument): Promise<void> {
  const { revision } = await organisation.reader.current();
  const heard = page.waitForResponse(
    async (response) =>
      new URL(response.url()).pathname === '/api/v1/document' &&
      response.request().method() === 'GET' &&
      ((await response.json()) as { revision: number }).revision > revision,
  );
  const answer = await portal.admin('PUT', '/api/v1/document?secrets=keep', change(await inForce()));
  assert.equal(answer.statusCode, 200, answer.body);
  await heard;
}

async function save(): Promise<void> {
  await see().click();
  const review = page.getByRole('dialog').last();
  await review.getByText('What changes in the document').waitFor();
  await review.getByRole('button', { name: 'Save' }).click();
  await review.waitFor({ state: 'detached' });
}

/** The form says that it is old, is not saved, and goes on with what is there once that is asked for. */
async function beginAnew(): Promise<void> {
  await page.getByText('Somebody else has changed this meanwhile').waitFor();
  assert.ok(await see().isDisabled());
  await page.getByRole('button', { name: 'Begin anew with what is there now' }).click();
  await page.getByText('Somebody else has changed this meanwhile').waitFor({ state: 'detached' });
}

test('the whole document as text is not saved over what somebody else changed since it was opened', async () => {
  await go('/admin/settings?tab=document');
  const text = page.getByRole('textbox', { name: /^postern\.yaml/ });
  const before = parse(await text.inputValue()) as OrganisationDocument;
  await text.fill(`${await text.inputValue()}\n# mine\n`);
  await meanwhile((document) => ({ ...document, groups: [...(document.groups ?? []), 'theirs'] }));
  await beginAnew();
  const now = parse(await text.inputValue()) as OrganisationDocument;
  assert.deepEqual(now, { ...before, groups: [...(before.groups ?? []), 'theirs'] });
  await text.fill((await text.inputValue()).replace('- theirs', '- theirs\n  - mine'));
  await save();
  assert.deepEqual((await inForce()).groups, [...(before.groups ?? []), 'theirs', 'mine']);
  // What was saved by the form itself is what it goes on with.
  await text.fill((await text.inputValue()).replace('  - mine\n', ''));
  await save();
  assert.deepEqual((await inForce()).groups, [...(before.groups ?? []), 'theirs']);
});

test('policy tests: what changes elsewhere goes along, and other tests meanwhile are not written over', async () => {
  await go('/admin/policies?tab=tests');
  const text = page.getByLabel('As YAML');
  await text.fill(
    `${await text.inputValue()}- user: bob@acme.example\n  groups: [staff]\n  cannot: [databases]\n`,
  );
  await meanwhile((document) => ({ ...document, groups: [...(document.groups ?? []), 'elsewhere'] }));
  await save();
  assert.equal((await inForce()).tests?.length, 2);
  assert.ok((await inForce()).groups?.includes('elsewhere'));

  await text.fill('');
  await meanwhile((document) => ({
    ...document,
    tests: [...(document.tests ?? []), { user: 'carol@acme.example', groups: ['staff'], can: ['wiki'] }],
  }));
  await beginAnew();
  assert.match(await text.inputValue(), /carol@acme\.example/);
  assert.equal((await inForce()).tests?.length, 3);
});

test('an entry: another one that changes goes along, the same one is not written over', async () => {
  await go('/admin/policies?edit=staff-wiki');
  const yaml = page.getByLabel('As YAML');
  await yaml.fill('name: staff-wiki\nallow: { groups: [staff, sre] }\nto: { tags: [everyday] }\n');
  const policyOf = async (name: string) => (await inForce()).policies?.find((policy) => policy.name === name);
  await meanwhile((document) => ({
    ...document,
    policies: (document.policies ?? []).filter(({ name }) => name !== 'ci-wiki'),
  }));
  await save();
  assert.deepEqual(await policyOf('staff-wiki'), {
    name: 'staff-wiki',
    allow: { groups: ['staff', 'sre'] },
    to: { tags: ['everyday'] },
  });
  assert.equal(await policyOf('ci-wiki'), undefined);

  await go('/admin/policies?edit=staff-wiki');
  await yaml.fill('name: staff-wiki\nallow: everyone\nto: { tags: [everyday] }\n');
  await meanwhile((document) => ({
    ...document,
    policies: (document.policies ?? []).map((policy) =>
      policy.name === 'staff-wiki' ? { ...policy, doors: ['client' as const] } : policy,
    ),
  }));
  await beginAnew();
  assert.match(await yaml.inputValue(), /doors:\n\s+- client/);
  assert.deepEqual((await policyOf('staff-wiki'))?.doors, ['client']);
});

test('settings of sessions and of the organisation keep what is typed, and what others set meanwhile', async () => {
  await go('/admin/settings?tab=sessions');
  await page.getByLabel('A session lasts').fill('7h');
  await meanwhile((document) => ({ ...document, zones: ['acme.internal', 'acme.test'] }));
  await save();
  assert.equal((await inForce()).sessions?.length, '7h');
  assert.deepEqual((await inForce()).zones, ['acme.internal', 'acme.test']);
  await page.getByLabel('A session lasts').fill('6h');
  await meanwhile((document) => ({ ...document, sessions: { length: '5h', guests: '1h' } }));
  await beginAnew();
  assert.equal(await page.getByLabel('A session lasts').inputValue(), '5h');
  assert.equal(await page.getByLabel('A guest’s session lasts').inputValue(), '1h');

  await go('/admin/settings?tab=organisation');
  const zones = page.getByRole('combobox', { name: 'Private suffixes' });
  await zones.fill('mine.test');
  await zones.press('Enter');
  await meanwhile((document) => ({ ...document, zones: ['acme.internal', 'theirs.test'] }));
  await page.getByText('Somebody else has changed this meanwhile').waitFor();
  assert.ok(await page.getByRole('button', { name: 'See what it would do to the zones' }).isDisabled());
  await page.getByRole('button', { name: 'Begin anew with what is there now' }).click();
  await page.getByRole('button', { name: /theirs\.test/ }).waitFor();
  assert.equal(await page.getByText('mine.test').count(), 0);
});

test('nothing went wrong in the browser meanwhile', () => {
  assert.deepEqual(complaints, []);
});
