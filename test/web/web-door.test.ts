/** The pages of the web door in a real Chromium: the launcher's link, refusals at hostnames, device passes. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { chromium, type Page } from 'playwright-core';
import { findProgram } from '../../scripts/programs.ts';
import { webDocument, wikiHost } from '../controller/web/web-bench.ts';
import { testPortal, type TestPortal } from '../login/support/portal.ts';
import { freePort, person, startProvider } from '../login/support/provider.ts';

const email = 'alice@acme.example';
const alice = person('a1', ['staff']);
const publicUrl = new URL(`http://postern.localhost:${await freePort()}`);
const corp = await startProvider({ after }, 'corp', publicUrl, { [email]: alice }, {});
const browser = await chromium.launch({
  executablePath: findProgram('chromium'),
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
after(() => browser.close());
/** Where pictures go, when somebody wants to look at them. */
const pictures = process.env['POSTERN_TEST_PICTURES'];

async function open(t: TestContext, width = 1_440): Promise<{ portal: TestPortal; page: Page }> {
  const portal = await testPortal(t, [corp], publicUrl);
  const document = webDocument();
  const healthy = { to: { resources: ['databases'] }, when: { posture: ['healthy'] } };
  await portal.apply({
    ...document,
    identityProviders: [corp.document],
    resources: (document.resources ?? []).map((resource) =>
      resource.name === 'databases'
        ? {
            ...resource,
            web: { hostname: '*.db.acme.example', origin: 'http://admin.db.acme.internal:80' },
          }
        : resource,
    ),
    policies: [
      ...(document.policies ?? []),
      { name: 'staff-db', allow: { groups: ['staff'] }, to: { resources: ['databases'] } },
      { name: 'healthy-db', require: 'everyone', ...healthy },
    ],
  });
  await portal.app.listen({ host: '127.0.0.1', port: Number(publicUrl.port) });
  const context = await browser.newContext({ viewport: { width, height: 900 }, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  return { portal, page };
}

function startUrl(host: string): string {
  const query = new URLSearchParams({ host, c: 'c'.repeat(43), n: '0a1b', rd: '/' });
  return new URL(`/web/start?${query.toString()}`, publicUrl).href;
}

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(alice.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function noSidewaysScroll(page: Page): Promise<void> {
  const wider = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
  assert.ok(Number(wider) <= 0, `${String(wider)} px wider than the window`);
}

/** Pictures of a page for people to look at, in both widths and both colours. */
async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  for (const width of [1_440, 390]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      const path = `${pictures}/web-${name}-${width}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true, animations: 'disabled' });
    }
  }
}

test('a hostname that asks for a device says so after the sign-in, and one that is nobody’s says nothing', async (t) => {
  const { page } = await open(t, 390);
  await page.goto(startUrl('admin.db.acme.example'));
  await signIn(page);
  await page.getByRole('heading', { level: 1, name: 'You may not use databases, because' }).waitFor();
  await page.getByText('It needs a device that Postern knows').waitFor();
  await page.getByText('For an administrator: trace').waitFor();
  await noSidewaysScroll(page);
  await picture(page, 'needs-device');
  await page.goto(startUrl('printer.acme.example'));
  await page.getByRole('heading', { level: 1, name: 'You may not use this' }).waitFor();
  await picture(page, 'hidden');
});

test('the launcher opens what a browser may use; a device pass is shown once and revoked', async (t) => {
  const { portal, page } = await open(t);
  await page.goto(publicUrl.href);
  await page.getByRole('link', { name: 'Continue with corp' }).click();
  await signIn(page);
  const tile = page.getByRole('link', { name: wikiHost });
  assert.equal(await tile.getAttribute('href'), `https://${wikiHost}:8443/`);
  await page.getByRole('button', { name: 'Make one' }).click();
  await page.getByLabel('What it is for').fill('Calendar on my phone');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByText('Copy it now; it is not shown again').waitFor();
  assert.match((await page.locator('code', { hasText: 'dp_' }).textContent()) ?? '', /^dp_[\w-]{40,}$/);
  for (const width of [1_440, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await noSidewaysScroll(page);
  }
  const made = page.getByRole('button', { name: 'Copy password' });
  assert.ok(await made.isVisible());
  await picture(page, 'launcher');
  await page.getByRole('button', { name: 'Done' }).click();
  assert.equal(await page.locator('code', { hasText: 'dp_' }).count(), 0);
  await page.getByRole('button', { name: 'Revoke Calendar on my phone' }).click();
  await page.getByText('For an application that cannot sign in by a page').waitFor();
  assert.equal((await portal.audit('pass.revoke')).length, 1);
});

test('a hostname that wants a second factor sends the browser for one, and lets it in when it has come', async (t) => {
  const { portal, page } = await open(t);
  const document = webDocument();
  const strong = { name: 'strong', require: 'everyone' as const, to: { resources: ['wiki'] } };
  await portal.apply({
    ...document,
    identityProviders: [corp.document],
    policies: [...(document.policies ?? []), { ...strong, when: { mfa: '1h' } }],
  });
  // The connector's half is not here: what arrives at the hostname is looked at.
  await page.route(`https://${wikiHost}:8443/**`, (route) => route.fulfill({ body: 'arrived' }));
  await corp.setPeople({ [email]: alice });
  await page.goto(startUrl(wikiHost));
  await signIn(page);
  // The first sign-in had one factor: the provider is asked again, for more.
  await page.waitForURL((url) => url.origin === new URL(corp.issuer).origin);
  await corp.setPeople({ [email]: { ...alice, amr: ['pwd', 'otp'] } });
  await signIn(page);
  await page.waitForURL((url) => url.hostname === wikiHost);
  await corp.setPeople({ [email]: alice });
  const arrived = new URL(page.url());
  assert.equal(arrived.pathname, '/.postern/callback');
  assert.match(arrived.searchParams.get('code') ?? '', /^[\w-]{43}$/);
});
