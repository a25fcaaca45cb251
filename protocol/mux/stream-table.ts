/**
 * Which streams a mux has, which there have been, and which there may be (WIRE A8): the dialler's are odd, the acceptor's even,
 * strictly growing and never used again, and of each kind there is a bounded number. Used by the mux alone; what streams
 * do is theirs.
 */
import type { CodeName } from '../errors.ts';
import { OpenMap } from '../open-items.ts';
import { maxPending, maxStreams } from './frames.ts';
import type { MuxStream } from './stream.ts';

/** The largest number of a stream, of either side. */
const lastId = 0xffff_fffd;

export class StreamTable {
  readonly #streams = new OpenMap<number, MuxStream>();
  readonly #peerParity: number;
  readonly #openLimit: number;
  readonly #initialWindow: number;
  #ownStreams = 0;
  #peerStreams = 0;
  #pending = 0;
  #nextId: number;
  #lastPeerId = 0;
  /** DATA that may still come for streams that are over here: what was left of their windows. */
  #lateBytes = 0;

  /**
   * @param openLimit streams this side may have open at once
   * @param initialWindow what a peer may send on a stream that it does not know to be refused yet
   */
  constructor(side: 'dialler' | 'acceptor', openLimit: number, initialWindow: number) {
    this.#nextId = side === 'dialler' ? 1 : 2;
    this.#peerParity = side === 'dialler' ? 0 : 1;
    this.#openLimit = Math.min(maxStreams, openLimit);
    this.#initialWindow = initialWindow;
  }

  /** Streams open now, both directions. */
  get size(): number {
    return this.#streams.size;
  }

  /** The newest that the peer opened; 0 before the first. */
  get lastPeerId(): number {
    return this.#lastPeerId;
  }

  get(id: number): MuxStream | undefined {
    return this.#streams.get(id);
  }

  all(): Iterable<MuxStream> {
    return this.#streams.values();
  }

  /** Adds the next stream of our own; undefined, and nothing is made, when there are as many as may be. */
  open(make: (id: number) => MuxStream): MuxStream | undefined {
    if (this.#ownStreams >= this.#openLimit || this.#nextId > lastId) return undefined;
    const stream = make(this.#nextId);
    this.#nextId += 2;
    this.#ownStreams++;
    this.#streams.add(stream.id, stream);
    return stream;
  }

  /** Uses up the number of the peer's next stream, or says what is wrong with it. */
  takePeerId(id: number): string | undefined {
    if (id % 2 !== this.#peerParity) return 'an OPEN of the wrong parity';
    if (id <= this.#lastPeerId) return 'an OPEN of a number that was used';
    this.#lastPeerId = id;
    return undefined;
  }

  /** Why there is no room for another stream of the peer's. */
  get refusal(): CodeName | undefined {
    if (this.#peerStreams >= maxStreams) return 'limit';
    return this.#pending >= maxPending ? 'busy' : undefined;
  }

  /** A stream of the peer's is refused, which it does not know yet. */
  refuse(): void {
    this.#lateBytes += this.#initialWindow;
  }

  /** Adds one that the peer opened. */
  admit(stream: MuxStream): void {
    this.#streams.add(stream.id, stream);
    this.#peerStreams++;
    this.#pending++;
  }

  /** One of the peer's waits for its answer no more. */
  accepted(): void {
    this.#pending--;
  }

  /** Whether there ever was a stream of this number. */
  wasOpened(id: number): boolean {
    return id % 2 === this.#peerParity ? id <= this.#lastPeerId : id < this.#nextId;
  }

  /** DATA of a stream that is over. False: more of it than may still have been on its way. */
  takeLate(bytes: number): boolean {
    this.#lateBytes -= bytes;
    return this.#lateBytes >= 0;
  }

  /** @param late what the peer may still have on its way for it, in bytes */
  forget(stream: MuxStream, late: number): void {
    if (!this.#streams.delete(stream.id)) return;
    this.#lateBytes += late;
    if (!stream.isIncoming) this.#ownStreams--;
    else {
      this.#peerStreams--;
      if (!stream.isAccepted) this.#pending--;
    }
  }
}
