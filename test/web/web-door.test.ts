/** The pages of the web door in a real Chromium: the launcher's link, refusals at hostnames, device passes. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { webDocument, wikiHost } from '../controller/web/web-bench.ts';
import { testPortal, type TestPortal } from '../login/support/portal.ts';
import { person, startProvider } from '../login/support/provider.ts';
import { freePort } from '../support/servers/free-port.ts';
import { launchBrowser, noSidewaysScroll, openPage, picture, sayWho } from './support/portal-pages.ts';

const email = 'alice@acme.example';
const alice = person('a1', ['staff']);
const who = { email, password: alice.password };
const publicUrl = new URL(`http://postern.localhost:${await freePort()}`);
const corp = await startProvider({ after }, 'corp', publicUrl, { [email]: alice }, {});
const browser = await launchBrowser({ after });

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
  const page = await openPage(t, browser, { width });
  return { portal, page };
}

function startUrl(host: string): string {
  const query = new URLSearchParams({ host, c: 'c'.repeat(43), n: '0a1b', rd: '/' });
  return new URL(`/web/start?${query.toString()}`, publicUrl).href;
}

test('a hostname that asks for a device says so after the sign-in, and one that is nobody’s says nothing', async (t) => {
  const { page } = await open(t, 390);
  await page.goto(startUrl('admin.db.acme.example'));
  await sayWho(page, who);
  await page.getByRole('heading', { level: 1, name: 'You may not use databases, because' }).waitFor();
  await page.getByText('It needs a device that Postern knows').waitFor();
  await page.getByText('For an administrator: trace').waitFor();
  await noSidewaysScroll(page);
  await picture(page, 'web-needs-device');
  await page.goto(startUrl('printer.acme.example'));
  await page.getByRole('heading', { level: 1, name: 'You may not use this' }).waitFor();
  await picture(page, 'web-hidden');
});

test('the launcher opens what a browser may use; a device pass is shown once and revoked', async (t) => {
  const { portal, page } = await open(t);
  await page.goto(publicUrl.href);
  await page.getByRole('link', { name: 'Continue with corp' }).click();
  await sayWho(page, who);
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
  await picture(page, 'web-launcher');
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
  await sayWho(page, who);
  // The first sign-in had one factor: the provider is asked again, for more.
  await page.waitForURL((url) => url.origin === new URL(corp.issuer).origin);
  await corp.setPeople({ [email]: { ...alice, amr: ['pwd', 'otp'] } });
  await sayWho(page, who);
  await page.waitForURL((url) => url.hostname === wikiHost);
  await corp.setPeople({ [email]: alice });
  const arrived = new URL(page.url());
  assert.equal(arrived.pathname, '/.postern/callback');
  assert.match(arrived.searchParams.get('code') ?? '', /^[\w-]{43}$/);
});
