/** Divides what an organisation may have among the processes that give it out, by what each of them has and is asked for. */

/** Of one process. */
export interface Load {
  /** What it has given out and cannot take back. */
  readonly held: number;
  /** What it is asked for besides. */
  readonly wanted: number;
}

/** More than anybody may have: as much as there is. */
export const wantsAll = 1e15;

/**
 * The share of each: what it holds, and of what is free first an even part, then what each wants (whoever wants least first),
 * then the rest evenly. Together never more than `total`, unless more than that is held already.
 * @param evenPart of what is free, 0 to 1: what those that want nothing are left with
 */
export function divide(total: number, loads: readonly Load[], evenPart: number): number[] {
  const free = Math.max(0, total - loads.reduce((sum, { held }) => sum + held, 0));
  const even = (free * evenPart) / loads.length;
  let left = free - even * loads.length;
  const shares = loads.map(({ held }) => held + even);
  const byWant = loads.map(({ wanted }, at) => ({ at, wanted: Math.max(0, wanted - even) }));
  byWant.sort((one, other) => one.wanted - other.wanted);
  for (const [index, { at, wanted }] of byWant.entries()) {
    const given = Math.min(wanted, left / (byWant.length - index));
    shares[at] = (shares[at] ?? 0) + given;
    left -= given;
  }
  return shares.map((share) => share + left / loads.length);
}

/** The same in whole numbers: what is left over goes one by one to those that want more, then to those that hold least. */
export function divideWhole(total: number, loads: readonly Load[], evenPart: number): number[] {
  const shares = divide(total, loads, evenPart).map((share) => Math.floor(share + 1e-6));
  let left = total - shares.reduce((sum, share) => sum + share, 0);
  const order = loads
    .map((load, at) => ({ ...load, at }))
    .toSorted((one, other) => Number(other.wanted > 0) - Number(one.wanted > 0) || one.held - other.held);
  for (const { at } of order) {
    if (left <= 0) break;
    shares[at] = (shares[at] ?? 0) + 1;
    left -= 1;
  }
  return shares;
}
