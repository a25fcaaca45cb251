/** Guards of what people expose from their own machines. */
import { guards, type Mutant } from './mutant.ts';

const exposures = ['test/controller/web/exposures.test.ts'];
const commands = ['test/cli/expose.test.ts'];

export const exposuresMutants: readonly Mutant[] = [
  ...guards('policy/exposed.ts', exposures, [
    [
      'an allow of everything lets nobody expose',
      "policy.to === 'everything' && policy.allow === undefined",
      "policy.to === 'everything'",
    ],
  ]),
  ...guards('controller/exposures/exposing.ts', exposures, [
    ['nobody exposes without a policy that lets them', 'if (right.may) return', 'return'],
  ]),
  ...guards('controller/exposures/exposed-hostname.ts', exposures, [
    [
      'nothing is exposed under a hostname that is taken',
      'if (taken !== undefined || isInside)',
      'if (taken === null)',
    ],
  ]),
  ...guards('controller/exposures/labels.ts', exposures, [
    ['the label of a hostname is one person’s for good', 'taken.has(label);', 'label === undefined;'],
  ]),
  ...guards('controller/exposures/for-device.ts', exposures, [
    [
      'nobody ends what another person exposes',
      '(person === undefined || each.person === person)',
      'person !== null',
    ],
  ]),
  ...guards('controller/exposures/review-exposures.ts', exposures, [
    ['what is exposed ends with the right to expose', 'if (!right.may) return right.why;', ''],
  ]),
  ...guards('cli/exposed-connector.ts', commands, [
    [
      'an exposed port is the only one that is dialled',
      "URL.parse(web.origins[0] ?? '')?.origin === origin",
      'true',
    ],
  ]),
  ...guards('cli/printable.ts', commands, [
    ['strangers write nothing into the terminal', "text.replaceAll(/\\p{C}/gu, '?')", 'text'],
  ]),
];
