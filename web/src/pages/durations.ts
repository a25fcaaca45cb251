/** For how long something is asked: the choices up to a bound, and how they read. */
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const usual = [
  ['30m', 30 * minute, '30 minutes'],
  ['1h', hour, '1 hour'],
  ['4h', 4 * hour, '4 hours'],
  ['8h', 8 * hour, '8 hours'],
  ['1d', day, '1 day'],
  ['3d', 3 * day, '3 days'],
  ['7d', 7 * day, '7 days'],
  ['30d', 30 * day, '30 days'],
] as const;

export interface Choice {
  /** As the API takes it. */
  readonly value: string;
  readonly text: string;
}

/** The usual durations up to this many milliseconds, and the bound itself where it is none of them. */
export function choicesUpTo(longestMs: number): Choice[] {
  const within = usual.filter(([, ms]) => ms <= longestMs);
  const choices = within.map(([value, , text]) => ({ value, text }));
  if (within.some(([, ms]) => ms === longestMs)) return choices;
  return [...choices, { value: `${Math.floor(longestMs / 1_000)}s`, text: lengthText(longestMs) }];
}

/** `90000` as `1 min 30 s`, in its two largest units. */
export function lengthText(ms: number): string {
  const known = usual.find(([, each]) => each === ms);
  if (known !== undefined) return known[2];
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, name] of [
    [day, 'd'],
    [hour, 'h'],
    [minute, 'min'],
    [1_000, 's'],
  ] as const) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}
