/** Guards of what the web door says itself, and of where it dials to. */
import { guards, type Mutant } from './mutant.ts';

export const webAnswersMutants: readonly Mutant[] = [
  ...guards(
    'connector/web/pages.ts',
    ['test/attack/web-headers.test.ts'],
    [
      ['the door’s own pages are in nobody’s frame', " frame-ancestors 'none';", ''],
      ['what the door says itself is kept by no cache', "  'cache-control': 'no-store',\n", ''],
      ['a hostname of the door is not asked for in plain text again', '  ...strictTransport,\n', ''],
    ],
  ),
  ...guards(
    'connector/web/dial-origin.ts',
    ['test/attack/web-own-listener.test.ts'],
    [['no origin is a listener of the connector itself', 'resolve, isOwnListener);', 'resolve);']],
  ),
];
