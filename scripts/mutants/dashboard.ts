/** Guards of what dashboards are told and may leave out. */
import { guards, type Mutant } from './mutant.ts';

const tests = ['test/controller/dashboard.test.ts'];

export const dashboardMutants: readonly Mutant[] = [
  ...guards('controller/organisation/kept-secrets.ts', tests, [
    ['a client secret is kept for the same issuer only', "before.issuer !== entry['issuer'] || ", ''],
    ['a client secret is kept for the same client only', " || before.clientId !== entry['clientId']", ''],
    ['a token is kept for the same address only', "poll['url'] === before.poll?.url && ", ''],
    ['the secret of a webhook is kept for the same address only', "before.url !== entry['url'] || ", ''],
  ]),
  ...guards('controller/live/change-watch.ts', tests, [
    [
      'without listeners nothing is looked at',
      '      this.#cancel?.();\n      this.#cancel = undefined;\n',
      '',
    ],
  ]),
  ...guards('controller/audit/audit-conditions.ts', tests, [
    ['text of a filter is no pattern', ".replaceAll(/[\\\\%_]/g, '\\\\$&')", ''],
  ]),
];
