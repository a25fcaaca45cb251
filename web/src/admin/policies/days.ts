/** Days of a schedule as the document writes them (`mon-fri`, `sat`, or a list of such) and as a set that is ticked. */
export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof days)[number];

export const dayTexts: Readonly<Record<Day, string>> = {
  mon: 'Mon',
  tue: 'Tue',
  wed: 'Wed',
  thu: 'Thu',
  fri: 'Fri',
  sat: 'Sat',
  sun: 'Sun',
};

/** Every day unless said; what is no day is left out, and the controller says so. */
export function readDays(written: string | readonly string[] | undefined): Set<Day> {
  if (written === undefined) return new Set(days);
  const chosen = new Set<Day>();
  for (const part of [written].flat().flatMap((text) => text.split(','))) {
    const [first = '', last = first] = part.trim().toLowerCase().split('-');
    const from = days.indexOf(first as Day);
    const to = days.indexOf(last as Day);
    if (from < 0 || to < 0) continue;
    // It may go round the end of the week: `fri-mon`.
    for (let at = from; ; at = (at + 1) % days.length) {
      const day = days[at];
      if (day !== undefined) chosen.add(day);
      if (at === to) break;
    }
  }
  return chosen;
}

/** Undefined for every day, or for none, which the document cannot say. */
export function writeDays(chosen: ReadonlySet<Day>): string | string[] | undefined {
  if (chosen.size === 0 || chosen.size === days.length) return undefined;
  const runs: Day[][] = [];
  for (const day of days) {
    if (!chosen.has(day)) continue;
    const run = runs.at(-1);
    const before = days[days.indexOf(day) - 1];
    if (run !== undefined && before !== undefined && run.at(-1) === before) run.push(day);
    else runs.push([day]);
  }
  const written = runs.flatMap((run) => (run.length > 2 ? [`${run[0]}-${run.at(-1)}`] : run));
  return written.length === 1 ? written[0] : written;
}
