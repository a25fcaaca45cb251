/**
 * Two organisations on one controller with its relay, one of them at all its limits at once: requests, sign-ins, flows and
 * bytes. What the other's people and flows notice of that, beside what they had alone; and what the greedy one was given.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { decodeJwt } from 'jose';
import { lookupWithLocalhost } from '../../protocol/node/dial-options.ts';
import { eventually } from './eventually.ts';
import type { Actor } from './matrix/actor.ts';
import type { IdentityProvider } from './identity-provider.ts';
import type { SideBySide, Tenant } from './organisation/side-by-side.ts';

/** What the greedy one may have. */
export const limits = { requests: 20, flows: 8, relayMbits: 40 } as const;
const asksAtOnce = 4;
/** More than may be open. */
const flowsTried = 12;

export interface Noticed {
  /** Of an echo there and back. */
  readonly bytesPerSecond: number;
  readonly signInMs: readonly number[];
}

/** What it was given in one round. */
export interface Taken {
  readonly seconds: number;
  /** Answered and turned away, of its API and of its sign-in page. */
  readonly granted: number;
  readonly refused: number;
  readonly flowsOpen: number;
  readonly flowsRefused: number;
  /** Both ways. */
  readonly bytes: number;
}

/** One after the other, so that whatever else the machine does falls on both. */
export interface Round {
  readonly alone: Noticed;
  readonly beside: Noticed;
  readonly greedy: Taken;
}

export async function noisyNeighbour(
  world: SideBySide,
  { rounds, seconds, signIns }: Readonly<Record<'rounds' | 'seconds' | 'signIns', number>>,
  progress: (line: string) => void = () => undefined,
): Promise<Round[]> {
  const { acme, globex } = world;
  const { provider, actor } = await acme.withPeople();
  const people = new People(provider, actor);
  const notice = async (): Promise<Noticed> => {
    // One after the other: its own flow is none of the noise that its people hear.
    const flow = await acme.open();
    const bytesPerSecond = await passing(flow, seconds);
    flow.destroy();
    return { bytesPerSecond, signInMs: await people.signIn(signIns) };
  };
  const { requests, flows, relayMbits } = limits;
  const wanted = ['--requests', `${requests}`, '--flows', `${flows}`, '--relay', `${relayMbits}`];
  await world.operated('organisation', 'limit', 'globex', ...wanted);
  await eventually('the limits hold', () =>
    decodeJwt(globex.held().tickets[0] ?? '')['rate'] === (relayMbits / 8) * 1e6 ? true : undefined,
  );
  await people.signIn(2);
  const all: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const alone = await notice();
    const greed = await Greed.start(world, globex);
    try {
      const beside = await notice();
      all.push({ alone, beside, greedy: greed.taken() });
      progress(`alone ${shown(alone)}; beside ${shown(beside)}`);
    } finally {
      await greed.stop();
    }
  }
  const none = ['--requests', 'none', '--flows', 'none', '--relay', 'none'];
  await world.operated('organisation', 'limit', 'globex', ...none);
  return all;
}

/** Of its speed alone, what a flow keeps beside the greedy one: the median of the rounds. */
export function keptShare(rounds: readonly Round[]): number {
  const shares = rounds.map(({ alone, beside }) => beside.bytesPerSecond / alone.bytesPerSecond);
  return shares.toSorted((a, b) => a - b)[Math.floor(shares.length / 2)] ?? 0;
}

/** The 99th of 100. */
export function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? 0;
}

function shown({ bytesPerSecond, signInMs }: Noticed): string {
  return `${(bytesPerSecond / 1e6).toFixed(1)} MB/s; ${signInMs.length} sign-ins, p99 ${p99(signInMs)} ms`;
}

/** People of the provider who sign in one after the other: one of them may so many times only. */
class People {
  readonly #provider: IdentityProvider;
  readonly #actor: Actor;
  #signedIn = 0;

  constructor(provider: IdentityProvider, actor: Actor) {
    this.#provider = provider;
    this.#actor = actor;
  }

  /** So many sign-ins, from the first request to the session; how long each took, in ms. */
  async signIn(count: number): Promise<number[]> {
    const took: number[] = [];
    for (let at = 0; at < count; at += 1) {
      const email = `person-${Math.floor(this.#signedIn / 20)}@acme.example`;
      if (this.#signedIn % 20 === 0) this.#provider.setPerson(email, { groups: ['staff'] });
      this.#signedIn += 1;
      const { askedAt, answeredAt } = await this.#actor.signIn(email);
      took.push(answeredAt - askedAt);
    }
    return took;
  }
}

/** Keeps a flow full for so long; bytes a second that came back. */
async function passing(flow: Duplex, seconds: number): Promise<number> {
  let bytes = 0;
  flow.on('data', (chunk: Buffer) => (bytes += chunk.length));
  const stop = fill(flow);
  const startedMs = performance.now();
  await new Promise((resolve) => {
    setTimeout(resolve, seconds * 1_000);
  });
  stop();
  return (bytes / (performance.now() - startedMs)) * 1_000;
}

/** Writes as fast as it is taken, until told to stop. */
function fill(flow: Duplex): () => unknown {
  const block = Buffer.alloc(65_536, 'numbered');
  const write = (): void => {
    while (!flow.destroyed && flow.write(block));
  };
  flow.on('error', () => undefined);
  flow.on('drain', write);
  write();
  return () => flow.off('drain', write);
}

/** Everything at once that one organisation can ask for. */
class Greed {
  readonly #world: SideBySide;
  readonly #tenant: Tenant;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2 * asksAtOnce });
  readonly #flows: Duplex[] = [];
  readonly #startedMs = performance.now();
  #isStopped = false;
  #asking: Promise<unknown> = Promise.resolve();
  #granted = 0;
  #refused = 0;
  #flowsRefused = 0;
  #bytes = 0;

  private constructor(world: SideBySide, tenant: Tenant) {
    this.#world = world;
    this.#tenant = tenant;
  }

  static async start(world: SideBySide, tenant: Tenant): Promise<Greed> {
    const greed = new Greed(world, tenant);
    for (let tried = 0; tried < flowsTried; tried += 1) await greed.#open();
    const asks = ['/api/v1/networks', '/oidc/nobody/start'].flatMap((path) =>
      Array.from({ length: asksAtOnce }, () => greed.#ask(path)),
    );
    greed.#asking = Promise.all(asks);
    return greed;
  }

  taken(): Taken {
    return {
      seconds: (performance.now() - this.#startedMs) / 1_000,
      granted: this.#granted,
      refused: this.#refused,
      flowsOpen: this.#flows.length,
      flowsRefused: this.#flowsRefused,
      bytes: 2 * this.#bytes,
    };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const flow of this.#flows) flow.destroy();
    await this.#asking;
    this.#agent.destroy();
  }

  async #open(): Promise<void> {
    try {
      const flow = await this.#tenant.open();
      flow.on('data', (chunk: Buffer) => (this.#bytes += chunk.length));
      fill(flow);
      this.#flows.push(flow);
    } catch {
      this.#flowsRefused += 1;
    }
  }

  async #ask(path: string): Promise<void> {
    const ca = readFileSync(this.#world.caFile);
    while (!this.#isStopped) {
      const asked = httpsRequest(new URL(path, this.#tenant.url), {
        ca,
        agent: this.#agent,
        lookup: lookupWithLocalhost,
        headers: path.startsWith('/api/') ? { authorization: `Bearer ${this.#tenant.token}` } : {},
      });
      asked.end();
      const [{ statusCode, headers }] = await this.#answered(asked);
      const isRefused = statusCode === 429 || headers.location?.includes('error=busy') === true;
      if (isRefused) this.#refused += 1;
      else this.#granted += 1;
    }
  }

  async #answered(asked: ReturnType<typeof httpsRequest>): Promise<[IncomingMessage]> {
    const answered = (await once(asked, 'response')) as [IncomingMessage];
    answered[0].resume();
    await once(answered[0], 'end');
    return answered;
  }
}
