/**
 * The datagrams of SOCKS5 (RFC 1928 section 7): a relay socket on loopback for each UDP ASSOCIATE, as long as its TCP
 * connection lasts. It hears one port of the connection's peer, while that port is the same user's, and nobody else.
 */
import { createSocket, type RemoteInfo, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Clock } from '../../protocol/clock.ts';
import { DatagramFlows } from '../flows/datagram-flows.ts';
import type { OpenDatagrams } from '../flows/open-flow.ts';
import { readDatagram, type SocksSender } from './socks.ts';

/** Bounds of all together; what was used longest ago makes room for another. */
export const associationLimits = { associations: 128, flows: 512 } as const;
/** A sender's user is asked for anew once what is known of it is so old. */
const ownerMs = 1_000;

export interface UdpAssociationsOptions {
  /** The loopback address that relay sockets are bound to. */
  readonly address: string;
  readonly open: OpenDatagrams;
  /** The one user who can send from there; undefined where there is none. */
  readonly ownerOf: (address: string, port: number) => number | undefined;
  readonly clock: Pick<Clock, 'nowMs'>;
}

interface Association {
  readonly id: number;
  readonly control: Socket;
  readonly relay: DatagramSocket;
  readonly owner: number;
  readonly peer: string;
  /** What the application sends from; 0 until its first datagram where it did not say. */
  port: number;
  ownedUntilMs: number;
}

export class UdpAssociations {
  readonly #options: UdpAssociationsOptions;
  /** Used longest ago first. */
  readonly #open = new Set<Association>();
  readonly #flows: DatagramFlows;
  #lastId = 0;

  constructor(options: UdpAssociationsOptions) {
    this.#options = options;
    const { open, clock } = options;
    this.#flows = new DatagramFlows({ open, most: associationLimits.flows, clock });
  }

  get counts(): { readonly associations: number; readonly flows: number } {
    return { associations: this.#open.size, flows: this.#flows.size };
  }

  /**
   * Binds a relay socket that lasts as long as `control`, whose user is `owner`, and says where. Rejects when the system
   * has none.
   */
  async open(control: Socket, owner: number, from: SocksSender): Promise<{ address: string; port: number }> {
    const { address } = this.#options;
    const relay = createSocket('udp4');
    relay.bind({ address, port: 0 });
    await once(relay, 'listening').catch((error: unknown) => {
      relay.close();
      throw error;
    });
    const association: Association = {
      id: (this.#lastId += 1),
      control,
      relay,
      owner,
      peer: control.remoteAddress ?? '',
      port: from.port,
      ownedUntilMs: Number.NEGATIVE_INFINITY,
    };
    this.#open.add(association);
    // A datagram that could not be sent says nothing about the next.
    relay.on('error', () => undefined);
    relay.on('message', (bytes, sender) => this.#take(association, bytes, sender));
    control.once('close', () => this.#close(association));
    const { port } = relay.address();
    if (control.destroyed) this.#close(association);
    const [oldest] = this.#open;
    if (this.#open.size > associationLimits.associations && oldest !== undefined) {
      oldest.control.destroy();
      this.#close(oldest);
    }
    return { address, port };
  }

  #take(association: Association, bytes: Buffer, sender: RemoteInfo): void {
    const datagram = readDatagram(bytes);
    if (datagram === undefined || !this.#isOwn(association, sender)) return;
    this.#open.delete(association);
    this.#open.add(association);
    const { relay, id } = association;
    const { target, payload } = datagram;
    const header = Buffer.from(datagram.header);
    this.#flows.send(`${id}>${target.host}:${target.port}`, payload, target, (answer) =>
      relay.send([header, answer], sender.port, sender.address, () => undefined),
    );
  }

  /** Whether it comes from the application of the connection; the first that does says which port that is. */
  #isOwn(association: Association, { address, port }: RemoteInfo): boolean {
    if (address !== association.peer) return false;
    if (association.port !== 0 && association.port !== port) return false;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs >= association.ownedUntilMs) {
      if (this.#options.ownerOf(address, port) !== association.owner) return false;
      association.ownedUntilMs = nowMs + ownerMs;
    }
    association.port = port;
    return true;
  }

  #close(association: Association): void {
    if (!this.#open.delete(association)) return;
    association.relay.close();
    this.#flows.endAll((key) => key.startsWith(`${association.id}>`));
  }
}
