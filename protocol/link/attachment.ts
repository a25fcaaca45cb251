/**
 * A node's attachment to one relay (WIRE A5): dials, proves the machine key, then opens circuits to connectors or takes
 * those that clients open. Used by client and connector; `keep-attached.ts` keeps one up.
 */
import WebSocket, { type ClientOptions, type RawData } from 'ws';
import { Value } from 'typebox/value';
import type { Clock } from '../clock.ts';
import { Fault, type CodeName } from '../errors.ts';
import {
  Attached,
  CalledBy,
  Challenge,
  hopPath,
  hopSubprotocol,
  maxHopMessageBytes,
  signAttach,
} from '../hop.ts';
import type { ConnectorId, NodeId, RelayId } from '../ids.ts';
import type { SigningKey } from '../keys.ts';
import type { MuxStream } from '../mux/stream.ts';
import type { Carrier } from './carrier.ts';
import { duplexCarrier } from './duplex-carrier.ts';
import { runHopSession, type HopSession } from './hop-session.ts';
import { faultOfClose } from './websocket-carrier.ts';

export interface AttachOptions {
  /** The relay's base URL. */
  readonly url: string;
  /** The relay the node means to dial; another one's challenge is refused. */
  readonly relayId: RelayId;
  readonly ticket: string;
  readonly machineKey: SigningKey;
  /** Takes circuits of clients; without it they are refused with `no-peer`. */
  onCircuit?(carrier: Carrier, from: NodeId): void;
  /** Further options of the TLS or TCP connection. */
  readonly connect?: ClientOptions;
  readonly clock: Clock;
}

export interface Attachment {
  readonly relayId: RelayId;
  /** Smoothed round trip to the relay; undefined before the first answer. */
  readonly rttMs: number | undefined;
  /** A circuit to a connector. A refusal comes later: the carrier closes with `no-peer`. Throws a Fault when ended. */
  openCircuit(connector: ConnectorId): Carrier;
  close(code?: CodeName): void;
  /** Never rejects; `fenced` when a newer attachment of this node replaced it. */
  readonly closed: Promise<Fault>;
}

/** Challenge and answer together take at most this long. */
const attachTimeoutMs = 5_000;

/** Rejects with a Fault: `unreachable`, `timeout`, `denied` for another relay's challenge, or the relay's refusal. */
export async function attachToRelay(options: AttachOptions): Promise<Attachment> {
  const target = new URL(hopPath, options.url);
  target.protocol = target.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(target, [hopSubprotocol], {
    ...options.connect,
    perMessageDeflate: false,
    maxPayload: maxHopMessageBytes,
    handshakeTimeout: attachTimeoutMs,
    // What is sent is sealed already and not chosen by a page, so masking would only cost time.
    generateMask: (mask) => mask.fill(0),
  });
  const { promise: closed, resolve } = Promise.withResolvers<Fault>();
  const session = await answerChallenge(socket, options, () =>
    runHopSession({
      socket,
      side: 'dialler',
      clock: options.clock,
      stream: (stream, payload) => takeCircuit(options, stream, payload),
      closed: resolve,
    }),
  );
  return attachmentOf(session, options.relayId, closed);
}

function attachmentOf(session: HopSession, relayId: RelayId, closed: Promise<Fault>): Attachment {
  return {
    relayId,
    get rttMs() {
      return session.rttMs;
    },
    openCircuit: (peer) => duplexCarrier(session.openStream({ peer })),
    close: (code = 'cancelled') => session.close(code),
    closed,
  };
}

function takeCircuit(options: AttachOptions, stream: MuxStream, payload: Buffer): void {
  const called = parseJson(payload);
  if (options.onCircuit === undefined || !Value.Check(CalledBy, called)) return stream.reset('no-peer');
  stream.accept();
  options.onCircuit(duplexCarrier(stream), called.from as NodeId);
}

/** @param begin called in the same turn as the relay's consent, since frames may follow it in one packet */
function answerChallenge(
  socket: WebSocket,
  { relayId, ticket, machineKey, clock }: AttachOptions,
  begin: () => HopSession,
): Promise<HopSession> {
  const { promise, resolve, reject } = Promise.withResolvers<HopSession>();
  const cancel = clock.after(attachTimeoutMs, () => fail(new Fault('timeout', 'The relay did not answer.')));
  socket.on('error', (error) => fail(new Fault('unreachable', error.message, { cause: error })));
  socket.on('close', onClose);
  socket.on('message', onMessage);
  return promise;

  function onMessage(data: RawData, isBinary: boolean): void {
    const message = isBinary ? undefined : parseJson(data as Buffer);
    if (Value.Check(Challenge, message)) {
      if (message.relay !== relayId)
        return fail(new Fault('denied', 'Another relay answered at this address.'));
      const sig = signAttach(machineKey, relayId, Buffer.from(message.nonce, 'base64url'), ticket);
      return socket.send(JSON.stringify({ ticket, sig }));
    }
    if (!Value.Check(Attached, message)) return fail(new Fault('protocol'));
    finish();
    resolve(begin());
  }

  function onClose(code: number): void {
    fail(faultOfClose(code) ?? new Fault('draining'));
  }

  function fail(fault: Fault): void {
    finish();
    socket.terminate();
    reject(fault);
  }

  function finish(): void {
    cancel();
    socket.off('message', onMessage);
    socket.off('close', onClose);
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
