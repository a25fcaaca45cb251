/** Every page of the dashboard: it is there, it can be used by everyone, it asks nobody else, and hostile names stay inert. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Name } from '../../protocol/names.ts';
import { pagePaths } from '../../protocol/pages.ts';
import { axeFindings, startDashboard } from './support/dashboard.ts';

const dashboard = await startDashboard({ after }, { hostile: true });
const { busy } = dashboard;
const pictures = process.env['POSTERN_SCREENSHOTS'];

const invited = await dashboard.portal.admin('POST', '/api/v1/administrators/invitations', {
  email: 'alice@acme.example',
  role: 'network',
  link: true,
});
const invitation = new URL(invited.json<{ link: string }>().link);

const { store } = dashboard.portal.context.organisation(dashboard.portal.context.firstOrganisation);
for (const [name, state, missed] of [
  ['wiki.acme.example', 'waiting', null],
  ['acme-tools.com', 'waiting', null],
  [`${'w'.repeat(63)}.${'i'.repeat(63)}.acme-tools.com`, 'owned', 1],
] as const)
  await store
    .insert('name_proofs', { name: name as Name, state, looked_ms: Date.now(), missed_ms: missed })
    .execute();

/** Parts of pages that have an address of their own, beside those of the router's list. */
const parts = [
  invitation.pathname + invitation.search,
  '/admin/hostnames?tab=proofs',
  '/admin/networks?tab=connectors',
  '/admin/networks?add=connector',
  '/admin/resources?add=resource',
  '/admin/resources/wiki?tab=access',
  '/admin/resources/wiki?tab=activity',
  '/admin/resources/missing',
  '/admin/policies?tab=simulate',
  '/admin/policies?tab=tests',
  '/admin/policies?edit=prod-needs',
  '/admin/people?tab=groups',
  '/admin/people?tab=service-accounts',
  `/admin/people/${busy.owner}?tab=access`,
  '/admin/log?tab=flows&result=allowed',
  '/admin/history?revision=1',
  `/admin/devices/${busy.device}?tab=access`,
  `/admin/map?as=${busy.device}`,
  '/admin/settings?tab=sessions',
  '/admin/settings?tab=administrators',
  '/admin/settings?tab=tokens',
  '/admin/settings?tab=keys',
  '/admin/settings?tab=requests',
  '/admin/settings?tab=notifications',
  '/admin/settings?tab=organisation',
  '/admin/settings?tab=mail',
  '/admin/settings?tab=document',
  '/admin/settings?add=provider',
];

const names: Readonly<Record<string, string>> = {
  '/admin/resources/$name': '/admin/resources/wiki',
  '/admin/networks/$name': '/admin/networks/hq',
  '/admin/people/$id': `/admin/people/${busy.owner}`,
  '/admin/devices/$id': `/admin/devices/${busy.device}`,
};
const addresses = [...pagePaths.map((path) => names[path] ?? path), ...parts];

/** What a page looks like at night differs by these alone: all else is the same elements. */
const colourRules = ['color-contrast', 'link-in-text-block'];

async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
}

/** Between the two nothing is laid out otherwise than in one of them; pictures are taken to be looked at. */
const widths = pictures === undefined ? [1_440, 390] : [1_440, 1_024, 390];

for (const width of widths) {
  test(`SEC-J7 every page at ${width} px, light and dark: no fault, no barrier, nothing wider than the window`, async () => {
    const { page, context, complaints } = await dashboard.open({ width });
    const found: string[] = [];
    for (const address of addresses) {
      assert.ok(!address.includes('$'), `no example for ${address}`);
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(dashboard.url(address));
      await settled(page);
      for (const each of await axeFindings(page)) found.push(`${address}: ${each}`);
      await picture(page, address, width, 'light');
      await page.emulateMedia({ colorScheme: 'dark' });
      // Without motion nothing changes its colour slowly: the new ones are there with the next picture.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      for (const each of await axeFindings(page, colourRules)) found.push(`${address}, dark: ${each}`);
      await picture(page, address, width, 'dark');
      const wider = Number(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'));
      if (wider > 0) found.push(`${address}: ${wider} px wider than the window`);
      if ((await page.locator('img').count()) > 0) found.push(`${address}: markup of a name came alive`);
      for (const each of complaints.splice(0)) found.push(`${address}: ${each}`);
    }
    await context.close();
    assert.deepEqual(found, []);
  });
}

async function picture(page: Page, address: string, width: number, scheme: string): Promise<void> {
  if (pictures === undefined) return;
  const name = address.replaceAll(/[^a-z]+/g, '-').replace(/^-/, '');
  await page.screenshot({ path: join(pictures, `${name || 'home'}-${width}-${scheme}.png`) });
}
