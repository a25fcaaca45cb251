/**
 * Entitlements of many seats at one instant: decided once for all whose decisions rest on the same facts. What a decision
 * rests on is seen by what it reads: `decide()` is pure, so two seats that agree on everything it read for one of them get
 * the same from it. Used where thousands are looked at together; what comes out is what `entitlements` says of each alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Facts } from '../../policy/facts.ts';
import type { NetworkId, ResourceId } from '../../protocol/ids.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { candidatesFor } from './candidates.ts';
import {
  circumstancesOf,
  entitlementsOn,
  factsOf,
  withheldFrom,
  type Circumstances,
  type Entitlement,
} from './entitlements.ts';
import { rightsByNetwork, type Right } from './rights.ts';
import { longestLifeMs } from './revocations.ts';
import type { Seat } from './seat.ts';

/** Facts that may differ between devices of one subject; the subject itself is always read. */
const parts = ['session', 'source', 'device'] as const;
type Part = (typeof parts)[number];

interface Decided {
  readonly of: Circumstances;
  readonly read: readonly Part[];
  readonly list: readonly Entitlement[];
}

/** So many different sets of facts of one subject are compared with; beyond that it is decided anew. */
const mostKept = 16;

export type DueRights = ReadonlyMap<NetworkId, ReadonlyMap<ResourceId, Right>>;

export class SharedEntitlements {
  readonly #state: OrganisationState;
  readonly #nowMs: number;
  readonly #only: ReadonlySet<string> | 'all';
  readonly #decided = new Map<string, Decided[]>();
  readonly #due = new Map<readonly Entitlement[], Map<number, DueRights>>();

  /** @param only limits it to resources of these names */
  constructor(state: OrganisationState, nowMs: number, only: ReadonlySet<string> | 'all' = 'all') {
    this.#state = state;
    this.#nowMs = nowMs;
    this.#only = only;
  }

  /** As `entitlements` has it; the same list for seats that agree, so nobody may change it. */
  of(seat: Seat): readonly Entitlement[] {
    return this.#shared(seat, '', () => {
      const candidates = candidatesFor(this.#state, seat.subject);
      const only = this.#only;
      return only === 'all' ? candidates : candidates.filter(({ definition }) => only.has(definition.name));
    });
  }

  /** As `entitlementsTo` has it, shared alike. */
  to(seat: Seat, resources: readonly Resource[]): readonly Entitlement[] {
    if (resources.length === 0) return [];
    return this.#shared(seat, resources.map(({ id }) => id).join(), () => resources);
  }

  #shared(seat: Seat, about: string, chosen: () => readonly Resource[]): readonly Entitlement[] {
    const withheld = withheldFrom(this.#state, seat, this.#nowMs);
    const of = circumstancesOf(this.#state, seat);
    const key = JSON.stringify([of.subject, withheld?.name, about]);
    const known = this.#decided.get(key) ?? [];
    const same = known.find((each) => each.read.every((part) => isDeepStrictEqual(each.of[part], of[part])));
    if (same !== undefined) return same.list;
    const observed = new Observed(of);
    const list = entitlementsOn(
      this.#state,
      chosen().map((resource) => [resource, observed.facts(resource, this.#nowMs)]),
      withheld,
    );
    if (known.length < mostKept) this.#decided.set(key, [...known, { of, read: [...observed.read], list }]);
    return list;
  }

  /** The rights that one of these lists comes to until the end of a session: `rightsByNetwork`. */
  dueUntil(list: readonly Entitlement[], sessionUntilMs: number): DueRights {
    // Rights are in whole seconds, and so are the ends that make a difference to them.
    const untilS = Math.floor(Math.min(sessionUntilMs, this.#nowMs + longestLifeMs) / 1_000);
    const byEnd = this.#due.get(list) ?? new Map<number, DueRights>();
    this.#due.set(list, byEnd);
    let due = byEnd.get(untilS);
    if (due === undefined) byEnd.set(untilS, (due = rightsByNetwork(list, sessionUntilMs, this.#nowMs)));
    return due;
  }
}

/** Facts that tell which parts of them were read, whatever they are asked about. Whoever copies them has read all. */
class Observed {
  readonly read = new Set<Part>();
  readonly #of: Circumstances;

  constructor(of: Circumstances) {
    this.#of = of;
  }

  /** A literal: properties that are defined one by one make every look at them slow. */
  facts(resource: Resource, nowMs: number): Facts {
    const { read } = this;
    const of = this.#of;
    const { door, subject, resource: asked } = factsOf(of, resource, nowMs, 'client');
    const watched = {
      nowMs,
      door,
      subject,
      resource: asked,
      get session() {
        read.add('session');
        return of.session;
      },
      get source() {
        read.add('source');
        return of.source;
      },
      get device() {
        read.add('device');
        return of.device;
      },
    } satisfies { readonly [K in keyof Facts]-?: Facts[K] | undefined };
    return watched as Facts;
  }
}
