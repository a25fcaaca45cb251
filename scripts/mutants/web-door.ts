/** Guards of the web door: what the relay passes on, what the connector lets through, and what it takes out. */
import { guards, type Mutant } from './mutant.ts';

export const webDoorMutants: readonly Mutant[] = [
  ...guards(
    'connector/web/upgrade.ts',
    ['test/attack/web-upgrades.test.ts'],
    [
      [
        'a WebSocket is read only as fast as its other end takes it',
        'Readable.prototype.pipe.call(from, to);',
        "from.on('data', (chunk) => to.write(chunk)).on('end', () => to.end());",
      ],
    ],
  ),
  ...guards(
    'connector/web/gate.ts',
    ['test/attack/web-requests.test.ts'],
    [
      [
        'no application puts a service worker over the pages of the door',
        'if (reachesOurs(raw, target.path) && resource.web.serviceWorkers !== true)',
        'if (reachesOurs(raw, target.path) && false)',
      ],
    ],
  ),
  ...guards(
    'connector/web/service-workers.ts',
    ['test/attack/web-requests.test.ts'],
    [
      ['no answer widens the scope of a service worker to the root', '!ours.startsWith(path) && ', ''],
      [
        'no answer widens the scope of a service worker to the pages of the door',
        ' && !path.toLowerCase().startsWith(ours.slice(0, -1))',
        '',
      ],
    ],
  ),
  ...guards(
    'connector/web/own-pages.ts',
    ['test/web-door/own-pages.test.ts'],
    [['a script of an application signs nobody out', '!isOwn || !isPressed(raw)', '!isOwn']],
  ),
  ...guards(
    'connector/web/web-door.ts',
    ['test/web-door/open-flows.test.ts'],
    [
      [
        'a session that takes the place of another is verified before what that opened is cut',
        'if (this.#taking === 0) return this.#recheckNow();',
        'if (this.#taking >= 0) return this.#recheckNow();',
      ],
    ],
  ),
  ...guards(
    'relay/client-hello.ts',
    ['test/relay/client-hello.test.ts'],
    [
      ['a hello has one server name extension', '    if (found !== undefined) return invalid;\n', ''],
      ['a hello names one host', 'text === undefined || !entry.isAtEnd', 'text === undefined'],
      ['a hello is at most 16 KiB', '      if (length > maxHelloBytes) return invalid;\n', ''],
    ],
  ),
  ...guards(
    'relay/web-door.ts',
    ['test/relay/web-door.test.ts'],
    [
      [
        'one source may not keep all places for unfinished hellos',
        '>= this.#bounds.unfinishedOfSource) return this.#refuse(socket);',
        '>= Infinity) return this.#refuse(socket);',
      ],
    ],
  ),
  ...guards(
    'connector/web/request-target.ts',
    ['test/web-door/parts.test.ts'],
    [
      ['a request is for the host its TLS is for', '  if (named.host !== servername) return 421;\n', ''],
      ['a request has one Host', 'return hosts.length === 1 ? hosts[0] : undefined;', 'return hosts[0];'],
    ],
  ),
  ...guards(
    'connector/web/origin-request.ts',
    ['test/web-door/parts.test.ts'],
    [
      [
        'identity headers are taken out in every spelling',
        "name.toLowerCase().replace(/[^a-z0-9]/g, '-')",
        'name.toLowerCase()',
      ],
      ['what Connection names goes no further', ' || named.has(name)', ''],
    ],
  ),
  ...guards(
    'connector/web/rights.ts',
    ['test/web-door/proxy.test.ts'],
    [
      [
        'a pass that is wrong opens nothing',
        "if (code !== undefined || current === undefined) return code ?? 'revoked';",
        "if (current === undefined) return 'revoked';",
      ],
    ],
  ),
  ...guards(
    'connector/web/rights.ts',
    ['test/web-door/open-flows.test.ts'],
    [
      [
        'what is open is judged by who somebody is by now',
        'return found === session ? right : this.bySession(found, address);',
        'return right;',
      ],
      [
        'a right is of the address its cookie is shown from',
        'shown !== undefined && shown.address === address',
        'shown !== undefined',
      ],
    ],
  ),
  ...guards(
    'connector/web/gate.ts',
    ['test/web-door/open-flows.test.ts'],
    [
      [
        'a rule ends what is open',
        "if (checked.outcome !== 'open') return { code: codeOf(checked), cause: checked.outcome };",
        '',
      ],
      [
        'a site that is listed no more has no WebSocket open',
        'if (isUpgrade ? !isOwnOrListed(raw, site) : isPersonal && isUsedByOther(raw, site))',
        'if (false)',
      ],
    ],
  ),
  ...guards(
    'connector/web/cookies.ts',
    ['test/web-door/parts.test.ts'],
    [
      [
        'who a cookie stands for is looked up for the cookie that is shown now',
        'header !== this.#header',
        'this.#header === undefined',
      ],
    ],
  ),
  ...guards(
    'connector/web/preflight.ts',
    ['test/attack/web-requests.test.ts'],
    [
      ['a preflight is one of a listed site', 'origin !== undefined && listed.includes(origin)', 'true'],
      ['a preflight is a question', "if (raw.method !== 'OPTIONS') return false;", ''],
      ['a preflight has no body', ' && !hasBody(raw)', ''],
      [
        'a preflight brings no credentials',
        'cookie === undefined && authorization === undefined && shownPass(raw) === undefined',
        'true',
      ],
    ],
  ),
  ...guards(
    'connector/web/upgrade.ts',
    ['test/web-door/upgrades.test.ts'],
    [
      ['an upgrade remembers which origin could not be reached', '      health.failed(resource, by);\n', ''],
      [
        'an upgrade goes past an origin that keeps silent',
        'if (isConnected && !(error instanceof OriginSilent)) throw error;',
        'if (isConnected) throw error;',
      ],
    ],
  ),
  ...guards(
    'connector/web/repeated-records.ts',
    ['test/web-door/records.test.ts'],
    [
      [
        'strangers do not fill the log',
        'if (isStrangers && !(hasRoom() && this.#budget.take())) return this.#countBeyond(entry);',
        '',
      ],
    ],
  ),
  ...guards(
    'connector/web/web-door.ts',
    ['test/web-door/records.test.ts'],
    [
      [
        'what the gate refuses is recorded',
        "if ('refusal' in verdict && verdict.refusal !== undefined)",
        'if (false)',
      ],
    ],
  ),
  ...guards(
    'connector/web/web-door.ts',
    ['test/web-door/log-full.test.ts'],
    [
      [
        'what could not be recorded is not opened by the web door',
        "if (verdict.verdict === 'pass' && !this.#records.mayOpen(verdict, asked))",
        'if (false)',
      ],
    ],
  ),
  ...guards(
    'connector/web/https-endpoint.ts',
    ['test/web-door/draining.test.ts'],
    [
      [
        'a connector that drains says so to HTTP/2',
        '    for (const session of this.#sessions) session.close();\n    this.#letIdleGo();\n',
        '    this.#letIdleGo();\n',
      ],
    ],
  ),
  ...guards(
    'connector/web/web-door.ts',
    ['test/web-door/draining.test.ts'],
    [
      [
        'what a connector cuts as it ends is recorded',
        'this.#open.cutAll((exchange) => this.#records.cut(exchange, { code }));',
        'this.#open.cutAll(() => undefined);',
      ],
    ],
  ),
  ...guards(
    'connector/web/rule-check.ts',
    ['test/web-door/open-flows.test.ts'],
    [
      [
        'what a rule lets in for a while is looked at again when that is over',
        'endsMs: endsMs + 1 }',
        'endsMs: Number.POSITIVE_INFINITY }',
      ],
    ],
  ),
  ...guards(
    'connector/web/cookies.ts',
    ['test/web-door/parts.test.ts'],
    [
      [
        'two session cookies are none',
        'sessions.length === 1 ? sessions[0]',
        'sessions.length > 0 ? sessions[0]',
      ],
      [
        'origins set no cookie of the door',
        'pair.slice(equals + 1).trim() : name)) return undefined;',
        "'' : '')) return undefined;",
      ],
    ],
  ),
  ...guards(
    'connector/web/sign-in.ts',
    ['test/web-door/parts.test.ts'],
    [['a return target is no other host', '(?![/\\\\])', '']],
  ),
  ...guards(
    'connector/web/web-sessions.ts',
    ['test/web-door/sessions.test.ts'],
    [
      [
        'a revoked session opens nothing',
        ".some((id) => lease.isRevoked(id))) return 'revoked';",
        ".some(() => false)) return 'revoked';",
      ],
      [
        'a cookie stands for nothing at another hostname',
        'all.every(({ aud }) => aud === host)',
        'all.length > 0',
      ],
    ],
  ),
  ...guards(
    'connector/web/origin-socket.ts',
    ['test/web-door/origin-socket.test.ts'],
    [
      ['a read of an origin is one message', 'maxDataBytes - Math', '65_536 + 0 * Math'],
      [
        'what was read of one origin is not written over',
        'Buffer.from(shared.subarray(0, length))',
        'shared.subarray(0, length)',
      ],
      ['what is not taken at once is kept', 'isTaken || this.push(bytes)', 'isTaken'],
      ['what waits already comes first', ' || this.readableLength > 0', ''],
    ],
  ),
  ...guards(
    'connector/web/identities.ts',
    ['test/web-door/assertion.test.ts'],
    [
      ['an origin is told of one right', 'kept?.right === right.id', 'kept !== undefined'],
      ['an origin is told of one hostname', 'kept.authority === target.authority', 'kept !== undefined'],
      ['an origin is told by what its resource says now', 'kept.web === web', 'kept !== undefined'],
      ['an assertion is used for a minute', 'isTheirs && isUsable(kept.assertion, nowMs)', 'isTheirs'],
    ],
  ),
  ...guards(
    'connector/web/assertion.ts',
    ['test/attack/web-keys.test.ts'],
    [
      [
        'an assertion is kept for one host',
        '`${right.id} ${target.authority} ${audience}`',
        '`${right.id}${target.authority} ${audience}`',
      ],
    ],
  ),
  ...guards(
    'connector/web/assertion.ts',
    ['test/web-door/assertion.test.ts'],
    [
      [
        'the assertion key is replaced while a connector runs',
        'nowMs - newest.madeMs < rotateMs',
        'nowMs >= 0',
      ],
      [
        'an assertion is signed by a key that verifiers can find',
        'this.#keys.find(({ jwk }) => known.has(jwk.kid)) ?? this.#keys[0]',
        'this.#keys[0]',
      ],
    ],
  ),
  ...guards(
    'connector/web/upstreams.ts',
    ['test/attack/web-keys.test.ts'],
    [
      ['connections are kept apart by right', 'const { right } = upstream;', "const right = 'anybody';"],
      ['connections are kept apart by whom they believe', 'originName, originInsecure];', 'originName];'],
      [
        'what is known of an origin is of its resource',
        'if (known?.resource === resource) return known.key;',
        'if (known !== undefined) return known.key;',
      ],
    ],
  ),
  ...guards(
    'connector/web/https-endpoint.ts',
    ['test/attack/web-slow.test.ts'],
    [
      ['handshakes under way are bounded', 'most: maxHandshakes,', 'most: 1e9,'],
      [
        'devices and browsers have places of their own',
        "const kind = 'device' in source ? 'device' : 'browser';",
        "const kind = 'browser';",
      ],
      ['handshakes are counted by where they come from', ': sourceOfAddress(source.address)', ": ''"],
      [
        'a handshake that stalls is ended',
        '.clock.after(handshakeMs, () => socket.destroy())',
        '.clock.after(handshakeMs, () => undefined)',
      ],
    ],
  ),
  ...guards(
    'connector/web/request-body.ts',
    ['test/attack/web-slow.test.ts'],
    [
      [
        'a reader who takes nothing is not the browser’s silence',
        'if (!this.#raw.isPaused()) this.destroy(',
        'this.destroy(',
      ],
    ],
  ),
  ...guards(
    'connector/web/origin-answer.ts',
    ['test/attack/web-slow.test.ts'],
    [
      [
        'a browser that reads nothing holds its origin back',
        'if (!response.write(chunk)) this.#controller?.pause();',
        'response.write(chunk);',
      ],
    ],
  ),
  ...guards(
    'connector/dial/origin-tls.ts',
    ['test/web-door/https-origins.test.ts'],
    [
      [
        'an origin is believed by its certificate',
        'rejectUnauthorized: web.originInsecure !== true',
        'rejectUnauthorized: false',
      ],
    ],
  ),
];
