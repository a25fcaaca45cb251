/** Pages in a real Chromium for tests that bring their own portal: profiles, signing in, and how a page looks. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findProgram } from '../../../scripts/programs.ts';
import { noteActions } from './mutations.ts';

/** One for a file of tests. */
export async function launchBrowser(test: { after(done: () => Promise<void>): void }): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: findProgram('chromium'),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  test.after(() => browser.close());
  return browser;
}

/** A page of a new profile, in which no script may fail. */
export async function openPage(
  t: Pick<TestContext, 'after'>,
  browser: Browser,
  {
    width = 1_440,
    dark = false,
    isProviderPrivate = true,
  }: {
    readonly width?: number;
    readonly dark?: boolean;
    /** The provider's authority is one that only the controller has to trust. */
    readonly isProviderPrivate?: boolean;
  } = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
    ignoreHTTPSErrors: isProviderPrivate,
  });
  noteActions(context);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  return page;
}

/** From the portal's sign-in page to the provider `corp` and back to where the person wanted to go at `publicUrl`. */
export async function signInAtCorp(
  page: Page,
  publicUrl: URL,
  who: { readonly email: string; readonly password: string },
): Promise<void> {
  await page.getByRole('link', { name: 'Continue with corp' }).click();
  await sayWho(page, who);
  await page.waitForURL((url) => url.origin === publicUrl.origin);
}

/** At the provider itself. */
export async function sayWho(
  page: Page,
  { email, password }: { readonly email: string; readonly password: string },
): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export async function noSidewaysScroll(page: Page): Promise<void> {
  const wider = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
  assert.ok(Number(wider) <= 0, `${String(wider)} px wider than the window`);
}

/** Where pictures go, when somebody wants to look at them. */
export const pictures = process.env['POSTERN_TEST_PICTURES'];

/** Pictures of a page for people to look at, in both widths and both colours. */
export async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  const before = page.viewportSize();
  for (const [width, size] of [
    [1_440, 'desktop'],
    [390, 'phone'],
  ] as const) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      const path = `${pictures}/${name}-${size}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true, animations: 'disabled' });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  if (before !== null) await page.setViewportSize(before);
}
