/**
 * Schedules as a clock on the wall shows them, for the slow twin: a week is a set of written minutes (`Mon 09:00`), and
 * what the clock reads in a zone at an instant is asked of Intl, minute by minute.
 */
import type { ScheduleDocument } from '../../../protocol/policy-document.ts';

const minuteMs = 60_000;
const dayMinutes = 24 * 60;
const week = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

export function isOpenAt(schedule: ScheduleDocument, ms: number): boolean {
  return openMinutes(schedule).has(wallClock(schedule.zone, Math.floor(ms / minuteMs)));
}

/** Every minute after `fromMs` and up to `toMs` that differs from the one before it, in epoch ms. */
export function opensOrCloses(schedule: ScheduleDocument, fromMs: number, toMs: number): number[] {
  const found: number[] = [];
  for (let day = Math.floor(fromMs / minuteMs / dayMinutes); day * dayMinutes * minuteMs <= toMs; day++)
    found.push(...turnsOfDay(schedule, day));
  return found.filter((instant) => instant > fromMs && instant <= toMs);
}

const turns = new Map<string, number[]>();
function turnsOfDay(schedule: ScheduleDocument, day: number): number[] {
  const key = JSON.stringify([schedule, day]);
  let known = turns.get(key);
  if (known === undefined) {
    const starts = Array.from({ length: dayMinutes }, (_, index) => (day * dayMinutes + index) * minuteMs);
    known = starts.filter((ms) => isOpenAt(schedule, ms) !== isOpenAt(schedule, ms - minuteMs));
    turns.set(key, known);
  }
  return known;
}

const weeks = new Map<string, Set<string>>();
function openMinutes(schedule: ScheduleDocument): Set<string> {
  const key = JSON.stringify(schedule);
  let known = weeks.get(key);
  if (known === undefined) {
    known = new Set(daysOf(schedule.days ?? 'sun-sat').flatMap((day) => minutesOf(day, schedule.hours)));
    weeks.set(key, known);
  }
  return known;
}

/** What the hours that begin on `day` open; those that end before they begin run on into the next. */
function minutesOf(day: number, hours = '00:00-24:00'): string[] {
  const [start = 0, end = 0] = hours.split('-').map((time) => {
    const [hour = 0, minute = 0] = time.split(':').map(Number);
    return hour * 60 + minute;
  });
  const length = end > start ? end - start : end - start + dayMinutes;
  return Array.from({ length }, (_, index) => {
    const minute = start + index;
    const name = week[(day + Math.floor(minute / dayMinutes)) % 7] ?? '';
    return `${name} ${two(Math.floor(minute / 60) % 24)}:${two(minute % 60)}`;
  });
}

function daysOf(days: string | string[]): number[] {
  const parts = typeof days === 'string' ? days.split(',').map((part) => part.trim()) : days;
  return parts.flatMap((part) => {
    const [first = 0, last = first] = part
      .split('-')
      .map((name) => week.findIndex((day) => day.toLowerCase() === name));
    return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, index) => (first + index) % 7);
  });
}

const clocks = new Map<string, { format: Intl.DateTimeFormat; shown: Map<number, string> }>();
/** What a clock in `zone` reads in this minute since the epoch, as `Mon 09:00`. */
function wallClock(zone: string, minute: number): string {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    clock = { format, shown: new Map() };
    clocks.set(zone, clock);
  }
  let shown = clock.shown.get(minute);
  if (shown === undefined) {
    shown = clock.format.format(minute * minuteMs).replace(',', '');
    clock.shown.set(minute, shown);
  }
  return shown;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
