/**
 * Metrics as Prometheus reads them (text format 0.0.4): gathered when somebody asks, from what the programs know anyway.
 * Labels are words of ours (a state, a kind), never the name of a person, a host or a resource.
 */

export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Metric {
  /** `postern_…`, with its unit at the end: `_seconds`, `_bytes`, `_total` for what only grows. */
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export const metricsMediaType = 'text/plain; version=0.0.4; charset=utf-8';

/** A metric that is one number. */
export function gauge(name: string, help: string, value: number): Metric {
  return { name, type: 'gauge', help, samples: [{ value }] };
}

/** Whether something is so, as Prometheus counts it. */
export function flag(name: string, help: string, is: boolean): Metric {
  return gauge(name, help, is ? 1 : 0);
}

/** Metrics of one number for each value of one label. */
export function byLabel(
  type: Metric['type'],
  name: string,
  help: string,
  label: string,
  values: Iterable<readonly [string, number]>,
): Metric {
  return {
    name,
    type,
    help,
    samples: Array.from(values, ([key, value]) => ({ value, labels: { [label]: key } })),
  };
}

/** Counts by a label whose values are ours. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(key: string, by = 1): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  [Symbol.iterator](): IterableIterator<[string, number]> {
    return this.#counts.entries();
  }
}

export function metricsText(metrics: readonly Metric[]): string {
  return metrics.map((metric) => `${linesOf(metric).join('\n')}\n`).join('');
}

function linesOf({ name, type, help, samples }: Metric): string[] {
  return [
    `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ value, labels = {} }) => `${name}${labelText(labels)} ${numberText(value)}`),
  ];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
