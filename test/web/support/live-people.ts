/** The people of the live world, in browsers of their own: who the provider knows, and how they sign in. */
import type { Page } from 'playwright-core';
import { person } from '../../login/support/provider.ts';
import type { FirstRun } from './first-run.ts';
import { noteActions } from './mutations.ts';

export const email = 'alice@acme.example' as const;
/** Whom the provider knows; `lea` answers requests. */
export const people = {
  'alice@acme.example': person('a1', ['staff']),
  'lea@acme.example': person('l1', ['leads']),
};

export type LiveEmail = keyof typeof people;

/** Signs one of them in at the controller's pages, by their provider where it asks. */
export async function signInAt(origin: string, page: Page, who: LiveEmail): Promise<void> {
  await page.goto(origin);
  await page.getByRole('link', { name: 'Continue with corp' }).click();
  const asked = page.getByLabel('E-mail');
  const home = page.getByRole('heading', { level: 1, name: /What you may use/ });
  await asked.or(home).first().waitFor();
  if (await asked.isVisible()) {
    await asked.fill(who);
    await page.getByLabel('Password').fill(people[who].password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
  await page.waitForURL((url) => url.origin === origin);
  await home.waitFor();
}

/** A page of a browser that nobody is signed in to. */
export async function profile({ browser }: FirstRun): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: 'reduce' });
  noteActions(context);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  return page;
}
