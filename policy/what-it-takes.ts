/**
 * What it takes to be let in, whatever the facts are: the sets of conditions of which one must be met whole. For `plan`,
 * which speaks of people who are not signed in. Time of day and what a device is are conditions like any other here.
 */
import { conditionKeys, implies, type AskedConditions } from './implies.ts';
import type { Policy } from './policy.ts';

export interface WhatItTakes {
  /** Each a way in, none of which asks for more than another; empty when there is no way in. */
  readonly ways: readonly (readonly AskedConditions[])[];
  /** Denies that hold only under conditions: none of them may. */
  readonly unless: readonly AskedConditions[];
}

/**
 * @param concerning policies about one subject, resource and door
 * @param documents of those policies, by name; a policy without one counts with no conditions
 */
export function whatItTakes(
  concerning: readonly Policy[],
  documents: ReadonlyMap<string, { readonly when?: AskedConditions }>,
  nowMs: number,
): WhatItTakes {
  const valid = concerning.filter(({ fromMs, untilMs }) => nowMs >= fromMs && nowMs < untilMs);
  const whenOf = ({ name }: Policy): AskedConditions => documents.get(name)?.when ?? {};
  const denies = valid.filter(({ effect }) => effect === 'deny');
  if (denies.some(({ conditions }) => conditions.length === 0)) return { ways: [], unless: [] };
  const requires = valid.filter(({ effect }) => effect === 'require');
  const ways = valid
    .filter(({ effect }) => effect === 'allow')
    .map((allow) => [
      whenOf(allow),
      ...requires.filter(({ name }) => allow.waives?.has(name) !== true).map(whenOf),
    ]);
  return { ways: withoutStricter(ways), unless: denies.map(whenOf) };
}

/** How the second differs from the first for somebody who is let in now and then. */
export function compareTakes(before: WhatItTakes, after: WhatItTakes): 'same' | 'more' | 'less' | 'other' {
  const asksAsMuch = isAtLeast(after, before);
  const askedAsMuch = isAtLeast(before, after);
  if (asksAsMuch && askedAsMuch) return 'same';
  if (asksAsMuch) return 'more';
  return askedAsMuch ? 'less' : 'other';
}

/** The conditions of the way in that asks for the fewest, denies with conditions included. */
export function leastKeys({ ways, unless }: WhatItTakes): string[] {
  const keys = ways.map(conditionKeys).toSorted((a, b) => a.length - b.length);
  return [...new Set([...(keys[0] ?? []), ...conditionKeys(unless)])].toSorted();
}

/** Whether whoever gets in by `stricter` gets in by `looser`. */
function isAtLeast(stricter: WhatItTakes, looser: WhatItTakes): boolean {
  return (
    stricter.ways.every((way) => looser.ways.some((other) => implies(way, other))) &&
    // A deny keeps out whom it means, so the looser of two denies is the one that means fewer.
    looser.unless.every((deny) => stricter.unless.some((other) => implies([deny], [other])))
  );
}

/** Without the ways that ask for at least what another asks for. */
function withoutStricter(ways: readonly (readonly AskedConditions[])[]): AskedConditions[][] {
  const kept: AskedConditions[][] = [];
  for (const way of ways) {
    if (kept.some((other) => implies(way, other))) continue;
    for (let at = kept.length - 1; at >= 0; at -= 1) if (implies(kept[at] ?? [], way)) kept.splice(at, 1);
    kept.push([...way]);
  }
  return kept;
}
