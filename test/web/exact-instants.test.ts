/** The exact instant of a time that is shown in short: to the pointer, to the keyboard, and to screen readers. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { startDashboard } from './support/dashboard.ts';
import { signInAs } from './support/sign-in-as.ts';

const dashboard = await startDashboard({ after });
const { page, complaints } = await dashboard.open();
const tip = page.getByRole('tooltip');

/** What a screen reader says of an element beside its name. */
async function described(of: Page, element: Locator): Promise<string> {
  const devtools = await of.context().newCDPSession(of);
  await devtools.send('DOM.enable');
  const mark = 'data-asked';
  await element.evaluate((found, name) => found.setAttribute(name, ''), mark);
  const { root } = await devtools.send('DOM.getDocument', { depth: 0 });
  const { nodeId } = await devtools.send('DOM.querySelector', { nodeId: root.nodeId, selector: `[${mark}]` });
  const { nodes } = await devtools.send('Accessibility.getPartialAXTree', { nodeId, fetchRelatives: false });
  await devtools.detach();
  return String(nodes[0]?.description?.value ?? '');
}

const hasFocus = (element: Locator): Promise<boolean> =>
  element.evaluate((found) => found === found.ownerDocument.activeElement);

test('a time tells its exact instant on hover, as long as the pointer is at either, and to Escape no more', async () => {
  await page.clock.install();
  await page.goto(dashboard.url('/admin/devices'));
  const time = page.locator('table time').first();
  const instant = new Date((await time.getAttribute('datetime')) ?? '').toISOString();
  assert.equal(await tip.count(), 0);
  await time.hover();
  await tip.getByText(instant).waitFor();
  // Onto the tooltip itself: it stays to be read, or copied.
  await tip.hover();
  await page.clock.runFor(1_000);
  assert.ok(await tip.isVisible());
  await page.keyboard.press('Escape');
  await tip.waitFor({ state: 'detached' });
  await time.hover();
  await tip.waitFor();
  await page.getByRole('heading', { level: 1 }).hover();
  await tip.waitFor({ state: 'detached' });
});

test('a row of a list is one stop for all of its times: its first link tells their exact instants, and no time is a stop', async () => {
  await page.goto(dashboard.url('/admin/sessions'));
  const row = page.getByRole('row').filter({ hasText: 'laptop-8' });
  await row.waitFor();
  assert.equal(await page.locator('table time[tabindex]').count(), 0);
  const instants: string[] = [];
  for (const time of await row.locator('time').all())
    instants.push(new Date((await time.getAttribute('datetime')) ?? '').toISOString());
  assert.equal(instants.length, 2);
  await page.getByRole('columnheader', { name: 'Until' }).getByRole('button').focus();
  const first = row.locator('a').first();
  for (let keys = 0; keys < 80 && !(await hasFocus(first)); keys++) await page.keyboard.press('Tab');
  await tip.getByText(/^Since: /).waitFor();
  const told = await described(page, first);
  for (const instant of instants) assert.ok(told.includes(instant), `${told} lacks ${instant}`);
  await page.keyboard.press('Tab');
  await tip.waitFor({ state: 'detached' });
});

test('in a row with nothing else to go to, its first time is the stop', async () => {
  const { cookie } = await signInAs(dashboard.portal, 'the-auditor', 'auditor');
  const auditor = await dashboard.open({ cookie });
  await auditor.page.goto(dashboard.url('/admin/networks?tab=relays'));
  const time = auditor.page.locator('table time');
  await time.waitFor();
  const instant = new Date((await time.getAttribute('datetime')) ?? '').toISOString();
  await auditor.page.getByRole('columnheader', { name: 'Version' }).getByRole('button').focus();
  await auditor.page.keyboard.press('Tab');
  assert.ok(await hasFocus(time));
  await auditor.page.getByRole('tooltip').getByText(instant).waitFor();
  assert.ok((await described(auditor.page, time)).includes(instant));
  assert.deepEqual(auditor.complaints, []);
  await auditor.context.close();
});

test('a row that is one button tells the instant of the time in it', async () => {
  await page.goto(dashboard.url('/admin/history'));
  const row = page.getByRole('button', { name: /^Revision 1/ });
  await row.focus();
  const instant = new Date((await row.locator('time').getAttribute('datetime')) ?? '').toISOString();
  await tip.getByText(instant).waitFor();
  assert.match(await described(page, row), new RegExp(instant.replaceAll('.', '\\.')));
});

test('nothing went wrong in the browser meanwhile', () => {
  assert.deepEqual(complaints, []);
});
