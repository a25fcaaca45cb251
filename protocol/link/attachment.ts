/**
 * A node's attachment to one relay (WIRE A5): dials the WebSocket, proves the ticket's machine key, and then opens and
 * takes circuits, which are carriers. Used by client and connector, usually through `keepAttached`.
 */
import type { createConnection, LookupFunction, NetConnectOpts } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';
import type { Clock } from '../clock.ts';
import { Fault } from '../errors.ts';
import {
  attachedMessage,
  attachMs,
  decodeChallenge,
  decodeFrom,
  decodeWeb,
  encodeAttach,
  encodePeer,
  hopMaxPayload,
  hopPath,
  hopSubprotocol,
  signAttach,
  type Challenge,
  type WebCaller,
} from '../hop.ts';
import type { ConnectorId, DeviceId, RelayId } from '../ids.ts';
import type { SigningKey } from '../keys.ts';
import type { MuxStream } from '../mux/stream.ts';
import { BinaryReads } from './binary-reads.ts';
import type { Carrier } from './carrier.ts';
import { tlsVersions } from '../tls.ts';
import { duplexCarrier } from './duplex-carrier.ts';
import { HopLink } from './hop-link.ts';
import { faultOfClose } from './websocket-carrier.ts';

/** What the caller decides about the connection below: trust anchors, name resolution, SNI. */
export interface ConnectOptions {
  readonly ca?: ClientOptions['ca'];
  readonly lookup?: LookupFunction;
  readonly servername?: string;
  readonly checkServerIdentity?: NonNullable<ClientOptions['checkServerIdentity']>;
}

export interface AttachOptions {
  /** The relay's base URL, e.g. `https://relay.acme.example:8444`; plain http on loopback only. */
  readonly url: string;
  /** The relay the caller means; another one that answers is refused. */
  readonly relayId: RelayId;
  readonly ticket: string;
  readonly machineKey: SigningKey;
  /** Takes circuits, as a connector does; without it each is refused. */
  onCircuit?(carrier: Carrier, from: DeviceId | ConnectorId): void;
  /** The relay is about to end: it takes no new circuits, and those there are should move. */
  onDraining?(): void;
  /** Takes a browser's TLS connection, by `accept`, or leaves it to the next connector, by `reset`. */
  onWeb?(stream: MuxStream, caller: WebCaller): void;
  readonly connect?: ConnectOptions;
  readonly clock: Clock;
}

export interface Attachment {
  readonly relayId: RelayId;
  readonly rttMs: number | undefined;
  /** Refused later, by the carrier closing with `no-peer`. Throws the Fault that ended the attachment, or `limit`. */
  openCircuit(connector: ConnectorId): Carrier;
  /** Shows the relay a newer ticket; circuits stay. With `machineKey` where that is another than it attached with. */
  renew(ticket: string, machineKey?: SigningKey): void;
  /** There is reason to doubt it: without a sign of life within 2.5 s it ends. */
  check(): void;
  close(): void;
  /** Never rejects; `fenced` when a newer attachment of this node took the place. */
  readonly closed: Promise<Fault>;
}

/** Rejects with a Fault: `timeout` after 5 s, `unreachable`, or the code with which the relay refused. */
export function attachToRelay(options: AttachOptions): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const reads = new BinaryReads();
    const socket = dial(options, reads);
    let challenge: Challenge | undefined;
    const cancelTimer = options.clock.after(attachMs, () => fail(new Fault('timeout')));
    const fail = (fault: Fault): void => {
      cancelTimer();
      socket.terminate();
      reject(fault);
    };
    socket.on('error', (error) => fail(new Fault('unreachable', error.message, { cause: error })));
    socket.on('close', (code) => fail(faultOfClose(code) ?? new Fault('unreachable')));
    socket.on('message', (data, isBinary) => {
      const text = isBinary ? '' : (data as Buffer).toString();
      if (challenge === undefined) {
        challenge = decodeChallenge(text);
        if (challenge?.relay !== options.relayId)
          return fail(new Fault('protocol', 'Another relay answered.'));
        // Until it has our answer the relay says nothing more.
        reads.begin();
        const { machineKey, ticket } = options;
        socket.send(encodeAttach({ ticket, sig: signAttach(machineKey, challenge, ticket) }));
        return undefined;
      }
      if (text !== attachedMessage) return fail(new Fault('protocol'));
      cancelTimer();
      socket.removeAllListeners();
      return resolve(new RelayAttachment(socket, reads, options, challenge));
    });
  });
}

class RelayAttachment implements Attachment {
  readonly relayId: RelayId;
  readonly closed: Promise<Fault>;
  readonly #hop: HopLink;
  readonly #options: AttachOptions;
  readonly #challenge: Challenge;

  constructor(socket: WebSocket, reads: BinaryReads, options: AttachOptions, challenge: Challenge) {
    this.relayId = options.relayId;
    this.#options = options;
    this.#challenge = challenge;
    let resolveClosed: (fault: Fault) => void = () => {};
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#hop = new HopLink(socket, {
      side: 'dialler',
      reads,
      clock: options.clock,
      handlers: {
        stream: (stream, payload) => {
          const caller = decodeWeb(payload);
          if (caller !== undefined && options.onWeb !== undefined) return options.onWeb(stream, caller);
          const from = decodeFrom(payload);
          if (from === undefined || options.onCircuit === undefined) return stream.reset('no-peer');
          stream.accept();
          options.onCircuit(duplexCarrier(stream), from);
        },
        // The relay answers a renewed ticket with the same word as the first, or by closing.
        text: () => {},
        draining: () => options.onDraining?.(),
        closed: resolveClosed,
      },
    });
  }

  get rttMs(): number | undefined {
    return this.#hop.rttMs;
  }

  openCircuit(connector: ConnectorId): Carrier {
    return duplexCarrier(this.#hop.openStream(encodePeer(connector)));
  }

  renew(ticket: string, machineKey: SigningKey = this.#options.machineKey): void {
    const sig = signAttach(machineKey, this.#challenge, ticket);
    this.#hop.sendText(encodeAttach({ ticket, sig }));
  }

  check(): void {
    this.#hop.check();
  }

  close(): void {
    this.#hop.close(new Fault('cancelled'));
  }
}

function dial({ url, connect }: AttachOptions, reads: BinaryReads): WebSocket {
  const target = new URL(hopPath, url);
  if (target.protocol !== 'https:' && !isLoopback(target.hostname)) {
    throw new Fault('unreachable', `The relay address ${url} is not https.`);
  }
  target.protocol = target.protocol === 'https:' ? 'wss:' : 'ws:';
  return new WebSocket(target, hopSubprotocol, {
    ...connect,
    ...tlsVersions,
    createConnection: ((way: NetConnectOpts) =>
      reads.connect(way, target.protocol === 'wss:')) as typeof createConnection,
    perMessageDeflate: false,
    maxPayload: hopMaxPayload,
    handshakeTimeout: attachMs,
    // The payload is sealed and no web page chooses it: masking would only cost.
    generateMask: noMask,
  });
}

function noMask(mask: Buffer): void {
  mask.fill(0);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || host.startsWith('127.');
}
