/** Guards against what cannot be right: messages out of form, tokens that nobody signed, a controller that fell back. */
import { guards, type Mutant } from './mutant.ts';

const nonsense = ['test/protocol/nonsense.test.ts'];

export const nonsenseMutants: readonly Mutant[] = [
  ...guards('client/memory.ts', nonsense, [
    ['a client takes no older epoch', '    if (epoch < this.#epoch) return false;\n', ''],
    [
      'a client takes no patch of a snapshot that it refused',
      '    this.#version = undefined;\n  }\n\n  /** Whether the controller',
      '  }\n\n  /** Whether the controller',
    ],
    [
      'a client takes no snapshot that names something twice',
      "    if (!hasEachOnce(snapshot)) return 'message-not-valid';\n",
      '',
    ],
    [
      'a client’s patch makes a snapshot',
      'if (!Value.Check(DeviceSnapshot, next) || !hasEachOnce(next))',
      'if (!hasEachOnce(next) && this.#epoch < 0)',
    ],
  ]),
  ...guards('client/hearing.ts', nonsense, [
    [
      'a client uses no token that nobody signed',
      'if (!(await areSigned(card(), kind, list)))',
      'if (!(await areSigned(card(), kind, [])))',
    ],
  ]),
  ...guards('connector/memory.ts', nonsense, [
    ['a connector takes no older epoch', "    if (epoch < this.lease.epoch) return 'older-epoch';\n", ''],
    [
      'a connector takes no snapshot that names something twice',
      "    if (!hasEachOnce(snapshot)) return 'message-not-valid';\n",
      '',
    ],
    [
      'a connector’s patch makes a snapshot',
      'if (!Value.Check(ConnectorSnapshot, next) || !hasEachOnce(next))',
      'if (this.lease.epoch < 0)',
    ],
  ]),
  ...guards('connector/ticket-lists.ts', nonsense, [
    [
      'a connector uses no ticket that nobody signed',
      "areSigned(card(), 'ticket', list)",
      "areSigned(card(), 'ticket', [])",
    ],
  ]),
  ...guards('protocol/node/control-connection.ts', nonsense, [
    [
      'a card that another root signed changes nothing',
      "    if (shown === undefined) {\n      options.onAlarm?.('card-not-valid');",
      '    if (shown === undefined) {',
    ],
    [
      'a message out of form is told',
      "else if (knownTypes.has(raw['t'])) options.onAlarm?.('message-not-valid');",
      '',
    ],
  ]),
  ...guards('protocol/link/control-channel.ts', nonsense, [
    [
      'a message that names something twice ends the channel',
      "    if (hasRepeatedKeys(bytes)) return this.#broken('a message that names something twice');\n",
      '',
    ],
  ]),
  ...guards(
    'controller/login/my-resources-routes.ts',
    ['test/explain/hidden.test.ts'],
    [
      [
        'what is hidden answers as what is not there',
        'const visible = rights.filter(({ known }) => known);',
        'const visible = rights;',
      ],
    ],
  ),
];
