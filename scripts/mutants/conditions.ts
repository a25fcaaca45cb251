/** Guards of each condition of a policy, and of the times and addresses that conditions compare. */
import { guards, type Mutant } from './mutant.ts';

const posture = 'policy/conditions/posture.ts';
const postureProfile = 'policy/conditions/posture-profile.ts';
const postureChecks = 'policy/conditions/posture-checks.ts';
const postureTable = ['test/policy/posture-decisions.test.ts'];
const mfa = 'policy/conditions/mfa.ts';
const schedule = 'policy/conditions/schedule.ts';
const tests = ['test/policy/decide.test.ts'];
const table = ['test/policy/decisions.test.ts'];

export const conditionsMutants: readonly Mutant[] = [
  {
    name: 'a report that is too old says nothing',
    file: postureProfile,
    guard: 'if (nowMs >= posture.atMs + this.#freshnessMs) return stale;',
    without: '',
    tests,
  },
  {
    name: 'a device that has fallen silent escapes no deny',
    file: postureProfile,
    guard: "{ met: 'unknown', reason: 'posture-stale' }",
    without: "{ met: false, reason: 'posture-stale' }",
    tests,
  },
  {
    name: 'a system that a profile does not list fails it',
    file: postureProfile,
    guard: 'return this.#checks[posture.facts.os] ?? notListed;',
    without: 'return this.#checks[posture.facts.os] ?? met;',
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
    name: 'a fact that is not known is not as it should be',
    file: postureChecks,
    guard: 'if (fact === undefined) return unknown;',
    without: 'if (fact === undefined) return met;',
    tests: postureTable,
  },
  {
    name: 'a fact that is known to be otherwise fails',
    file: postureChecks,
    guard: 'return fact ? met : failing;',
    without: 'return met;',
    tests: postureTable,
  },
  {
    name: 'every check of a profile counts',
    file: postureProfile,
    guard: 'if (verdict.met === false) return verdict;\n          if (worst.met === true) worst = verdict;',
    without: 'if (verdict.met === false) return verdict;',
    tests: postureTable,
  },
  {
    name: 'a distribution that is not listed fails',
    file: postureChecks,
    guard: 'return minimums.has(distributionId) ? distributionVerdicts.met : distributionNotListed;',
    without: 'return distributionVerdicts.met;',
    tests: postureTable,
  },
  {
    name: 'a screen that locks too late fails',
    file: postureChecks,
    guard: 'screenLockAfter * 1_000 <= longestMs ?',
    without: 'longestMs > 0 ?',
    tests: postureTable,
  },
  {
    name: 'a screen of which nobody knows when it locks does not lock in time',
    file: postureChecks,
    guard: 'if (screenLockAfter === undefined) return screenLockVerdicts.unknown;',
    without: 'if (screenLockAfter === undefined) return screenLockVerdicts.met;',
    tests: postureTable,
  },
  {
    name: 'only the antivirus that is asked for counts',
    file: postureChecks,
    guard: 'if (wanted.includes(product)) return antivirusVerdicts.met;',
    without: 'return antivirusVerdicts.met;',
    tests: postureTable,
  },
  {
    name: 'a required program that does not run fails',
    file: postureChecks,
    guard: 'if (running === false) return processVerdicts.failing;',
    without: '',
    tests: postureTable,
  },
  {
    name: 'a required program of which nothing is said is not known',
    file: postureChecks,
    guard: 'if (running === undefined) all = processVerdicts.unknown;',
    without: '',
    tests: postureTable,
  },
  {
    name: 'a required file of which nothing is said is not known',
    file: postureChecks,
    guard: 'if (present === undefined) all = fileVerdicts.unknown;',
    without: '',
    tests: postureTable,
  },
  {
    name: 'a verdict that nobody gave is not known',
    file: postureProfile,
    guard: 'if (verdict === undefined) return verdictUnknown;',
    without: 'if (verdict === undefined) return compliant;',
    tests: postureTable,
  },
  {
    name: 'a verdict that is too old says nothing',
    file: postureProfile,
    guard: 'if (nowMs >= verdict.atMs + this.#freshnessMs) return verdictStale;',
    without: '',
    tests: postureTable,
  },
  {
    name: 'what looks like a source is not one',
    file: postureProfile,
    guard: 'verdicts !== undefined && Object.hasOwn(verdicts, source) ? verdicts[source] : undefined',
    without: 'verdicts === undefined ? undefined : verdicts[source]',
    tests: postureTable,
  },
  {
    name: 'a sign-in that names no method escapes no deny',
    file: mfa,
    guard: "const unknownMethods: Verdict = { met: 'unknown',",
    without: 'const unknownMethods: Verdict = { met: false,',
    tests,
  },
  {
    name: 'two methods of one kind are one factor',
    file: mfa,
    guard: 'return (kinds & (kinds - 1)) !== 0 ?',
    without: 'return amr.length > 1 ?',
    tests,
  },
  {
    name: 'several factors count only for so long',
    file: mfa,
    guard: 'if (session.authTimeMs !== undefined && nowMs >= session.authTimeMs + maxAgeMs) return tooOld;',
    without: '',
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
  ...guards('policy/ip-network.ts', table, [
    [
      'a network ends where its length says',
      'return bits >= 32 ? -1 : -1 << (32 - bits);',
      'return -1 << 31;',
    ],
    ['IPv4 that stands in IPv6 is IPv4', '  read[0] = read[3] ?? 0;\n  return 4;', '  return 6;'],
    ['IPv4 is not among all of IPv6', 'network.family === family && contains(network)', 'contains(network)'],
    ['an address has one reading only', 'if (digits === 1 && value === 0) return undefined;', ''],
    [
      'a text that is no address lies in no network',
      'if (family === 0) return undefined;',
      'if (family === 0) return true;',
    ],
  ]),
  ...guards('policy/conditions/source.ts', table, [
    [
      'a source that nobody knows escapes no deny',
      "{ met: 'unknown', reason: 'source-unknown' }",
      "{ met: false, reason: 'source-unknown' }",
    ],
  ]),
  ...guards('policy/conditions/country.ts', table, [
    [
      'a country that nobody knows lets nobody in',
      'if (source?.country === undefined) return unknown;',
      'if (source?.country === undefined) return listed;',
    ],
    [
      'a country that nobody knows escapes no deny',
      "{ met: 'unknown', reason: 'country-unknown' }",
      "{ met: false, reason: 'country-unknown' }",
    ],
  ]),
  ...guards(mfa, table, [
    ['a method that is asked for was used', 'if (method.met === false) return method;', ''],
    [
      'a context class that the provider did not name is unknown',
      'if (acr === undefined) return unknownContext;',
      'if (acr === undefined) return fresh;',
    ],
    [
      'a context class is one of those listed',
      'return contexts.has(acr) ? fresh : otherContext;',
      'return fresh;',
    ],
    [
      'a sign-in whose time nobody knows is not fresh',
      'return session.authTimeMs === undefined ? unknownTime : fresh;',
      'return fresh;',
    ],
  ]),
];
