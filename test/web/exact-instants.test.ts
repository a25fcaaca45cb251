/** The exact instant of a time that is shown in short: to the pointer, to the keyboard, and to screen readers. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { startDashboard } from './support/dashboard.ts';

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

test('the keyboard reaches each time, a screen reader is told the exact instant, and it goes with the focus', async () => {
  await page.goto(dashboard.url('/admin/devices'));
  const time = page.locator('table time').first();
  await time.waitFor();
  const instant = new Date((await time.getAttribute('datetime')) ?? '').toISOString();
  await page.getByRole('link', { name: 'laptop-1', exact: true }).focus();
  for (
    let keys = 0;
    keys < 6 && !(await time.evaluate((found) => found === found.ownerDocument.activeElement));
    keys++
  )
    await page.keyboard.press('Tab');
  await tip.getByText(instant).waitFor();
  assert.match(await described(page, time), new RegExp(instant.replaceAll('.', '\\.')));
  await page.keyboard.press('Tab');
  await tip.getByText(instant).waitFor({ state: 'detached' });
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
