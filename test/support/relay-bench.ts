/**
 * A relay on loopback with tickets for whoever the test names: what unit tests of relay, attachment and sessions share.
 * Everything runs in this process; the relay is the real one.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { hopPath } from '../../protocol/hop.ts';
import {
  newId,
  type ConnectorId,
  type DeviceId,
  type NetworkId,
  type NodeId,
  type OrganisationId,
} from '../../protocol/ids.ts';
import { encodeKey, newAgreementKey, newSigningKey, type SigningKey } from '../../protocol/keys.ts';
import { Lease } from '../../protocol/lease.ts';
import type { AttachOptions } from '../../protocol/link/attachment.ts';
import { signTicket, tokenSigner, type Card, type Ticket } from '../../protocol/tokens.ts';
import { createRelay, type Relay } from '../../relay/relay.ts';

/** Where a test node belongs and what its ticket says. */
export interface TestNode {
  readonly id: NodeId;
  readonly machineKey: SigningKey;
  readonly ticket: string;
}

export class RelayBench {
  readonly relayId = newId('rly', systemRandom(16));
  readonly organisation: OrganisationId = newId('org', systemRandom(16));
  readonly network: NetworkId = newId('net', systemRandom(16));
  readonly lease = new Lease(Date.now);
  readonly #signer = tokenSigner(newSigningKey());
  #server: Server | undefined;
  #card: Card | undefined;
  #port = 0;
  relay: Relay | undefined;

  /** Listens on the port of an earlier `start`, or one the system chooses. */
  async start(): Promise<void> {
    const { kid, key } = await this.#signer;
    const nowS = Math.floor(Date.now() / 1_000);
    this.#card = {
      iss: 'https://access.acme.example',
      keys: { [kid]: encodeKey(key.publicKey) },
      ctl: encodeKey(newAgreementKey().publicKey),
      tls: [],
      iat: nowS,
      exp: nowS + 3_600,
    };
    this.lease.beat(1);
    const relay = createRelay({
      relayId: this.relayId,
      card: () => this.#card,
      lease: this.lease,
      clock: systemClock,
      random: systemRandom,
    });
    const server = createServer((_request, response) => response.writeHead(404).end());
    server.on('upgrade', (request, socket, head) => {
      if (request.url === hopPath) relay.handleUpgrade(request, socket, head);
      else socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.relay = relay;
  }

  /** As a relay that is stopped: attachments end and the port is closed. */
  async stop(): Promise<void> {
    this.relay?.close();
    const server = this.#server;
    if (server === undefined) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  /** A node with a ticket; `change` overrides what the ticket says. */
  async node(role: Ticket['role'], change: Partial<Ticket> = {}): Promise<TestNode> {
    const machineKey = newSigningKey();
    const id: ConnectorId | DeviceId =
      role === 'connector' ? newId('con', systemRandom(16)) : newId('dev', systemRandom(16));
    const nowS = Math.floor(Date.now() / 1_000);
    const ticket = await signTicket(await this.#signer, {
      iss: 'https://access.acme.example',
      jti: newId('tok', systemRandom(16)),
      org: this.organisation,
      sub: id,
      role,
      mk: encodeKey(machineKey.publicKey),
      meet: [this.network],
      out: 3_600,
      iat: nowS,
      exp: nowS + 3_600,
      ...change,
    });
    return { id, machineKey, ticket };
  }

  /** Options with which the node attaches to this relay. */
  attach(node: TestNode): AttachOptions {
    return {
      url: `http://127.0.0.1:${this.#port}`,
      relayId: this.relayId,
      ticket: node.ticket,
      machineKey: node.machineKey,
      clock: systemClock,
    };
  }
}
