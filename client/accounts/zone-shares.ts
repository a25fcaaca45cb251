/**
 * Which account holds which zone on this device: where zones of two organisations overlap, whoever held
 * theirs first keeps it and the other's is refused by name. So no organisation takes names over by declaring them later.
 */
import { isWithin, type Name } from '../../protocol/names.ts';

/** The zones that an account's organisation declares, of those that may be taken over at all. */
export interface ZoneClaim {
  readonly account: string;
  readonly zones: readonly Name[];
}

export interface ZoneShare {
  readonly kept: Name[];
  /** `by` holds a zone that overlaps. */
  readonly refused: { readonly zone: Name; readonly by: string }[];
}

/**
 * The share of each claim, in their order.
 * @param held who held which zone until now; it counts for as long as they declare it
 */
export function shareZones(claims: readonly ZoneClaim[], held: ReadonlyMap<string, string>): ZoneShare[] {
  const shares = claims.map((): ZoneShare => ({ kept: [], refused: [] }));
  const holds: { readonly zone: Name; readonly account: string }[] = [];
  for (const isHeld of [true, false]) {
    for (const [index, { account, zones }] of claims.entries()) {
      for (const zone of zones) {
        if ((held.get(zone) === account) !== isHeld) continue;
        const other = holds.find((hold) => hold.account !== account && overlaps(hold.zone, zone));
        if (other === undefined) {
          holds.push({ zone, account });
          shares[index]?.kept.push(zone);
        } else shares[index]?.refused.push({ zone, by: other.account });
      }
    }
  }
  return shares;
}

function overlaps(one: Name, other: Name): boolean {
  return isWithin(one, other) || isWithin(other, one);
}
