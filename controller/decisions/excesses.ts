/**
 * By how much issued grants carry more than what is due now. Compared once for all grants that carry the same where the same
 * is due: of thousands of devices most do.
 */
import type { ResourceId } from '../../protocol/ids.ts';
import { promisesMore, type Right, type Rights } from './rights.ts';

export interface Excess {
  /** What is not due at all; of these, `over` are not revoked by themselves. */
  readonly lost: readonly ResourceId[];
  readonly over: readonly ResourceId[];
  /** What is allowed for a shorter time than was signed goes on until then, by what is left of it. */
  readonly shorter: readonly { readonly resources: readonly ResourceId[]; readonly left: Right }[];
}

export interface Exceptions {
  /** What is not looked at. */
  readonly stays: (id: ResourceId) => boolean;
  /** Resources whose grants end although the right stays. */
  readonly moved: ReadonlySet<ResourceId>;
  /** Ids that are revoked by themselves. */
  readonly gone: ReadonlySet<string>;
  /** Resources behind public hostnames, where what a grant says of its holder is believed. */
  readonly web: ReadonlySet<ResourceId>;
}

export class Excesses {
  readonly #exceptions: Exceptions;
  readonly #known = new Map<Rights, Map<Rights | undefined, Excess>>();

  constructor(exceptions: Exceptions) {
    this.#exceptions = exceptions;
  }

  /** @param isOutdated what the grant says of its holder holds no more */
  of(carried: Rights, due: Rights | undefined, isOutdated: boolean): Excess {
    if (isOutdated) return this.#compare(carried, due, isOutdated);
    const byDue = this.#known.get(carried) ?? new Map<Rights | undefined, Excess>();
    this.#known.set(carried, byDue);
    let excess = byDue.get(due);
    if (excess === undefined) byDue.set(due, (excess = this.#compare(carried, due, isOutdated)));
    return excess;
  }

  #compare(carried: Rights, due: Rights | undefined, isOutdated: boolean): Excess {
    const { stays, moved, gone, web } = this.#exceptions;
    const lost: ResourceId[] = [];
    const shorter = new Map<string, { readonly resources: ResourceId[]; readonly left: Right }>();
    for (const [id, right] of carried) {
      const left = moved.has(id) || (isOutdated && web.has(id)) ? undefined : due?.get(id);
      if (stays(id) || !promisesMore(right, left)) continue;
      if (left === undefined) {
        lost.push(id);
        continue;
      }
      const key = `${left.until} ${left.out}`;
      const same = shorter.get(key);
      if (same === undefined) shorter.set(key, { resources: [id], left });
      else same.resources.push(id);
    }
    return { lost, over: lost.filter((id) => !gone.has(id)), shorter: [...shorter.values()] };
  }
}
