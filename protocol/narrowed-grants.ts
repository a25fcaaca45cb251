/**
 * Grants that stand with less than they were signed for (WIRE A3, `narrowed`): each entry takes every one of its resources
 * from every one of its grants, or leaves it a shorter right, so that one change that touches thousands of devices is
 * thousands of ids and not their product. Kept so by the lease of a connector and by the controller; expires like any
 * other revocation.
 */

/** What is left of a right. */
export interface Left {
  /** Epoch seconds. */
  readonly until: number;
  /** Seconds it outlives contact. */
  readonly out: number;
}

export interface Narrowing {
  /** `tok_…` */
  readonly grants: readonly string[];
  /** `res_…` */
  readonly resources: readonly string[];
  /** Absent: nothing. */
  readonly left?: Left | undefined;
}

/** As it is kept across restarts: `until` is the epoch millisecond after which it can be forgotten. */
export interface KeptNarrowing extends Narrowing {
  readonly until: number;
  readonly reason: string;
}

interface Taken {
  /** No other has it. */
  readonly serial: number;
  readonly resources: ReadonlySet<string>;
  readonly left: Left | undefined;
  readonly reason: string;
}

export class NarrowedGrants {
  #kept: KeptNarrowing[] = [];
  /** Of each grant, oldest first. */
  readonly #byGrant = new Map<string, Taken[]>();
  #serial = 0;

  constructor(kept: readonly KeptNarrowing[] = []) {
    for (const each of kept) this.#add(each);
  }

  add({ grants, resources, left }: Narrowing, reason: string, untilMs: number): void {
    this.#add({ grants, resources, ...(left === undefined ? {} : { left }), reason, until: untilMs });
  }

  /** What is left of this grant's right to this resource; undefined when nothing was taken from it. */
  leftOf(grant: string, resource: string): Left | 'nothing' | undefined {
    const taken = this.#byGrant.get(grant);
    if (taken === undefined) return undefined;
    let least: Left | undefined;
    for (const { resources, left } of taken) {
      if (!resources.has(resource)) continue;
      if (left === undefined) return 'nothing';
      least = least === undefined ? left : lesser(least, left);
    }
    return least;
  }

  /** Why this grant's right to this resource was taken; undefined when it was not, or only to end sooner. */
  reasonOf(grant: string, resource: string): string | undefined {
    const taken = this.#byGrant.get(grant) ?? [];
    return taken.findLast(({ resources, left }) => left === undefined && resources.has(resource))?.reason;
  }

  /** What was taken from this grant, as a text that is the same where the same was taken; empty for nothing. */
  takenFrom(grant: string): string {
    return (
      this.#byGrant
        .get(grant)
        ?.map(({ serial }) => serial)
        .join() ?? ''
    );
  }

  /** Takes from `rights`, what a grant was signed for, what was taken from it since. */
  takeFrom(grant: string, rights: Map<string, Left>): void {
    for (const { resources, left } of this.#byGrant.get(grant) ?? []) {
      for (const id of resources) {
        const right = left === undefined ? undefined : rights.get(id);
        if (left === undefined) rights.delete(id);
        else if (right !== undefined) rights.set(id, lesser(right, left));
      }
    }
  }

  /** Forgets what everything it names has outlived. */
  forget(nowMs: number): void {
    if (!this.#kept.some(({ until }) => until < nowMs)) return;
    const kept = this.#kept.filter(({ until }) => until >= nowMs);
    this.#kept = [];
    this.#byGrant.clear();
    for (const each of kept) this.#add(each);
  }

  kept(): readonly KeptNarrowing[] {
    return this.#kept;
  }

  #add(each: KeptNarrowing): void {
    this.#kept.push(each);
    this.#serial += 1;
    const { left, reason } = each;
    const taken = { serial: this.#serial, resources: new Set(each.resources), left, reason };
    for (const grant of each.grants) {
      const before = this.#byGrant.get(grant);
      if (before === undefined) this.#byGrant.set(grant, [taken]);
      else before.push(taken);
    }
  }
}

/** The same as ids that name one grant and one resource each, for whoever does not know of narrowings: all of it is taken. */
export function idsOf({ grants, resources }: Narrowing): string[] {
  return grants.flatMap((grant) => resources.map((resource) => `${grant}/${resource}`));
}

/** `tok_…/res_…` as a narrowing; undefined for any other id. */
export function narrowingOf(id: string): Narrowing | undefined {
  const at = id.indexOf('/');
  return at < 0 ? undefined : { grants: [id.slice(0, at)], resources: [id.slice(at + 1)] };
}

function lesser(a: Left, b: Left): Left {
  return { until: Math.min(a.until, b.until), out: Math.min(a.out, b.out) };
}
