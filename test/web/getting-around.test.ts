/** How one finds things in the dashboard: the log by its address, what others change, the palette, and no page beyond one's role. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Role } from '../../protocol/roles.ts';
import { startDashboard } from './support/dashboard.ts';
import { signInAs } from './support/sign-in-as.ts';

const dashboard = await startDashboard({ after });
const { portal, busy } = dashboard;
const organisation = portal.context.organisation(portal.context.firstOrganisation);
const { page, complaints } = await dashboard.open();

async function go(path: string, on: Page = page): Promise<void> {
  await on.goto(dashboard.url(path));
  await on.locator('h1').first().waitFor();
}

test('the log is filtered by its address, opened for its detail and read on', async () => {
  await go('/admin/log?resource=wiki&result=refused');
  const rows = page.getByRole('list', { name: 'Entries' }).getByRole('button');
  await rows.first().waitFor();
  const all = await portal.admin('GET', '/api/v1/audit?resource=wiki&result=refused&limit=1000');
  const { entries } = JSON.parse(all.body) as { entries: { resource: string; result: string }[] };
  assert.ok(
    entries.length > 0 &&
      entries.every(({ resource, result }) => resource === 'wiki' && result === 'refused'),
  );
  assert.equal(await rows.count(), entries.length);
  await rows.first().click();
  await page.getByText('"result": "refused"').waitFor();
  await go('/admin/log');
  await page.getByRole('button', { name: 'Show older entries' }).click();
  await page.getByRole('list', { name: 'Entries' }).getByRole('listitem').nth(120).waitFor();
});

test('what somebody else does appears by itself', async () => {
  await go('/admin/people?tab=groups');
  const { document } = await organisation.reader.current();
  const answer = await portal.admin('PUT', '/api/v1/document?secrets=keep', {
    ...document,
    groups: [...(document.groups ?? []), 'newcomers'],
  });
  assert.equal(answer.statusCode, 200, answer.body);
  await page.getByText('newcomers', { exact: true }).first().waitFor();
});

test('Ctrl-K goes anywhere by the keyboard alone', async () => {
  await go('/admin');
  await page.keyboard.press('Control+K');
  await page.getByRole('combobox', { name: 'Go to or find' }).waitFor();
  await page.keyboard.type('bastion');
  await page.getByRole('option', { name: 'bastion' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'bastion' }).waitFor();
});

test('Ctrl-K finds what somebody was refused by the trace on their page', async () => {
  await go('/refused?resource=bastion');
  const trace = (await page.getByText('For an administrator: trace').locator('code').innerText()).trim();
  await go('/admin');
  await page.keyboard.press('Control+K');
  await page.getByRole('combobox', { name: 'Go to or find' }).waitFor();
  await page.keyboard.type(trace);
  await page.getByRole('option', { name: 'What was refused under this trace' }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/q=/);
  const entries = page.getByRole('list', { name: 'Entries' }).getByRole('button');
  await entries.filter({ hasText: 'The disk is not encrypted' }).waitFor();
  assert.equal(await entries.count(), 1);
  assert.doesNotMatch(await entries.first().innerText(), /A policy allows it/);
  await entries.first().click();
  await page.getByText(trace).last().waitFor();
});

test('nobody is shown what their role does not cover, and without a role there is no dashboard', async (t) => {
  const signIn = async (role: Role | undefined): Promise<Page> => {
    const { cookie } = await signInAs(portal, role ?? 'nobody', role);
    const opened = await dashboard.open({ cookie });
    t.after(() => opened.context.close());
    return opened.page;
  };
  const auditor = await signIn('auditor');
  await go('/admin/resources', auditor);
  await auditor.getByRole('link', { name: 'wiki' }).waitFor();
  assert.equal(await auditor.getByRole('button', { name: 'Add a resource' }).count(), 0);
  await go('/admin/policies', auditor);
  assert.equal(await auditor.getByRole('button', { name: /^(Remove|Change|Add)/ }).count(), 0);
  await go(`/admin/devices/${busy.device}`, auditor);
  assert.equal(await auditor.getByRole('button', { name: /Block|Forget|Approve/ }).count(), 0);

  const network = await signIn('network');
  await go('/admin/resources', network);
  await network.getByRole('button', { name: 'Add a resource' }).waitFor();
  assert.equal(await network.getByRole('navigation').getByRole('link', { name: 'Log' }).count(), 0);

  const nobody = await signIn(undefined);
  await go('/', nobody);
  assert.equal(await nobody.getByRole('navigation').count(), 0);
  await go('/admin/networks/hq', nobody);
  await nobody.getByText('Your role does not include it').waitFor();
  await go('/', nobody);
  await nobody.getByRole('link', { name: 'Connect a machine' }).click();
  await nobody
    .getByText(`sudo postern up --controller ${portal.publicUrl.origin}`, { exact: true })
    .waitFor();
});

test('nothing went wrong in the browser meanwhile', () => {
  assert.deepEqual(complaints, []);
});
