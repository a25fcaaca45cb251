/**
 * Lists while they are asked for, when they cannot be had and when there is nothing in them: each says so, and can be used by
 * everyone. What the controller does not answer is held back or refused in the browser, since it is that which is shown.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Route } from 'playwright-core';
import { axeFindings, startDashboard } from './support/dashboard.ts';

const dashboard = await startDashboard({ after }, { isBare: true });

/** Each list with an address of its own. */
const lists = [
  '/',
  '/requests',
  '/sessions',
  '/admin',
  '/admin/map',
  '/admin/networks',
  '/admin/networks?tab=connectors',
  '/admin/networks?tab=relays',
  '/admin/resources',
  '/admin/hostnames',
  '/admin/hostnames?tab=proofs',
  '/admin/people',
  '/admin/people?tab=groups',
  '/admin/people?tab=service-accounts',
  '/admin/people?tab=passes',
  '/admin/devices',
  '/admin/policies',
  '/admin/policies?tab=tests',
  '/admin/posture',
  '/admin/requests',
  '/admin/proposals',
  '/admin/sessions',
  '/admin/sessions?tab=flows',
  '/admin/exposures',
  '/admin/log',
  '/admin/history',
  '/admin/usage',
  '/admin/settings',
  '/admin/settings?tab=administrators',
  '/admin/settings?tab=tokens',
  '/admin/settings?tab=keys',
  '/admin/settings?tab=requests',
  '/admin/settings?tab=notifications',
];
/** Said by the controller itself, whatever else it does not answer. */
const answered = /\/api\/v1\/(me|sign-in|events)$/;

test('what is not there yet is on its way; what cannot be had says so in the controller’s own words, with a way to ask again', async () => {
  const { page, context } = await dashboard.open();
  const found: string[] = [];
  const detail = 'The records cannot be read just now. Try again in a moment.';
  // A refusal, which is not asked for again by itself.
  const fail = (route: Route): Promise<void> =>
    route.fulfill({ status: 429, json: { title: 'Busy', status: 429, detail } });
  let held: Route[] | undefined;
  await page.route(
    (url) => url.pathname.startsWith('/api/v1/') && !answered.test(url.pathname),
    async (route) => (held === undefined ? fail(route) : void held.push(route)),
  );
  const look = async (address: string): Promise<void> => {
    held = [];
    await page.goto(dashboard.url(address));
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    await page
      .getByRole('status', { name: /^Loading/ })
      .first()
      .waitFor();
    for (const each of await axeFindings(page)) found.push(`${address}, loading: ${each}`);
    const fault = page.getByRole('alert').filter({ hasText: detail });
    const asked = held ?? [];
    held = undefined;
    for (const route of asked) await fail(route);
    await fault.first().waitFor();
    for (const each of await axeFindings(page)) found.push(`${address}, failed: ${each}`);
    const again = fault.first().getByRole('button', { name: /again/ });
    // While the list is asked for by itself, the button is busy and does nothing.
    const free = again.and(page.locator('[aria-busy="false"]'));
    await Promise.all([
      page.waitForRequest((request) => request.url().includes('/api/v1/')),
      free.focus({ timeout: 2_000 }).then(() => page.keyboard.press('Enter')),
    ]);
    await fault.first().waitFor();
    if (!(await again.evaluate((button) => button === button.ownerDocument.activeElement)))
      found.push(`${address}: the keyboard is lost by asking again`);
  };
  for (const address of lists)
    await look(address).catch((error: unknown) => found.push(`${address}: ${String(error)}`));
  await context.close();
  assert.deepEqual(found, []);
});

test('where nothing is yet, each list says what it is for', async () => {
  const { page, context, complaints } = await dashboard.open();
  const found: string[] = [];
  for (const address of lists) {
    await page.goto(dashboard.url(address));
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    if ((await page.locator('main').innerText()).length < 60) found.push(`${address} says next to nothing`);
    if ((await page.getByRole('alert').count()) > 0) found.push(`${address} is alarmed`);
    for (const each of await axeFindings(page)) found.push(`${address}: ${each}`);
  }
  await context.close();
  assert.deepEqual([found, complaints], [[], []]);
});
