/** Guards of directories: what they may touch, whom they are joined with, and what stops them. */
import { guards, type Mutant } from './mutant.ts';

const directory = ['test/controller/scim/directory.test.ts'];

export const scimMutants: readonly Mutant[] = [
  ...guards('controller/scim/users.ts', directory, [
    [
      'a directory enables nobody whom an administrator disabled',
      'if (row.disabled_ms === null || row.disabled_by !== who) return;',
      'if (row.disabled_ms === null) return;',
    ],
    [
      'whom a directory comes to know has its groups at once',
      'if (person !== null && before?.person === null) await regroupJoined(directory, person);',
      'void regroupJoined;',
    ],
    [
      'whoever is deactivated counts among what is taken away',
      'if (before?.active === 1 && !isActive) await countLosses(directory, [row.id]);',
      '',
    ],
    [
      'whoever is deleted counts among what is taken away',
      'if (row.active === 1) await countLosses(directory, [id]);',
      '',
    ],
    [
      'a user of another directory is none',
      ".where('directory', '=', name)\n    .where('id', '=', id)",
      ".where('id', '=', id)",
    ],
  ]),
  ...guards('controller/scim/groups.ts', directory, [
    [
      'whoever leaves a group counts among what is taken away',
      'if (state.groups.has(nameBefore)) await countLosses(directory, losing);',
      '',
    ],
    [
      'a member of another directory is none',
      'if (known.length !== wanted.length)',
      'if (known.length > wanted.length)',
    ],
  ]),
  ...guards('controller/scim/join.ts', directory, [
    [
      'a private address joins nobody',
      "emails.filter(({ type, primary }) => type === 'work' || primary === true)",
      'emails',
    ],
    ['a person of another provider is not joined', ".where('issuer', '=', issuer)\n", ''],
    [
      'whoever is joined already is not joined anew',
      'if (user === undefined || another !== undefined || user.person !== null) return undefined;',
      'if (user === undefined || another !== undefined) return undefined;',
    ],
  ]),
  ...guards('controller/scim/mass-removal.ts', directory, [
    ['a directory that goes wild is stopped', 'if (isHalted || losing.size > most)', 'if (isHalted)'],
    ['a share that was set counts exactly', 'stopAt === undefined ? usualFew : 1', 'usualFew'],
    [
      'a directory that was stopped stays so',
      'if (isHalted || losing.size > most)',
      'if (losing.size > most)',
    ],
  ]),
  ...guards('controller/login/sign-in-outcome.ts', directory, [
    ['whom the directory deactivated stays out', "directory?.state === 'inactive' ||", ''],
  ]),
  ...guards('controller/scim/authenticate-directory.ts', directory, [
    ['a directory token expires', '|| (row.expires_ms !== null && row.expires_ms <= nowMs)', ''],
  ]),
];
