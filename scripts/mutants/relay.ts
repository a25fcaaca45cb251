/** Guards of the relay: who attaches, and who meets whom. */
import { guards, type Mutant } from './mutant.ts';

export const relayMutants: readonly Mutant[] = [
  ...guards(
    'protocol/hop.ts',
    ['test/protocol/hop.test.ts'],
    [['an address that a relay tells has no zone', " || addr.includes('%')", '']],
  ),
  ...guards(
    'relay/relay.ts',
    ['test/relay/relay.test.ts'],
    [
      ['sockets that have not attached have so many places', 'most: maxUnattached,', 'most: 1e9,'],
      [
        'sockets that have not attached are counted by address',
        "sourceOfAddress(request.socket.remoteAddress ?? '');",
        "'';",
      ],
    ],
  ),
  ...guards(
    'relay/circuits.ts',
    ['test/relay/browsers-memory.test.ts'],
    [
      [
        'browsers that read nothing cost no node its circuit',
        'this.#cutTo(this.#limitBytes / 2, ({ isBrowsers }) => isBrowsers === true);',
        '',
      ],
    ],
  ),
  ...guards(
    'relay/node-places.ts',
    ['test/relay/organisation-shares.test.ts'],
    [
      [
        'nodes of a relay are bounded',
        'if (this.#taken < this.#limit) return true;',
        'if (this.#taken >= 0) return true;',
      ],
      ['a place is given back', 'if (isTaken) this.#add(organisation, -1);', ''],
    ],
  ),
  ...guards(
    'relay/web-circuit.ts',
    ['test/attack/web-lines.test.ts'],
    [
      [
        'a browser that its connector let go at once is let go',
        'if (stream.closed) parted();\n    else stream',
        'stream',
      ],
    ],
  ),
  ...guards(
    'relay/web-circuit.ts',
    ['test/relay/web-door.test.ts'],
    [
      [
        'a browser that is gone takes its circuit with it',
        'socket.readableEnded && socket.writableFinished && stream.writableFinished',
        'socket.readableEnded && stream.writableFinished',
      ],
    ],
  ),
  ...guards(
    'relay/relay.ts',
    ['test/relay/web-door.test.ts'],
    [
      ['a newer ticket cuts browsers at names it does not have', 'this.door.recheck(node);', ''],
      [
        'a newer ticket brings its own names',
        'if (this.#nodes.get(id) === node) this.#names.set(node, node.hosts);',
        '',
      ],
      [
        'a name is for who may serve it now',
        'this.#tickets.objection(node.ticket) === undefined && this.#circuits.hasRoom(node.organisation)',
        'this.#circuits.hasRoom(node.organisation)',
      ],
    ],
  ),
  ...guards(
    'relay/served-names.ts',
    ['test/relay/served-names.test.ts'],
    [
      ['a name that is served no more is nobody’s', '    this.delete(node);\n', ''],
      [
        'the most exact pattern decides',
        'if (found.length > 0) return found;',
        'if (found.length > 1) return found;',
      ],
    ],
  ),
  ...guards(
    'relay/admit.ts',
    ['test/relay/relay.test.ts'],
    [
      [
        'a ticket is bound to the machine key that attaches',
        "if (ticket === undefined || !verifyAttach(ticket.mk, challenge, attach)) return 'denied';",
        "if (ticket === undefined) return 'denied';",
      ],
    ],
  ),
  ...guards(
    'relay/relay.ts',
    ['test/relay/relay.test.ts'],
    [
      ['circuits join only inside one organisation', 'caller.org === called.org &&', ''],
      [
        'circuits join only inside a network of the caller’s ticket',
        'called.meet.some((network) => caller.meet.includes(network)) &&',
        '',
      ],
    ],
  ),
  ...guards(
    'relay/ticket-watch.ts',
    ['test/relay/relay.test.ts'],
    [
      [
        'a revoked node is not attached',
        "if (lease.isRevoked(ticket.jti) || lease.isRevoked(ticket.sub)) return 'revoked';",
        '',
      ],
    ],
  ),
  ...guards(
    'relay/relay.ts',
    ['test/relay/organisation-shares.test.ts'],
    [['circuits of one organisation', 'this.#circuits.hasRoom(caller.org) &&', '']],
  ),
  ...guards(
    'relay/relay.ts',
    ['test/relay/draining.test.ts'],
    [
      [
        'a draining relay takes nobody',
        "if (this.isDraining) return refuseUpgrade(socket, '503 Service Unavailable');",
        '',
      ],
      ['a draining relay waits', 'while (left > 0 &&', 'while (left < 0 &&'],
    ],
  ),
  ...guards(
    'relay/circuits.ts',
    ['test/relay/organisation-shares.test.ts'],
    [
      ['the most greedy pays', 'other.heldBytes > one.heldBytes ? other : one', 'one'],
      ['an even part', 'return own < this.#limit / organisations;', 'return false;'],
    ],
  ),
  ...guards(
    'relay/rate-shares.ts',
    ['test/relay/organisation-shares.test.ts'],
    [
      ['a rate', 'if (this.#owedBytes <= share) return;', 'return;'],
      [
        'an organisation’s own rate',
        'return Math.min(meter.mostPerTick, this.#bytesPerTick / this.#active.size);',
        'return this.#bytesPerTick / this.#active.size;',
      ],
      [
        'an older ticket gives no rate back',
        'if (saidS < this.#saidS || (saidS === this.#saidS && most >= this.#mostPerTick)) return;',
        '',
      ],
    ],
  ),
  ...guards(
    'relay/relay.ts',
    ['test/relay/websocket-lengths.test.ts'],
    [['relay maxPayload', '    maxPayload: hopMaxPayload,\n', '']],
  ),
];
