/** Guards of what dashboards are told and may leave out. */
import { guards, type Mutant } from './mutant.ts';

const tests = ['test/controller/dashboard.test.ts'];

export const dashboardMutants: readonly Mutant[] = [
  ...guards(
    'web/src/api/code-of.ts',
    ['test/web/as-code.test.ts'],
    [['a change as code is one word for a shell, whatever is in it', ".replaceAll(\"'\", `'\\\\''`)", '']],
  ),
  ...guards('controller/organisation/kept-secrets.ts', tests, [
    ['a client secret is kept for the same issuer only', "before.issuer !== entry['issuer'] || ", ''],
    ['a client secret is kept for the same client only', " || before.clientId !== entry['clientId']", ''],
    ['a token is kept for the same address only', "poll['url'] === before.poll?.url && ", ''],
    ['the secret of a webhook is kept for the same address only', "before.url !== entry['url'] || ", ''],
  ]),
  ...guards('controller/api/event-streams.ts', tests, [
    ['news move before the listener takes them for dead', 'peerBounds.silenceMs / 2', 'peerBounds.answerMs'],
    ['news end before the listener cuts them', 'peerBounds.answerMs - 5_000', 'peerBounds.answerMs * 2'],
  ]),
  ...guards('controller/live/change-watch.ts', tests, [
    [
      'without listeners nothing is looked at',
      '      this.#cancel?.();\n      this.#cancel = undefined;\n',
      '',
    ],
  ]),
  ...guards('controller/api/routes/overview.ts', tests, [
    ['API tokens are named to those who may list them', "has(request.caller, 'tokens.read')", 'true'],
  ]),
  ...guards(
    'controller/api/access.ts',
    ['test/attack/cross-site.test.ts'],
    [['a cookie counts on our own pages only', 'if (!isOwnPage(request, origin))', 'if (false)']],
  ),
  ...guards('controller/audit/audit-conditions.ts', tests, [
    ['text of a filter is no pattern', ".replaceAll(/[\\\\%_]/g, '\\\\$&')", ''],
  ]),
  ...guards(
    'connector/dial/target-tests.ts',
    ['test/connector/target-tests.test.ts'],
    [
      [
        'a test reaches only what lies below its wildcard',
        "    return [{ step: 'dns', ms: 0, code: 'address-forbidden' }];",
        '    void 0;',
      ],
      ['few targets are tested at once', 'if (this.#running >= mostAtOnce)', 'if (false)'],
      [
        'a test never dials the connector itself',
        'async () => addresses, isOwnListener)',
        'async () => addresses)',
      ],
    ],
  ),
  ...guards(
    'controller/api/routes/target-tests.ts',
    ['test/controller/target-tests.test.ts'],
    [
      [
        'target tests are counted',
        'if (lockedMs !== undefined) throw ProblemError.tooMany(lockedMs - context.now());',
        '',
      ],
    ],
  ),
  ...guards(
    'controller/control/ask-connector.ts',
    ['test/controller/target-tests.test.ts'],
    [['only the connector that was asked answers', 'from === node && ', '']],
  ),
  ...guards(
    'controller/login/pages.ts',
    ['test/login/pages.test.ts'],
    [
      [
        'every page has a nonce of its own',
        "const nonce = random(18).toString('base64');",
        "const nonce = 'A'.repeat(24);",
      ],
    ],
  ),
];
