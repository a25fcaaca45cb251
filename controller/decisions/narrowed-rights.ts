/**
 * What issued grants still carry: what was signed, less what revocations have taken from it since. The revocations in the
 * store are the only record of that; this reads each of them once.
 */
import { NarrowedGrants } from '../../protocol/narrowed-grants.ts';
import type { IssuedTokensTable } from '../store/tables/nodes.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { rightsOf } from './issued-tokens.ts';
import { longestLifeMs, revocationsAfter } from './revocations.ts';
import type { Rights } from './rights.ts';

/** A minute longer than anything that is signed. */
const keptMs = longestLifeMs + 60_000;
/** Sets of rights that are remembered; the one used longest ago gives way. */
const maxCarried = 256;
const nothing: Rights = new Map();

export class NarrowedRights {
  #grants = new NarrowedGrants();
  readonly #ended = new Set<string>();
  /** Resources that were removed, which no grant carries any more; their ids never come back. */
  readonly #removed = new Set<string>();
  /** Everything up to it was read. */
  #epoch = 0;
  /** By what was signed and what was taken from it since, which are the same for many devices. */
  readonly #carried = new Map<string, Rights>();

  /**
   * Reads what was revoked since the last time. Inside a transaction, before it stores revocations of its own: one that is
   * rolled back has taken nothing.
   */
  async read(tx: ScopedStore, nowMs: number): Promise<this> {
    const epoch = await tx.epoch();
    if (epoch === this.#epoch) return this;
    this.#carried.clear();
    // Older data was put back under a controller that runs.
    if (epoch < this.#epoch) {
      this.#grants = new NarrowedGrants();
      this.#epoch = 0;
    }
    for (const { ids, narrowed = [], reason } of await revocationsAfter(tx, this.#epoch)) {
      for (const id of ids) {
        if (id.startsWith('tok_')) this.#ended.add(id);
        else if (id.startsWith('res_')) this.#removed.add(id);
      }
      for (const each of narrowed) this.#grants.add(each, reason, nowMs + keptMs);
    }
    this.#epoch = epoch;
    this.#grants.forget(nowMs);
    return this;
  }

  /** Grants that were revoked whole and are still stored, as far as is known; the caller forgets what it has deleted. */
  get ended(): Set<string> {
    return this.#ended;
  }

  /**
   * The rights that an issued grant still carries: the same map for grants that carry the same, so nobody may change it.
   * @param besides resources that were removed just now, which are carried until the caller has taken them
   */
  carriedBy(
    row: Pick<IssuedTokensTable, 'id' | 'resources'>,
    besides: ReadonlySet<string> = new Set(),
  ): Rights {
    if (this.#ended.has(row.id)) return nothing;
    if (besides.size > 0) return this.#carriedBy(row, besides);
    const key = `${this.#grants.takenFrom(row.id)} ${row.resources}`;
    const carried = this.#carried.get(key) ?? this.#carriedBy(row, besides);
    this.#carried.delete(key);
    this.#carried.set(key, carried);
    const [oldest] = this.#carried.keys();
    if (this.#carried.size > maxCarried && oldest !== undefined) this.#carried.delete(oldest);
    return carried;
  }

  #carriedBy(row: Pick<IssuedTokensTable, 'id' | 'resources'>, besides: ReadonlySet<string>): Rights {
    const rights = rightsOf(row);
    this.#grants.takeFrom(row.id, rights);
    for (const id of this.#removed.size === 0 ? [] : rights.keys())
      if (this.#removed.has(id) && !besides.has(id)) rights.delete(id);
    return rights;
  }
}
