/**
 * A relay on a loopback port with a card and tickets of its own, for tests that need real attachments. Whoever uses it
 * closes it.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, systemRandom, type Clock } from '../../protocol/clock.ts';
import {
  newId,
  type ConnectorId,
  type DeviceId,
  type Id,
  type NetworkId,
  type OrganisationId,
} from '../../protocol/ids.ts';
import { encodeKey, newSigningKey, type SigningKey } from '../../protocol/keys.ts';
import type { AttachOptions } from '../../protocol/link/attachment.ts';
import { signTicket, tokenSigner, type Card, type Ticket } from '../../protocol/tokens.ts';
import { createRelay, type Relay, type RelayEvent } from '../../relay/relay.ts';

const signer = await tokenSigner(newSigningKey());
const id = systemRandom;

export const lab = {
  org: newId('org', id(16)),
  network: newId('net', id(16)),
  card: {
    iss: 'https://access.acme.example',
    keys: { [signer.kid]: encodeKey(signer.key.publicKey) },
    ctl: encodeKey(Buffer.alloc(32)),
    tls: [],
    iat: 0,
    exp: 0xffff_ffff,
  } satisfies Card,
};

/** A node that can attach: its id, keys and how its tickets are made. */
export interface LabNode<K extends DeviceId | ConnectorId> {
  readonly id: K;
  readonly machineKey: SigningKey;
  ticket(changes?: Partial<Ticket>): Promise<string>;
}

export function labClient(): LabNode<DeviceId> {
  return labNode(newId('dev', id(16)), 'client');
}

export function labConnector(): LabNode<ConnectorId> {
  return labNode(newId('con', id(16)), 'connector');
}

function labNode<K extends DeviceId | ConnectorId>(sub: K, role: Ticket['role']): LabNode<K> {
  const machineKey = newSigningKey();
  return {
    id: sub,
    machineKey,
    ticket: (changes) => {
      const nowS = Math.floor(Date.now() / 1_000);
      return signTicket(signer, {
        iss: lab.card.iss,
        jti: newId('tok', id(16)),
        org: lab.org satisfies OrganisationId,
        sub,
        role,
        mk: encodeKey(machineKey.publicKey),
        meet: [lab.network satisfies NetworkId],
        out: 3_600,
        iat: nowS,
        exp: nowS + 3_600,
        ...changes,
      });
    },
  };
}

export class RelayLab {
  readonly relayId = newId('rly', id(16));
  readonly revoked = new Set<string>();
  readonly events: RelayEvent[] = [];
  isHonoured = true;
  nowMs: () => number = Date.now;
  /** What the next `start` gives the relay to hold for circuits; its default unless set. */
  memoryBytes: number | undefined;
  mostNodes: number | undefined;
  bytesPerSecond: number | undefined;
  readonly #clock: Clock;
  #port = 0;
  #server: Server | undefined;
  #relay: Relay | undefined;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  get relay(): Relay {
    if (this.#relay === undefined) throw new Error('the relay is not running');
    return this.#relay;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it, again on the same port after a stop. */
  async start(): Promise<void> {
    const relay = createRelay({
      relayId: this.relayId,
      card: () => lab.card,
      lease: {
        isHonoured: () => this.isHonoured,
        isRevoked: (which) => this.revoked.has(which),
        nowMs: () => this.nowMs(),
      },
      clock: this.#clock,
      random: systemRandom,
      ...(this.memoryBytes === undefined ? {} : { memoryBytes: this.memoryBytes }),
      ...(this.mostNodes === undefined ? {} : { mostNodes: this.mostNodes }),
      ...(this.bytesPerSecond === undefined ? {} : { bytesPerSecond: this.bytesPerSecond }),
      log: (event) => this.events.push(event),
    });
    const server = createServer();
    server.on('upgrade', (request, socket, head) => relay.handleUpgrade(request, socket, head));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#relay = relay;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#relay?.close();
    this.#relay = undefined;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** What a node needs to attach here. */
  async attachOptions(
    node: LabNode<DeviceId | ConnectorId>,
    changes?: Partial<Ticket>,
  ): Promise<AttachOptions> {
    return {
      url: this.url,
      relayId: this.relayId,
      ticket: await node.ticket(changes),
      machineKey: node.machineKey,
      clock: this.#clock,
    };
  }
}

export function unknownId<K extends 'con' | 'org' | 'net' | 'rly' | 'dev'>(kind: K): Id<K> {
  return newId(kind, id(16));
}
