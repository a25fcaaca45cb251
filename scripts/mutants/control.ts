/** Guards of the control channel: who a node is, what it may say, and what it is fed. */
import { guards, type Mutant } from './mutant.ts';

const admission = ['test/controller/control-admission.test.ts'];
const requests = ['test/controller/control-requests.test.ts'];
const rights = ['test/controller/control-rights.test.ts'];
const order = ['test/controller/revocation-order.test.ts'];

export const controlMutants: readonly Mutant[] = [
  ...guards(
    'controller/control/admit-node.ts',
    ['test/controller/source/source-facts.test.ts'],
    [
      [
        'a device that comes from elsewhere is decided anew',
        "node.kind === 'device' && node.address !== peer.address",
        "node.kind === 'device' && node.address === undefined",
      ],
    ],
  ),
  ...guards(
    'client/memory.ts',
    ['test/client/hearing.test.ts'],
    [
      [
        'a device that lacks a grant it is told to keep begins a new channel',
        'if (held.length !== kept.length) return false;',
        '',
      ],
    ],
  ),
  ...guards(
    'controller/control/conversation.ts',
    ['test/controller/narrowed.test.ts'],
    [
      [
        'a connector that knows no narrowings is told ids',
        "narrowed: this.#understandsNarrowed ? 'as-it-is' : 'as-ids'",
        "narrowed: 'as-it-is'",
      ],
    ],
  ),
  ...guards(
    'controller/control/revocation-feed.ts',
    ['test/controller/rights.test.ts'],
    [
      [
        'a revocation that is out is not looked up again',
        'if (this.#sent === undefined || revocation.epoch <= this.#sent) return;',
        'if (this.#sent === undefined || revocation.epoch < this.#sent) return;',
      ],
      [
        'no revocation goes before the snapshot',
        'if (this.#sent === undefined || revocation.epoch <= this.#sent) return;',
        'if (revocation.epoch <= (this.#sent ?? 0)) return;\n    this.#sent ??= revocation.epoch - 1;',
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
  ...guards('controller/control/conversation.ts', admission, [
    [
      'a newer process fences the older',
      "else this.end('fenced', 'A newer process of this node took over.');",
      '',
    ],
  ]),
  ...guards('controller/control/admit-node.ts', admission, [
    ['a node comes with the machine key it enrolled with', '    hello.mk === node.mk &&\n', ''],
    ['a blocked node stays out', "      .where('state', '!=', 'blocked')\n", ''],
  ]),
  ...guards('controller/control/claim-of.ts', admission, [
    [
      'an enrolment proves its machine key',
      "verify(machineKey, 'enrol', [handshakeHash, peerKey], signature)",
      'true',
    ],
  ]),
  ...guards('controller/control/claim-of.ts', admission, [
    ['an enrolment names the node key that its channel proves', 'enrol.nk === encodeKey(peerKey) &&', ''],
  ]),
  ...guards('controller/control/older-data.ts', admission, [
    ['data that was put back is noticed', 'if (epoch <= own) return;', 'if (epoch >= 0) return;'],
  ]),
  ...guards(
    'controller/control/conversation.ts',
    ['test/controller/returning-nodes.test.ts'],
    [
      [
        'a node that has gone is not let in',
        "    if (this.#state === 'closed') return;\n    this.#network = network;\n",
        '    this.#network = network;\n',
      ],
    ],
  ),
  ...guards('controller/control/conversation.ts', admission, [
    [
      'hello comes once',
      "if (this.#admitted !== undefined) throw new Fault('protocol', 'hello comes once');",
      '',
    ],
  ]),
  ...guards('controller/control/conversation.ts', requests, [
    [
      'a node speaks only once it is known',
      "if (this.#admitted === undefined) throw new Fault('protocol', 'a node speaks before it is known');",
      'if (this.#admitted === undefined) return;',
    ],
  ]),
  ...guards('controller/control/act-for-node.ts', requests, [
    [
      'a node says only what its kind may say',
      'if (!senders[message.t].includes(from.kind))',
      'if (!senders[message.t].includes(from.kind) && from.kind === undefined)',
    ],
  ]),
  ...guards('controller/control/receipts.ts', requests, [
    [
      'a flow record enters the audit log once',
      'list.filter(({ seq }) => seq > received)',
      'list.filter(({ seq }) => seq > 0)',
    ],
  ]),
  ...guards('controller/control/feed.ts', rights, [
    [
      'a verifier is told everything that is remembered',
      ': reads.remembered();',
      ': { epoch: await reads.epoch(), revocations: [] };',
    ],
  ]),
];
