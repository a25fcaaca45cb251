/**
 * Where a connection of the proxies goes: through the tunnel, or, for a public hostname that a browser was sent here with and
 * that is not ours (any more), wherever the browser would have gone by itself. Names below a zone never go there.
 */
import type { Clock, Random } from '../../protocol/clock.ts';
import { matchesPattern, parseName, type Name, type Pattern } from '../../protocol/names.ts';
import type { Names } from '../accounts/names.ts';
import { zoneOf } from '../dns/answer.ts';
import { ConnectorWord, type AskConnector } from '../dns/connector-word.ts';
import type { Upstream } from '../dns/upstream.ts';
import { wildcardExistence } from '../dns/wildcard-existence.ts';
import type { OpenFlow } from '../flows/open-flow.ts';
import { openPublicDoor } from '../flows/public-door.ts';

/** Hostnames that browsers were sent here with; beyond, the oldest is forgotten, and refused like any stranger's. */
const mostSent = 4_096;

export interface OwnOrPublicOptions {
  names(): Pick<Names, 'standing' | 'zones'>;
  readonly exists: AskConnector['exists'];
  readonly openFlow: OpenFlow;
  /** The resolvers that the system has besides us. */
  upstreams(): readonly Upstream[];
  /** Whether an address is one of ours, which no resolver but ours has. */
  isSynthetic(address: string): boolean;
  readonly clock: Clock;
  readonly random: Random;
}

export class OwnOrPublic {
  readonly #options: OwnOrPublicOptions;
  readonly #word: ConnectorWord;
  readonly #sent = new Set<Pattern>();

  constructor(options: OwnOrPublicOptions) {
    this.#options = options;
    const exists = wildcardExistence(options);
    this.#word = new ConnectorWord({ exists, records: () => Promise.resolve('unknown') }, options.clock);
  }

  /** Browsers come here with these from now on, whatever becomes of them. */
  send(hostnames: readonly Pattern[]): void {
    for (const hostname of hostnames) {
      this.#sent.delete(hostname);
      this.#sent.add(hostname);
      const [oldest] = this.#sent;
      if (this.#sent.size > mostSent && oldest !== undefined) this.#sent.delete(oldest);
    }
  }

  readonly open: OpenFlow = async (target) => {
    const options = this.#options;
    const name = parseName(target.host);
    if (name === undefined || !(await this.#isPublic(name))) return options.openFlow(target);
    return openPublicDoor(target, name, options.upstreams(), (address) => options.isSynthetic(address));
  };

  async #isPublic(name: Name): Promise<boolean> {
    const { standing, zones } = this.#options.names();
    if (zoneOf(name.split('.'), zones) !== undefined) return false;
    const found = standing(name);
    if (found.is === 'foreign') return [...this.#sent].some((hostname) => matchesPattern(hostname, name));
    if (found.is !== 'granted' || found.wildcard === undefined) return false;
    const word = this.#word.existence(name) ?? (await this.#word.ask(name, found.resource, undefined));
    return word !== 'yes';
  }
}
