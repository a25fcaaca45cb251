/**
 * `schedule: { zone, days, hours }`: the local time of a zone is within the hours of one of the days, daylight saving
 * included. Hours whose end lies before their start run past midnight and belong to the day they began.
 */
import type { ScheduleDocument } from '../../protocol/admin.ts';
import type { Condition } from './condition.ts';

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const wholeDay = { start: 0, end: 24 * 60 };

/** A schedule ready to be asked. */
interface Schedule {
  readonly format: Intl.DateTimeFormat;
  readonly days: ReadonlySet<number>;
  /** Minutes after local midnight; `end` may be less than `start`. */
  readonly start: number;
  readonly end: number;
}

export function scheduleCondition(document: ScheduleDocument): Condition {
  const schedule = parseSchedule(document);
  if ('message' in schedule) throw new Error(`a schedule was compiled unchecked: ${schedule.message}`);
  return ({ nowMs }) => {
    const open = isOpen(schedule, nowMs);
    const changesMs = nextChange(schedule, nowMs, open);
    return {
      met: open,
      reason: open ? 'schedule-open' : 'schedule-closed',
      ...(changesMs === undefined ? {} : { changesMs }),
    };
  };
}

/** Which key of a schedule is wrong, and how. */
export interface ScheduleIssue {
  readonly key: keyof ScheduleDocument;
  readonly message: string;
}

/** The first thing wrong with a schedule; undefined when nothing is. */
export function scheduleIssue(document: ScheduleDocument): ScheduleIssue | undefined {
  const parsed = parseSchedule(document);
  return 'message' in parsed ? parsed : undefined;
}

function parseSchedule(document: ScheduleDocument): Schedule | ScheduleIssue {
  const format = zoneFormat(document.zone);
  if (format === undefined) {
    return { key: 'zone', message: `"${document.zone}" is no time zone; write one such as Europe/Berlin` };
  }
  const days = parseDays(document.days ?? 'sun-sat');
  if (days === undefined)
    return { key: 'days', message: 'days are written mon-fri, sat, or as a list of such' };
  const hours = document.hours === undefined ? wholeDay : parseHours(document.hours);
  if (hours === undefined) {
    const message = 'hours are written 09:00-18:00, between 00:00 and 24:00, and not empty';
    return { key: 'hours', message };
  }
  return { format, days, ...hours };
}

function zoneFormat(zone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
  } catch {
    // Intl throws a RangeError for a zone it does not know.
    return undefined;
  }
}

function parseDays(text: string | string[]): Set<number> | undefined {
  const days = new Set<number>();
  for (const part of typeof text === 'string' ? text.split(/\s*,\s*/) : text) {
    const [first, last = first] = part.split('-').map((name) => dayNames.findIndex((day) => day === name));
    if (first === undefined || last === undefined || first < 0 || last < 0 || part.split('-').length > 2)
      return undefined;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return days.size > 0 ? days : undefined;
}

function parseHours(text: string): { start: number; end: number } | undefined {
  const [start, end] = text.split('-').map((time) => {
    const [hours = 0, minutes = 0] = time.split(':').map(Number);
    return hours * 60 + minutes;
  });
  if (start === undefined || end === undefined || start >= 24 * 60 || end > 24 * 60 || start === end)
    return undefined;
  return { start, end };
}

function isOpen(schedule: Schedule, ms: number): boolean {
  const { weekday, minute } = localTime(schedule.format, ms);
  if (schedule.start < schedule.end) {
    return schedule.days.has(weekday) && minute >= schedule.start && minute < schedule.end;
  }
  const yesterday = (weekday + 6) % 7;
  return (
    (schedule.days.has(weekday) && minute >= schedule.start) ||
    (schedule.days.has(yesterday) && minute < schedule.end)
  );
}

/** The first instant after `ms` at which openness differs; undefined when it stays as it is for over a week. */
function nextChange(schedule: Schedule, ms: number, open: boolean): number | undefined {
  const candidates = new Set<number>();
  const offsets = new Set([offsetAt(schedule.format, ms), offsetAt(schedule.format, ms + 8 * dayMs)]);
  const localMidnight = Math.floor((ms + offsetAt(schedule.format, ms)) / dayMs) * dayMs;
  for (let day = -1; day <= 8; day++) {
    for (const minutes of [0, schedule.start, schedule.end]) {
      for (const offset of offsets) candidates.add(localMidnight + day * dayMs + minutes * minuteMs - offset);
    }
  }
  if (offsets.size > 1) candidates.add(offsetChange(schedule.format, ms, ms + 8 * dayMs));
  return [...candidates]
    .filter((instant) => instant > ms)
    .toSorted((a, b) => a - b)
    .find((instant) => isOpen(schedule, instant) !== open);
}

/** The minute between two instants of different offsets at which the offset changes. */
function offsetChange(format: Intl.DateTimeFormat, fromMs: number, toMs: number): number {
  const before = offsetAt(format, fromMs);
  let [low, high] = [Math.floor(fromMs / minuteMs), Math.ceil(toMs / minuteMs)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(format, middle * minuteMs) === before) low = middle;
    else high = middle;
  }
  return high * minuteMs;
}

/** Local time minus UTC, in milliseconds. */
function offsetAt(format: Intl.DateTimeFormat, ms: number): number {
  const wholeMinute = Math.floor(ms / minuteMs) * minuteMs;
  return localTime(format, wholeMinute).asUtcMs - wholeMinute;
}

function localTime(
  format: Intl.DateTimeFormat,
  ms: number,
): { weekday: number; minute: number; asUtcMs: number } {
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(ms)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
  const asUtcMs = Date.UTC(year, month - 1, day, hour, minute);
  return { weekday: new Date(asUtcMs).getUTCDay(), minute: hour * 60 + minute, asUtcMs };
}
