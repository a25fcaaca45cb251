/** How results are shown: a table for people, one object for machines. */
import { median, type Result } from './comparison.ts';

/** `postern.bench/v1`: `ratios` holds the medians of the comparisons, `rows` whatever was measured. */
export function asJson(results: readonly Result[]): object {
  const rows = results.map((result) => {
    const { name, unit } = result;
    const values = valuesOf(result);
    const figure = { min: Math.min(...values), max: Math.max(...values) };
    return result.kind === 'ratio'
      ? { name, unit, ratio: median(values), ...figure, rounds: result.rounds }
      : { name, unit, value: median(values), ...figure };
  });
  return {
    schema: 'postern.bench/v1',
    ratios: Object.fromEntries(rows.flatMap((row) => ('ratio' in row ? [[row.name, row.ratio]] : []))),
    rows,
  };
}

/** One line each: medians of ours, the peer and kernel TCP, the median of the ratios, and the least and the greatest. */
export function asTable(results: readonly Result[]): string {
  const lines = results.map((result) => {
    const values = valuesOf(result);
    const range = `${figure(Math.min(...values))}–${figure(Math.max(...values))}`;
    if (result.kind === 'figure')
      return [result.name, result.unit, figure(median(values)), '', '', '', range];
    const { rounds } = result;
    const references = rounds.flatMap(({ reference }) => (reference === undefined ? [] : [reference]));
    return [
      result.name,
      result.unit,
      figure(median(rounds.map(({ ours }) => ours))),
      figure(median(rounds.map(({ peer }) => peer))),
      references.length === 0 ? '' : figure(median(references)),
      figure(median(values)),
      range,
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

/** What is judged: the rounds' ratios, or the figure itself. */
function valuesOf(result: Result): readonly number[] {
  return result.kind === 'ratio' ? result.rounds.map(({ ours, peer }) => ours / peer) : result.values;
}

function figure(value: number): string {
  return value.toFixed(value >= 100 ? 0 : 2);
}
