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
    [
      [
        'no origin is a listener of the connector itself',
        'resolve, isOwnListener, open);',
        'resolve, undefined, open);',
      ],
    ],
  ),
  ...guards(
    'connector/web/proxy.ts',
    ['test/web-door/methods.test.ts'],
    [['no body is read whole before it is passed on', '  app.removeAllContentTypeParsers();\n', '']],
  ),
  ...guards(
    'connector/web/parting.ts',
    ['test/web-door/early-answers.test.ts'],
    [
      [
        'a body that nobody takes holds no stream after its answer',
        'if (stream.readableEnded) return;',
        'return;',
      ],
    ],
  ),
  ...guards(
    'client/proxies/own-or-public.ts',
    ['test/client/proxies/own-or-public.test.ts'],
    [
      [
        'the proxies dial a name outside the tunnel only where they sent a browser here with it',
        'return [...this.#sent].some((hostname) => matchesPattern(hostname, name));',
        'return true;',
      ],
      [
        'the proxies look no name below a zone up outside',
        "if (zoneOf(name.split('.'), zones) !== undefined) return false;",
        '',
      ],
    ],
  ),
];
