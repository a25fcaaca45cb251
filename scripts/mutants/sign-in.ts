/** Guards of sign-in, of browser sessions and of devices that wait for their person. */
import { guards, type Mutant } from './mutant.ts';

const hostile = ['test/login/hostile-provider.test.ts'];
const signIn = ['test/login/sign-in.test.ts'];
const once = ['test/attack/api-once.test.ts'];
const access = ['test/attack/api-access.test.ts'];

export const signInMutants: readonly Mutant[] = [
  ...guards('controller/login/providers.ts', hostile, [
    ['an ID token counts by its signature', '        enableNonRepudiationChecks,\n        //', '        //'],
  ]),
  ...guards('controller/login/exchange.ts', hostile, [
    ['PKCE binds the code to the attempt', '      pkceCodeVerifier: codeVerifier,\n', ''],
    [
      'an objection to the ID token ends the sign-in',
      'if (objection !== undefined) throw',
      'if (false) throw',
    ],
  ]),
  ...guards('controller/login/sign-in-routes.ts', signIn, [
    [
      'the earlier session of a browser ends at sign-in',
      '      await endEarlierSession(this.#context, this.#cookies, request);\n',
      '',
    ],
  ]),
  ...guards('controller/login/id-token-claims.ts', hostile, [
    ['an ID token was issued just now', 'if (Math.abs(nowMs - iat * 1_000) > maxAgeMs)', 'if (false)'],
    [
      'an ID token names the access token it came with',
      'expected !== undefined && sameText(hash, expected)',
      'expected !== undefined',
    ],
    [
      'a subject names somebody',
      "if (sub === '' || sub.length > maxSubject)",
      'if (sub.length > maxSubject)',
    ],
  ]),
  ...guards('controller/login/pending-sign-ins.ts', signIn, [
    ['a sign-in that was left alone is gone', 'return kept.expiresMs > this.#now() && kept', 'return kept'],
  ]),
  ...guards('controller/login/record-sign-in.ts', hostile, [
    ['a person is of one issuer', "      .where('issuer', '=', issuer)\n", ''],
  ]),
  ...guards('controller/login/browser-sessions.ts', access, [
    [
      'a session that was ended is over',
      'row === undefined || row.ended_ms !== null || row.until_ms <= context.now()',
      'row === undefined || row.until_ms <= context.now()',
    ],
    [
      'a session runs out',
      'row.ended_ms !== null || row.until_ms <= context.now() ?',
      'row.ended_ms !== null ?',
    ],
  ]),
  ...guards('controller/login/device-login-routes.ts', access, [
    [
      'a waiting device is of the caller’s organisation',
      'attempt?.organisation === organisation.id ?',
      'attempt !== undefined ?',
    ],
  ]),
  ...guards('controller/enrolment/login-attempts.ts', once, [
    ['an attempt is authorised once', "      .where('code_hash', 'is', null)\n", ''],
    [
      'an attempt becomes one session',
      "        .where('session', 'is', null)\n        .where('expires_ms', '>', nowMs)",
      "        .where('expires_ms', '>', nowMs)",
    ],
  ]),
  ...guards(
    'controller/enrolment/login-attempts.ts',
    ['test/attack/api-tokens.test.ts'],
    [
      [
        'a login code serves the key it was asked for with',
        "device.nk !== nodeKey) return { state: 'gone' };",
        "false) return { state: 'gone' };",
      ],
    ],
  ),
  ...guards('controller/sessions/end-sessions.ts', once, [
    [
      'a session ends once',
      "    .where('id', 'in', sessions)\n    .where('ended_ms', 'is', null)\n",
      "    .where('id', 'in', sessions)\n",
    ],
  ]),
  ...guards('controller/throttle.ts', signIn, [
    [
      'too many failures lock',
      'return entry !== undefined && entry.count >= this.#options.limit ? entry.untilMs : undefined;',
      'return undefined as number | undefined;',
    ],
  ]),
];
