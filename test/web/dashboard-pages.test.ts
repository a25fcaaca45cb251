/** Every page of the dashboard: it is there, it can be used by everyone, it asks nobody else, and hostile names stay inert. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { networkRow } from '../../controller/exposures/exposure.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId, type DeviceId } from '../../protocol/ids.ts';
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

await store
  .insert(
    'usage_counts',
    ['2026-06', '2026-07', '2026-08', '2026-09', '2026-10', '2026-11'].map((month, place) => ({
      month,
      requests: 140_000 * (place + 1),
      refused: place === 4 ? 90_000 : 0,
      relayed: 3_000_000_000 * (place + 1),
    })),
  )
  .execute();
await store
  .insert('policy_hits', {
    day: Math.floor(Date.now() / 86_400_000),
    policy: 'staff-wiki',
    opened: 1_234,
    last_ms: Date.now() - 7_200_000,
  })
  .execute();
for (const [place, hostname] of [
  'alice-3000.apps.acme.example',
  `${'a'.repeat(63)}.apps.acme.example`,
].entries()) {
  const exposure = {
    id: newId('res', systemRandom(16)),
    network: newId('net', systemRandom(16)),
    connector: null,
    person: busy.owner,
    device: busy.device as DeviceId,
    hostname: hostname as Name,
    port: 3_000,
    allow:
      place === 0
        ? null
        : JSON.stringify({ groups: ['staff', 'sre'], guests: [`*@${'g'.repeat(63)}.example`] }),
    created_ms: Date.now() - 3_600_000,
    until_ms: Date.now() + 7_200_000,
    ended_ms: null,
  };
  await store.insert('networks', networkRow(exposure)).execute();
  await store.insert('exposures', exposure).execute();
}
await store.nextRequestsSerial();

/** Parts of pages that have an address of their own, beside those of the router's list. */
const parts = [
  invitation.pathname + invitation.search,
  '/admin/hostnames?tab=proofs',
  '/admin/diagnostics?tab=reach',
  '/admin/networks?tab=connectors',
  '/admin/networks?add=connector',
  '/admin/networks?tab=relays',
  '/admin/networks?tab=relays&add=relay',
  '/admin/resources?add=resource',
  '/admin/resources/wiki?tab=access',
  '/admin/resources/wiki?tab=activity',
  '/admin/resources/missing',
  '/admin/policies/staff-wiki?tab=access',
  '/admin/policies/staff-wiki?tab=changes',
  '/admin/policies/missing',
  '/admin/policies?tab=simulate',
  '/admin/policies?tab=tests',
  '/admin/policies?edit=prod-needs',
  '/admin/policies?used=no',
  '/admin/sessions?tab=flows',
  '/admin/people?tab=groups',
  '/admin/people?tab=service-accounts',
  '/admin/people?tab=passes',
  `/admin/people/${busy.owner}?tab=access`,
  '/admin/log?tab=flows&result=allowed',
  '/admin/log?kind=access.refuse',
  '/admin/sign-in-trial?provider=corp',
  '/admin/sign-in-trial?id=gone',
  '/admin/history?revision=1',
  `/admin/devices/${busy.device}?tab=access`,
  `/admin/map?as=${busy.device}`,
  '/admin/map?at=resources%3Awiki&edge=policies%3Astaff-wiki%7Cresources%3Awiki',
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
  '/login?error=not-fresh&rd=%2Fdevice',
  '/login?state=ended',
  '/refused?resource=databases',
  '/refused?resource=wiki&door=web',
  `/refused?resource=${'r'.repeat(400)}`,
  '/guest?host=wiki.acme.example',
  '/no/such/page',
];

/** What the browser itself logs where an answer is 404, which these are about. */
const absent = new Set([
  '/no/such/page',
  '/admin/sign-in-trial?id=gone',
  `/refused?resource=${'r'.repeat(400)}`,
]);

const names: Readonly<Record<string, string>> = {
  '/admin/resources/$name': '/admin/resources/wiki',
  '/admin/policies/$name': '/admin/policies/staff-wiki',
  '/admin/networks/$name': '/admin/networks/hq',
  '/admin/people/$id': `/admin/people/${busy.owner}`,
  '/admin/devices/$id': `/admin/devices/${busy.device}`,
};
const addresses = [...pagePaths.map((path) => names[path] ?? path), ...parts];

/** What opens over a page, by the names of their buttons. */
const openers: readonly (readonly [string, readonly (string | RegExp)[]])[] = [
  ['/admin', [/^Go to or find/, /^Signed in as/]],
  ['/admin/networks', ['Add a connector']],
  ['/admin/networks?tab=relays', ['Add a relay', 'Remove relay-1']],
  ['/admin/people?tab=passes', ['Make a service token']],
  ['/admin/networks/hq', ['Remove hq-1']],
  ['/admin/resources', ['Add a resource']],
  ['/admin/resources/wiki', ['Change', 'Remove']],
  ['/admin/policies', ['Add a policy', 'Change staff-wiki', 'Remove staff-wiki']],
  ['/admin/posture', ['Add a source']],
  ['/admin/people?tab=groups', ['Remove staff']],
  [`/admin/people/${busy.owner}`, [/^Sign out/]],
  [`/admin/devices/${busy.device}`, ['Block', 'Forget']],
  ['/admin/sessions', [/^Cut the session of person1@/]],
  ['/admin/exposures', [/^End alice-3000/]],
  ['/admin/settings', ['Add a provider', 'Change corp', 'Remove corp']],
  ['/admin/settings?tab=administrators', ['Add an administrator']],
  ['/admin/settings?tab=tokens', ['Make a token']],
  ['/admin/settings?tab=notifications', ['Change chat']],
  ['/sessions', [/^End the session of laptop/]],
];

/** What a page looks like at night differs by these alone: all else is the same elements. */
const colourRules = ['color-contrast', 'link-in-text-block'];

async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
}

/** In between, the same elements are laid out otherwise: whether they fit is seen on the page that is open anyway. */
const widths = [
  { width: 1_440, between: [1_024] },
  { width: 390, between: [] },
];

for (const { width, between } of widths) {
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
      for (const at of [width, ...between]) {
        if (at !== width) await page.setViewportSize({ width: at, height: 900 });
        const wider = Number(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'));
        if (wider > 0) found.push(`${address}: ${wider} px wider than the window of ${at} px`);
        if (at !== width) await picture(page, address, at, 'dark');
      }
      if (between.length > 0) await page.setViewportSize({ width, height: 900 });
      if ((await page.locator('img').count()) > 0) found.push(`${address}: markup of a name came alive`);
      for (const each of complaints.splice(0))
        if (!absent.has(address) || !/status of 404/.test(each)) found.push(`${address}: ${each}`);
    }
    await context.close();
    assert.deepEqual(found, []);
  });
}

async function picture(page: Page, address: string, width: number, scheme: string): Promise<void> {
  if (pictures === undefined) return;
  const name = address
    .replaceAll(/[^a-z]+/g, '-')
    .replace(/^-/, '')
    .slice(0, 60);
  await page.screenshot({ path: join(pictures, `${name || 'home'}-${width}-${scheme}.png`) });
}

test('a controller that is not there says so on a page of its own, and dialogs and menus are walked by the keyboard', async () => {
  const { page, context, complaints } = await dashboard.open();
  const found: string[] = [];
  for (const [address, names] of openers) {
    await page.goto(dashboard.url(address));
    await settled(page);
    for (const [place, name] of names.entries()) {
      const opener = page.getByRole('button', { name }).first();
      const at = `${address}: ${String(name)}`;
      await opener.focus();
      await page.keyboard.press('Enter');
      const over = page.locator('[role="dialog"], [role="menu"]').last();
      await over.waitFor();
      if (place === 0) for (const each of await axeFindings(page)) found.push(`${at}: ${each}`);
      if ((await over.getAttribute('role')) === 'dialog') {
        if (
          !(await page.evaluate(
            'document.querySelector(\'[role="dialog"]\').contains(document.activeElement)',
          ))
        )
          found.push(`${at}: the focus stays behind it`);
        // Round once and back: what lies below is not reached.
        for (const key of ['Tab', 'Tab', 'Tab', 'Shift+Tab', 'Shift+Tab', 'Shift+Tab', 'Shift+Tab'])
          await page.keyboard.press(key);
        if (
          !(await page.evaluate(
            'document.querySelector(\'[role="dialog"]\').contains(document.activeElement)',
          ))
        )
          found.push(`${at}: Tab leaves it`);
      }
      await page.keyboard.press('Escape');
      await over.waitFor({ state: 'detached' });
      // Given back by a timer of its own, once what was over the page has gone.
      const isBack = await page
        .waitForFunction(
          (element) => element === element?.ownerDocument.activeElement,
          await opener.elementHandle(),
          { timeout: 1_000 },
        )
        .then(
          () => true,
          () => false,
        );
      if (!isBack) found.push(`${at}: the focus does not return`);
    }
  }
  // What others refer to cannot go: the review says so, and the browser logs the answer.
  assert.deepEqual([found, complaints.filter((text) => !/status of 422/.test(text))], [[], []]);
  await page.route('**/api/v1/me', (route) => route.abort());
  for (const [width, colorScheme] of [
    [1_440, 'light'],
    [390, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await page.goto(dashboard.url('/admin'));
    await page.getByRole('heading', { name: 'The controller cannot be reached' }).waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await picture(page, '/error', width, colorScheme);
  }
  await context.close();
});
