/** Guards of what follows from a change: who is told, in which order, and what a node may say. */
import { guards, type Mutant } from './mutant.ts';

const control = ['test/controller/control.test.ts'];
const order = ['test/controller/revocation-order.test.ts'];

export const decisionsMutants: readonly Mutant[] = [
  ...guards('controller/decisions/act-on-change.ts', order, [
    [
      'what was removed is revoked before anything is decided',
      "    removed.filter((id) => !id.startsWith('net_')),",
      '    [],',
    ],
    ['a few devices at a time are decided', 'const seatsPerStep = 50;', 'const seatsPerStep = 5_000;'],
  ]),
  ...guards('controller/decisions/act-on-change.ts', control, [
    [
      'what a device lost is told at once',
      '    tell(context, organisation, revocations);\n    // Lets',
      '    // Lets',
    ],
  ]),
  ...guards('controller/decisions/withdraw.ts', order, [
    [
      'a removed resource is not named once for each grant',
      '(gone.has(id) ? [] : `${row.id}/${id}`)',
      '[`${row.id}/${id}`]',
    ],
  ]),
  ...guards('controller/decisions/withdraw.ts', control, [
    [
      'a resource that leads elsewhere ends its flows',
      'return moved.has(id) || promisesMore(right, now);',
      'return promisesMore(right, now);',
    ],
    [
      'a right that is promised no more is withdrawn',
      'return moved.has(id) || promisesMore(right, now);',
      'return moved.has(id);',
    ],
  ]),
  ...guards(
    'controller/decisions/entitlements.ts',
    [...control, 'test/controller/logins.test.ts'],
    [
      [
        'a device that is held has nothing',
        "isHeld(state, seat) || device.state !== 'active'",
        "device.state !== 'active'",
      ],
      [
        'what a person may not know of is hidden',
        "visibility === 'everyone' || (visibility === 'fixable' && mendable)",
        'true',
      ],
    ],
  ),
  ...guards('controller/control/control-server.ts', order, [
    [
      'a revocation goes to its own organisation',
      'conversation.admitted?.organisation === organisation ? conversation : []',
      'conversation.admitted === undefined ? [] : conversation',
    ],
  ]),
  ...guards('controller/control/control-server.ts', control, [
    [
      'a newer process fences the older',
      "else older.conversation.end('fenced', 'A newer process of this node took over.');",
      '',
    ],
  ]),
  ...guards('controller/control/admit-node.ts', control, [
    ['a node comes with the machine key it enrolled with', '    hello.mk === node.mk &&\n', ''],
    ['a blocked node stays out', "  if (node.state === 'blocked') return { state: 'blocked' };\n", ''],
  ]),
  ...guards('controller/control/claim-of.ts', control, [
    [
      'an enrolment proves its machine key',
      "verify(machineKey, 'enrol', [handshakeHash, peerKey], signature)",
      'true',
    ],
  ]),
  ...guards('controller/control/claim-of.ts', control, [
    ['an enrolment names the node key that its channel proves', 'enrol.nk === encodeKey(peerKey) &&', ''],
  ]),
  ...guards('controller/control/older-data.ts', control, [
    ['data that was put back is noticed', 'if (epoch <= own) return;', 'if (epoch >= 0) return;'],
  ]),
  ...guards('controller/control/conversation.ts', control, [
    [
      'hello comes once',
      "if (this.#admitted !== undefined) throw new Fault('protocol', 'hello comes once');",
      '',
    ],
    [
      'a node speaks only once it is known',
      "if (this.#admitted === undefined) throw new Fault('protocol', 'a node speaks before it is known');",
      'if (this.#admitted === undefined) return;',
    ],
  ]),
  ...guards('controller/control/act-for-node.ts', control, [
    [
      'a node says only what its kind may say',
      "  if (senders[message.t] !== from.kind) throw new Fault('protocol', `a ${from.kind} sends no ${message.t}`);",
      '',
    ],
  ]),
  ...guards('controller/control/receipts.ts', control, [
    [
      'a flow record enters the audit log once',
      'list.filter(({ seq }) => seq > row.received_seq)',
      'list.filter(({ seq }) => seq > 0)',
    ],
  ]),
  ...guards('controller/control/feed.ts', control, [
    [
      'a verifier is told everything that is remembered',
      'last === undefined && this.#revocations !== undefined ? await remembered(store, now()) : []',
      '[]',
    ],
  ]),
];
