/** The portal is live: a second browser sees what changed without a reload, and somebody else's page asks for nothing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startDashboard } from './support/dashboard.ts';
import { signInAs } from './support/sign-in-as.ts';

const dashboard = await startDashboard({ after });
const { portal } = dashboard;
const organisation = portal.context.organisation(portal.context.firstOrganisation);

/** What a page asks of the person's own, from now on. */
function asked(page: Page): string[] {
  const paths: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/api/v1/me') && pathname !== '/api/v1/me/events') paths.push(pathname);
  });
  return paths;
}

/** A page that was told of everything once, as every stream begins: what it shows was asked for twice. */
async function live(path: string, shows: string, cookie: string) {
  const opened = await dashboard.open({ cookie });
  const { page } = opened;
  const { promise, resolve } = Promise.withResolvers<void>();
  let times = 0;
  page.on('response', (response) => {
    if (new URL(response.url()).pathname === shows && ++times === 2) resolve();
  });
  await page.goto(dashboard.url(path));
  await promise;
  return opened;
}

test('SEC-J9 a request, a session and the end of one’s own session show in a second browser without a reload, and to nobody else', async () => {
  const subject = 'nora';
  const first = await signInAs(portal, subject, undefined);
  await organisation.store
    .update('people')
    .set({ groups: JSON.stringify(['staff']) })
    .where('subject', '=', subject)
    .execute();
  const here = await signInAs(portal, subject, undefined);
  await organisation.store
    .update('people')
    .set({ groups: JSON.stringify(['staff']) })
    .where('subject', '=', subject)
    .execute();
  const somebody = await signInAs(portal, 'otto', undefined);
  const other = await live('/sessions', '/api/v1/me/sessions', somebody.cookie);
  const requests = await live('/requests', '/api/v1/me/requests', first.cookie);
  const acting = await dashboard.open({ cookie: here.cookie });
  await acting.page.goto(dashboard.url('/requests'));
  const byOther = asked(other.page);

  await acting.page.getByRole('button', { name: 'Ask for bastion' }).click();
  await acting.page.getByLabel('For how long').selectOption('4h');
  await acting.page.getByLabel('Why you need it').fill('the disk of bastion is full');
  await acting.page.getByRole('button', { name: 'Ask', exact: true }).click();
  // Sooner than a page that asks by itself would know.
  await requests.page.getByText('Waiting', { exact: true }).waitFor({ timeout: 6_000 });

  await acting.page.goto(dashboard.url('/sessions'));
  await acting.page.locator('h1').waitFor();
  const { cookie } = await signInAs(portal, subject, undefined);
  assert.ok(cookie.length > 0);
  await acting.page.getByRole('button', { name: 'End all others' }).first().click();
  await acting.page.getByRole('dialog').getByRole('button', { name: 'End all others' }).click();
  await acting.page.getByText('You are signed in here alone.').waitFor();
  await requests.page.waitForURL(/\/login/, { timeout: 6_000 });

  assert.deepEqual(byOther, [], 'somebody else’s page was told of it');
  assert.deepEqual([...acting.complaints, ...other.complaints], []);
});
