/** Guards of sign-in, of browser sessions and of devices that wait for their person. */
import { guards, type Mutant } from './mutant.ts';

const hostile = ['test/login/hostile-provider.test.ts'];
const signIn = ['test/login/sign-in.test.ts'];
const once = ['test/attack/api-once.test.ts'];
const access = ['test/attack/api-access.test.ts'];
const backChannel = ['test/login/back-channel-logout.test.ts'];
const stepUp = ['test/login/step-up.test.ts'];
const devices = ['test/controller/devices.test.ts'];
const ownDevices = ['test/login/device-login.test.ts'];
const people = ['test/controller/people.test.ts'];
const trials = ['test/login/sign-in-trials.test.ts'];

export const signInMutants: readonly Mutant[] = [
  ...guards('controller/login/logout-token.ts', backChannel, [
    ['a logout token is of the issuer', '      issuer,\n      audience', '      audience'],
    ['a logout token is for us', '      audience: clientId,\n', ''],
    [
      'a logout token is of its own type',
      'if (!types.has(protectedHeader.typ?.toLowerCase()))',
      'if (false)',
    ],
    [
      'a logout token is new',
      'if (iat === undefined || Math.abs(nowMs / 1_000 - iat) > maxAgeS)',
      'if (iat === undefined)',
    ],
    ['a logout token has an id', 'if (!isShortText(jti)) throw', 'if (jti === undefined) throw'],
    ['an ID token is no logout token', 'if (!isObject(events) || !isObject(events[event]))', 'if (false)'],
    ['a logout token has no nonce', 'if (nonce !== undefined)', 'if (false)'],
  ]),
  ...guards('controller/login/back-channel.ts', backChannel, [
    ['a logout token counts once', 'if (taken === undefined) return undefined;', ''],
    [
      'a provider ends no session of another',
      "    .where('provider', '=', provider)\n    .where('provider_session'",
      "    .where('provider_session'",
    ],
    ['a provider signs out its own people', "          .where('issuer', '=', issuer)\n", ''],
    [
      'a sign-in of somebody else is not theirs',
      "if (person !== undefined) query = query.where('subject', '=', person.id);",
      '',
    ],
  ]),
  ...guards('controller/login/logout-routes.ts', backChannel, [
    ['logout tokens are throttled', '        refused.fail(address);\n', ''],
  ]),
  ...guards('controller/enrolment/let-in.ts', backChannel, [
    [
      'a browser that was signed out lets nothing in',
      'row === undefined || !(await isStillSignedIn(tx, signIn))',
      'row === undefined',
    ],
  ]),
  ...guards('controller/login/sign-ins.ts', stepUp, [
    [
      'an answer that is not enough raises nothing',
      '(await this.#stepUps.objection(organisation, pending.stepUp, issuer, identity)) ?? answer',
      'answer && issuer && answer',
    ],
  ]),
  ...guards('controller/login/device-login-routes.ts', stepUp, [
    ['a device is raised by a sign-in that is enough', 'entered: missing ?? entered', 'entered'],
  ]),
  ...guards('controller/login/step-up.ts', stepUp, [
    [
      'a hidden resource asks for nothing',
      'known &&\n      (resource.definition.name',
      '(resource.definition.name',
    ],
  ]),
  ...guards('controller/enrolment/join-device.ts', stepUp, [
    ['another key renews no session', 'known?.nk === claim.nk && known.state', 'known?.state'],
  ]),
  ...guards('controller/login/sign-in-outcome.ts', people, [
    [
      'a disabled person does not sign in',
      'if (known !== undefined && known.disabled_ms !== null) return',
      'if (false) return',
    ],
  ]),
  ...guards('controller/enrolment/join-device.ts', people, [
    [
      'a disabled person lets no device in',
      "  if (await isDisabled(tx, owner)) return { state: 'disabled' };\n",
      '',
    ],
  ]),
  ...guards('controller/enrolment/redeem.ts', people, [
    [
      'a disabled service account uses up nothing',
      "      if (await isDisabled(tx, stored.target as Id<'svc'>)) return { state: 'disabled' } as const;\n",
      '',
    ],
  ]),
  ...guards('controller/login/my-devices-routes.ts', ownDevices, [
    [
      'a person acts on their own devices',
      "    .where('owner', '=', person.id)\n    .executeTakeFirst();",
      '    .executeTakeFirst();',
    ],
    [
      'a blocked device is not forgotten',
      "if (state === 'blocked')\n        throw",
      'if (false)\n        throw',
    ],
  ]),
  ...guards('controller/login/my-sessions-routes.ts', ownDevices, [
    ['a person sees and ends their own sessions', "    .where('subject', '=', person.id)\n", ''],
    ['the session that asks stays', '.filter(({ id }) => id !== session.id)', ''],
  ]),
  ...guards('controller/devices/name-device.ts', ownDevices, [
    [
      'a person names their own devices',
      "if (owner !== undefined) query = query.where('owner', '=', owner);",
      '',
    ],
  ]),
  ...guards('controller/enrolment/join-device.ts', devices, [
    ['an expired device is a new one', '...(expired ? { approval, acknowledged_ms: null } : {}),', ''],
    ['a name that was given stays', '...(named ? {} : { name: claim.name }),', 'name: claim.name,'],
  ]),
  ...guards('controller/enrolment/let-in.ts', devices, [
    ['approval of every device', "rule === 'required' || (rule", '(rule'],
  ]),
  ...guards('controller/decisions/entitlements.ts', devices, [
    [
      'a device that was never approved waits where all must be',
      "|| (device.approval === 'none' && approvalRule(document) === 'required')",
      '',
    ],
  ]),
  ...guards('controller/sessions/shorten-sessions.ts', devices, [
    ['a session past its new length ends', 'if (lastMs <= nowMs) found.push(id);\n      else if', 'if'],
    ['a session is never put off', 'else if (lastMs < untilMs)', 'else'],
  ]),
  ...guards(
    'protocol/rotation.ts',
    ['test/controller/rotation.test.ts'],
    [
      [
        'a rotation proves the new node key',
        'sameText(agreement(shared, fields), message.agreed)',
        'message.agreed.length > 0',
      ],
      [
        'a rotation proves the old machine key',
        "verify(oldMachineKey, 'rotate', fields, old)",
        'old.length > 0',
      ],
      ['a rotation proves the new machine key', "verify(mk, 'rotate', fields, sig)", 'sig.length > 0'],
    ],
  ),
  ...guards(
    'controller/control/rotate-keys.ts',
    ['test/controller/rotation.test.ts'],
    [
      ['new keys are nobody’s yet', 'if (taken !== undefined)', 'if (false)'],
      [
        'tokens of the old keys are superseded',
        '        .set({ superseded_ms: nowMs })\n',
        '        .set({ superseded_ms: null })\n',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/superseded.ts',
    ['test/controller/rotation.test.ts'],
    [
      [
        'tokens of the old keys are revoked',
        "await storeRevocations(tx, ids, 'rotated', nowMs)",
        "await storeRevocations(tx, [], 'rotated', nowMs)",
      ],
    ],
  ),
  ...guards(
    'protocol/node/identity.ts',
    ['test/controller/rotation-cuts.test.ts'],
    [
      [
        'new keys are kept before the controller hears of them',
        '      writePair(state, nextFile, made);\n',
        '',
      ],
      [
        'old keys are erased',
        "for (const name of [nextFile, 'machine.key', 'node.key']) state.remove(name);",
        'state.remove(nextFile);',
      ],
    ],
  ),
  ...guards(
    'protocol/node/control-connection.ts',
    ['test/controller/rotation-cuts.test.ts'],
    [
      [
        'a device whose new keys are unknown goes on with the old',
        "code === 'revoked' && trying === 'next' && identity.next !== undefined && state.state !== 'up'",
        'false',
      ],
      [
        'new keys are tried first',
        "let trying: 'next' | 'current' = 'next';",
        "let trying: 'next' | 'current' = 'current' as 'next' | 'current';",
      ],
    ],
  ),
  ...guards('controller/people/disable.ts', people, [
    [
      'disabling ends what is open',
      'return closeSessions(tx, await openSessionsOf(tx, account),',
      'return closeSessions(tx, [],',
    ],
  ]),
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
  ...guards('controller/login/sign-ins.ts', signIn, [
    [
      'tabs that begin to sign in at once have a cookie each',
      'if (known === undefined) this.#cookies.set(',
      'if (known !== undefined) this.#cookies.set(',
    ],
    [
      'the earlier session of a browser ends at sign-in',
      '      await endEarlierSession(this.#context, this.#cookies, request, signedIn);\n',
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
  ...guards('controller/login/sign-in-outcome.ts', hostile, [
    ['a person is of one issuer', "    .where('issuer', '=', issuer)\n", ''],
  ]),
  ...guards('controller/login/sign-ins.ts', trials, [
    ['what was begun as a trial signs nobody in', 'if (trialOf !== undefined) {', 'if (false) {'],
  ]),
  ...guards('controller/login/sign-in-trials.ts', trials, [
    ['a trial ends in the session that began it', ' || session.id !== trialOf', ''],
    [
      'a trial ends with the right to it',
      'return role !== undefined && covers(role, trialAction);',
      'return role !== undefined || trialAction === undefined || covers === undefined;',
    ],
    ['a trial is read by the session that began it', 'JSON.stringify([id, session])', 'JSON.stringify([id])'],
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
  ]),
  ...guards('controller/enrolment/let-in.ts', once, [
    [
      'an attempt becomes one session',
      "      .where('session', 'is', null)\n      .where('expires_ms', '>', nowMs)",
      "      .where('expires_ms', '>', nowMs)",
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
  ...guards(
    'controller/guesses.ts',
    ['test/attack/throttles.test.ts'],
    [
      [
        'one wrong secret is no guessing',
        '    if (this.#shown.lockedUntilMs(key) !== undefined) return;\n',
        '',
      ],
      ['guessing locks its source', '    this.#sources.fail(source);\n', ''],
    ],
  ),
  ...guards(
    'controller/api/token-authenticator.ts',
    ['test/attack/throttles.test.ts'],
    [
      ['guessed tokens are held off', 'throw ProblemError.tooMany(waitMs);', "return { kind: 'nobody' };"],
      [
        'a token in use goes on beside guesses',
        'waitMs !== undefined && !seen.has(hash)',
        'waitMs !== undefined',
      ],
    ],
  ),
  ...guards(
    'controller/control/joining.ts',
    ['test/attack/throttles.test.ts'],
    [['guessed keys are held off', 'if (waitMs !== undefined) throw tooMany(waitMs);', '']],
  ),
  ...guards(
    'controller/enrolment/login-attempts.ts',
    ['test/attack/throttles.test.ts'],
    [
      ['wrong codes lock the person', 'Math.min(this.#wrong.fail(by.person), ', 'Math.min('],
      ['wrong codes lock the address', ', this.#wrongOfAddress.fail(source));', ');'],
    ],
  ),
  ...guards('controller/throttle.ts', signIn, [
    [
      'too many failures lock',
      'return entry !== undefined && entry.count >= this.#options.limit ? entry.untilMs : undefined;',
      'return undefined as number | undefined;',
    ],
  ]),
];
