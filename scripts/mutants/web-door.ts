/** Guards of the web door: what the relay passes on, what the connector lets through, and what it takes out. */
import { guards, type Mutant } from './mutant.ts';

export const webDoorMutants: readonly Mutant[] = [
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
      ['a request is for the host its TLS is for', '  if (host !== servername) return 421;\n', ''],
      ['a request has one Host', 'return hosts.length === 1 ? hosts[0] : undefined;', 'return hosts[0];'],
    ],
  ),
  ...guards(
    'connector/web/origin-request.ts',
    ['test/web-door/parts.test.ts'],
    [
      [
        'identity headers are taken out in every spelling',
        "name.toLowerCase().replaceAll('_', '-')",
        'name.toLowerCase()',
      ],
      ['what Connection names goes no further', ' || named.has(name)) continue;', ') continue;'],
    ],
  ),
  ...guards(
    'connector/web/gate.ts',
    ['test/web-door/proxy.test.ts'],
    [
      [
        'a pass that is wrong opens nothing',
        'objection(found) !== undefined) return undefined;',
        'false) return undefined;',
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
    ['test/web-door/parts.test.ts', 'test/web-door/proxy.test.ts'],
    [
      ['a return target is no other host', '(?![/\\\\])', ''],
      [
        'a code needs the browser that asked for it',
        '    if (verifier === undefined) {\n',
        '    if (digits === undefined) {\n',
      ],
    ],
  ),
  ...guards(
    'connector/web/web-sessions.ts',
    ['test/web-door/proxy.test.ts'],
    [
      [
        'a revoked session opens nothing',
        ".some((id) => lease.isRevoked(id))) return 'revoked';",
        ".some(() => false)) return 'revoked';",
      ],
    ],
  ),
];
