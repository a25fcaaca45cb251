/** Guards of how policies come together to a decision. */
import { guards, type Mutant } from './mutant.ts';

const decide = 'policy/decide.ts';
const policy = 'policy/policy.ts';
const index = 'policy/policy-index.ts';
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
    guard: 'holding.length > 0 && (unmet.length === 0 || isWaived(unmet, holding))',
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
    guard: 'const allowed = holding.length > 0 && (unmet.length === 0 || ',
    without: 'const allowed = (unmet.length === 0 || ',
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
  ...guards(policy, table, [
    [
      'an allow waives only the requires that it names',
      'for (const { name } of unmet) if (!waives.has(name)) return false;',
      '',
    ],
    [
      'several allows do not waive together what none of them waives alone',
      'for (const allow of holding) if (waivesAll(allow, unmet)) return true;\n  return false;',
      'return unmet.every((require) => holding.some((allow) => waivesAll(allow, [require])));',
    ],
  ]),
  {
    name: 'an allow that does not hold waives nothing',
    file: decide,
    guard: 'isWaived(unmet, holding))',
    without: 'isWaived(unmet, concerning))',
    tests: table,
  },
  {
    name: 'until sees what a waiver lets in',
    file: 'policy/next-change.ts',
    guard: '(inEffect.require.size === 0 || isWaived([...inEffect.require], [...inEffect.allow]))',
    without: 'inEffect.require.size === 0',
    tests: table,
  },
  ...guards('policy/policies.ts', tests, [
    [
      'only an allow that ends may waive',
      'waives.length > 0 && (allow === undefined || until === undefined)',
      'waives.length > 0 && allow === undefined',
    ],
    ['what is waived is a require of the file', 'else if (policy.require === undefined)', 'else if (false)'],
  ]),
];
