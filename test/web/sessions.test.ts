/** The portal's devices and the ways out, in a real Chromium against a real controller and a real provider. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { acmeDocument } from '../controller/support/document.ts';
import { deviceClaim, testPortal, type TestPortal } from '../login/support/portal.ts';
import { person, startProvider } from '../login/support/provider.ts';
import { freePort } from '../support/servers/free-port.ts';
import { noteActions, undone } from './support/mutations.ts';
import { launchBrowser, noSidewaysScroll, openPage, picture, signInAtCorp } from './support/portal-pages.ts';

const email = 'alice@acme.example';
const alice = person('a1', ['staff', 'sre']);
const who = { email, password: alice.password };
const publicUrl = new URL(`http://postern.localhost:${await freePort()}`);
const corp = await startProvider({ after }, 'corp', publicUrl, { [email]: alice }, {});
const browser = await launchBrowser({ after });

async function open(t: TestContext, width = 1_440): Promise<{ portal: TestPortal; page: Page }> {
  const portal = await testPortal(t, [corp], publicUrl);
  const document = acmeDocument();
  await portal.apply({
    ...document,
    identityProviders: [corp.document],
    policies: [
      { name: 'staff-wiki', allow: { groups: ['staff'] }, to: { resources: ['wiki', 'databases'] } },
      { name: 'strong', require: 'everyone', to: { resources: ['databases'] }, when: { mfa: '1h' } },
    ],
  });
  await portal.app.listen({ host: '127.0.0.1', port: Number(publicUrl.port) });
  const page = await openPage(t, browser, { width });
  return { portal, page };
}

/** Lets a device in by its code, as this page's person. */
async function letIn(portal: TestPortal, page: Page, wanted?: string): Promise<void> {
  const claim = deviceClaim({
    ...known,
    address: '127.0.0.1',
    ...(wanted === undefined ? {} : { for: wanted }),
  });
  const attempt = await portal.attempts.startDeviceCode(portal.context.firstOrganisation, claim);
  await page.getByLabel('Code').fill(attempt?.userCode ?? '');
  await page.getByRole('button', { name: 'Continue' }).click();
}

const { mk, nk } = deviceClaim();
const known = { mk, nk };

test('a new device asks whether it was me; it is named, known, blocked and forgotten there', async (t) => {
  const { portal, page } = await open(t, 390);
  await page.goto(new URL('/device', publicUrl).href);
  await signInAtCorp(page, publicUrl, who);
  await letIn(portal, page);
  await page.getByRole('button', { name: 'Let it in' }).click();
  await page.getByRole('link', { name: 'What you may use' }).click();
  await page.getByText('Was this you?').waitFor();
  await noSidewaysScroll(page);
  await picture(page, 'new-device');
  await page.getByRole('button', { name: 'This was me' }).click();
  await page.getByText('Was this you?').waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Rename this device' }).click();
  await page.getByLabel('Name').fill('Work laptop');
  await picture(page, 'rename');
  await page.keyboard.press('Enter');
  await page.getByText('Work laptop').first().waitFor();
  await page.getByRole('button', { name: 'Forget this device' }).click();
  await page.getByText('it is a new device when somebody signs in on it').waitFor();
  await page.getByRole('button', { name: 'Forget', exact: true }).click();
  await page.getByText('None yet. A device appears here').waitFor();
  assert.equal((await portal.audit('device.remove')).length, 1);
});

test('a resource that wants more leads to the provider and back, and a device that asks for it comes in by it', async (t) => {
  const { portal, page } = await open(t);
  await corp.setPeople({ [email]: alice });
  await page.goto(new URL('/refused?resource=databases', publicUrl).href);
  await signInAtCorp(page, publicUrl, who);
  await page.getByRole('heading', { level: 1, name: 'You may not use databases, because' }).waitFor();
  await picture(page, 'refused');
  // It goes on giving a password alone: the page says so, and nothing has changed.
  await page.getByRole('link', { name: 'Sign in again with corp' }).click();
  await page.getByLabel('Password').fill(alice.password);
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('The provider did not ask for more').waitFor();
  await picture(page, 'not-enough');

  await page.goto(new URL('/refused?resource=databases', publicUrl).href);
  await corp.setPeople({ [email]: { ...alice, amr: ['pwd', 'otp'] } });
  await page.getByRole('link', { name: 'Sign in again with corp' }).click();
  await page.getByLabel('Password').fill(alice.password);
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'You may use databases' }).waitFor();

  await corp.setPeople({ [email]: alice });
  const fresh = await browser.newContext({ viewport: { width: 390, height: 900 }, ignoreHTTPSErrors: true });
  noteActions(fresh);
  const phone = await fresh.newPage();
  phone.setDefaultTimeout(15_000);
  await phone.goto(new URL('/device', publicUrl).href);
  await signInAtCorp(phone, publicUrl, who);
  await letIn(portal, phone, 'databases');
  await phone.getByRole('heading', { level: 1, name: 'databases asks for more' }).waitFor();
  await noSidewaysScroll(phone);
  await picture(phone, 'step-up');
  await fresh.close();
});

test('signed out here and everywhere, with the way to the provider’s own sign-out, which comes back', async (t) => {
  const { page } = await open(t);
  await page.goto(publicUrl.href);
  await signInAtCorp(page, publicUrl, who);
  await page.getByRole('button', { name: /Signed in as/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out everywhere' }).waitFor();
  await picture(page, 'account');
  await page.getByRole('menuitem', { name: 'Sign out everywhere' }).click();
  await page.getByText('You are signed out everywhere').waitFor();
  await picture(page, 'signed-out');
  assert.equal(page.url().includes('id_token'), false);
  await page.getByRole('link', { name: 'Sign out there too' }).click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await page.getByText('You are signed out at your provider too').waitFor();
  await page.getByRole('link', { name: 'Continue with corp' }).click();
  await page.getByLabel('Password').waitFor();
});

test('all that this file is to do was done in the browser', () => {
  assert.deepEqual(undone(import.meta.filename), []);
});
