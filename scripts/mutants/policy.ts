/** Guards of `policy/`. */
import type { Mutant } from './mutant.ts';

const decide = 'policy/decide.ts';
const tests = ['test/policy/decide.test.ts'];

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
    file: decide,
    guard: "of('deny').filter(({ held }) => held !== false)",
    without: "of('deny').filter(({ held }) => held === true)",
    tests,
  },
  {
    name: 'a require goes before every allow',
    file: decide,
    guard: 'holding.length > 0 && requires.every(({ held }) => held === true)',
    without: 'holding.length > 0',
    tests,
  },
  {
    name: 'an unknown fact fails a require',
    file: decide,
    guard: 'requires.every(({ held }) => held === true)',
    without: 'requires.every(({ held }) => held !== false)',
    tests,
  },
  {
    name: 'an unknown fact fails an allow',
    file: decide,
    guard: 'allows.filter(({ held }) => held === true)',
    without: 'allows.filter(({ held }) => held !== false)',
    tests,
  },
  {
    name: 'without an allow nothing is allowed',
    file: decide,
    guard: 'const allowed = holding.length > 0 && ',
    without: 'const allowed = ',
    tests,
  },
  {
    name: 'a policy outside its from and until selects nothing',
    file: decide,
    guard: 'if (facts.nowMs < policy.fromMs || facts.nowMs >= policy.untilMs) continue;',
    without: '',
    tests,
  },
];
