/** Guards of every port: slow peers, many peers, other protocols, and secrets that are read strictly. */
import { guards, type Mutant } from './mutant.ts';

const slow = ['test/attack/listeners-slow.test.ts'];
const odd = ['test/attack/listeners-odd.test.ts'];
const proxies = ['test/protocol/proxied-port.test.ts'];
const prefaces = ['test/protocol/proxy-preface.test.ts'];
const callers = ['test/controller/source/caller-address.test.ts'];
const tokens = ['test/attack/api-tokens.test.ts'];

export const listenersMutants: readonly Mutant[] = [
  ...guards(
    'protocol/proxied-port.ts',
    ['test/relay/behind-tls.test.ts'],
    [
      [
        'where TLS ends in front nobody else is heard',
        "isOnlyFor === 'listed' ? void socket.destroy() : next(socket)",
        'next(socket)',
      ],
    ],
  ),
  ...guards('protocol/slow-peers.ts', slow, [
    ['whoever takes all places loses the oldest', '    oldest?.destroy();\n', ''],
    ['a request that never ends is over', '    requestTimeout: bounds.requestMs,', '    requestTimeout: 0,'],
    [
      'a TLS handshake that never ends is over',
      '    handshakeTimeout: bounds.headersMs,',
      '    handshakeTimeout: 120_000,',
    ],
  ]),
  ...guards(
    'protocol/slow-peers.ts',
    ['test/attack/many-at-once.test.ts'],
    [['many who come at once wait for a busy program', 'listenBacklog = 4_096', 'listenBacklog = 511']],
  ),
  ...guards(
    'controller/listener.ts',
    ['test/attack/restarted-together.test.ts'],
    [
      [
        'connectors that come back together wait for a busy controller',
        'this.#port.listen(port, host, listenBacklog, () => {',
        'this.#port.listen(port, host, () => {',
      ],
    ],
  ),
  ...guards('protocol/slow-peers.ts', odd, [
    ['HTTP/0.9 is refused', '    if (request.httpVersionMajor !== 1) request.socket.destroy();\n', ''],
  ]),
  ...guards('controller/control/control-server.ts', odd, [
    ['no browser opens a control channel', ' || request.headers.origin !== undefined) {', ') {'],
  ]),
  ...guards('protocol/proxied-port.ts', proxies, [
    [
      'only a listed balancer says whose a connection is',
      "if (!trusts(socket.remoteAddress ?? ''))",
      'if (false)',
    ],
    [
      'a balancer that is slow is let go',
      '    const cancelTimer = this.#options.clock.after(prefaceMs, fail);',
      '    const cancelTimer = (): void => undefined;',
    ],
    ['of too many that say nothing yet the oldest goes', 'oldest?.destroy();', 'void oldest;'],
    ['a broken preface ends the connection', "      if (verdict.state === 'invalid') return fail();\n", ''],
  ]),
  ...guards('protocol/proxy-preface.ts', prefaces, [
    ['a preface has a longest length', ' || rest > longestRest) return', ') return'],
    ['addresses are those of their family', ' || rest < 2 * size + 4) return', ') return'],
  ]),
  ...guards('controller/source/caller-address.ts', callers, [
    ['only a listed proxy’s headers count', '  if (!trusts(peer)) return peer;\n', ''],
    ['the first address that is not listed counts', '    if (!trusts(last)) return last;\n', ''],
    ['headers that differ name nobody', '(found[0] ?? peer) : undefined;', '(found[0] ?? peer) : found[0];'],
  ]),
  ...guards('client/proxies/proxy-server.ts', slow, [
    [
      'a proxy’s request that drips is over',
      'this.#timer = setTimeout(() => socket.destroy(), timeoutMs);',
      'this.#timer = setTimeout(() => undefined, timeoutMs);',
    ],
  ]),
  ...guards('protocol/secrets.ts', tokens, [
    [
      'a mistyped secret is no secret',
      'if (!checksum(prefix, body).equals(bytes.subarray(-checksumLength))) return undefined;',
      '',
    ],
  ]),
  ...guards('protocol/encoding.ts', tokens, [
    [
      'base64url has one spelling',
      "return bytes.toString('base64url') === text ? bytes : undefined;",
      'return bytes;',
    ],
  ]),
  ...guards(
    'controller/api/app.ts',
    ['test/controller/api.test.ts'],
    [['plain text is not taken for JSON', "  app.removeContentTypeParser('text/plain');\n", '']],
  ),
];
