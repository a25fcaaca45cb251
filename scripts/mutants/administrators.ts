/** Guards of what administrators may do: roles, scopes, owners. */
import { guards, type Mutant } from './mutant.ts';

const roleTests = ['test/controller/administrators.test.ts'];

export const administratorsMutants: readonly Mutant[] = [
  ...guards('controller/administrators/administrators.ts', roleTests, [
    [
      'a role counts for sessions that began after it was given',
      'return started_ms >= (person.role_ms ?? 0) ? person.role : undefined;',
      'return person.role;',
    ],
    ['only owners make and unmake owners', '!byOwner() && (await owners(tx)).length > 0', 'false'],
    [
      'the last owner stays one',
      "if (before.role === 'owner' && (await isLastOwner(tx, id))) return 'last-owner';",
      '',
    ],
  ]),
  ...guards('controller/api/over-administrators.ts', roleTests, [
    [
      'whoever may not take a role may not lock out its bearer',
      "requireAction(request, 'administrators.write', 'This person administers; your role does not cover that.');",
      '',
    ],
    ['only an owner locks out an owner', 'if (!byOwner(request))', 'if (false)'],
    ['the last owner is not locked out', 'if (await isLastOwner(tx, id))', 'if (false)'],
  ]),
  ...guards('controller/api/callers.ts', roleTests, [
    [
      'what outlasts the session takes a fresh sign-in',
      "actions[action].fresh !== true) ? 'yes' : 'not-fresh'",
      "actions[action].fresh !== true) ? 'yes' : 'yes'",
    ],
  ]),
  ...guards('controller/api/routes/put-into-force.ts', roleTests, [
    [
      'a document changes only what the role covers',
      'for (const part of documentParts(changes)) requireAction(request, part.action, part.sentence);',
      '',
    ],
  ]),
  ...guards('controller/api/routes/enrolment-keys.ts', roleTests, [
    ['keys are made by whose role covers them', '      requireAction(request, writingOf(purpose));\n', ''],
    [
      'keys are deleted by whose role covers them',
      '        requireAction(request, writingOf(gone.purpose));\n',
      '',
    ],
  ]),
  ...guards('controller/api/routes/tokens.ts', roleTests, [
    [
      'a token makes none that may be used for more',
      'if (!scopes.every((scope) => own.includes(scope)))',
      'if (false)',
    ],
  ]),
  ...guards('protocol/roles.ts', roleTests, [
    [
      'a token is used within its scopes',
      'return allowed.includes(role) && granted.includes(scope);',
      'return allowed.includes(role);',
    ],
  ]),
];
