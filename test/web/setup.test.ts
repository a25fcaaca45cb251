/** Becoming the owner by the setup link in a real Chromium: with a passkey, with a password, and signing in again. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { Secret, TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { createSetupLink } from '../../controller/administrators/setup-links.ts';
import { Cookies } from '../../controller/login/cookies.ts';
import { adminPages } from '../../protocol/pages.ts';
import { testPortal, type TestPortal } from '../login/support/portal.ts';
import { freePort } from '../support/servers/free-port.ts';
import { signInAs } from './support/sign-in-as.ts';
import { undone } from './support/mutations.ts';
import { launchBrowser, noSidewaysScroll, openPage, pictures } from './support/portal-pages.ts';

const browser = await launchBrowser({ after });

interface Opened {
  readonly portal: TestPortal;
  readonly page: Page;
  readonly link: () => Promise<string>;
}

async function open(
  t: TestContext,
  {
    host,
    width = 1_440,
    dark = false,
    isFresh = false,
  }: { host: string; width?: number; dark?: boolean; isFresh?: boolean },
): Promise<Opened> {
  const publicUrl = new URL(`http://${host}:${await freePort()}`);
  const portal = await testPortal(t, [], publicUrl, undefined, undefined, isFresh);
  await portal.app.listen({ host: '127.0.0.1', port: Number(publicUrl.port) });
  const page = await openPage(t, browser, { width, dark, isProviderPrivate: false });
  const { context: controller } = portal;
  return {
    portal,
    page,
    link: () =>
      createSetupLink(controller.organisation(controller.firstOrganisation).store, publicUrl, {
        nowMs: controller.now(),
        random: controller.random,
        who: 'test',
      }),
  };
}

async function picture(page: Page, name: string): Promise<void> {
  await noSidewaysScroll(page);
  if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
}

async function fillWho(page: Page): Promise<void> {
  await page.getByLabel('Name').fill('Olga Owner');
  await page.getByLabel('E-mail').fill('olga@acme.example');
}

test('SEC-A12: the link makes an owner with a passkey, who comes back by it; a second use of the link does not', async (t) => {
  const { page, link } = await open(t, { host: 'postern.localhost' });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const authenticator = async (transport: 'internal' | 'usb') => {
    const options = {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    } as const;
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
    return authenticatorId;
  };
  const laptop = await authenticator('internal');
  const url = await link();
  await page.goto(url);
  await fillWho(page);
  await picture(page, 'setup-1440-light');
  await page.getByRole('button', { name: 'Continue with a passkey' }).click();
  await page.getByRole('heading', { name: 'You are the owner' }).waitFor();
  const codes = (await page.getByRole('region', { name: 'the recovery codes' }).innerText()).split('\n');
  assert.equal(codes.length, 10);
  await page.getByRole('link', { name: /go on/ }).click();
  await page.waitForURL('**/admin');
  const role = async () =>
    page.evaluate(`fetch('/api/v1/me').then((answer) => answer.json()).then((me) => me.administrator?.role)`);
  assert.equal(await role(), 'owner');

  await page.context().clearCookies();
  await page.goto(url);
  await page.getByRole('heading', { name: 'This link does not work' }).waitFor();
  await page.goto(new URL('/login', url).href);
  await page.getByRole('link', { name: 'Administrator sign-in' }).click();
  await page.getByRole('button', { name: 'Continue with a passkey' }).click();
  await page.waitForURL('**/admin');
  assert.equal(await role(), 'owner');

  await page.context().clearCookies();
  await page.goto(new URL('/login/administrator', url).href);
  await page.getByRole('button', { name: 'Use a recovery code' }).click();
  await page.getByLabel('E-mail').fill('olga@acme.example');
  await page.getByLabel('Recovery code').fill(codes[3] ?? '');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/admin');
  assert.equal(await role(), 'owner');

  // Another passkey, and the first one goes; the last one stays.
  await page.goto(new URL('/account', url).href);
  const remove = page.getByRole('button', { name: /^Remove/ });
  await page.getByText('It is your last way in').waitFor();
  assert.equal(await remove.isDisabled(), true);
  await authenticator('usb');
  await page.getByLabel('What you call it').fill('Key in the safe');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('button', { name: 'Remove Key in the safe' }).waitFor();
  await picture(page, 'account-1440-light');
  await page.setViewportSize({ width: 390, height: 900 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'account-390-dark');
  await page.getByRole('button', { name: 'Remove The first passkey' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByText('It is your last way in').waitFor();
  assert.equal(await remove.isDisabled(), true);
  await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: laptop });
  await page.context().clearCookies();
  await page.goto(new URL('/login/administrator', url).href);
  await page.getByRole('button', { name: 'Continue with a passkey' }).click();
  await page.waitForURL('**/admin');
  assert.equal(await role(), 'owner');
});

test('SEC-A12: at an address, where browsers make no passkeys, the owner chooses a password and an authenticator', async (t) => {
  const { page, link, portal } = await open(t, { host: '127.0.0.1', width: 390, dark: true });
  await page.goto(await link());
  await fillWho(page);
  assert.equal(await page.getByRole('button', { name: /passkey/ }).count(), 0);
  await page.getByLabel('Password').fill('correct horse battery');
  const key = (await page.getByRole('region', { name: 'the key' }).innerText()).replace(/\s/g, '');
  const codeNow = () =>
    new TOTP({ secret: Secret.fromBase32(key) }).generate({ timestamp: portal.context.now() });
  await page.getByLabel('Code of your authenticator').fill(codeNow());
  await picture(page, 'setup-390-dark');
  await page.getByRole('button', { name: 'Become the owner' }).click();
  await page.getByRole('heading', { name: 'You are the owner' }).waitFor();
  await picture(page, 'setup-codes-390-dark');

  await page.context().clearCookies();
  portal.time.ahead = 60_000;
  await page.goto(new URL('/login/administrator', portal.publicUrl).href);
  await page.getByRole('button', { name: 'Use a password' }).click();
  await page.getByLabel('E-mail').fill('olga@acme.example');
  await page.getByLabel('Password').fill('wrong horse battery');
  await page.getByLabel('Code of your authenticator').fill(codeNow());
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('That is not right').waitFor();
  await picture(page, 'administrator-sign-in-390-dark');
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/admin');
});

test('the first change of an organisation without a name asks for one, whatever it is, and no page of it fails', async (t) => {
  const { page, portal } = await open(t, { host: 'postern.localhost', isFresh: true });
  const { cookie } = await signInAs(portal, 'olga', 'owner');
  const name = new Cookies(portal.publicUrl).nameOf('session');
  await page.context().addCookies([{ name, value: cookie, url: portal.publicUrl.href, httpOnly: true }]);
  const go = async (path: string): Promise<void> => {
    await page.goto(new URL(path, portal.publicUrl).href);
    await page.locator('h1').first().waitFor();
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  };
  for (const path of adminPages.filter((each) => !each.includes('$'))) {
    await go(path);
    assert.equal(await page.getByText('could not be loaded').count(), 0, path);
  }
  await go('/admin/people?tab=groups');
  await page.getByLabel('Another group').fill('staff');
  await page.getByRole('button', { name: 'Add it' }).click();
  const called = page.getByLabel('Name of the organisation');
  assert.equal(await called.inputValue(), 'acme');
  await called.fill('No name!');
  await page.getByText('A name of small letters').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Save' }).isDisabled());
  await called.fill('globex');
  await page.getByText('What changes in the document').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText(/Saved as revision 1/).waitFor();
  const { context } = portal;
  const { document } = await context.organisation(context.firstOrganisation).reader.current();
  assert.deepEqual(document, { organisation: 'globex', groups: ['staff'] });
  // There is no earlier revision to go back to, and the first change is taken back all the same.
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('No group is declared').waitFor();
  const taken = await context.organisation(context.firstOrganisation).reader.current();
  assert.deepEqual(taken.document, { organisation: 'globex' });
});

test('all that this file is to do was done in the browser', () => {
  assert.deepEqual(undone(import.meta.filename), []);
});
