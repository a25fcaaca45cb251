/**
 * `schedule: { zone, days, hours }`: the local time of a zone is within the hours of one of the days, daylight saving
 * included. Hours whose end lies before their start run past midnight and belong to the day they began.
 */
import type { ScheduleDocument } from '../../protocol/policy-document.ts';
import { TimeZone, dayMs, minuteMs } from '../time-zone.ts';
import type { Condition, Verdict } from './condition.ts';

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const wholeDay = { startMs: 0, endMs: dayMs };
/** 1970-01-01 was a Thursday. */
const firstWeekday = 4;
/** What stays as it is for longer than a week stays so for good, but for a change of the clocks. */
const lookAheadMs = 8 * dayMs;

const open: Verdict = { met: true, reason: 'schedule-open' };
const closed: Verdict = { met: false, reason: 'schedule-closed' };

/** A schedule ready to be asked. */
interface Schedule {
  readonly zone: TimeZone;
  readonly days: ReadonlySet<number>;
  /** After local midnight; the end may be less than the start. */
  readonly startMs: number;
  readonly endMs: number;
}

/** @param zones by name; schedules that share it share what they learn about a zone */
export function scheduleCondition(
  document: ScheduleDocument,
  zones = new Map<string, TimeZone>(),
): Condition {
  const schedule = parseSchedule(document, zones);
  if ('message' in schedule) throw new Error(`a schedule was compiled unchecked: ${schedule.message}`);
  return {
    name: 'schedule',
    judge: ({ nowMs }) => (isOpen(schedule, nowMs) ? open : closed),
    nextChangeMs: ({ nowMs }) => nextChangeMs(schedule, nowMs),
  };
}

/** Which key of a schedule is wrong, and how. */
export interface ScheduleIssue {
  readonly key: keyof ScheduleDocument;
  readonly message: string;
}

/** The first thing wrong with a schedule; undefined when nothing is. */
export function scheduleIssue(document: ScheduleDocument): ScheduleIssue | undefined {
  const parsed = parseSchedule(document, new Map());
  return 'message' in parsed ? parsed : undefined;
}

function parseSchedule(document: ScheduleDocument, zones: Map<string, TimeZone>): Schedule | ScheduleIssue {
  const zone = zones.get(document.zone) ?? TimeZone.named(document.zone);
  if (zone === undefined) {
    return { key: 'zone', message: `"${document.zone}" is no time zone; write one such as Europe/Berlin` };
  }
  zones.set(document.zone, zone);
  const days = parseDays(document.days ?? 'sun-sat');
  if (days === undefined)
    return { key: 'days', message: 'days are written mon-fri, sat, or as a list of such' };
  const hours = document.hours === undefined ? wholeDay : parseHours(document.hours);
  if (hours === undefined) {
    const message = 'hours are written 09:00-18:00, between 00:00 and 24:00, and not empty';
    return { key: 'hours', message };
  }
  return { zone, days, ...hours };
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

function parseHours(text: string): { startMs: number; endMs: number } | undefined {
  const [startMs, endMs] = text.split('-').map((time) => {
    const [hours = 0, minutes = 0] = time.split(':').map(Number);
    return (hours * 60 + minutes) * minuteMs;
  });
  if (startMs === undefined || endMs === undefined || startMs >= dayMs || endMs > dayMs || startMs === endMs)
    return undefined;
  return { startMs, endMs };
}

function isOpen({ zone, days, startMs, endMs }: Schedule, ms: number): boolean {
  const local = ms + zone.stretchAt(ms).offsetMs;
  const day = Math.floor(local / dayMs);
  const time = local - day * dayMs;
  if (startMs < endMs) return time >= startMs && time < endMs && days.has(weekday(day));
  return (time >= startMs && days.has(weekday(day))) || (time < endMs && days.has(weekday(day - 1)));
}

/** The first instant after `ms` at which openness differs; infinite when it stays as it is for over a week. */
function nextChangeMs(schedule: Schedule, ms: number): number {
  const before = isOpen(schedule, ms);
  for (let instant = ms; instant <= ms + lookAheadMs;) {
    const { offsetMs, endMs } = schedule.zone.stretchAt(instant);
    instant = Math.min(endMs, nextBoundary(schedule, instant + offsetMs) - offsetMs);
    if (isOpen(schedule, instant) !== before) return instant;
  }
  return Number.POSITIVE_INFINITY;
}

/** The next local time at which the schedule's hours begin or end, or a day does. */
function nextBoundary({ startMs, endMs }: Schedule, local: number): number {
  const midnight = Math.floor(local / dayMs) * dayMs;
  let next = midnight + dayMs;
  if (midnight + startMs > local) next = Math.min(next, midnight + startMs);
  if (midnight + endMs > local) next = Math.min(next, midnight + endMs);
  return next;
}

/** @param day days since 1970-01-01 */
function weekday(day: number): number {
  return (((day + firstWeekday) % 7) + 7) % 7;
}
