/** The pages in a real Chromium, against a real controller and a real provider: signing in, letting devices in. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, test, type TestContext } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { formatUserCode } from '../../controller/enrolment/user-code.ts';
import { Cookies } from '../../controller/login/cookies.ts';
import { toBase64Url } from '../../protocol/encoding.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { deviceClaim, testPortal, type TestPortal } from '../login/support/portal.ts';
import { person, startProvider } from '../login/support/provider.ts';
import { freePort } from '../support/servers/free-port.ts';
import { axeFindings } from './support/dashboard.ts';
import { signInAs } from './support/sign-in-as.ts';
import { noteActions, undone } from './support/mutations.ts';
import { launchBrowser, noSidewaysScroll, sayWho, signInAtCorp } from './support/portal-pages.ts';

const email = 'alice@acme.example';
const alice = person('a1', ['staff', 'sre']);
const who = { email, password: alice.password };
const publicUrl = new URL(`http://postern.localhost:${await freePort()}`);
const corp = await startProvider({ after }, 'corp', publicUrl, { [email]: alice });
const browser = await launchBrowser({ after });

/** A controller that listens, and a profile whose pages may neither fail nor ask anybody else for anything. */
async function open(t: TestContext, width = 1_440): Promise<{ portal: TestPortal; page: Page }> {
  const portal = await testPortal(t, [corp], publicUrl);
  await portal.app.listen({ host: '127.0.0.1', port: Number(publicUrl.port) });
  // Its authority is private, and only the controller has to trust it here.
  const context = await browser.newContext({ viewport: { width, height: 800 }, ignoreHTTPSErrors: true });
  noteActions(context);
  const page = await context.newPage();
  const complaints: string[] = [];
  watch(context, page, complaints);
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  return { portal, page };
}

function watch(context: BrowserContext, page: Page, complaints: string[]): void {
  const known = new Set([publicUrl.origin, new URL(corp.issuer).origin]);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // An answer that is no success is logged by the browser itself.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('dialog', (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
  context.on('request', (request) => {
    const { origin, hostname } = new URL(request.url());
    if (!known.has(origin) && hostname !== '127.0.0.1') complaints.push(`asked ${origin}`);
  });
}

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name });

test('a person signs in, sees what they may use and why not the rest, and signs out', async (t) => {
  const { page } = await open(t);
  await page.goto(publicUrl.href);
  await heading(page, 'Sign in').waitFor();
  await signInAtCorp(page, publicUrl, who);
  await heading(page, 'What you may use').waitFor();
  await page.getByRole('heading', { name: 'wiki' }).waitFor();
  await page.getByText('curl http://wiki.acme.internal', { exact: true }).waitFor();
  await page.getByText('The device has not reported what the posture profile asks for').waitFor();

  await page.getByLabel('Search resources').fill('data');
  await page.getByRole('heading', { name: 'wiki' }).waitFor({ state: 'detached' });
  await page.getByLabel('Search resources').fill('no such thing');
  await page.getByText('No resource matches').waitFor();

  await page.goto(new URL('/refused?resource=databases', publicUrl).href);
  await heading(page, 'You may not use databases, because').waitFor();
  await page.goto(new URL('/refused?resource=printer', publicUrl).href);
  await heading(page, 'You may not use this').waitFor();
  const shown = async (): Promise<string> =>
    (await page.getByRole('main').innerText()).replace(/[0-9a-f]{16}/, 'TRACE');
  const hidden = await shown();
  assert.match(hidden, /TRACE/);
  await page.goto(new URL('/refused?resource=missing', publicUrl).href);
  await heading(page, 'You may not use this').waitFor();
  assert.equal(await shown(), hidden);

  await page.getByRole('link', { name: 'What you may use' }).click();
  await page.getByRole('button', { name: /Signed in as/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click();
  await page.getByText('You are signed out of these pages').waitFor();
  await page.goto(publicUrl.href);
  await heading(page, 'Sign in').waitFor();
});

test('a device is let in by its code with the keyboard alone: the person arrives at the field after a fresh sign-in', async (t) => {
  const { portal, page } = await open(t, 390);
  const claim = deviceClaim({ address: '127.0.0.1' });
  const attempt = await portal.attempts.startDeviceCode(portal.context.firstOrganisation, claim);
  assert.ok(attempt);
  await page.goto(new URL('/device', publicUrl).href);
  await signInAtCorp(page, publicUrl, who);
  await heading(page, 'Let a device in').waitFor();
  await noSidewaysScroll(page);
  // The field has the focus.
  const wrong = attempt.userCode.replace(/^./, (letter) => (letter === 'B' ? 'C' : 'B'));
  await page.keyboard.type(wrong.toLowerCase());
  await page.keyboard.press('Enter');
  await page.getByText('No device waits with this code').waitFor();
  await page.getByText('4 tries are left').waitFor();
  await page.getByLabel('Code').focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.type(formatUserCode(attempt.userCode).toLowerCase());
  assert.equal(await page.getByLabel('Code').inputValue(), formatUserCode(attempt.userCode));
  await page.keyboard.press('Enter');
  await heading(page, 'Is this your device?').waitFor();
  await page.getByText('alice-laptop').waitFor();
  await noSidewaysScroll(page);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await heading(page, 'The device is in').waitFor();
  const outcome = await portal.attempts.outcome(portal.context.firstOrganisation, attempt.attempt);
  assert.equal(outcome.state, 'joined');
  await page.getByRole('link', { name: 'What you may use' }).click();
  await page.getByText('alice-laptop').first().waitFor();
});

test('SEC-J7 a device elsewhere comes with a red warning, and what it calls itself is inert', async (t) => {
  const { portal, page } = await open(t, 390);
  const name = `<img src=x onerror="alert(1)">\u202egnp.exe${'w'.repeat(10_000)}`;
  const claim = deviceClaim({ address: '198.51.100.77', name, os: '</dd><script>alert(2)</script>שרת' });
  const attempt = await portal.attempts.startDeviceCode(portal.context.firstOrganisation, claim);
  assert.ok(attempt);
  await page.goto(new URL('/device', publicUrl).href);
  await signInAtCorp(page, publicUrl, who);
  await page.getByLabel('Code').fill(attempt.userCode);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('alert').getByText('It is not on the network you are on').waitFor();
  await page.getByText('<img src=x onerror="alert(1)">').waitFor();
  assert.equal(await page.locator('img').count(), 0);
  // A suffix that nobody can prove: it is the person who says yes to it.
  await page.getByText(/every name below acme\.internal will lead to this organisation alone/).waitFor();
  await noSidewaysScroll(page);
  await page.getByRole('button', { name: 'Let it in' }).click();
  await page.getByText('It waits for an administrator').waitFor();
  await page.getByRole('link', { name: 'What you may use' }).click();
  await page.getByText('Waits for approval').waitFor();
  await noSidewaysScroll(page);
});

test('by the link that the device opened the browser ends at the device’s own port', async (t) => {
  const { portal, page } = await open(t);
  const arrived: string[] = [];
  const device = createServer((request, response) => {
    arrived.push(request.url ?? '');
    response.setHeader('content-type', 'text/plain').end('You can close this page.');
  }).listen(0, '127.0.0.1');
  await once(device, 'listening');
  t.after(() => void device.close());
  const address = device.address();
  assert.ok(address !== null && typeof address === 'object');
  const attempt = await portal.attempts.startLoopback(
    portal.context.firstOrganisation,
    deviceClaim({ address: '127.0.0.1' }),
    { port: address.port, challenge: toBase64Url(portal.context.random(32)) },
  );
  assert.ok(attempt);
  await page.goto(new URL(`/device/confirm?attempt=${attempt.secret}`, publicUrl).href);
  await signInAtCorp(page, publicUrl, who);
  await heading(page, 'Is this your device?').waitFor();
  await page.getByRole('button', { name: 'Let it in' }).click();
  await page.getByText('You can close this page.').last().waitFor();
  await page.waitForURL((url) => url.hostname === '127.0.0.1');
  const [first = ''] = arrived;
  assert.match(first, /^\/\?code=[\w-]{43}&state=/);
  assert.equal(new URLSearchParams(first.slice(2)).get('state'), attempt.attempt);
});

test('a session that was ended elsewhere leads to the sign-in page and back to where the person was', async (t) => {
  const { portal, page } = await open(t);
  await page.goto(new URL('/refused?resource=wiki', publicUrl).href);
  await signInAtCorp(page, publicUrl, who);
  await heading(page, 'You may use wiki').waitFor();
  await portal.context
    .organisation(portal.context.firstOrganisation)
    .store.update('sessions')
    .set({ ended_ms: portal.context.now(), ended_reason: 'ended-by-administrator' })
    .execute();
  await page.reload();
  await heading(page, 'Sign in').waitFor();
  await page.getByRole('link', { name: 'Continue with corp' }).click();
  await heading(page, 'You may use wiki').waitFor();
});

test('whose invitation is somebody else’s is led to the sign-in from there, and comes back to it', async (t) => {
  const { portal, page } = await open(t, 390);
  const invited = await portal.admin('POST', '/api/v1/administrators/invitations', {
    email: 'bo@acme.example',
    role: 'network',
    link: true,
  });
  const { link } = invited.json<{ link: string }>();
  await page.goto(link);
  await signInAtCorp(page, publicUrl, who);
  await heading(page, 'This invitation is for somebody else').waitFor();
  await noSidewaysScroll(page);
  await page.getByRole('button', { name: 'Sign in as somebody else' }).click();
  // The provider asks who it is, though it knows somebody already.
  await sayWho(page, who);
  await heading(page, 'This invitation is for somebody else').waitFor();
  assert.equal(page.url(), link);
});

test('a person with very many resources finds one at once', async (t) => {
  const { portal, page } = await open(t);
  const document = acmeDocument();
  const resources = Array.from({ length: 1_200 }, (_, index) => ({
    name: `service-${index}`,
    network: 'hq',
    address: `service-${index}.acme.internal`,
    ports: ['tcp/443'],
    tags: ['many'],
  }));
  await portal.apply({
    ...document,
    identityProviders: [corp.document],
    resources,
    policies: [{ name: 'all', allow: 'everyone', to: { tags: ['many'] } }],
  });
  await page.goto(publicUrl.href);
  await signInAtCorp(page, publicUrl, who);
  await page.getByText('service-49.acme.internal', { exact: true }).waitFor();
  assert.ok((await page.getByRole('listitem').count()) < 600);
  await page.getByLabel('Search resources').fill('service-1133');
  await page.getByText('curl https://service-1133.acme.internal').waitFor();
});

test('an administrator tries the provider in a new tab and sees what came, and is still who they were', async (t) => {
  const { portal, page } = await open(t);
  const { cookie } = await signInAs(portal, 'olga', 'owner');
  const name = new Cookies(portal.publicUrl).nameOf('session');
  await page.context().addCookies([{ name, value: cookie, url: publicUrl.href, httpOnly: true }]);
  await page.goto(new URL('/admin/settings', publicUrl).href);
  const opened = page.context().waitForEvent('page');
  await page.getByRole('link', { name: /^Try it with corp/ }).click();
  const tab = await opened;
  await tab.getByRole('button', { name: 'Go to corp' }).click();
  await tab.getByLabel('E-mail').fill(email);
  await tab.getByLabel('Password').fill(alice.password);
  await tab.getByRole('button', { name: 'Sign in' }).click();
  await heading(tab, 'Try a sign-in').waitFor();
  await tab.getByText('They would be signed in').waitFor();
  const made = tab.getByRole('region', { name: 'Who it makes them' });
  assert.match(await made.innerText(), /Person a1\s+New[^]*alice@acme\.example[^]*sre\s+staff/);
  await tab.getByText('["staff","sre"]').waitFor();
  for (const [width, colorScheme] of [
    [1_440, 'light'],
    [390, 'dark'],
  ] as const) {
    await tab.setViewportSize({ width, height: 900 });
    await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await noSidewaysScroll(tab);
    assert.deepEqual(await axeFindings(tab), []);
    const pictures = process.env['POSTERN_SCREENSHOTS'];
    if (pictures !== undefined)
      await tab.screenshot({ path: `${pictures}/sign-in-tried-${width}-${colorScheme}.png`, fullPage: true });
  }
  await tab.reload();
  await tab.getByText('This was read already').waitFor();
  const me = `fetch('/api/v1/me').then((answer) => answer.json()).then(({ person }) => person.name)`;
  assert.equal(await tab.evaluate(me), 'olga');
});

test('all that this file is to do was done in the browser', () => {
  assert.deepEqual(undone(import.meta.filename), []);
});
