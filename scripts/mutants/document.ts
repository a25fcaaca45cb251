/** Guards between a document and its force: checks, policy tests, two administrators at once, rollback. */
import { guards, type Mutant } from './mutant.ts';

const history = ['test/controller/document-history.test.ts'];

export const documentMutants: readonly Mutant[] = [
  ...guards('controller/api/routes/put-into-force.ts', history, [
    [
      'a policy test that fails blocks the change',
      "if (failed.length > 0) throw new ProblemError('invalid-document', undefined, failed);",
      '',
    ],
    [
      'what is put into force was checked',
      "if ('issues' in checked) throw new ProblemError('invalid-document', undefined, checked.issues);",
      "if ('issues' in checked) return value as OrganisationDocument;",
    ],
    [
      'a revision that is no number is refused, not passed over',
      'if (revision === undefined)',
      'if (revision === undefined) return undefined; if (revision === undefined)',
    ],
  ]),
  ...guards('controller/organisation/apply-document.ts', history, [
    [
      'whoever started from another revision changes nothing',
      'if (from !== undefined && from !== before.revision) throw new StaleRevision(before.revision);',
      '',
    ],
  ]),
  ...guards('controller/organisation/document-history.ts', history, [
    ['a provider does not come back without its secret', 'if (issues.length > 0) return { issues };', ''],
  ]),
  ...guards(
    'controller/api/routes/document.ts',
    ['test/controller/plan.test.ts'],
    [
      [
        'an auditor does not learn by a plan whether a secret is the one in use',
        "config: { atOnce: true, access: documentWriting, problems: ['invalid-document'] },",
        "config: { atOnce: true, access: ['document.read'], problems: ['invalid-document'] },",
      ],
    ],
  ),
  ...guards(
    'policy/policy-tests.ts',
    ['test/policy/policy-tests.test.ts'],
    [
      [
        'a test that says nothing of the device takes nothing as met',
        "if (met === undefined) return { met: 'unknown', reason: 'posture-unknown' };",
        "if (met === undefined) return { met: true, reason: 'posture-met' };",
      ],
      [
        'a profile that a test does not name is not met',
        'return names.every((name) => met.has(name))',
        'return met.size > 0',
      ],
      [
        'a test fails when one of its resources comes out otherwise',
        "if (isAllowed === (expected === 'can')) return [];",
        'if (isAllowed || test.can === undefined) return [];',
      ],
    ],
  ),
  ...guards(
    'policy/implies.ts',
    ['test/policy/implies.test.ts'],
    [
      [
        'a looser allow is told by every condition that the other has besides',
        'keysOf(when).every((key) =>',
        'keysOf(when).some((key) =>',
      ],
    ],
  ),
];
