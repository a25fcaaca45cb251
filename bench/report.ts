/** How results are shown: a table for people, one object for machines. */
import { median, type Result } from './comparison.ts';

/** `postern.bench/v1`. */
export function asJson(results: readonly Result[]): object {
  const rows = results.map((result) => {
    const ratios = ratiosOf(result);
    return {
      name: result.name,
      unit: result.unit,
      ratio: median(ratios),
      min: Math.min(...ratios),
      max: Math.max(...ratios),
      rounds: result.rounds,
    };
  });
  return {
    schema: 'postern.bench/v1',
    ratios: Object.fromEntries(rows.map(({ name, ratio }) => [name, ratio])),
    rows,
  };
}

/** One line per comparison: medians of both, and the median of the ratios with the least and the greatest. */
export function asTable(results: readonly Result[]): string {
  const lines = results.map((result) => {
    const ratios = ratiosOf(result);
    const figure = (of: 'ours' | 'peer' | 'reference'): string =>
      median(result.rounds.map((round) => round[of])).toFixed(2);
    return [
      result.name,
      result.unit,
      figure('ours'),
      figure('peer'),
      figure('reference'),
      median(ratios).toFixed(2),
      `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`,
    ];
  });
  const rows = [['name', 'unit', 'ours', 'peer', 'kernel TCP', 'ratio', 'min–max'], ...lines];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function ratiosOf({ rounds }: Result): number[] {
  return rounds.map(({ ours, peer }) => ours / peer);
}
