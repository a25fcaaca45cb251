/** Guards of `policy/`. */
import type { Mutant } from './mutant.ts';

const decide = 'policy/decide.ts';
const policy = 'policy/policy.ts';
const index = 'policy/policy-index.ts';
const posture = 'policy/conditions/posture.ts';
const mfa = 'policy/conditions/mfa.ts';
const schedule = 'policy/conditions/schedule.ts';
const tests = ['test/policy/decide.test.ts'];
const table = ['test/policy/decisions.test.ts'];

export const policyMutants: readonly Mutant[] = [
  {
    name: 'a deny goes before every allow',
    file: decide,
    guard: 'if (denying.length > 0) {',
    without: 'if (denying.length > 99) {',
    tests,
  },
  {
    name: 'an unknown fact counts as met in a deny',
    file: policy,
    guard: 'return held !== false;',
    without: 'return held === true;',
    tests,
  },
  {
    name: 'a require goes before every allow',
    file: decide,
    guard: 'holding.length > 0 && isEveryRequireMet',
    without: 'holding.length > 0',
    tests,
  },
  {
    name: 'an unknown fact fails a require',
    file: policy,
    guard: 'return held !== true;',
    without: 'return held === false;',
    tests,
  },
  {
    name: 'an unknown fact fails an allow',
    file: policy,
    guard: 'return held === true;',
    without: 'return held !== false;',
    tests,
  },
  {
    name: 'without an allow that holds nothing is allowed',
    file: decide,
    guard: 'const allowed = holding.length > 0 && ',
    without: 'const allowed = ',
    tests,
  },
  {
    name: 'a policy outside its from and until selects nothing',
    file: decide,
    guard: 'if (!isValid(policy, facts.nowMs)) continue;',
    without: '',
    tests,
  },
  {
    name: 'a policy for one door says nothing about the other',
    file: index,
    guard: 'policy?.doors.includes(door) === true',
    without: 'policy !== undefined',
    tests,
  },
  {
    name: 'a policy that names the resource but not the subject says nothing',
    file: index,
    guard: '(named[place] ?? 0) < question || ',
    without: '',
    tests,
  },
  {
    name: 'whom a policy named for one question it does not name for the next',
    file: index,
    guard: 'this.#question += 1;',
    without: 'this.#question = 1;',
    tests: ['test/policy/policy-index.test.ts'],
  },
  {
    name: 'a person is not the service account of the same name',
    file: index,
    guard: "if (kind === 'service') return",
    without: 'if (this.#byService.has(name)) return',
    tests,
  },
  {
    name: 'until is not an instant at which one policy takes over from another',
    file: 'policy/next-change.ts',
    guard: 'const isLastOfInstant = turns[index + 1]?.atMs !== atMs;',
    without: 'const isLastOfInstant = true;',
    tests: table,
  },
  {
    name: 'a leap second is an instant',
    file: 'policy/policies.ts',
    guard: "Date.parse(text.replace(':60', ':59')) + (text.includes(':60') ? 1_000 : 0)",
    without: 'Date.parse(text)',
    tests,
  },
  {
    name: 'a policy whose until is no instant is not compiled',
    file: 'policy/policies.ts',
    guard: 'if (Number.isNaN(ms)) throw',
    without: 'if (ms === 0) throw',
    tests,
  },
  {
    name: 'a report that is too old says nothing',
    file: posture,
    guard: 'if (nowMs >= posture.atMs + freshnessMs) return stale;',
    without: '',
    tests,
  },
  {
    name: 'a device that has fallen silent escapes no deny',
    file: posture,
    guard: "{ met: 'unknown', reason: 'posture-stale' }",
    without: "{ met: false, reason: 'posture-stale' }",
    tests,
  },
  {
    name: 'a system that a profile does not list fails it',
    file: posture,
    guard: 'if (wanted === undefined) return notListed;',
    without: 'if (wanted === undefined) return met;',
    tests,
  },
  {
    name: 'every profile must be met',
    file: posture,
    guard: 'if (worst.met === true) worst = verdict;',
    without: 'worst = verdict;',
    tests: table,
  },
  {
    name: 'a sign-in that names no method escapes no deny',
    file: mfa,
    guard: "if (amr.length === 0) return 'unknown';",
    without: 'if (amr.length === 0) return false;',
    tests,
  },
  {
    name: 'two methods of one kind are one factor',
    file: mfa,
    guard: 'return (kinds & (kinds - 1)) !== 0;',
    without: 'return amr.length > 1;',
    tests,
  },
  {
    name: 'several factors count only for so long',
    file: mfa,
    guard: 'return isOver ? tooOld : fresh;',
    without: 'return fresh;',
    tests,
  },
  {
    name: 'a session counts as young only for so long, to the millisecond',
    file: 'policy/conditions/session.ts',
    guard: 'nowMs < session.startedMs + maxAgeMs',
    without: 'nowMs <= session.startedMs + maxAgeMs',
    tests: table,
  },
  {
    name: 'the morning after belongs to the day on which the hours began',
    file: schedule,
    guard: 'days.has(weekday(day - 1))',
    without: 'days.has(weekday(day))',
    tests: table,
  },
  {
    name: 'the clocks change in the night',
    file: 'policy/time-zone.ts',
    guard: 'before === after ? endMs : this.#changeBetween(startMs, endMs - minuteMs, before)',
    without: 'endMs',
    tests: table,
  },
];
