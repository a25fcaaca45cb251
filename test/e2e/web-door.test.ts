/**
 * The web door from a real browser to a private application: sign-in through the identity provider, refusal, WebSocket,
 * events, uploads, tabs, sign-out and revocation, with every program a process of its own in the lab.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser, signIn } from '../support/browser.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { labSite } from '../support/organisation/site.ts';

const wiki = 'https://wiki.acme.example';

suite('the web door in the lab', () => {
  let lab: Lab;
  let organisation: Organisation;
  let browser: Browser;
  before(async () => {
    lab = await openLab();
    const application = lab.servers.spawn(
      'node',
      ['test/support/lab/web-application-server.ts', lab.addresses.wiki, '8090'],
      { name: 'web-application' },
    );
    await application.waitFor(/^ready$/m);
    organisation = await Organisation.start(labSite(lab), {
      adapt(document) {
        const [resource] = document.resources ?? [];
        const [policy] = document.policies ?? [];
        if (resource === undefined || policy === undefined) throw new Error('the document has no wiki');
        resource.web = { hostname: 'wiki.acme.example', origin: 'http://wiki.acme.internal:8090' };
        policy.doors = ['client', 'web'];
        return document;
      },
    });
    browser = await openBrowser(lab, { trusted: [organisation.caFile] });
  });
  after(async () => {
    await browser?.close();
    await lab.close();
  });

  async function signedIn(email: string): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${wiki}/?a=1`);
    await signIn(page, organisation.provider, email);
    await page.waitForURL(`${wiki}/**`);
    return { context, page };
  }

  test('who may use the application signs in once and sees it, at the address that was asked for', async () => {
    const { page, context } = await signedIn('alice@acme.example');
    assert.equal(page.url(), `${wiki}/?a=1`);
    assert.equal(await page.textContent('h1'), 'Acme wiki');
    await context.close();
  });
});
