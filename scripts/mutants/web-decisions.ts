/** Guards of the web door's deciding half: codes, web sessions, passes, hostnames. */
import { guards, type Mutant } from './mutant.ts';

const door = ['test/controller/web/web-door.test.ts'];

export const webDecisionsMutants: readonly Mutant[] = [
  ...guards('controller/web/web-codes.ts', door, [
    [
      'a code of the web door is used up by whoever shows it',
      "tx.delete('web_codes').where('hash', '=', hash).returningAll().executeTakeFirst()",
      "tx.select('web_codes').selectAll().where('hash', '=', hash).executeTakeFirst()",
    ],
    ['a code of the web door lasts a minute', ' || row.expires_ms <= nowMs', ''],
    ['a code of the web door is for its browser', 'sameText(row.challenge, challenge)', 'true'],
    [
      'a code of the web door is of an open session',
      'open === undefined ? undefined : writeWebCode',
      'writeWebCode',
    ],
  ]),
  ...guards('controller/login/browser-sessions.ts', door, [
    [
      'a code under way counts for the session that follows',
      'if (isSame) await moveWebCodes(tx, id, next.session);',
      '',
    ],
  ]),
  ...guards('controller/web/start-routes.ts', door, [
    [
      'a browser is sent back to the door’s own port, not to one of the link',
      "`https://${host}${webPort === 443 ? '' : `:${webPort}`}/.postern/callback`",
      '`https://${host}:9999/.postern/callback`',
    ],
    [
      'a return target at a hostname is a path',
      '/^\\/(?![/\\\\])[\\x21-\\x5b\\x5d-\\x7e]*$/.test(text)',
      'true',
    ],
    ['a hidden hostname is refused like one that leads nowhere', ' || !decided.known', ''],
    ['a path that wants a fresh sign-in gets one', 'asked.fresh !== undefined && ', 'false && '],
  ]),
  ...guards('controller/decisions/wider-tickets.ts', door, [
    [
      'a ticket ends with a hostname that it names',
      'hostsNamedBy(ticket).some((host) => !hosts.has(host))',
      'false',
    ],
  ]),
  ...guards('controller/web/web-right.ts', door, [
    [
      'a web session is not made in a session that is over',
      'if (session.ended_ms !== null || session.until_ms <= nowMs) return undefined;',
      '',
    ],
    [
      'where the browser signed in counts at the web door too',
      '[...new Set([session.address, ...addresses])]',
      '[...new Set(addresses)]',
    ],
  ]),
  ...guards('controller/web/web-sessions-anew.ts', door, [
    ['a web session ends when its door leads elsewhere', ' || !sameDoor(right.terms, row.terms)', ''],
    [
      'a web session ends no later than its right',
      'right.terms === row.terms && row.until_ms <= right.untilMs + 1_000',
      'right.terms === row.terms',
    ],
  ]),
  ...guards('controller/web/act-for-connector.ts', door, [
    [
      'a connector signs out browsers of its own network alone',
      "        .where('id', '=', message.web)\n        .where('network', '=', network)\n",
      "        .where('id', '=', message.web)\n",
    ],
    [
      'a connector’s ACME challenge is for hostnames of its own network alone',
      'if (host === undefined || resource?.network.id !== network) return undefined;',
      'if (host === undefined) return undefined;',
    ],
  ]),
  ...guards(
    'controller/web/keep-passes.ts',
    ['test/controller/web/passes.test.ts'],
    [['a person revokes their own device passes alone', ' || (of !== undefined && row.subject !== of)', '']],
  ),
  ...guards(
    'controller/web/passes.ts',
    ['test/controller/web/passes.test.ts'],
    [
      [
        'a pass is told to connectors only while policy allows it',
        "if (right?.state !== 'granted') continue;",
        'if (right === undefined) continue;',
      ],
      ['a pass of a disabled account opens nothing', ' || disabled.has(row.subject)', ''],
    ],
  ),
  ...guards(
    'controller/login/my-passes-routes.ts',
    ['test/controller/web/passes.test.ts'],
    [
      [
        'a device pass is made after a fresh sign-in',
        '!isFresh(session.auth_ms ?? undefined, context.now())',
        'false',
      ],
    ],
  ),
  ...guards(
    'controller/web/caa.ts',
    ['test/controller/web/hostnames.test.ts'],
    [
      [
        'a name is relay-proof by the account, not by the CA',
        " && parameters.get('accounturi') === account.account",
        '',
      ],
      ['a name without CAA records is not relay-proof', 'issue.length > 0 && ', ''],
    ],
  ),
  ...guards(
    'protocol/web.ts',
    ['test/protocol/web.test.ts'],
    [
      ['a web session is of this network', " || claims['net'] !== expected.network", ''],
      ['a web session is for a hostname that is served', ' || !expected.serves(host)', ''],
      [
        'a web session has a type of its own',
        'openToken(token, typ, card.keys, nowS)',
        "openToken(token, 'postern-grant+jwt', card.keys, nowS)",
      ],
    ],
  ),
];
