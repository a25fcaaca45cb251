/** What a comparison is: ours and a peer's figure of the same thing, taken in interleaved rounds. */

export interface RunOptions {
  readonly rounds: number;
  /** Of each single measurement. */
  readonly seconds: number;
  readonly progress: (line: string) => void;
}

/** One round's figures, in the comparison's unit; `reference` is what the peer is judged by. */
export interface Round {
  readonly ours: number;
  readonly peer: number;
  readonly reference: number;
}

export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly rounds: readonly Round[];
}

export interface Comparison {
  /** As in DESIGN section 10; its ratio is ours divided by the peer's. */
  readonly name: string;
  /** Rejects with an Error that says why no ratio can be given. */
  readonly run: (options: RunOptions) => Promise<Result>;
}

/** The middle value; the mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error('the median of nothing');
  return (low + high) / 2;
}

/**
 * Throws when the peer reached less than half its usual share of the reference: then the machine was busy with
 * something else, or the peer is set up wrongly.
 */
export function judgePeer(rounds: readonly Round[], peer: string, usualShare: number): void {
  const share = median(rounds.map((round) => round.peer / round.reference));
  if (share < usualShare / 2)
    throw new Error(
      `void: ${peer} reached ${share.toFixed(4)} of kernel TCP, less than half its usual ${usualShare}; run it again on a quiet machine`,
    );
}
