/**
 * Keeps one node's picture current: a snapshot first, patches after, tickets and grants when they change. Looks again
 * when told that something changed and at the instant the last look named; several reasons at once make one look.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { FromController } from '../../protocol/control.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import type { Revocation } from '../../protocol/lease.ts';
import { diffSnapshots } from '../../protocol/snapshot-patch.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Remembered, SharedReads } from './shared-reads.ts';
import type { TokenIds } from '../decisions/device-view.ts';
import { sizeOf } from '../decisions/revocations.ts';
import { RevocationFeed, revokeMessages, type TellsNarrowed } from './revocation-feed.ts';

/** What a node is told, as one look at the store gives it. */
export interface View {
  readonly snapshot: Snapshot;
  /** Absent where they are those of the look before. */
  readonly tickets?: readonly string[];
  readonly grants?: readonly string[];
  /** Ids of grants that it has besides; absent where `grants` are all. */
  readonly kept?: readonly string[];
  /** What the next look is told that the node has. */
  readonly tokens?: TokenIds;
  /** Epoch ms at which to look again; absent: only when something changes. */
  readonly nextMs?: number;
}

export interface FeedOptions {
  readonly store: ScopedStore;
  readonly reads: Pick<SharedReads, 'epoch' | 'remembered'>;
  /** Looks; undefined when there is nothing to tell any more, after which `gone` is called. */
  readonly look: (had: TokenIds | undefined) => Promise<View | undefined>;
  readonly send: (message: FromController) => void;
  readonly gone: () => void;
  /** A look that failed is a bug or a broken store: the node is let go and comes back. */
  readonly failed: (error: unknown) => void;
  /** How a node that verifies tokens hears of revocations; undefined for one that does not. */
  readonly verifier: { readonly narrowed: TellsNarrowed } | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly clock: Clock;
}

/** After the snapshot, revocations come by themselves. */
const noneAnew: Remembered = { epoch: 0, revocations: [] };
/** Timers take no more than 2^31 ms; a look more is cheap. */
const longestWaitMs = 3_600_000;
/** Revoked ids that the snapshot itself carries, about 1.3 MB of its 4 MiB. */
const idsInSnapshot = 20_000;

export class Feed {
  readonly #options: FeedOptions;
  readonly #revocations: RevocationFeed | undefined;
  #last: View | undefined;
  #version = 0;
  #state: 'idle' | 'looking' | 'looking-again' | 'stopped' = 'idle';
  #cancelTimer = (): void => undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    const { store, send, verifier } = options;
    if (verifier !== undefined) this.#revocations = new RevocationFeed(store, verifier.narrowed, send);
  }

  /** Something may have changed: looks now, or once more after the look that is under way. */
  refresh(): void {
    if (this.#state === 'looking') this.#state = 'looking-again';
    if (this.#state !== 'idle') return;
    this.#state = 'looking';
    this.#cancelTimer();
    void this.#run();
  }

  /** The revocations on their way to this node; undefined when it does not verify. */
  get revocations(): RevocationFeed | undefined {
    return this.#revocations;
  }

  /** Whether the node has had its snapshot. */
  get isStarted(): boolean {
    return this.#last !== undefined;
  }

  stop(): void {
    this.#state = 'stopped';
    this.#cancelTimer();
  }

  async #run(): Promise<void> {
    try {
      while (this.#isLooking()) {
        this.#state = 'looking';
        const view = await this.#options.look(this.#last?.tokens);
        if (!this.#isLooking()) return;
        if (view === undefined) {
          this.stop();
          return this.#options.gone();
        }
        await this.#tell(view);
        if (this.#state === 'looking') {
          this.#state = 'idle';
          this.#wait(view);
        }
      }
    } catch (error) {
      if (this.#state === 'stopped') return;
      this.stop();
      this.#options.failed(error);
    }
  }

  /** What the snapshot says of revocations. */
  async #remembered(): Promise<Remembered> {
    const { reads } = this.#options;
    return this.#revocations === undefined
      ? { epoch: await reads.epoch(), revocations: [] }
      : reads.remembered();
  }

  #isLooking(): boolean {
    return this.#state === 'looking' || this.#state === 'looking-again';
  }

  #wait({ nextMs }: View): void {
    if (nextMs === undefined) return;
    const waitMs = Math.min(Math.max(nextMs - this.#options.now(), 10), longestWaitMs);
    this.#cancelTimer = this.#options.clock.after(waitMs, () => this.refresh());
  }

  /** Tokens go before the picture that says they are there. */
  async #tell(view: View): Promise<void> {
    const { send, now, verifier } = this.#options;
    const last = this.#last;
    const { epoch, revocations } = last === undefined ? await this.#remembered() : noneAnew;
    if (this.#state === 'stopped') return;
    // More than fits the snapshot goes before it, in messages of its own.
    const early = revocations.slice(0, firstInSnapshot(revocations, verifier?.narrowed));
    const tells = verifier?.narrowed ?? 'not';
    for (const each of early) for (const message of revokeMessages(each, tells)) send(message);
    const messages = revocations.slice(early.length).flatMap((each) => revokeMessages(each, tells));
    const told = messages.filter((each) => each.t === 'revoke');
    const revoked = told.flatMap(({ ids }) => ids);
    const narrowed = told.flatMap((each) => each.narrowed ?? []);
    if (view.tickets !== undefined && !sameList(last?.tickets, view.tickets)) {
      send({ t: 'tickets', list: [...view.tickets] });
    }
    if (view.grants !== undefined && !sameList(last?.grants, view.grants)) {
      send({
        t: 'grants',
        list: [...view.grants],
        ...(view.kept === undefined ? {} : { kept: [...view.kept] }),
      });
    }
    this.#last = view.tokens === undefined ? view : withoutTexts(view);
    if (last === undefined) {
      this.#version = 1;
      send({
        t: 'snapshot',
        v: 1,
        epoch,
        snapshot: view.snapshot,
        revoked,
        ...(narrowed.length === 0 ? {} : { narrowed }),
      });
      await this.#revocations?.begin(epoch);
      // In contact from the first moment, not from the next round of beats on.
      send({ t: 'beat', epoch: this.#revocations?.newest ?? epoch, now: Math.floor(now() / 1_000) });
      return;
    }
    const set = diffSnapshots(last.snapshot, view.snapshot);
    if (set === undefined) return;
    send({ t: 'patch', from: this.#version, v: this.#version + 1, set });
    this.#version += 1;
  }
}

/** What is remembered of a view whose tokens have ids to know them by. */
function withoutTexts({ snapshot, tokens, nextMs }: View): View {
  return {
    snapshot,
    ...(tokens === undefined ? {} : { tokens }),
    ...(nextMs === undefined ? {} : { nextMs }),
  };
}

function sameList(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a?.length === b.length && a.every((item, index) => item === b[index]);
}

/** Where the newest revocations begin that together fit the snapshot. */
function firstInSnapshot(revocations: readonly Revocation[], tells: TellsNarrowed | undefined): number {
  let room = idsInSnapshot;
  let first = revocations.length;
  while (first > 0) {
    const revocation = revocations[first - 1];
    if (revocation === undefined) break;
    room -= tells === 'as-ids' ? idCount(revocation) : sizeOf(revocation);
    if (room < 0) break;
    first -= 1;
  }
  return first;
}

/** How many ids it comes to where each grant and resource has one of its own. */
function idCount({ ids, narrowed = [] }: Revocation): number {
  return narrowed.reduce((sum, { grants, resources }) => sum + grants.length * resources.length, ids.length);
}
