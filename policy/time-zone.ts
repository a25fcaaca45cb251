/**
 * Local time of a zone without asking Intl each time: the offset is looked up once for each UTC day that is asked about
 * and remembered, so that what comes out depends on the instant alone. Used by schedules.
 */

export const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;

/** Days remembered at most; a decision asks about today, `until` about the next week. */
const maxDays = 64;

/** A time, within one UTC day, through which the offset stays the same. */
export interface Stretch {
  /** The first instant after it. */
  readonly endMs: number;
  /** Local time minus UTC. */
  readonly offsetMs: number;
}

export class TimeZone {
  readonly #format: Intl.DateTimeFormat;
  readonly #days = new Map<number, readonly [Stretch, Stretch]>();

  private constructor(format: Intl.DateTimeFormat) {
    this.#format = format;
  }

  /** Undefined when there is no zone of this name. */
  static named(name: string): TimeZone | undefined {
    try {
      const format = new Intl.DateTimeFormat('en-GB', {
        timeZone: name,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
      });
      return new TimeZone(format);
    } catch {
      // Intl throws a RangeError for a zone it does not know.
      return undefined;
    }
  }

  /** The stretch that `ms` (epoch) lies in. */
  stretchAt(ms: number): Stretch {
    const day = Math.floor(ms / dayMs);
    const [first, second] = this.#days.get(day) ?? this.#remember(day);
    return ms < first.endMs ? first : second;
  }

  /** No zone changes its offset twice in one day; on the days on which it does not, the first stretch is all of it. */
  #remember(day: number): readonly [Stretch, Stretch] {
    const [startMs, endMs] = [day * dayMs, (day + 1) * dayMs];
    const before = this.#offsetAt(startMs);
    const after = this.#offsetAt(endMs - minuteMs);
    const changeMs = before === after ? endMs : this.#changeBetween(startMs, endMs - minuteMs, before);
    const stretches = [
      { endMs: changeMs, offsetMs: before },
      { endMs, offsetMs: after },
    ] as const;
    if (this.#days.size >= maxDays) this.#days.clear();
    this.#days.set(day, stretches);
    return stretches;
  }

  /** The first whole minute in (fromMs, toMs] at which the offset is `before` no longer. */
  #changeBetween(fromMs: number, toMs: number, before: number): number {
    let [low, high] = [fromMs / minuteMs, toMs / minuteMs];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#offsetAt(middle * minuteMs) === before) low = middle;
      else high = middle;
    }
    return high * minuteMs;
  }

  /** @param ms a whole minute */
  #offsetAt(ms: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(ms)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute) - ms;
  }
}
