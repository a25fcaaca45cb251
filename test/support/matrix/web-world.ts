/**
 * What the revocation matrix of the web door is played in: an organisation in a lab whose wiki has a public hostname, a real
 * browser on the laptop, and somebody who acts over the API.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser, signIn } from '../browser.ts';
import { eventually } from '../eventually.ts';
import { openLab, type Lab } from '../lab/lab.ts';
import type { Program } from '../lab/program.ts';
import type { OrganisationFile } from '../organisation/acme-document.ts';
import { Organisation } from '../organisation/organisation.ts';
import { labSite } from '../organisation/site.ts';
import { Actor } from './actor.ts';
import type { Answer } from './actor-process.ts';
import { putDocument } from './put-document.ts';
import type { WebFlowEnd } from './web-origin-server.ts';

export const alice = 'alice@acme.example';
export const bob = 'bob@acme.example';
/** Each page opens one of each. */
export const webKinds = ['socket', 'events', 'download', 'upload'] as const;
const host = 'wiki.acme.example';
const originPort = '8090';

/** Somebody's browser with everything open. */
export interface OpenPage {
  readonly context: BrowserContext;
  readonly page: Page;
  /** The flows of it that ended since they were opened, in the order in which the application saw it. */
  ends(): WebFlowEnd[];
}

export class WebMatrixWorld {
  readonly lab: Lab;
  readonly organisation: Organisation;
  readonly actor: Actor;
  readonly #browser: Browser;
  readonly #origin: Program;
  #pages = 0;

  private constructor(parts: {
    lab: Lab;
    organisation: Organisation;
    actor: Actor;
    browser: Browser;
    origin: Program;
  }) {
    this.lab = parts.lab;
    this.organisation = parts.organisation;
    this.actor = parts.actor;
    this.#browser = parts.browser;
    this.#origin = parts.origin;
  }

  static async start(): Promise<WebMatrixWorld> {
    const lab = await openLab();
    try {
      const script = new URL('./web-origin-server.ts', import.meta.url).pathname;
      const origin = lab.servers.spawn('node', [script, lab.addresses.wiki, originPort], {
        name: 'web-origin',
      });
      await origin.waitFor(/^ready$/m);
      const organisation = await Organisation.start(labSite(lab), { adapt: withHostname });
      organisation.provider.setPerson(bob, { groups: ['staff'] });
      const actor = await Actor.start(lab, organisation);
      await actor.signIn(alice);
      const browser = await openBrowser(lab, { trusted: [organisation.caFile] });
      return new WebMatrixWorld({ lab, organisation, actor, browser, origin });
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.lab.close();
  }

  /** Puts the document into force, changed from how it was at first. */
  apply(change: (document: OrganisationFile) => void = () => undefined): Promise<Answer> {
    return putDocument(this.actor, this.organisation, change);
  }

  /** Opens one flow of each kind below `folder`; `email`: as whom, undefined for nobody. */
  async open(folder: string, email?: string): Promise<OpenPage> {
    const context = await this.#browser.newContext();
    const page = await context.newPage();
    await page.goto(`https://${host}${folder}/page`);
    if (email !== undefined) {
      await signIn(page, this.organisation.provider, email);
      await page.waitForURL(`https://${host}${folder}/page`);
    }
    this.#pages += 1;
    const of = `page-${this.#pages}`;
    await page.evaluate(
      ([path, query, address]) => {
        const socket = new WebSocket(address);
        socket.addEventListener('open', () => setInterval(() => socket.send('on'), 20));
        // One that is cut would be asked for again and again.
        const source = new EventSource(`${path}/events${query}`);
        source.addEventListener('error', () => source.close());
        void fetch(`${path}/download${query}`)
          .then((answer) => answer.body?.pipeTo(new WritableStream()))
          .catch(() => undefined);
        const body = new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 20));
            controller.enqueue(new Uint8Array(1_024));
          },
        });
        const streamed = { method: 'POST', body, duplex: 'half' } as RequestInit;
        void fetch(`${path}/upload${query}`, streamed).catch(() => undefined);
      },
      [folder, `?of=${of}`, `wss://${host}${folder}/socket?of=${of}`] as const,
    );
    await eventually(
      'all kinds are open',
      () => webKinds.every((kind) => this.#origin.output.includes(`began ${kind} of ${of}\n`)) || undefined,
    );
    const ends = (): WebFlowEnd[] =>
      [...this.#origin.output.matchAll(/^\{.*\}$/gm)]
        .map(([line]) => JSON.parse(line) as WebFlowEnd)
        .filter((end) => end.of === of);
    return { context, page, ends };
  }
}

function withHostname(document: OrganisationFile): OrganisationFile {
  const [resource] = document.resources ?? [];
  const [policy] = document.policies ?? [];
  if (resource === undefined || policy === undefined) throw new Error('the document has no wiki');
  resource.web = {
    hostname: host,
    origin: `http://wiki.acme.internal:${originPort}`,
    rules: [
      { paths: ['/open/*'], effect: 'public' },
      { paths: ['/admin/*'], effect: 'require', groups: ['sre'] },
    ],
  };
  policy.doors = ['web'];
  return document;
}
