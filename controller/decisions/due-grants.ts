/**
 * The grants a seat is due: of those that were issued, what still serves, and new ones for what none of them gives. Always
 * inside the transaction that decided: nothing is issued on facts that have changed meanwhile.
 */
import type { Random } from '../../protocol/clock.ts';
import { newId, type NetworkId, type ResourceId } from '../../protocol/ids.ts';
import { maxGrantResources } from '../../protocol/tokens.ts';
import { storedRights, type IssuedToken, type Tokens } from './issued-tokens.ts';
import type { NarrowedRights } from './narrowed-rights.ts';
import { serves, type Right, type Rights } from './rights.ts';
import type { Seat } from './seat.ts';
import { claimsOf } from './sign-issued.ts';
import { whoText } from './told.ts';

/** What a grant's claims may take as JSON, so that the token stays below 16 KiB. */
const maxClaimsBytes = 11_500;
/** So many grants of a network may come together over time; then one generation of new ones takes the place of all. */
const maxAdded = 8;

/** What grants tell of their holder, and where that is believed. */
export interface Told {
  /** Groups that the applications of a network may be told of. */
  groupsOf(this: void, network: NetworkId): readonly string[];
  /** Resources behind public hostnames. */
  readonly web: ReadonlySet<ResourceId>;
}

/** Grants in force for a seat, and the rights they give by network. */
export interface Grants {
  readonly rows: readonly IssuedToken[];
  readonly held: ReadonlyMap<NetworkId, Rights>;
}

/** What grants that were issued for a network give of what is due there. */
interface Served {
  /** Whether each of them gives anything. */
  readonly gives: readonly boolean[];
  /** What none of them gives, which needs new ones. */
  readonly missing: Part;
  /** What is due, each on the terms of the grant that gives it. */
  readonly held: Rights;
}

type Part = readonly (readonly [ResourceId, Right])[];

/** Finds and makes the grants of seats that are looked at at one instant; works out once what is the same for many. */
export class DueGrants {
  readonly #narrowed: NarrowedRights;
  readonly #told: Told;
  readonly #nowMs: number;
  readonly #random: Random;
  readonly #served = new Map<Rights, Map<string, Served>>();
  readonly #numbers = new Map<Rights, number>();

  constructor(narrowed: NarrowedRights, told: Told, nowMs: number, random: Random) {
    this.#narrowed = narrowed;
    this.#told = told;
    this.#nowMs = nowMs;
    this.#random = random;
  }

  /**
   * The grants this seat is due, one network after the other: of those issued the ones that still serve, and new ones for the
   * rest, which are added to `fresh`. What comes back gets a grant of its own, so that thousands need not be told all anew.
   */
  of(seat: Seat, due: ReadonlyMap<NetworkId, Rights>, { issued, fresh }: Tokens): Grants {
    const grants = issued
      .filter(
        ({ kind, session, superseded_ms: superseded }) =>
          kind === 'grant' && session === seat.session.id && superseded === null,
      )
      .sort((a, b) => b.issued_ms - a.issued_ms || (a.id < b.id ? -1 : 1));
    const rows: IssuedToken[] = [];
    const held = new Map<NetworkId, Rights>();
    for (const [network, rights] of due) {
      const who = whoText(seat.subject, this.#told.groupsOf(network));
      const own = grants.filter((row) => row.network === network);
      const before = this.#servedBy(own, rights, who);
      const kept = own.filter((_, place) => before.gives[place]);
      const isTooMany = kept.length >= Math.ceil(rights.size / maxGrantResources) + maxAdded;
      const isAnew = before.missing.length > 0 && isTooMany;
      const { missing, held: given } = isAnew ? this.#servedBy([], rights, who) : before;
      if (!isAnew) rows.push(...kept);
      held.set(network, given);
      for (const part of missing.length === 0 ? [] : parts(missing, who)) {
        const row: IssuedToken = {
          id: newId('tok', this.#random(16)),
          kind: 'grant',
          node: seat.device.id,
          session: seat.session.id,
          network,
          resources: textOf(part),
          who,
          issued_ms: this.#nowMs,
          // Tokens end with a whole second.
          expires_ms: Math.max(...part.map(([, { until }]) => until)) * 1_000,
          superseded_ms: null,
        };
        fresh.push(row);
        rows.push(row);
      }
    }
    return { rows, held };
  }

  #servedBy(grants: readonly IssuedToken[], due: Rights, who: string): Served {
    const { web } = this.#told;
    const carried = grants.map((row) => this.#narrowed.carriedBy(row));
    const isBelieved = grants.map((row) => web.size === 0 || row.who === who);
    const key = carried
      .map((rights, place) => `${this.#numberOf(rights)}${isBelieved[place] ? '' : '!'}`)
      .join();
    const byGrants = this.#served.get(due) ?? new Map<string, Served>();
    this.#served.set(due, byGrants);
    let served = byGrants.get(key);
    if (served === undefined) byGrants.set(key, (served = this.#compare(carried, isBelieved, due)));
    return served;
  }

  #compare(carried: readonly Rights[], isBelieved: readonly (boolean | undefined)[], due: Rights): Served {
    const { web } = this.#told;
    const held = new Map<ResourceId, Right>();
    const gives = carried.map((rights, place) => {
      const before = held.size;
      for (const [id, right] of rights) {
        const wanted = due.get(id);
        if (wanted === undefined || held.has(id) || (isBelieved[place] !== true && web.has(id))) continue;
        if (serves(right, wanted, this.#nowMs)) held.set(id, right);
      }
      return held.size > before;
    });
    const missing = [...due].filter(([id]) => !held.has(id));
    for (const [id, right] of missing) held.set(id, right);
    return { gives, missing, held };
  }

  #numberOf(rights: Rights): number {
    const number = this.#numbers.get(rights) ?? this.#numbers.size;
    this.#numbers.set(rights, number);
    return number;
  }
}

/** How rights are stored, worked out once for a part that many are given. */
function textOf(part: Part): string {
  const text = texts.get(part) ?? storedRights(new Map(part));
  texts.set(part, text);
  return text;
}

const texts = new WeakMap<Part, string>();

/** Splits what one network grants into parts that each fit a token. */
function parts(rights: Part, who: string): Part[] {
  if (rights.length <= 1 || fits(rights.length, who) || fitsExactly(rights, who)) return [rights];
  const middle = Math.ceil(rights.length / 2);
  return [...parts(rights.slice(0, middle), who), ...parts(rights.slice(middle), who)];
}

/** An entry of a grant's `res` and a caveat of its own come to less than this as JSON. */
const mostBytesPerRight = 96;

/** Whether so many rights fit one token, whatever they are. */
function fits(count: number, who: string): boolean {
  return count * mostBytesPerRight <= maxClaimsBytes - who.length;
}

function fitsExactly(rights: Part, who: string): boolean {
  if (rights.length > maxGrantResources) return false;
  return JSON.stringify(claimsOf(new Map(rights))).length <= maxClaimsBytes - who.length;
}
