/**
 * Notices that something of an organisation has changed, for dashboards that listen: everything that changes something is
 * audited, so the log's end is looked at while somebody listens, in whatever process it was written. Nodes that come and go
 * are not audited; their channels are.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { NodeId } from '../../protocol/ids.ts';
import { liveKinds, type LiveKind } from '../../protocol/live-events.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Presence } from './presence.ts';

/** @param seq the entry of the log up to which it has been told; given back when it listens again */
export type Listener = (kinds: readonly LiveKind[], seq: number) => void;

const lookEveryMs = 1_000;
/** Beyond so many new entries, or nodes that came and went, everything counts as changed. */
const maxEntries = 500;

export class ChangeWatch {
  readonly #store: ScopedStore;
  readonly #presence: Presence;
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  /** Up to which entry each has been told; undefined: it has just come, and is told of everything once. */
  readonly #listeners = new Map<Listener, number | undefined>();
  /** Who listens for the first time since it came: nodes may have come and gone meanwhile. */
  readonly #new = new Set<Listener>();
  readonly #moved = new Set<NodeId>();
  #stopPresence: (() => void) | undefined;
  #cancel: (() => void) | undefined;

  /** @param onFault is told when the store could not be read; the next look comes all the same */
  constructor(store: ScopedStore, presence: Presence, clock: Clock, onFault: (error: unknown) => void) {
    this.#store = store;
    this.#presence = presence;
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /**
   * Tells `listener` of what has changed since the entry `since` of the log, which it was told up to before; without one of
   * everything once. Returns how to stop; without listeners nothing is looked at.
   */
  listen(listener: Listener, since?: number): () => void {
    this.#listeners.set(listener, since);
    this.#new.add(listener);
    if (this.#listeners.size === 1) {
      this.#stopPresence = this.#presence.watch((node) => {
        if (this.#moved.size <= maxEntries) this.#moved.add(node);
      });
      this.#later();
    }
    return () => {
      this.#listeners.delete(listener);
      this.#new.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
      this.#stopPresence?.();
      this.#moved.clear();
    };
  }

  #later(): void {
    const cancel = this.#clock.after(lookEveryMs, () => {
      this.#look().then(
        () => this.#again(cancel),
        (error: unknown) => {
          this.#onFault(error);
          this.#again(cancel);
        },
      );
    });
    this.#cancel = cancel;
  }

  /** Unless everybody left during this look: whoever came since has begun looks of their own. */
  #again(cancel: () => void): void {
    if (this.#cancel === cancel) this.#later();
  }

  async #look(): Promise<void> {
    const newest = await this.#newest();
    const told = [...this.#listeners.values()].filter((seq) => seq !== undefined);
    const from = Math.min(newest, ...told);
    const entries = from === newest ? [] : await this.#entriesAfter(from);
    const moved = await this.#movedKinds();
    for (const [listener, since] of this.#listeners) {
      const isNew = this.#new.delete(listener);
      const end = Math.max(newest, entries[0]?.seq ?? 0);
      const kinds =
        // A place beyond the log's end is none that this log has given.
        since === undefined ||
        since > end ||
        (entries.length === maxEntries && since < (entries.at(-1)?.seq ?? 0))
          ? liveKinds
          : [
              ...new Set([
                ...entries.filter(({ seq }) => seq > since).flatMap(({ what }) => kindsOf(what)),
                ...(isNew ? (['devices', 'servers'] as const) : moved),
              ]),
            ];
      this.#listeners.set(listener, end);
      if (kinds.length > 0) listener(kinds, end);
    }
  }

  async #newest(): Promise<number> {
    const row = await this.#store.select('audit').select('seq').orderBy('seq', 'desc').executeTakeFirst();
    return row?.seq ?? 0;
  }

  #entriesAfter(seq: number): Promise<{ seq: number; what: string }[]> {
    return this.#store
      .select('audit')
      .select(['seq', 'what'])
      .where('seq', '>', seq)
      .orderBy('seq', 'desc')
      .limit(maxEntries)
      .execute();
  }

  /** Of the nodes that came and went since the last look, what those of this organisation are. */
  async #movedKinds(): Promise<LiveKind[]> {
    const moved = [...this.#moved];
    this.#moved.clear();
    if (moved.length === 0) return [];
    if (moved.length > maxEntries) return ['devices', 'servers'];
    const rows = await this.#store
      .select('nodes')
      .select('kind')
      .distinct()
      .where('id', 'in', moved)
      .execute();
    return rows.map(({ kind }) => (kind === 'device' ? 'devices' : 'servers'));
  }
}

/** By the first word of an entry's `what`. */
const kindsByWord: Readonly<Record<string, readonly LiveKind[]>> = {
  change: ['document'],
  document: ['document'],
  access: ['devices', 'requests'],
  administrator: ['people', 'settings'],
  connector: ['servers'],
  device: ['devices', 'sessions'],
  directory: ['people', 'settings'],
  exposure: ['exposures'],
  hostname: ['servers'],
  key: ['servers'],
  mail: ['settings'],
  name: ['servers'],
  notification: ['settings'],
  organisation: ['settings'],
  pass: ['passes'],
  person: ['people', 'sessions', 'passes'],
  posture: ['devices'],
  relay: ['servers'],
  request: ['requests'],
  service: ['people', 'sessions'],
  session: ['sessions', 'people'],
  'sign-in': ['sessions', 'people', 'devices'],
  token: ['settings'],
};

function kindsOf(what: string): readonly LiveKind[] {
  const [word = ''] = what.split('.');
  return ['log', ...(kindsByWord[word] ?? [])];
}
