/**
 * Who takes over when a part of the web door dies under a signed-in browser: two relays under one hostname, two connectors
 * behind them, and a real Chromium with a page whose WebSocket opens itself again. `npm run soak -- web-failover` runs it.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, signIn } from './browser.ts';
import { eventually } from './eventually.ts';
import { openLab, type Lab } from './lab/lab.ts';
import type { Program } from './lab/program.ts';
import { holdingConnections, startWebApplication, webOrigin } from './lab/web-application.ts';
import { Organisation } from './organisation/organisation.ts';
import { labSite } from './organisation/site.ts';
import { SecondRelay } from './relays/two-relays.ts';

const host = 'wiki.acme.example';
const wiki = `https://${host}`;

/** How a part dies: killed, its sockets close; stopped, nobody hears of it. */
export type Death = 'killed' | 'stopped';

/** What a browser saw of one death, in milliseconds from it. */
export interface TakenOver {
  readonly what: string;
  /** A page opened anew, over a new connection, was whole. */
  readonly pageMs: number;
  /** The page's own WebSocket had opened itself again and echoed; undefined where it was not waited for. */
  readonly socketMs: number | undefined;
}

/** One of two connectors. */
interface Connector {
  readonly name: string;
  readonly state: string;
  program: Program;
}

export class WebFailover {
  readonly #lab: Lab;
  readonly #organisation: Organisation;
  readonly #second: SecondRelay;
  readonly #connectors: readonly [Connector, Connector];
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(parts: {
    lab: Lab;
    organisation: Organisation;
    second: SecondRelay;
    connectors: readonly [Connector, Connector];
    browser: Browser;
    page: Page;
  }) {
    this.#lab = parts.lab;
    this.#organisation = parts.organisation;
    this.#second = parts.second;
    this.#connectors = parts.connectors;
    this.#browser = parts.browser;
    this.#page = parts.page;
  }

  /** About fifteen seconds. */
  static async open(): Promise<WebFailover> {
    const lab = await openLab();
    try {
      return await WebFailover.#furnish(lab);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  static async #furnish(lab: Lab): Promise<WebFailover> {
    await startWebApplication(lab);
    const organisation = await Organisation.start(labSite(lab), {
      adapt(document) {
        const [resource] = document.resources ?? [];
        const [policy] = document.policies ?? [];
        if (resource === undefined || policy === undefined) throw new Error('the document has no wiki');
        resource.web = { hostname: host, origin: webOrigin };
        policy.doors = ['web'];
        return document;
      },
    });
    const second = await SecondRelay.start(lab, organisation, { isWebDoor: true });
    lab.publicDns.set(
      host,
      [lab.addresses.relay, second.address].map((data) => ({ type: 'A', data })),
    );
    const connectors = [
      { name: 'hq-1', state: join(lab.dir, 'connector'), program: organisation.connector },
      await startSecond(lab, organisation),
    ] as const;
    const browser = await openBrowser(lab, { trusted: [organisation.caFile] });
    const page = await (await browser.newContext()).newPage();
    const world = new WebFailover({ lab, organisation, second, connectors, browser, page });
    await world.#whole();
    await page.goto(`${wiki}/`);
    await signIn(page, organisation.provider, 'alice@acme.example');
    await page.waitForURL(`${wiki}/**`);
    return world;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#lab.close();
  }

  /** The relay that the page came through is killed, and comes back. One that falls silent is the browser's to notice. */
  async relayDies(): Promise<TakenOver> {
    const address = (await (await this.#page.goto(`${wiki}/`))?.serverAddr())?.ipAddress;
    const isFirst = address === this.#lab.addresses.relay;
    assert.ok(isFirst || address === this.#second.address, `the page came from ${address}`);
    await this.#openSocket();
    const program = isFirst ? this.#organisation.relay : this.#second.program;
    const found = await this.#afterDeath(program, 'killed', isFirst ? 'relay 1' : 'relay 2');
    if (isFirst) await this.#organisation.startRelay();
    else await this.#second.start();
    await this.#whole();
    return found;
  }

  /** The connector that answers the page dies, and comes back. */
  async connectorDies(death: Death): Promise<TakenOver> {
    await this.#page.goto(`${wiki}/`);
    await this.#openSocket();
    const connector = await this.#answering();
    const found = await this.#afterDeath(connector.program, death, `connector ${connector.name}`);
    if (death === 'stopped') connector.program.kill('SIGCONT');
    else connector.program = spawnConnector(this.#lab, connector);
    await this.#whole();
    return found;
  }

  async #afterDeath(program: Program, death: Death, who: string): Promise<TakenOver> {
    // A stopped part leaves the browser's connections open, and it would ask over those.
    const fresh = death === 'stopped' ? await this.#freshPage() : await this.#page.context().newPage();
    const sinceEpochMs = Date.now();
    const since = performance.now();
    program.kill(death === 'killed' ? 'SIGKILL' : 'SIGSTOP');
    const pageMs = await eventually(
      'a page',
      async () => {
        const answer = await fresh.goto(`${wiki}/`, { timeout: 15_000 }).catch(() => null);
        return answer?.status() === 200 ? performance.now() - since : undefined;
      },
      { everyMs: 20, timeoutMs: 30_000 },
    );
    assert.equal(await fresh.textContent('h1'), 'Acme wiki');
    await fresh.close();
    const socketMs = death === 'stopped' ? undefined : (await this.#reopened()) - sinceEpochMs;
    return { what: `${who} ${death}`, pageMs: Math.round(pageMs), socketMs };
  }

  /** A page of the same person in a profile of its own, with no connection yet. */
  async #freshPage(): Promise<Page> {
    const storageState = await this.#page.context().storageState();
    return (await this.#browser.newContext({ storageState })).newPage();
  }

  /** A WebSocket in the page that opens itself again as soon as it ends, every 50 ms until it does. */
  async #openSocket(): Promise<void> {
    await this.#page.evaluate(
      (url) =>
        new Promise<void>((resolve) => {
          const state = { openings: 0, lastAt: 0 };
          Object.assign(globalThis, { state });
          const open = (): void => {
            const socket = new WebSocket(url);
            socket.addEventListener('open', () => socket.send('hello'));
            socket.addEventListener('message', () => {
              state.openings += 1;
              state.lastAt = Date.now();
              resolve();
            });
            socket.addEventListener('close', () => setTimeout(open, 50));
          };
          open();
        }),
      `wss://${host}/socket`,
    );
  }

  /** When it had opened a second time and echoed, epoch milliseconds. */
  async #reopened(): Promise<number> {
    const found = await this.#page.waitForFunction(
      () => {
        const { state } = globalThis as unknown as { state: { openings: number; lastAt: number } };
        return state.openings > 1 ? state.lastAt : undefined;
      },
      undefined,
      { polling: 20 },
    );
    return (await found.jsonValue()) ?? 0;
  }

  /** Whose process holds the connections to the application. */
  async #answering(): Promise<Connector> {
    const programs = this.#connectors.map(({ program }) => program);
    const holding = await holdingConnections(this.#lab, programs);
    const found = this.#connectors.find(({ program }) => program === holding);
    if (found === undefined) throw new Error('no connector holds a connection to the application');
    return found;
  }

  /** Waits until both connectors are attached to both relays, and the news of it are everywhere. */
  async #whole(): Promise<void> {
    for (const { state, name } of this.#connectors) {
      await eventually(
        `${name} attached to both relays`,
        async () => {
          const { stdout } = await this.#lab.hq.run('bin/postern', ['status', '--state', state, '--json']);
          const { relays = [] } = JSON.parse(stdout || '{}') as { relays?: { connected: boolean }[] };
          return relays.length === 2 && relays.every(({ connected }) => connected) ? true : undefined;
        },
        { timeoutMs: 30_000 },
      );
    }
    await wait(500);
  }
}

async function startSecond(lab: Lab, organisation: Organisation): Promise<Connector> {
  const key = join(lab.dir, 'second.key');
  writeFileSync(key, await organisation.admin('token', 'create', '--connector', 'hq'), { mode: 0o600 });
  const made = { name: 'hq-2', state: join(lab.dir, 'connector-2') };
  return { ...made, program: spawnConnector(lab, made, ['--key-file', key]) };
}

function spawnConnector(
  lab: Lab,
  { name, state }: Pick<Connector, 'name' | 'state'>,
  more: readonly string[] = [],
): Program {
  return lab.hq.spawn('bin/postern', ['connector', '--state', state, '--name', name, ...more], { name });
}
