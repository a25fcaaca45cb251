/**
 * A session between a client and a connector: secure channel, link and mux put together, with JSON where the mux has
 * bytes. It outlives its carriers: the initiator gives it another, and its streams go on. What programs use; it knows
 * neither grants nor resources.
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
import { decodeResume, encodeGone, encodeReceived, linkKinds, provesResume } from './link-messages.ts';
import { Link } from './link.ts';
import { GoneFault, ProvenPath } from './proven-path.ts';
import { hearFirstWord } from './resume.ts';
import { acceptSecureChannel, openSecureChannel, type SecureChannel } from './secure-channel.ts';

/** A path that is to replace one that works is pinged so often before the session moves to it. */
const provingPings = 3;

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
  /** The peer takes no new streams from now on; those that are open go on. */
  draining?(): void;
  /** The carrier died of this fault. The session ends in 60 s unless its initiator resumes it. */
  lost?(fault: Fault): void;
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
  /** Whether it has a carrier now. */
  readonly hasPath: boolean;
  /** Whether it has ended; `closed` says of what. */
  readonly isOver: boolean;
  /**
   * Milliseconds there and back of one ping, over the path that it is on now or moves to meanwhile. Rejects with the Fault `timeout` when it has
   * not come back by then, or with `connector-lost` where there is no path.
   */
  ping(timeoutMs: number): Promise<number>;
  /** May be written at once. Throws a Fault: `limit`, `draining`, or what ended the session. */
  openStream(payload: object): MuxStream;
  sendGrant(jws: string): void;
  /** At most 1,024 bytes as JSON. */
  sendNote(note: object): void;
  /**
   * Initiator only: a handshake with the same peer on another carrier, and three pings there and back while the session
   * still has one. The session itself is not touched. Rejects with the Fault that ended it, the carrier being closed then.
   */
  prove(carrier: Carrier): Promise<ProvenPath>;
  /**
   * Initiator only: continues on a path that `prove` gave. A path that it has now serves on when this fails. One call at a
   * time (`busy`). Rejects with the Fault that ended the attempt, the path being closed then; a session that the responder
   * no longer knows has ended by then.
   */
  moveTo(path: ProvenPath): Promise<void>;
  /** `prove` and `moveTo`, one call at a time (`busy`). */
  resume(carrier: Carrier): Promise<void>;
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

/** A responder's open sessions by their id: what a RESUME may name. */
export class SessionTable {
  readonly #sessions = new Map<string, TunnelSession>();

  /** Keeps a session until it ends, in place of those of the same peer that have lost their carrier. */
  add(session: TunnelSession): void {
    for (const other of this.#sessions.values()) {
      if (!other.hasPath && other.peerKey.equals(session.peerKey)) other.close('connector-lost');
    }
    const id = session.sessionId.toString('hex');
    this.#sessions.set(id, session);
    void session.closed.then(() => this.#sessions.delete(id));
  }

  find(sessionId: Buffer): TunnelSession | undefined {
    return this.#sessions.get(sessionId.toString('hex'));
  }
}

/**
 * Responder. Resolves once the initiator has proven its key and said what it wants: with a new session, or with the one
 * of `sessions` that now continues on this carrier. Rejects with a Fault, the carrier being closed then: `connector-lost`
 * when it wanted to continue a session that is not there or not its own.
 */
export async function acceptSession(
  options: SessionOptions & {
    readonly budget: HandshakeBudget;
    readonly source: string;
    /** Without it no session can be continued. */
    readonly sessions?: SessionTable;
  },
): Promise<Session> {
  const channel = await acceptSecureChannel(options.carrier, {
    ...channelOptions(options),
    budget: options.budget,
    source: options.source,
  });
  return new Promise((resolve, reject) => {
    hearFirstWord(channel, options.clock, {
      start() {
        const session = new TunnelSession(channel, 'responder', options, []);
        options.sessions?.add(session);
        resolve(session);
      },
      resume(message) {
        const session = options.sessions?.find(decodeResume(message).sessionId);
        if (session?.takeOver(channel, message) === true) return resolve(session);
        channel.send(encodeGone('connector-lost'));
        channel.close();
        return reject(new Fault('connector-lost'));
      },
      failed: reject,
    });
  });
}

function channelOptions({ own, networkId, kem, clock, random }: SessionOptions) {
  return { own, prologue: tunnelPrologue(networkId), kem: kem ?? true, clock, random };
}

class TunnelSession implements Session {
  readonly closed: Promise<Fault>;
  readonly peerKey: Buffer;
  readonly handshakeHash: Buffer;
  readonly sessionId: Buffer;
  readonly kem: boolean;
  readonly #options: SessionOptions;
  readonly #link: Link;
  readonly #mux: Mux;
  readonly #handlers: SessionHandlers;
  /** Of the first handshake. */
  readonly #resumeSecret: Buffer;
  /** Of the last RESUME, sent or taken. */
  #generation = 0;
  #isMoving = false;
  #isResuming = false;
  #ended: Fault | undefined;
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
    this.peerKey = Buffer.from(channel.peerKey);
    this.handshakeHash = Buffer.from(channel.handshakeHash);
    this.sessionId = Buffer.from(channel.sessionId);
    this.kem = channel.kem;
    this.#resumeSecret = Buffer.from(channel.resumeSecret);
    this.#options = options;
    this.#link = new Link(channel, options.clock, {
      frames: (frames) => this.#mux.receive(frames, true),
      drain: () => this.#mux.drained(),
      lost: (fault) => this.#handlers.lost?.(fault),
      closed: (fault) => this.#end(fault),
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
        goaway: () => this.#handlers.draining?.(),
        grant: (payload) => this.#handlers.grant?.(payload.toString()),
        note: (payload) => this.#withJson(payload, (note) => this.#handlers.note?.(note)),
      },
    });
    for (const grant of grants) this.#mux.sendGrant(grant);
    this.#mux.flush();
    this.#handlers = options.handle(this);
    this.#link.start(side === 'initiator');
  }

  get rttMs(): number | undefined {
    return this.#link.rttMs;
  }

  get streams(): number {
    return this.#mux.streams;
  }

  get hasPath(): boolean {
    return this.#link.hasPath;
  }

  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  ping(timeoutMs: number): Promise<number> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const forget = this.#link.ping((rttMs) => {
        cancel();
        resolve(rttMs);
      });
      const cancel = clock.after(timeoutMs, () => {
        forget?.();
        reject(new Fault('timeout', 'No answer came back in time.'));
      });
      if (forget !== undefined) return;
      cancel();
      reject(this.#ended ?? new Fault('connector-lost', 'There is no way to the connector now.'));
    });
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

  async prove(carrier: Carrier): Promise<ProvenPath> {
    const { clock } = this.#options;
    if (this.#ended !== undefined) {
      carrier.close();
      throw this.#ended;
    }
    const sinceMs = clock.nowMs();
    const channel = await openSecureChannel(carrier, {
      ...channelOptions(this.#options),
      peer: this.peerKey,
    });
    return ProvenPath.prove(channel, clock, this.hasPath ? provingPings : 0, clock.nowMs() - sinceMs);
  }

  async moveTo(path: ProvenPath): Promise<void> {
    if (this.#ended !== undefined || this.#isMoving) {
      path.close();
      throw this.#ended ?? new Fault('busy');
    }
    this.#isMoving = true;
    this.#link.hold();
    this.#generation += 1;
    const { sessionId } = this;
    try {
      const request = { sessionId, generation: this.#generation, received: this.#link.received };
      await path.ask(request, this.#resumeSecret, (received) => this.#continueOn(path.channel, received));
    } catch (error) {
      if (error instanceof GoneFault) this.#link.fail(error);
      else this.#link.release();
      throw error;
    } finally {
      this.#isMoving = false;
    }
  }

  async resume(carrier: Carrier): Promise<void> {
    if (this.#isResuming) {
      carrier.close();
      throw new Fault('busy');
    }
    this.#isResuming = true;
    try {
      await this.moveTo(await this.prove(carrier));
    } finally {
      this.#isResuming = false;
    }
  }

  #continueOn(channel: SecureChannel, received: number): void {
    if (this.#link.continueOn(channel, received)) return;
    channel.close();
    const what = 'a RESUMED that counts other records';
    this.#link.fail(new Fault('protocol', `The other side broke the protocol: ${what}.`));
  }

  /**
   * Responder: continues on this channel when its RESUME is this session's initiator's and newer than the last. False,
   * and nothing has changed, otherwise.
   */
  takeOver(channel: SecureChannel, message: Buffer): boolean {
    const { generation, received } = decodeResume(message);
    const isProven =
      channel.peerKey.equals(this.peerKey) &&
      generation > this.#generation &&
      provesResume(message, this.#resumeSecret, channel.handshakeHash);
    if (!isProven || !this.#link.hasSent(received)) return false;
    this.#generation = generation;
    this.#link.leave();
    channel.send(encodeReceived(linkKinds.resumed, this.#link.received));
    return this.#link.continueOn(channel, received);
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

  #end(fault: Fault): void {
    this.#ended = fault;
    this.#resumeSecret.fill(0);
    this.#mux.end(fault);
    this.#resolveClosed(fault);
  }
}
