/**
 * The session itself: joins one mux with one link, moves it between carriers, and keeps the secret by which only its own
 * initiator can. It knows neither grants nor resources.
 */
import { Fault, type CodeName } from '../errors.ts';
import { Mux } from '../mux/mux.ts';
import type { MuxStream } from '../mux/stream.ts';
import type { Carrier } from './carrier.ts';
import { tunnelPrologue } from './handshake-messages.ts';
import { decodeResume, encodeReceived, linkKinds, provesResume } from './link-messages.ts';
import { Link } from './link.ts';
import { GoneFault, ProvenPath } from './proven-path.ts';
import { openSecureChannel, type SecureChannel } from './secure-channel.ts';
import type { Session, SessionHandlers, SessionOptions } from './session.ts';

/** A path that is to replace one that works is pinged so often before the session moves to it. */
const provingPings = 3;

export class TunnelSession implements Session {
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

/** What a session's carriers have in common. */
export function channelOptions({ own, networkId, kem, clock, random }: SessionOptions) {
  return { own, prologue: tunnelPrologue(networkId), kem: kem ?? true, clock, random };
}
