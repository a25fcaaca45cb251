/**
 * What conversations of one organisation read when they begin, read once for those that begin at the same time: after a restart
 * that is everybody, and what is remembered of revocations may be large. Each read begins after it was asked for.
 */
import type { NetworkId } from '../../protocol/ids.ts';
import type { Revocation } from '../../protocol/lease.ts';
import { remembered } from '../decisions/revocations.ts';
import { Gathered } from '../store/gathered.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { webTokensOf } from '../web/web-sessions.ts';

/** So many share one read. */
const together = 1_000;

/** What a verifier is told of revocations when it begins. */
export interface Remembered {
  /** Covers no revocation that is not among them. */
  readonly epoch: number;
  /** Oldest first; the same objects for everybody. */
  readonly revocations: readonly Revocation[];
}

export class SharedReads {
  readonly #epochs: Gathered<undefined, number>;
  readonly #remembered: Gathered<undefined, Remembered>;
  readonly #webTokens: Gathered<NetworkId, readonly string[]>;

  /** @param now epoch milliseconds */
  constructor(store: ScopedStore, now: () => number) {
    this.#epochs = new Gathered({
      most: together,
      answer: async (asked) => {
        const epoch = await store.epoch();
        return asked.map(() => epoch);
      },
    });
    this.#remembered = new Gathered<undefined, Remembered>({
      most: together,
      answer: async (asked) => {
        // Read before what is remembered, so that nothing falls between.
        const epoch = await store.epoch();
        const read = { epoch, revocations: await remembered(store, now()) };
        return asked.map(() => read);
      },
    });
    this.#webTokens = new Gathered<NetworkId, readonly string[]>({
      most: together,
      answer: async (networks) => {
        const tokens = await webTokensOf(store, networks, now());
        return networks.map((network) => tokens.get(network) ?? []);
      },
    });
  }

  /** The epoch of the newest revocation. */
  epoch(): Promise<number> {
    return this.#epochs.ask(undefined);
  }

  remembered(): Promise<Remembered> {
    return this.#remembered.ask(undefined);
  }

  /** The tokens of web sessions that connectors of this network shall hold. */
  webTokens(network: NetworkId): Promise<readonly string[]> {
    return this.#webTokens.ask(network);
  }
}
