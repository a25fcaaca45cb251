/**
 * The tour of an organisation in a lab: who is on the laptop now, and what the steps ask and remember between them. Made
 * by `openTour` for `npm run demo -- --check` and for test/e2e; the steps themselves are in steps/.
 */
import type { Browser } from 'playwright-core';
import { openBrowser } from '../../test/support/browser.ts';
import { eventually } from '../../test/support/eventually.ts';
import { openLab, type Lab } from '../../test/support/lab/lab.ts';
import { Client } from '../../test/support/organisation/client.ts';
import { Organisation } from '../../test/support/organisation/organisation.ts';
import { Person } from '../../test/support/organisation/person.ts';
import { labSite } from '../../test/support/organisation/site.ts';
import { systemPicture } from './system-picture.ts';

/** One step of the tour. */
export interface Step {
  /** What holds, as a sentence. */
  readonly title: string;
  /** What of SECURITY.md and the like it shows. */
  readonly shows?: string;
  /** Tries it; answers what was observed, and throws when the title does not hold. */
  readonly run: (tour: Tour) => Promise<string>;
}

/** Who may sit at the laptop. */
export type Who = 'ci' | 'alice' | 'bob' | 'marked';

export class Tour {
  readonly lab: Lab;
  readonly organisation: Organisation;
  readonly browser: Browser;
  /** DNS, rules and routes of the laptop before any client ran on it. */
  readonly before: string;
  readonly #clients = new Map<Who, Client>();
  #now: Who | undefined;

  constructor(lab: Lab, organisation: Organisation, browser: Browser, before: string) {
    this.lab = lab;
    this.organisation = organisation;
    this.browser = browser;
    this.before = before;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.lab.close();
  }

  /**
   * Puts somebody at the laptop who has signed in on it before, or runs `signIn` the first time; whoever was there goes
   * down first. Does nothing when they are there already.
   */
  async sit(who: Who, signIn?: (client: Client) => Promise<void>): Promise<Client> {
    const known = this.#clients.get(who);
    if (known?.isRunning === true && this.#now === who) return known;
    await this.leave();
    const client = known ?? new Client(this.lab.laptop, who);
    if (known === undefined) {
      if (signIn === undefined) throw new Error(`${who} has not signed in on the laptop yet`);
      await signIn(client);
      this.#clients.set(who, client);
    } else {
      client.up();
      await client.ready();
    }
    this.#now = who;
    return client;
  }

  /** Whoever is at the laptop goes down. */
  async leave(): Promise<void> {
    const client = this.#now === undefined ? undefined : this.#clients.get(this.#now);
    this.#now = undefined;
    if (client?.isRunning === true) await client.down();
  }

  /** The service account, unattended. */
  async ci(): Promise<Client> {
    return this.sit('ci', async (client) => {
      client.up(['--key-file', await this.organisation.serviceKey('ci')]);
      await client.ready();
    });
  }

  /** Alice, of staff and sre, who signs in with the browser that `postern up` opens. */
  async alice(): Promise<Client> {
    return this.sit('alice', async (client) => {
      const alice = await this.person('alice@acme.example');
      await alice.upByBrowser(client);
      await alice.close();
    });
  }

  /** Bob, of no group, who types a code. */
  async bob(): Promise<Client> {
    return this.sit('bob', async (client) => {
      const bob = await this.person('bob@acme.example');
      await bob.upByCode(client);
      await bob.close();
    });
  }

  async person(email: string): Promise<Person> {
    return Person.at(this.browser, this.organisation, email);
  }
}

/** Opens a lab with Acme running in it and nobody at the laptop. `progress` is told what comes next. */
export async function openTour(progress: (what: string) => void = () => undefined): Promise<Tour> {
  progress('laptop, internet and private network');
  const lab = await openLab();
  try {
    const organisation = await Organisation.start(labSite(lab), { progress });
    const before = await eventually('a laptop whose addresses are settled', async () => {
      const picture = await systemPicture(lab.laptop);
      return picture.includes('tentative') ? undefined : picture;
    });
    return new Tour(lab, organisation, await openBrowser(lab, { trusted: [organisation.caFile] }), before);
  } catch (error) {
    await lab.close();
    throw error;
  }
}
