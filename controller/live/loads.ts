/**
 * What the processes of an installation have and want of what their organisations may have at most: told by each controller
 * for itself and for its nodes, and known at all of them. What others said is kept while nothing is heard, so that nobody
 * takes a silence for room.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import type { Load } from '../operator/divide.ts';

/** What is shared: requests of those who are known and of others, flows, and megabits through relays. */
export type Shared = 'known' | 'stranger' | 'flows' | 'relay';

export interface Holding {
  readonly organisation: OrganisationId;
  readonly what: Shared;
  /** The controller or node that has and wants it. */
  readonly holder: string;
}

/** Null: it has a share no more. */
export interface SaidLoad extends Holding {
  readonly load: Load | null;
}

const nothing: Load = { held: 0, wanted: 0 };

interface Held extends Holding {
  readonly load: Load;
}

export class Loads {
  readonly #own = new Map<string, Held>();
  readonly #elsewhere = new Map<string, Map<string, Held>>();
  /** Own ones that others have not been told of. */
  readonly #untold = new Set<string>();

  /** A process that this controller speaks for has and wants this; undefined: it has a share no more. */
  set(holding: Holding, load: Load | undefined): void {
    const key = keyOf(holding);
    const known = this.#own.get(key)?.load;
    if (known?.held === load?.held && known?.wanted === load?.wanted) return;
    if (load === undefined) this.#own.delete(key);
    else this.#own.set(key, { ...holding, load });
    this.#untold.add(key);
  }

  /** Of everybody, by holder; one that two controllers speak for, because it has just moved, has the larger of both. */
  of(organisation: OrganisationId, what: Shared): Map<string, Load> {
    const loads = new Map<string, Load>();
    for (const list of [this.#own, ...this.#elsewhere.values()])
      for (const said of list.values()) {
        if (said.organisation !== organisation || said.what !== what) continue;
        const { held, wanted } = loads.get(said.holder) ?? nothing;
        const { load } = said;
        loads.set(said.holder, { held: Math.max(held, load.held), wanted: Math.max(wanted, load.wanted) });
      }
    return loads;
  }

  /** Other controllers that are there, as far as it has heard. */
  get others(): string[] {
    return [...this.#elsewhere.keys()];
  }

  /** All own ones, for a controller that has just come. */
  get own(): SaidLoad[] {
    return [...this.#own.values()];
  }

  /** Own ones that are others since this was asked last. */
  untold(): SaidLoad[] {
    const list = [...this.#untold].map((key) => this.#own.get(key) ?? { ...partsOf(key), load: null });
    this.#untold.clear();
    return list;
  }

  /** Another controller is there. */
  meet(controller: string): void {
    if (!this.#elsewhere.has(controller)) this.#elsewhere.set(controller, new Map());
  }

  /** Another controller says so; anew: these and no others. */
  hear(controller: string, list: readonly SaidLoad[], isAnew: boolean): void {
    this.meet(controller);
    const known = this.#elsewhere.get(controller);
    if (isAnew) known?.clear();
    for (const { load, ...holding } of list) {
      if (load === null) known?.delete(keyOf(holding));
      else known?.set(keyOf(holding), { ...holding, load });
    }
  }

  /** Another controller is gone. */
  forget(controller: string): void {
    this.#elsewhere.delete(controller);
  }
}

function keyOf({ organisation, what, holder }: Holding): string {
  return `${organisation} ${what} ${holder}`;
}

function partsOf(key: string): Holding {
  const [organisation = '', what = '', holder = ''] = key.split(' ');
  return { organisation: organisation as OrganisationId, what: what as Shared, holder };
}
