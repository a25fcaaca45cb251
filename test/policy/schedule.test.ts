import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ScheduleDocument } from '../../protocol/policy-document.ts';
import { scheduleCondition } from '../../policy/conditions/schedule.ts';
import type { Facts } from '../../policy/facts.ts';

const minuteMs = 60_000;

function at(
  document: ScheduleDocument,
  instant: string | number,
): { met: boolean | 'unknown'; changesMs: number } {
  const nowMs = typeof instant === 'number' ? instant : Date.parse(instant);
  const facts: Facts = {
    nowMs,
    door: 'client',
    subject: { kind: 'person', name: 'Alice', groups: [] },
    session: { startedMs: nowMs, amr: [] },
    device: { approved: true },
    resource: { name: 'wiki', tags: [] },
  };
  const condition = scheduleCondition(document);
  return { met: condition.judge(facts).met, changesMs: condition.nextChangeMs(facts) };
}

const office: ScheduleDocument = { zone: 'Europe/Berlin', days: 'mon-fri', hours: '09:00-18:00' };

describe('schedule', () => {
  test('opens and closes at the local minute, in winter and in summer', () => {
    assert.equal(at(office, '2026-11-20T07:59:59Z').met, false);
    assert.equal(at(office, '2026-11-20T08:00:00Z').met, true);
    assert.equal(at(office, '2026-11-20T17:00:00Z').met, false);
    assert.equal(at(office, '2026-07-20T07:00:00Z').met, true);
    assert.equal(at(office, '2026-07-20T16:00:00Z').met, false);
  });

  test('says when it next changes, over a weekend and over the change to summer time', () => {
    const friday = at(office, '2026-03-27T12:00:00Z');
    assert.equal(friday.changesMs, Date.parse('2026-03-27T17:00:00Z'));
    const weekend = at(office, '2026-03-28T12:00:00Z');
    assert.equal(weekend.changesMs, Date.parse('2026-03-30T07:00:00Z'));
  });

  test('hours past midnight belong to the day they began', () => {
    const night: ScheduleDocument = { zone: 'UTC', days: ['fri'], hours: '22:00-06:00' };
    assert.equal(at(night, '2026-11-20T21:59:00Z').met, false);
    assert.equal(at(night, '2026-11-21T05:59:00Z').met, true);
    assert.equal(at(night, '2026-11-21T06:00:00Z').met, false);
    assert.equal(at(night, '2026-11-21T22:30:00Z').met, false);
  });

  test('a schedule of every hour of every day never changes', () => {
    const always = at({ zone: 'UTC' }, '2026-11-20T12:00:00Z');
    assert.equal(always.met, true);
    assert.equal(always.changesMs, Number.POSITIVE_INFINITY);
  });

  test('the next change is exactly where asking minute by minute finds it', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'UTC'];
    const hour = fc.integer({ min: 0, max: 23 }).map((value) => String(value).padStart(2, '0'));
    const minute = fc.constantFrom('00', '15', '30');
    const document = fc.record({
      zone: fc.constantFrom(...zones),
      days: fc.constantFrom('mon-fri', 'sun', 'sat-mon'),
      hours: fc.tuple(hour, minute, hour, minute).map(([a, b, c, d]) => `${a}:${b}-${c}:${d}`),
    });
    // Around both changes of 2026, where it is hard.
    const start = fc
      .tuple(
        fc.constantFrom('2026-03-28', '2026-10-24', '2026-03-07', '2026-10-31', '2026-04-04'),
        fc.nat(2 * 1_440),
      )
      .map(([day, minutes]) => Date.parse(`${day}T00:00:00Z`) + minutes * minuteMs);
    fc.assert(
      fc.property(document, start, (schedule, from) => {
        fc.pre(schedule.hours.slice(0, 5) !== schedule.hours.slice(6));
        const condition = at(schedule, from);
        let found: number | undefined;
        for (let step = 1; step <= 1_440 && found === undefined; step++) {
          if (at(schedule, from + step * minuteMs).met !== condition.met) found = from + step * minuteMs;
        }
        if (found !== undefined) assert.equal(condition.changesMs, found);
        else assert.ok(condition.changesMs > from + 1_440 * minuteMs);
      }),
      { seed: 20_261_120, numRuns: 12 },
    );
  });
});
