/** A person with a browser on a laptop of the lab, who signs in to Postern's pages and lets a device in. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { signIn } from '../browser.ts';
import { eventually } from '../eventually.ts';
import type { Program } from '../lab/program.ts';
import type { Client } from './client.ts';
import type { Organisation } from './organisation.ts';

/** What a person needs of an organisation: where it signs people in, and by whom. */
export type Home = Pick<Organisation, 'url' | 'caFile' | 'provider' | 'personArgs'>;

export class Person {
  readonly email: string;
  readonly #organisation: Home;
  readonly #context: BrowserContext;

  private constructor(email: string, organisation: Home, context: BrowserContext) {
    this.email = email;
    this.#organisation = organisation;
    this.#context = context;
  }

  /** A person with a browser profile of their own, which nobody is signed in to. */
  static async at(browser: Browser, organisation: Home, email: string): Promise<Person> {
    const context = await browser.newContext();
    context.setDefaultTimeout(15_000);
    return new Person(email, organisation, context);
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  /** Starts the client and signs in with the browser it opens: loopback redirect with PKCE. */
  async upByBrowser(client: Client): Promise<void> {
    await this.#letInByBrowser(client, (env) => client.up(this.#organisation.personArgs, env));
    await client.ready();
  }

  /** Signs in to this organisation on a client that runs for others already: `postern login URL`. */
  async loginByBrowser(client: Client): Promise<void> {
    const { url, caFile } = this.#organisation;
    const args = ['login', url, '--ca', caFile, '--state', client.state];
    let login: Program | undefined;
    await this.#letInByBrowser(client, (env) => {
      login = client.place.spawn('bin/postern', args, { name: 'login', env });
      return login;
    });
    await login?.waitFor(/Signed in as/, { timeoutMs: 20_000 });
  }

  /** Signs in again on a client that runs: `postern login`. Answers what the page says before the device is let in. */
  async signInAgain(client: Client): Promise<string> {
    let login: Program | undefined;
    const url = await this.#openedBy(client, (env) => {
      login = client.place.spawn('bin/postern', ['login', '--state', client.state], { name: 'login', env });
      return login;
    });
    const page = await this.#openSignedIn(url);
    await page.getByRole('button', { name: 'Let it in' }).waitFor();
    const text = await page.locator('body').innerText();
    await letIn(page);
    await login?.waitFor(/Signed in as/, { timeoutMs: 20_000 });
    return text;
  }

  /**
   * Signs in again as a resource asks, on a client that runs: `postern login --for`, by the way to the provider that its page
   * offers, and back.
   */
  async stepUpByBrowser(client: Client, resource: string): Promise<void> {
    const args = ['login', '--for', resource, '--state', client.state];
    const page = await this.#context.newPage();
    let login: Program | undefined;
    const url = await this.#openedBy(client, (env) => {
      login = client.place.spawn('bin/postern', args, { name: 'login', env });
      return login;
    });
    await page.goto(url);
    await page.getByRole('link', { name: 'Sign in again with corp' }).click();
    await signIn(page, this.#organisation.provider, this.email);
    await letIn(page);
    await login?.waitFor(/Signed in as/, { timeoutMs: 20_000 });
  }

  /** A page in this person's browser, which the caller closes. */
  async open(url: string): Promise<Page> {
    const page = await this.#context.newPage();
    await page.goto(url);
    return page;
  }

  async #letInByBrowser(client: Client, start: (env: Record<string, string>) => Program): Promise<void> {
    await letIn(await this.#openSignedIn(await this.#openedBy(client, start)));
  }

  /** The page that a program opens in the person's browser. */
  async #openedBy(client: Client, start: (env: Record<string, string>) => Program): Promise<string> {
    const opener = join(client.place.home, 'open-browser');
    const opened = join(client.place.home, 'opened');
    rmSync(opened, { force: true });
    writeFileSync(opener, `#!/bin/sh\nprintf %s "$1" > '${opened}'\n`, { mode: 0o755 });
    const program = start({ BROWSER: opener });
    return eventually(`a browser opened by postern (${opener})`, () => {
      assert.ok(client.isRunning, `postern up ended; postern printed:\n${program.output}`);
      return existsSync(opened) ? readFileSync(opened, 'utf8') || undefined : undefined;
    });
  }

  /** Starts the client with further `args` and signs in with the code it shows, typed on the controller's own page. */
  async upByCode(client: Client, args: readonly string[] = []): Promise<void> {
    const program = client.up([...this.#organisation.personArgs, ...args]);
    const [code] = await program.waitFor(/\b[B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4}\b/);
    const page = await this.#openSignedIn(`${this.#organisation.url}/device`);
    await page.getByLabel('Code', { exact: true }).fill(code);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Let it in' }).click();
    await page.getByText('The device is in').waitFor();
    await page.close();
    await client.ready();
  }

  /** What a page of the controller shows this person, as text. */
  async read(path: string, until: string): Promise<string> {
    const page = await this.#openSignedIn(`${this.#organisation.url}${path}`);
    await page.getByText(until).first().waitFor();
    const text = await page.locator('body').innerText();
    await page.close();
    return text;
  }

  /** Opens a page of the controller and signs in on the way where it asks. */
  async #openSignedIn(url: string): Promise<Page> {
    const page = await this.#context.newPage();
    await page.goto(url);
    const toProvider = page.getByRole('link', { name: 'Continue with corp' });
    const asked = await Promise.race([
      toProvider.waitFor().then(() => true),
      page
        .getByRole('button')
        .first()
        .waitFor()
        .then(() => false),
    ]);
    if (!asked) return page;
    await toProvider.click();
    const { provider } = this.#organisation;
    await page.waitForURL((at) => at.origin === provider.issuer || at.pathname === new URL(url).pathname);
    if (new URL(page.url()).origin === provider.issuer) await signIn(page, provider, this.email);
    return page;
  }
}

/** Lets the device in on its page, and waits until the device has heard of it. */
async function letIn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Let it in' }).click();
  await page.waitForURL((at) => at.hostname === '127.0.0.1');
  await page.getByText('Signed in').waitFor();
  await page.close();
}
