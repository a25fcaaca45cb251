/** Guards of `policy/`. */
import { guards, type Mutant } from './mutant.ts';

export const policyMutants: readonly Mutant[] = [
  ...guards(
    'policy/decide.ts',
    ['test/policy/decide.test.ts'],
    [
      ['a deny goes before every allow', 'if (denying.length > 0) {', 'if (denying.length > 99) {'],
      [
        'an unknown fact counts as met in a deny',
        "of('deny').filter(({ held }) => held !== false)",
        "of('deny').filter(({ held }) => held === true)",
      ],
      [
        'a require goes before every allow',
        'holding.length > 0 && requires.every(({ held }) => held === true)',
        'holding.length > 0',
      ],
      [
        'an unknown fact fails a require',
        'requires.every(({ held }) => held === true)',
        'requires.every(({ held }) => held !== false)',
      ],
      [
        'an unknown fact fails an allow',
        'allows.filter(({ held }) => held === true)',
        'allows.filter(({ held }) => held !== false)',
      ],
      ['without an allow nothing is allowed', 'const allowed = holding.length > 0 && ', 'const allowed = '],
      [
        'a policy outside its from and until selects nothing',
        'if (facts.nowMs < policy.fromMs || facts.nowMs >= policy.untilMs) continue;',
        '',
      ],
    ],
  ),
];
