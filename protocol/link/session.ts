/**
 * A session between a client and a connector: secure channel, link and mux put together, with JSON where the mux has
 * bytes. What programs use; it knows neither grants nor resources.
 */
import type { Clock, Random } from '../clock.ts';
import { Fault, type CodeName } from '../errors.ts';
import type { NetworkId } from '../ids.ts';
import type { AgreementKey } from '../keys.ts';
import { Mux } from '../mux/mux.ts';
import type { MuxStream } from '../mux/stream.ts';
import type { Carrier } from './carrier.ts';
import type { HandshakeBudget } from './handshake-budget.ts';
import { tunnelPrologue } from './handshake-messages.ts';
import { Link } from './link.ts';
import { acceptSecureChannel, openSecureChannel, type SecureChannel } from './secure-channel.ts';

export interface SessionHandlers {
  /**
   * The peer opened a stream; `payload` is parsed JSON, unchecked. Answered, then or later, by `accept` or `reset`.
   * Without this handler every stream is refused as `denied`.
   */
  stream?(stream: MuxStream, payload: unknown): void;
  /** A grant, unverified. */
  grant?(jws: string): void;
  /** A note: parsed JSON, unchecked. */
  note?(note: unknown): void;
}

export interface Session {
  /** The other side's static key, raw X25519. */
  readonly peerKey: Buffer;
  /** 32 bytes that both sides share. */
  readonly handshakeHash: Buffer;
  /** 16 bytes, chosen by the responder. */
  readonly sessionId: Buffer;
  /** Whether ML-KEM-768 took part in the keys. */
  readonly kem: boolean;
  /** Smoothed, measured in the data path; undefined before the first answer. */
  readonly rttMs: number | undefined;
  /** Streams open now. */
  readonly streams: number;
  /** May be written at once. Throws a Fault: `limit`, `draining`, or what ended the session. */
  openStream(payload: object): MuxStream;
  sendGrant(jws: string): void;
  /** At most 1,024 bytes as JSON. */
  sendNote(note: object): void;
  /** No new streams either way; open ones stay. */
  drain(code?: CodeName): void;
  /** Ends every stream and the session; the peer sees the code. Ending twice is the same as once. */
  close(code?: CodeName): void;
  /** Never rejects. */
  readonly closed: Promise<Fault>;
}

export interface SessionOptions {
  readonly carrier: Carrier;
  readonly own: AgreementKey;
  /** Part of the prologue: both sides must mean the same network. */
  readonly networkId: NetworkId;
  /** Called once the peer is proven and before its first frame is looked at. */
  handle(session: Session): SessionHandlers;
  /** Default true. */
  readonly kem?: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Initiator. `grants` travel in the first flight after the handshake. Rejects with the Fault that ended the handshake;
 * the carrier is closed then.
 */
export async function dialSession(
  options: SessionOptions & { readonly peer: Buffer; readonly grants: readonly string[] },
): Promise<Session> {
  const channel = await openSecureChannel(options.carrier, {
    ...channelOptions(options),
    peer: options.peer,
  });
  return new TunnelSession(channel, 'initiator', options, options.grants);
}

/** Responder. Resolves once the initiator has proven its key; rejects with a Fault, the carrier being closed then. */
export async function acceptSession(
  options: SessionOptions & { readonly budget: HandshakeBudget; readonly source: string },
): Promise<Session> {
  const channel = await acceptSecureChannel(options.carrier, {
    ...channelOptions(options),
    budget: options.budget,
    source: options.source,
  });
  return new TunnelSession(channel, 'responder', options, []);
}

function channelOptions({ own, networkId, kem, clock, random }: SessionOptions) {
  return { own, prologue: tunnelPrologue(networkId), kem: kem ?? true, clock, random };
}

class TunnelSession implements Session {
  readonly closed: Promise<Fault>;
  readonly #channel: SecureChannel;
  readonly #link: Link;
  readonly #mux: Mux;
  readonly #handlers: SessionHandlers;
  #resolveClosed: (fault: Fault) => void = () => {};

  constructor(
    channel: SecureChannel,
    side: 'initiator' | 'responder',
    options: SessionOptions,
    grants: readonly string[],
  ) {
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#channel = channel;
    this.#link = new Link(channel, side, options.clock, {
      frames: (frames) => this.#mux.receive(frames),
      drain: () => this.#mux.drained(),
      closed: (fault) => {
        this.#mux.end(fault);
        this.#resolveClosed(fault);
      },
    });
    this.#mux = new Mux({
      level: 'inner',
      side: side === 'initiator' ? 'dialler' : 'acceptor',
      sink: this.#link,
      clock: options.clock,
      peerMaxStreams: channel.maxStreams,
      minRttMs: () => this.#link.minRttMs,
      handlers: {
        stream: (stream, payload) => this.#stream(stream, payload),
        grant: (payload) => this.#handlers.grant?.(payload.toString()),
        note: (payload) => this.#withJson(payload, (note) => this.#handlers.note?.(note)),
      },
    });
    for (const grant of grants) this.#mux.sendGrant(grant);
    this.#mux.flush();
    this.#handlers = options.handle(this);
    this.#link.start();
  }

  get peerKey(): Buffer {
    return this.#channel.peerKey;
  }

  get handshakeHash(): Buffer {
    return this.#channel.handshakeHash;
  }

  get sessionId(): Buffer {
    return this.#channel.sessionId;
  }

  get kem(): boolean {
    return this.#channel.kem;
  }

  get rttMs(): number | undefined {
    return this.#link.rttMs;
  }

  get streams(): number {
    return this.#mux.streams;
  }

  openStream(payload: object): MuxStream {
    return this.#mux.openStream(Buffer.from(JSON.stringify(payload)));
  }

  sendGrant(jws: string): void {
    this.#mux.sendGrant(jws);
  }

  sendNote(note: object): void {
    this.#mux.sendNote(note);
  }

  drain(code: CodeName = 'draining'): void {
    this.#mux.drain(code);
  }

  close(code: CodeName = 'cancelled'): void {
    this.#mux.flush();
    this.#link.close(code);
  }

  #stream(stream: MuxStream, payload: Buffer): void {
    this.#withJson(payload, (parsed) => {
      if (this.#handlers.stream === undefined) stream.reset('denied');
      else this.#handlers.stream(stream, parsed);
    });
  }

  /** What is not JSON breaks the protocol. */
  #withJson(bytes: Buffer, use: (value: unknown) => void): void {
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString());
    } catch {
      this.#link.fail(
        new Fault('protocol', 'The other side broke the protocol: a payload that is not JSON.'),
      );
      return;
    }
    use(value);
  }
}
