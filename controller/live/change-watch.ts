/**
 * Notices that something of an organisation has changed, for dashboards that listen: everything that changes something is
 * audited, so the log's end is looked at while somebody listens, in whatever process it was written.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { LiveKind } from '../../protocol/live-events.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

export type Listener = (kinds: readonly LiveKind[]) => void;

const lookEveryMs = 1_000;
/** Beyond so many new entries everything counts as changed. */
const maxEntries = 500;

export class ChangeWatch {
  readonly #store: ScopedStore;
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  readonly #listeners = new Set<Listener>();
  #seq: number | undefined;
  #cancel: (() => void) | undefined;

  /** @param onFault is told when the store could not be read; the next look comes all the same */
  constructor(store: ScopedStore, clock: Clock, onFault: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** Tells `listener` of what changes from now on. Returns how to stop; without listeners nothing is looked at. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#later();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
      this.#seq = undefined;
    };
  }

  #later(): void {
    this.#cancel = this.#clock.after(lookEveryMs, () => {
      this.#look().then(
        () => this.#again(),
        (error: unknown) => {
          this.#onFault(error);
          this.#again();
        },
      );
    });
  }

  #again(): void {
    if (this.#listeners.size > 0 && this.#cancel !== undefined) this.#later();
  }

  async #look(): Promise<void> {
    if (this.#seq === undefined) {
      // What came before somebody listened was read by the page itself; one look late is told once too often.
      const newest = await this.#store
        .select('audit')
        .select('seq')
        .orderBy('seq', 'desc')
        .executeTakeFirst();
      this.#seq = newest?.seq ?? 0;
      this.#tell(['document', 'people', 'devices', 'sessions', 'servers', 'log']);
      return;
    }
    const rows = await this.#store
      .select('audit')
      .select(['seq', 'what'])
      .where('seq', '>', this.#seq)
      .orderBy('seq', 'desc')
      .limit(maxEntries)
      .execute();
    const [last] = rows;
    if (last === undefined) return;
    this.#seq = last.seq;
    this.#tell([...new Set(rows.flatMap(({ what }) => kindsOf(what)))]);
  }

  #tell(kinds: readonly LiveKind[]): void {
    for (const listener of this.#listeners) listener(kinds);
  }
}

/** By the first word of an entry's `what`. */
const kindsByWord: Readonly<Record<string, readonly LiveKind[]>> = {
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
  person: ['people', 'sessions'],
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
