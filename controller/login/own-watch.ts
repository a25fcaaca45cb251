/**
 * Notices that what somebody sees of their own in the portal has changed. That something may have, the log's end and the bus say,
 * whichever controller wrote it; what has, only their own view says, which is looked at anew and compared. So nobody hears of what
 * is not theirs, not even that it happened. Time alone changes things too: everybody's is looked at every so often.
 */
import type { Clock } from '../../protocol/clock.ts';
import { ownKinds, type OwnKind } from '../../protocol/live-events.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { OrganisationId } from '../../protocol/ids.ts';
import type { Bus } from '../live/bus.ts';
import { placeOf, type OwnView } from './own-view.ts';

/** Somebody who listens. */
export interface OwnListener {
  /** What they are shown now; undefined where their session is over. */
  readonly look: () => Promise<OwnView | undefined>;
  readonly tell: (kinds: readonly OwnKind[], place: string) => void;
  /** Their session is over: they are told no more. */
  readonly over: () => void;
}

interface Listening {
  /** As it was last told; undefined: they have just come, and are told of everything once. */
  view: OwnView | undefined;
  lookedMs: number;
  isDue: boolean;
}

const lookEveryMs = 1_000;
/** As often as a page would ask by itself. */
const anywayMs = 15_000;
/** Views that are put together in one go: whoever is beyond waits for the next. */
const mostAtOnce = 50;

export class OwnWatch {
  readonly #organisation: OrganisationId;
  readonly #store: ScopedStore;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  readonly #listeners = new Map<OwnListener, Listening>();
  /** The end of the log as it was last seen. */
  #seq: number | undefined;
  #stopHearing: (() => void) | undefined;
  #cancel: (() => void) | undefined;

  /** @param onFault is told when something could not be read; the next look comes all the same */
  constructor(
    organisation: OrganisationId,
    store: ScopedStore,
    bus: Bus,
    clock: Clock,
    onFault: (error: unknown) => void,
  ) {
    this.#organisation = organisation;
    this.#store = store;
    this.#bus = bus;
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /**
   * Tells `listener` of what is another than in `view`, what they were told of before; without one of everything once. Returns how to
   * stop; without listeners nothing is looked at.
   */
  listen(listener: OwnListener, view?: OwnView): () => void {
    this.#listeners.set(listener, { view, lookedMs: this.#clock.nowMs(), isDue: true });
    if (this.#listeners.size === 1) {
      this.#stopHearing = this.#bus.subscribe((organisation, { kind }) => {
        if (organisation === this.#organisation && (kind === 'devices' || kind === 'revoked'))
          this.#everybodyIsDue();
      });
      this.#later();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
      this.#stopHearing?.();
      this.#seq = undefined;
    };
  }

  #everybodyIsDue(): void {
    for (const listening of this.#listeners.values()) listening.isDue = true;
  }

  #later(): void {
    const cancel = this.#clock.after(lookEveryMs, () => {
      this.#look()
        .catch(this.#onFault)
        .finally(() => {
          // Where everybody left meanwhile and somebody else came, another look is waited for already.
          if (this.#cancel === cancel) this.#later();
        });
    });
    this.#cancel = cancel;
  }

  async #look(): Promise<void> {
    if (await this.#isLogLonger()) this.#everybodyIsDue();
    const nowMs = this.#clock.nowMs();
    const due = [...this.#listeners]
      .filter(([, { isDue, lookedMs }]) => isDue || nowMs - lookedMs >= anywayMs)
      .toSorted(([, a], [, b]) => a.lookedMs - b.lookedMs)
      .slice(0, mostAtOnce);
    for (const [listener, listening] of due) {
      // Before it is read: what changes meanwhile makes it due again.
      listening.isDue = false;
      listening.lookedMs = nowMs;
      try {
        const view = await listener.look();
        if (this.#listeners.get(listener) === listening) tell(listener, listening, view);
      } catch (error) {
        listening.isDue = true;
        this.#onFault(error);
      }
    }
  }

  /** Whether something was written since the last look; connections that open and close are nothing that the portal shows. */
  async #isLogLonger(): Promise<boolean> {
    const last = this.#seq;
    const newest = await this.#store
      .select('audit')
      .select('seq')
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    this.#seq = newest?.seq ?? 0;
    if (last === undefined || last === this.#seq) return last === undefined;
    const more = await this.#store
      .select('audit')
      .select('seq')
      .where('seq', '>', last)
      .where('what', 'not like', 'flow.%')
      .limit(1)
      .executeTakeFirst();
    return more !== undefined;
  }
}

function tell(listener: OwnListener, listening: Listening, view: OwnView | undefined): void {
  if (view === undefined) return listener.over();
  const before = listening.view;
  listening.view = view;
  const kinds = ownKinds.filter((kind) => before?.[kind] !== view[kind]);
  if (kinds.length > 0) listener.tell(kinds, placeOf(view));
}
