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

/** Of one limit of one organisation, by holder. */
type Holders = Map<string, Held>;

interface Held extends Holding {
  readonly load: Load;
}

/** What one controller has said, by limit: thousands of organisations are asked about one by one, each second. */
class SaidLoads {
  readonly #byLimit = new Map<string, Holders>();

  of(organisation: OrganisationId, what: Shared): ReadonlyMap<string, Held> | undefined {
    return this.#byLimit.get(limitOf(organisation, what));
  }

  get({ organisation, what, holder }: Holding): Held | undefined {
    return this.of(organisation, what)?.get(holder);
  }

  get all(): Held[] {
    return [...this.#byLimit.values()].flatMap((holders) => [...holders.values()]);
  }

  put(held: Held): void {
    const limit = limitOf(held.organisation, held.what);
    const holders = this.#byLimit.get(limit);
    if (holders === undefined) this.#byLimit.set(limit, new Map([[held.holder, held]]));
    else holders.set(held.holder, held);
  }

  delete({ organisation, what, holder }: Holding): void {
    const limit = limitOf(organisation, what);
    const holders = this.#byLimit.get(limit);
    holders?.delete(holder);
    if (holders?.size === 0) this.#byLimit.delete(limit);
  }

  clear(): void {
    this.#byLimit.clear();
  }
}

export class Loads {
  readonly #own = new SaidLoads();
  readonly #elsewhere = new Map<string, SaidLoads>();
  /** Own ones that others have not been told of, each once. */
  readonly #untold = new Map<string, Holding>();

  /** A process that this controller speaks for has and wants this; undefined: it has a share no more. */
  set(holding: Holding, load: Load | undefined): void {
    const known = this.#own.get(holding)?.load;
    if (known?.held === load?.held && known?.wanted === load?.wanted) return;
    if (load === undefined) this.#own.delete(holding);
    else this.#own.put({ ...holding, load });
    this.#untold.set(`${limitOf(holding.organisation, holding.what)} ${holding.holder}`, holding);
  }

  /** Of everybody, by holder; one that two controllers speak for, because it has just moved, has the larger of both. */
  of(organisation: OrganisationId, what: Shared): Map<string, Load> {
    const loads = new Map<string, Load>();
    for (const said of [this.#own, ...this.#elsewhere.values()])
      for (const [holder, { load }] of said.of(organisation, what) ?? []) {
        const known = loads.get(holder);
        if (known === undefined) loads.set(holder, load);
        else
          loads.set(holder, {
            held: Math.max(known.held, load.held),
            wanted: Math.max(known.wanted, load.wanted),
          });
      }
    return loads;
  }

  /** Other controllers that are there, as far as it has heard. */
  get others(): string[] {
    return [...this.#elsewhere.keys()];
  }

  /** All own ones, for a controller that has just come. */
  get own(): SaidLoad[] {
    return this.#own.all;
  }

  /** Own ones that are others since this was asked last. */
  untold(): SaidLoad[] {
    const list = [...this.#untold.values()].map(
      ({ organisation, what, holder }): SaidLoad =>
        this.#own.get({ organisation, what, holder }) ?? { organisation, what, holder, load: null },
    );
    this.#untold.clear();
    return list;
  }

  /** Another controller is there. */
  meet(controller: string): void {
    if (!this.#elsewhere.has(controller)) this.#elsewhere.set(controller, new SaidLoads());
  }

  /** Another controller says so; anew: these and no others. */
  hear(controller: string, list: readonly SaidLoad[], isAnew: boolean): void {
    this.meet(controller);
    const known = this.#elsewhere.get(controller);
    if (isAnew) known?.clear();
    for (const { load, ...holding } of list) {
      if (load === null) known?.delete(holding);
      else known?.put({ ...holding, load });
    }
  }

  /** Another controller is gone. */
  forget(controller: string): void {
    this.#elsewhere.delete(controller);
  }
}

function limitOf(organisation: OrganisationId, what: Shared): string {
  return `${organisation} ${what}`;
}
