/** What the bench measures: figures of ours alone, or ours beside a peer's in interleaved rounds of one run. */

export interface RunOptions {
  readonly rounds: number;
  /** Of each single measurement of throughput. */
  readonly seconds: number;
  readonly progress: (line: string) => void;
}

/** One round's figures, in the comparison's unit; `reference` is the same by plain kernel TCP, where there is one. */
export interface Round {
  readonly ours: number;
  readonly peer: number;
  readonly reference: number | undefined;
}

export type Result =
  | {
      readonly kind: 'ratio';
      readonly name: string;
      readonly unit: string;
      readonly rounds: readonly Round[];
    }
  | {
      readonly kind: 'figure';
      readonly name: string;
      readonly unit: string;
      readonly values: readonly number[];
    };

export interface Measurement {
  /** As `--only` takes it; a ratio is ours divided by the peer's. */
  readonly name: string;
  /** Rejects with an Error that says why there is no result. */
  readonly run: (options: RunOptions) => Promise<Result>;
}

/** The middle value; the mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `at` (0 … 1) of the values lies, between two of them by their distance. */
export function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (low === undefined || high === undefined) throw new Error('a quantile of nothing');
  return low + (high - low) * (place - Math.floor(place));
}

/**
 * Throws when the peer reached less than half its usual share of kernel TCP's throughput: then the machine was busy with
 * something else, or the peer is set up wrongly.
 */
export function judgePeer(
  taken: readonly { peer: number; kernel: number }[],
  peer: string,
  usualShare: number,
): void {
  const share = median(taken.map((one) => one.peer / one.kernel));
  if (share < usualShare / 2)
    throw new Error(
      `void: ${peer} reached ${share.toFixed(4)} of kernel TCP, less than half its usual ${usualShare}; run it again on a quiet machine`,
    );
}
