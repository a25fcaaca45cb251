/** The dashboard in a real Chromium, signed in as an owner, before a real controller with a busy organisation. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContext, Page } from 'playwright-core';
import { Cookies } from '../../../controller/login/cookies.ts';
import type { TextRecords } from '../../../controller/operator/asked-names.ts';
import { openMailer } from '../../../controller/notifications/mailer.ts';
import { testPortal, type TestPortal } from '../../login/support/portal.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { makeBare, makeBusy, type Busy } from './busy-organisation.ts';
import { noteActions } from './mutations.ts';
import { launchBrowser } from './portal-pages.ts';

export interface Dashboard {
  readonly portal: TestPortal;
  readonly busy: Busy;
  readonly url: (path: string) => string;
  /** Leads a page there, and waits until what it shows has come. */
  readonly go: (page: Page, path: string) => Promise<void>;
  /** What the API says to the owner, below `/api/v1/`. */
  readonly ask: <T>(path: string) => Promise<T>;
  /** A page of a new profile, with whatever went wrong in it. `cookie` null: nobody is signed in. */
  readonly open: (options?: OpenOptions) => Promise<OpenPage>;
}

export interface OpenOptions {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
  readonly cookie?: string | null;
}

export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: string[];
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** One controller and browser for a file of tests. */
export async function startDashboard(
  test: { after(done: () => Promise<void>): void },
  {
    hostile = false,
    isBare = false,
    texts,
    // Nobody answers there: what an administrator is shown of mail is.
    smtp = new URL('smtp://postern@mail.acme.example:587'),
  }: {
    readonly hostile?: boolean;
    /** With nothing in it but its owner. */
    readonly isBare?: boolean;
    readonly texts?: TextRecords;
    readonly smtp?: URL;
  } = {},
): Promise<Dashboard> {
  const publicUrl = new URL(`http://postern.localhost:${await freePort()}`);
  const mailer = openMailer({ url: smtp, from: 'access@acme.example', failed: () => undefined });
  const portal = await testPortal(test, [], publicUrl, mailer, texts);
  const busy = isBare ? await makeBare(portal) : await makeBusy(portal, { hostile });
  await portal.app.listen({ host: '127.0.0.1', port: Number(publicUrl.port) });
  const browser = await launchBrowser(test);
  const name = new Cookies(publicUrl).nameOf('session');
  const url = (path: string): string => new URL(path, publicUrl).href;
  return {
    portal,
    busy,
    url,
    go: async (page, path) => {
      await page.goto(url(path));
      await page.locator('h1').first().waitFor();
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    },
    ask: async <T>(path: string) => {
      const answer = await portal.admin('GET', `/api/v1/${path}`);
      assert.equal(answer.statusCode, 200, answer.body);
      return JSON.parse(answer.body) as T;
    },
    open: async ({ width = 1_440, scheme = 'light', cookie = busy.cookie } = {}) => {
      // However long the tests before took, the owner has just signed in.
      const { context: controller } = portal;
      await controller
        .organisation(controller.firstOrganisation)
        .store.update('sessions')
        .set({ auth_ms: controller.now() })
        .where('subject', '=', busy.owner)
        .where('auth_ms', 'is not', null)
        .execute();
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme: scheme,
        reducedMotion: 'reduce',
      });
      if (cookie !== null)
        await context.addCookies([
          { name, value: cookie, url: publicUrl.href, httpOnly: true, sameSite: 'Lax' },
        ]);
      noteActions(context);
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      const complaints: string[] = [];
      watch(page, publicUrl, complaints);
      return { page, context, complaints };
    },
  };
}

/** Adds whatever goes wrong in a page. */
export function watchComplaints(page: Page, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
}

function watch(page: Page, own: URL, complaints: string[]): void {
  watchComplaints(page, complaints);
  page.on('dialog', (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'blob:' && origin !== own.origin) complaints.push(`asked ${origin}`);
  });
}

/** What axe-core finds, with no rule taken out unless `rules` names some: one line for each rule and place. */
export async function axeFindings(page: Page, rules?: readonly string[]): Promise<string[]> {
  // By the protocol and not by a script element, which the pages' policy refuses.
  await page.evaluate(axeSource);
  const runOnly =
    rules === undefined
      ? { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }
      : { type: 'rule', values: rules };
  const found = (await page.evaluate(
    `axe.run(document, ${JSON.stringify({ runOnly })})
      .then(({ violations }) => violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 200) + ' ' + failureSummary.slice(0, 300))))`,
  )) as string[];
  return found;
}
