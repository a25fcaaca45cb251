/** Guards of direct paths: who is heard at the connector's port, where devices are told it is, and what a client dials. */
import { guards, type Mutant } from './mutant.ts';

export const directMutants: readonly Mutant[] = [
  ...guards(
    'protocol/link/tcp-gate.ts',
    ['test/connector/direct-listener.test.ts'],
    [
      [
        'direct: only an INIT with the right mac1 is heard',
        'if (wanted !== undefined && hasMac1(head.subarray(messageHeaderBytes, wanted), own)) {',
        'if (wanted !== undefined) {',
      ],
      [
        'direct: whoever is not heard sees no difference',
        'wanted = undefined;\n    pieces = [];',
        'socket.resetAndDestroy();',
      ],
      [
        'direct: a stranger may say so much',
        'if (total > gateBytes) return void socket.resetAndDestroy();',
        '',
      ],
      [
        'direct: a stranger may stay so long',
        'const cancelTimer = clock.after(gateMs, () => socket.resetAndDestroy());',
        'const cancelTimer = clock.after(10 * gateMs, () => socket.resetAndDestroy());',
      ],
    ],
  ),
  ...guards(
    'connector/sessions/direct-listener.ts',
    ['test/connector/direct-listener.test.ts'],
    [
      ['direct: a source has so many places', '    mostOfSource: maxStrangersPerSource,\n', ''],
      [
        'direct: the listener knows itself',
        'at === bound.port && (isEverywhere ? isOfThisMachine(to) : sameAddress(to, bound.address)),',
        'false,',
      ],
    ],
  ),
  ...guards(
    'protocol/strangers.ts',
    ['test/protocol/strangers.test.ts'],
    [
      ['strangers have so many places', 'else if (this.size >= most) this.#cutOldest(this.#fullest());', ''],
      [
        'whoever holds most places loses one',
        'if (own.size > (fullest?.size ?? 0)) fullest = own;',
        'fullest ??= own;',
      ],
      ['a source of strangers has so many places', 'own.size >= mostOfSource', 'own.size > 1e9'],
    ],
  ),
  ...guards(
    'connector/dial/dial.ts',
    ['test/connector/direct-listener.test.ts'],
    [
      [
        'direct: no resource leads to the connector’s own port',
        'if (isOwnListener(address, port)) {',
        'if (false as boolean) {',
      ],
    ],
  ),
  ...guards(
    'connector/sessions/direct-sessions.ts',
    ['test/connector/direct-sessions.test.ts'],
    [
      [
        'direct: a session without a grant ends',
        "const cancel = this.#clock.after(showMs, () => session.close('denied'));",
        'const cancel = (): void => undefined;',
      ],
      ['direct: a session whose rights are gone ends', "session.close('revoked');", 'session.streams;'],
      [
        'direct: a revoked right is none',
        'kept.rights.isSpent ? (kept.spentSinceMs ?? now) : undefined;',
        'undefined;',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/direct-endpoints.ts',
    ['test/controller/direct-endpoints.test.ts'],
    [
      [
        'direct: a private endpoint is told where the network allows it',
        '(lan || !inside.check(host, family))',
        'true',
      ],
      [
        'direct: a name below a zone is not told',
        '!zones.some((zone) => isWithin(host as Name, zone));',
        'true;',
      ],
      ['direct: an address that leads nowhere is not told', '!nowhere.check(host, family) && ', ''],
    ],
  ),
  ...guards(
    'controller/control/act-for-node.ts',
    ['test/controller/direct-endpoints.test.ts'],
    [['direct: a device publishes nothing', "publish: ['connector'],", "publish: ['connector', 'device'],"]],
  ),
  ...guards(
    'client/tunnel/direct-address.ts',
    ['test/client/direct-paths.test.ts'],
    [
      [
        'direct: no address of our own giving is dialled',
        'return !own.check(address, family);',
        'return true;',
      ],
    ],
  ),
  ...guards(
    'protocol/link/tcp-dial.ts',
    ['test/client/direct-paths.test.ts'],
    [
      [
        'direct: what a name leads to is judged too',
        'const permitted = list.filter(({ address }) => mayDial(address));',
        'const permitted = list;',
      ],
      [
        'direct: a literal is judged too',
        'if (isIP(endpoint.host) !== 0 && !mayDial(endpoint.host)) {',
        'if (false as boolean) {',
      ],
    ],
  ),
];
