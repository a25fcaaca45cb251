/**
 * A whole organisation of programs of their own on loopback, for what is done in its pages to show where it counts: controller
 * with its relay, connector, an identity provider, applications, the clients of a person, and two browsers: the owner's, who
 * administers, and that of somebody who uses what there is.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import { echoApplication } from '../../controller/support/open-flow.ts';
import { startProvider, type TestProvider } from '../../login/support/provider.ts';
import { eventually } from '../../support/eventually.ts';
import { Place } from '../../support/lab/place.ts';
import { becomeOwner, openFirstRun, type FirstRun, type Running } from './first-run.ts';
import { watchComplaints } from './dashboard.ts';
import {
  deviceFlow,
  pageSocket,
  pageStream,
  programSocket,
  socketApplication,
  type OpenFlow,
} from './live-flows.ts';
import { liveDocument } from './live-document.ts';
import { email, people, profile, signInAt } from './live-people.ts';

const codePattern = /\b([B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4})\b/;

/** One of the person's devices: a client of its own. */
export interface LiveDevice {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly program: Running;
}

export class LiveWorld {
  readonly run: FirstRun;
  readonly origin: string;
  readonly provider: TestProvider;
  /** Of the owner, who administers. */
  readonly page: Page;
  /** Of the person. */
  readonly theirs: Page;
  /** Whatever went wrong in either. */
  readonly complaints: string[] = [];
  /** Where the application is opened in a browser. */
  readonly door: string;
  readonly echoPort: number;
  readonly #token: string;
  #devices = 0;
  #document: OrganisationDocument;

  private constructor(given: {
    run: FirstRun;
    origin: string;
    provider: TestProvider;
    theirs: Page;
    door: string;
    token: string;
    echoPort: number;
    document: OrganisationDocument;
  }) {
    this.run = given.run;
    this.page = given.run.page;
    this.origin = given.origin;
    this.provider = given.provider;
    this.theirs = given.theirs;
    this.door = given.door;
    this.echoPort = given.echoPort;
    this.#token = given.token;
    this.#document = given.document;
    for (const page of [this.page, this.theirs]) watchComplaints(page, this.complaints);
  }

  /** Everything until a connector is ready and both people are signed in; ended with `test`. */
  static async start(test: { after(done: () => Promise<void>): void }): Promise<LiveWorld> {
    const run = await openFirstRun();
    test.after(() => run.close());
    const { origin } = new URL(run.setupLink);
    const place = new Place({
      namespace: 'here',
      address: '127.0.0.1',
      dir: run.folder,
      env: {},
      isThisMachine: true,
    });
    const data = join(run.folder, 'controller');
    const [provider, made, echo, sockets] = await Promise.all([
      startProvider(test, 'corp', new URL(origin), people),
      place.run('bin/postern', ['token', 'create', '--data', data, '--role', 'admin']),
      echoApplication(),
      socketApplication(),
      becomeOwner(run),
    ]);
    test.after(async () => {
      echo.close();
      sockets.close();
    });
    assert.equal(made.code, 0, made.stderr);
    const theirs = await profile(run);
    const document = liveDocument(provider, { echo: echo.port, wiki: sockets.port });
    const door = `https://wiki.postern.localhost:${run.webPort}/`;
    const token = made.stdout.trim();
    const world = new LiveWorld({
      run,
      origin,
      provider,
      theirs,
      door,
      token,
      echoPort: echo.port,
      document,
    });
    await world.reset();
    const { key } = await world.api<{ key: string }>('POST', 'enrolment-keys', {
      purpose: 'connector',
      name: 'hq',
    });
    await world.startConnector('hq-1', key);
    await world.signIn();
    // Until somebody is signed in, the browser logs each answer that says so.
    world.complaints.length = 0;
    return world;
  }

  /** A call of the API as an administrator's token. Throws unless it succeeds. */
  async api<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.origin.replace('postern.localhost', '127.0.0.1')}/api/v1/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Puts the document, as `change` makes it of the first one, into force. */
  async reset(
    change: (document: OrganisationDocument) => OrganisationDocument = (same) => same,
  ): Promise<void> {
    await this.api('PUT', 'document', change(structuredClone(this.#document)));
  }

  async inForce(): Promise<OrganisationDocument> {
    return (await this.api<{ document: OrganisationDocument }>('GET', 'document')).document;
  }

  async startConnector(name: string, key: string): Promise<Running> {
    const keyFile = join(this.run.folder, `${name}.key`);
    await writeFile(keyFile, key, { mode: 0o600 });
    const state = join(this.run.folder, name);
    const connector = this.run.start(
      ['connector', '--state', state, '--name', name, '--key-file', keyFile],
      {},
    );
    await eventually(
      `the connector ${name}`,
      async () => {
        const list = await this.api<{ name: string; online: boolean }[]>('GET', 'connectors');
        return list.some((each) => each.name === name && each.online) || undefined;
      },
      { timeoutMs: 20_000 },
    );
    return connector;
  }

  /** Signs the person in at the controller's pages. */
  signIn(): Promise<void> {
    return signInAt(this.origin, this.theirs, email);
  }

  /** A page of the one who answers requests, in a browser of their own. */
  async approver(): Promise<Page> {
    const page = await profile(this.run);
    await signInAt(this.origin, page, 'lea@acme.example');
    watchComplaints(page, this.complaints);
    return page;
  }

  /** Signs the one who answers requests in once more, as if they had signed out. */
  async signInAgain(page: Page): Promise<void> {
    await page.context().clearCookies({ domain: new URL(this.origin).hostname });
    await signInAt(this.origin, page, 'lea@acme.example');
  }

  /** Starts a client that waits to be let in. */
  async ask(): Promise<{
    readonly code: string;
    readonly state: string;
    readonly name: string;
    readonly program: Running;
  }> {
    this.#devices += 1;
    const name = `laptop-${this.#devices}`;
    const state = join(this.run.folder, name);
    const program = this.run.start(
      ['up', '--controller', this.origin, '--capture', 'none', '--state', state, '--name', name],
      { BROWSER: 'none' },
    );
    return { code: await program.says(codePattern), state, name, program };
  }

  /** A device of the person that is let in. */
  async device(): Promise<LiveDevice> {
    const asking = await this.ask();
    assert.match(await this.#approve(asking.code), /joined/);
    return this.joined(asking);
  }

  /** Signs the person in on a device of theirs once more; what the controller answers. */
  async letIn(device: LiveDevice): Promise<string> {
    const login = this.run.start(['login', '--state', device.state], { BROWSER: 'none' });
    const answer = await this.#approve(await login.says(codePattern));
    await login.stop();
    return answer;
  }

  /** The device of a service account, by its key. */
  async service(name: string, key: string): Promise<LiveDevice> {
    const state = join(this.run.folder, name);
    const keyFile = `${state}.key`;
    await writeFile(keyFile, key, { mode: 0o600 });
    const program = this.run.start(
      ['up', '--capture', 'none', '--state', state, '--name', name, '--key-file', keyFile],
      {},
    );
    return this.joined({ name, state, program });
  }

  /** Lets a device in by its code, as the person in whose browser it is asked. */
  #approve(code: string): Promise<string> {
    return this.theirs.evaluate(async (typed) => {
      const answer = await fetch('/api/v1/me/logins/approve', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code: typed }),
      });
      return answer.text();
    }, code);
  }

  /** The device of a client that was let in. */
  async joined(asking: Omit<LiveDevice, 'id'>): Promise<LiveDevice> {
    const id = await eventually('the device', async () => {
      const list = await this.api<{ id: string; name: string; online: boolean }[]>('GET', 'devices');
      return list.find(({ name, online }) => name === asking.name && online)?.id;
    });
    return { ...asking, id };
  }

  /** A flow through a device. Rejects with the Fault of what prevents it. */
  tcp(device: LiveDevice, port = this.echoPort): Promise<OpenFlow> {
    return deviceFlow(device.state, `echo.acme.internal:${port}`);
  }

  /** The same, as soon as it is let through. */
  reaches(device: LiveDevice, port?: number): Promise<OpenFlow> {
    return eventually(`a flow of ${device.name}`, () => this.tcp(device, port).catch(() => undefined), {
      timeoutMs: 15_000,
      everyMs: 20,
    });
  }

  /** That it is not let through, by whatever word. */
  async isRefused(device: LiveDevice, port?: number): Promise<void> {
    await assert.rejects(this.tcp(device, port));
  }

  /** A WebSocket of the person's browser through the web door. Rejects where the application is not what answers. */
  async socket(): Promise<OpenFlow & { readonly page: Page }> {
    return pageSocket(await this.#visited(this.door, 'Acme wiki'));
  }

  /** The same, as soon as the application is what answers. */
  socketAgain(): Promise<OpenFlow> {
    return eventually('the application', () => this.socket().catch(() => undefined), { timeoutMs: 15_000 });
  }

  /** A WebSocket of a program that shows these headers at the web door. Rejects where it is not let through. */
  socketOf(headers: Readonly<Record<string, string>>): Promise<OpenFlow> {
    return programSocket(this.door, headers);
  }

  /** A page of the person's browser that a public hostname goes on writing. Rejects where something else answers. */
  async streamAt(address: string): Promise<OpenFlow> {
    return pageStream(await this.#visited(address, 'Draft'));
  }

  /** A page of the person's browser at a public hostname, where this heading stands. */
  async #visited(address: string, heading: string): Promise<Page> {
    const page = await this.theirs.context().newPage();
    page.setDefaultTimeout(15_000);
    try {
      await page.goto(address);
      const found = await page.getByRole('heading', { level: 1 }).first().innerText();
      assert.equal(found, heading);
    } catch (error) {
      await page.close();
      throw error;
    }
    // A page in the background draws seldom, and what is clicked there waits for it.
    await this.theirs.bringToFront();
    return page;
  }
}
