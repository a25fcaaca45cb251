/** Guards of the controller: API, keys, nodes, revocation, sign-in. */
import { guards, type Mutant } from './mutant.ts';

export const controllerMutants: readonly Mutant[] = [
  ...guards(
    'controller/diagnostics.ts',
    ['test/controller/diagnostics.test.ts'],
    [
      [
        'what belongs to the installation is told to the organisation of whoever runs it alone',
        'organisation.id === context.firstOrganisation ?',
        'organisation.id !== undefined ?',
      ],
    ],
  ),
  ...guards(
    'controller/login/own-watch.ts',
    ['test/login/my-events.test.ts'],
    [
      [
        'nobody is told of what is not another for them',
        'ownKinds.filter((kind) => before?.[kind] !== view[kind])',
        '[...ownKinds]',
      ],
      ['so many views are put together at once', '.slice(0, mostAtOnce)', '.slice(0)'],
      ['what time alone ends is noticed', ' || nowMs - lookedMs >= anywayMs', ''],
    ],
  ),
  ...guards(
    'controller/login/own-view.ts',
    ['test/login/my-events.test.ts'],
    [
      [
        'a stream ends with the session it is for',
        'if (session.ended_ms !== null || session.until_ms <= context.now()) return undefined;',
        '',
      ],
    ],
  ),
  ...guards(
    'controller/login/my-events-routes.ts',
    ['test/login/my-events.test.ts'],
    [['one person has so many streams', ', ofOne: mostOfOne', '']],
  ),
  ...guards(
    'controller/login/my-resources-routes.ts',
    ['test/web/operating.test.ts'],
    [
      [
        'whether what is refused answers is told to nobody',
        'reached === undefined || !isUsable ? shown',
        'reached === undefined ? shown',
      ],
    ],
  ),
  ...guards(
    'controller/control/health-looks.ts',
    ['test/controller/resource-health.test.ts'],
    [
      [
        'a connector speaks of the health of its own network alone',
        'if (resource === undefined || resource.network.id !== network) continue;',
        'if (resource === undefined) continue;',
      ],
      [
        'a connector that is silent is left alone',
        '      const isSilent = nowMs',
        '      const isSilent = false && nowMs',
      ],
    ],
  ),
  ...guards(
    'controller/control/control-server.ts',
    ['test/controller/control-admission.test.ts'],
    [
      ['channels of which nothing is known have so many places', '{ most: maxUnknown, ', '{ most: 1e9, '],
      [
        'a channel that shook hands and says nothing loses its place as well',
        "unknown.cut = () => conversation.end('busy');",
        'unknown.cut = () => undefined;',
      ],
      [
        'channels of which nothing is known are counted by address',
        'this.#unknown.add(unknown, source);',
        "this.#unknown.add(unknown, '');",
      ],
    ],
  ),
  ...guards(
    'controller/api/access.ts',
    ['test/controller/store.test.ts', 'test/attack/api-access.test.ts'],
    [
      [
        'a route without declared access stops the start',
        'if (access === undefined)\n',
        'if (access === null)\n',
      ],
      [
        'a caller has the role that the route declares',
        "  if (admitted === 'no') throw new ProblemError('not-allowed');\n",
        '',
      ],
    ],
  ),
  ...guards(
    'controller/api/token-authenticator.ts',
    ['test/controller/store.test.ts', 'test/attack/api-access.test.ts'],
    [['an API token expires', '(row.expires_ms !== null && row.expires_ms <= context.now())', 'false']],
  ),
  ...guards(
    'controller/api/access.ts',
    ['test/controller/administrators-tokens.test.ts'],
    [
      [
        'a token that was deleted while its request ran writes nothing',
        'if (token === undefined || (token.expires_ms !== null && token.expires_ms <= nowMs)) return undefined;',
        'if (token === undefined) return caller;',
      ],
      [
        'a token that was demoted while its request ran writes nothing',
        "admit(now, access, context.now());\n      // What the handler still asks of the caller's role is asked of the role of now.\n      request.caller = now;",
        '',
      ],
      [
        'a session that ended while its request ran writes nothing',
        'return session === undefined ? undefined :',
        'return session === undefined ? caller :',
      ],
    ],
  ),
  ...guards(
    'controller/api/routes/tokens.ts',
    ['test/attack/parameter-sources.test.ts'],
    [
      [
        'which token is meant stands in the path, and nowhere else',
        "deleteApiToken(store, request.params.id as Id<'tok'>,",
        "deleteApiToken(store, ((request.query as { id?: string }).id ?? request.params.id) as Id<'tok'>,",
      ],
    ],
  ),
  ...guards(
    'controller/outgoing-fetch.ts',
    ['test/login/provider-fetch.test.ts'],
    [
      [
        'an answer of a provider is never unpacked',
        "if (encoding !== undefined && encoding !== 'identity') {",
        'if (encoding === null) {',
      ],
      ['a provider is asked for nothing packed', "asked.set('accept-encoding', 'identity');", ''],
    ],
  ),
  ...guards(
    'controller/api-tokens.ts',
    ['test/controller/administrators-tokens.test.ts'],
    [
      [
        'the last administrator’s token is not deleted unasked',
        "if (role === 'admin' && !options.force && (await isLastAdmin(tx, id, options.nowMs))) return undefined;",
        '',
      ],
      [
        'the last administrator is not demoted unasked',
        'if (loses && !options.force && (await isLastAdmin(tx, id, options.nowMs))) return undefined;',
        '',
      ],
      [
        'an administrator’s token that has expired is not the one that remains',
        "eb('expires_ms', '>', nowMs)",
        "eb('expires_ms', '>', 0)",
      ],
    ],
  ),
  ...guards(
    'controller/control/admit-node.ts',
    ['test/controller/control-admission.test.ts', 'test/controller/grants.test.ts'],
    [
      ['a node proves its machine key', "verify(machineKey, 'control', [handshakeHash], signature)", 'true'],
      ['a node comes with the key it enrolled with', 'encodeKey(peerKey) === node.nk &&', ''],
      [
        'a process that was replaced and comes back suspends the device',
        'row.fenced_ms !== null && nowMs - row.fenced_ms < copyWindowMs',
        'row.fenced_ms === Number.NaN',
      ],
    ],
  ),
  ...guards(
    'controller/control/revocation-feed.ts',
    ['test/controller/control-rights.test.ts', 'test/controller/grants.test.ts'],
    [
      [
        'a revocation goes out before a beat that names it',
        'return this.#sent !== undefined && this.#sent >= epoch;',
        'return true;',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/act-on-change.ts',
    ['test/controller/leftovers.test.ts'],
    [
      [
        'a removal that a crash cut short is revoked at the next start',
        'await store.transaction((tx) => revokeOrphanedTokens(tx, context.now()));',
        '[];',
      ],
      [
        'the session of somebody who is gone ends at the next start',
        "await endSessions(context, organisation, orphaned, { reason: 'removed', who: 'controller' });\n  const",
        'const',
      ],
    ],
  ),
  ...guards(
    'controller/open-controller.ts',
    ['test/controller/leftovers.test.ts'],
    [
      [
        'what the store failed to revoke is revoked later',
        'settleLater(context, organisation);',
        'void settleLater;',
      ],
    ],
  ),
  ...guards(
    'controller/operator/watch-organisations.ts',
    ['test/controller/leftovers.test.ts'],
    [
      [
        'a suspension that the store failed to take is done later',
        'settleLater(context, now.id);',
        'void settleLater;',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/settle-later.ts',
    ['test/controller/leftovers.test.ts'],
    [
      [
        'what was to be revoked later is tried until it is done',
        'settleLater(context, id, Math.min(2 * waitMs, mostMs));',
        '',
      ],
    ],
  ),
  ...guards(
    'controller/enrolment/enrolment-keys.ts',
    ['test/controller/keys.test.ts', 'test/controller/control-admission.test.ts'],
    [
      [
        'a key is used no more often than it allows',
        "    .where((eb) => eb.or([eb('uses_left', 'is', null), eb('uses_left', '>', 0)]))\n",
        '',
      ],
      [
        'a key expires',
        "    .where((eb) => eb.or([eb('expires_ms', 'is', null), eb('expires_ms', '>', nowMs)]))\n",
        '',
      ],
    ],
  ),
  ...guards(
    'controller/enrolment/redeem.ts',
    ['test/controller/keys.test.ts', 'test/controller/control-admission.test.ts'],
    [
      [
        'a key enrols the kind of node it was made for',
        'stored === undefined || stored.purpose !== purposes[kind])',
        'stored === undefined)',
      ],
    ],
  ),
  ...guards(
    'controller/login/identity-claims.ts',
    ['test/login/identity-claims.test.ts'],
    [
      [
        'an e-mail address counts only when it was verified',
        "if (verified !== true || typeof email !== 'string' || email.length > 254) return undefined;",
        "if (typeof email !== 'string') return undefined;",
      ],
    ],
  ),
  ...guards(
    'controller/login/pending-sign-ins.ts',
    ['test/login/sign-in.test.ts', 'test/login/return-path.test.ts'],
    [
      ['a sign-in belongs to the browser that began it', 'JSON.stringify([state, browser])', 'state'],
      [
        'a sign-in is answered by the provider it was sent to',
        'kept?.provider === provider ? kept : undefined',
        'kept',
      ],
    ],
  ),
  ...guards(
    'controller/login/return-path.ts',
    ['test/login/return-path.test.ts'],
    [
      [
        'a return path stays on our own pages',
        "if (url.origin !== base || url.pathname.startsWith('//') || url.pathname.startsWith('/oidc/')) return '/';",
        '',
      ],
    ],
  ),
  ...guards(
    'controller/login/exchange.ts',
    ['test/login/sign-in.test.ts', 'test/login/return-path.test.ts'],
    [['the nonce is the one that was sent', '      expectedNonce: nonce,\n', '']],
  ),
  ...guards(
    'controller/store/scoped-store.ts',
    ['test/controller/store.test.ts', 'test/attack/api-access.test.ts'],
    [
      [
        'a query sees one organisation',
        "this.#db.selectFrom(table as 'nodes').where('organisation', '=', this.organisation);",
        "this.#db.selectFrom(table as 'nodes');",
      ],
      [
        'a change touches one organisation',
        "this.#db.updateTable(table as 'nodes').where('organisation', '=', this.organisation);",
        "this.#db.updateTable(table as 'nodes');",
      ],
      [
        'a removal touches one organisation',
        "this.#db.deleteFrom(table as 'nodes').where('organisation', '=', this.organisation);",
        "this.#db.deleteFrom(table as 'nodes');",
      ],
    ],
  ),
];
