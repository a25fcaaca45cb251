/** Guards of options from variables and files: what counts before what, and what of it is shown. */
import { guards, type Mutant } from './mutant.ts';

const tests = ['test/cli/config.test.ts'];

export const optionMutants: readonly Mutant[] = [
  ...guards(
    'cli/service-options.ts',
    ['test/cli/service.test.ts'],
    [
      ['no secret of a flag stands in a unit', 'if (secrets.has(flag) && !isFile)', 'if (false as boolean)'],
      [
        'no password in an address stands in a unit',
        "URL.canParse(value) && new URL(value).password !== ''",
        'false as boolean',
      ],
    ],
  ),
  ...guards(
    'cli/service-unit.ts',
    ['test/cli/service.test.ts'],
    [
      ['no value of an option makes a line of a unit', 'if (/\\p{Cc}/u.test(text))', 'if (false as boolean)'],
      ['no value of an option is expanded by systemd', ".replaceAll('%', '%%')", ''],
    ],
  ),
  ...guards('cli/config-option.ts', tests, [
    [
      'a flag for the file of a secret counts before the secret’s own variable',
      'setting.ways.some(({ option }) => isFlag(command, option))',
      'isFlag(command, setting.ways[0]?.option)',
    ],
    ['options of a server break none of its subcommands', 'if (acting !== command) return;', ''],
  ]),
  ...guards('cli/given-setting.ts', tests, [
    ['a variable that is empty gives nothing', "if (text === '') continue;", ''],
    [
      'a switch that a variable turns off is off',
      "['false', 'no', 'off', '0'].map((word) => [word, false] as const)",
      "['false', 'no', 'off', '0'].map((word) => [word, true] as const)",
    ],
  ]),
  ...guards('cli/setting-in-force.ts', tests, [
    ['no secret is shown', 'secret ? null : value', 'value'],
    ['no password in an address is shown', "url.password === ''", 'true'],
  ]),
  ...guards('cli/config-file.ts', tests, [
    [
      'an option that does not exist is an error in a file',
      'issues.addUnknown(offset, name, [...options.keys()]);',
      '',
    ],
    ['a file with secrets that everybody may read is known', '(statSync(file).mode & 0o004) !== 0', 'false'],
  ]),
];
