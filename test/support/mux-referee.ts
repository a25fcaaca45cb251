/**
 * A slow, obvious twin of the mux: reads every record of both sides, keeps whole byte strings and plain counters, and
 * says the first rule of WIRE A8 that a side broke. It shares no code with the mux.
 */
import { frameTypes as t } from '../../protocol/mux/frames.ts';
import { framesOf } from './frames.ts';

interface Half {
  sent: Buffer[];
  /** What this side may still send. */
  credit: number;
  /** What this side gave the other to send, all CREDIT together. */
  returned: number;
  hasEnded: boolean;
  hasReset: boolean;
}

interface Twin {
  readonly halves: Record<Side, Half>;
  readonly opener: Side;
  isAccepted: boolean;
}

export type Side = 'dialler' | 'acceptor';
const other = { dialler: 'acceptor', acceptor: 'dialler' } as const;

const largestWindow = 16 * 1_024 * 1_024;
const sessionGrowth = 32 * 1_024 * 1_024;

export interface RefereeOptions {
  readonly level: 'hop' | 'inner';
  /** Whether windows may grow, i.e. whether the mux knows a round trip. */
  readonly grows: boolean;
  /** Bytes that the application of `side` has taken from a stream so far. */
  consumed(side: Side, stream: number): number;
}

/** What was seen on the wire that a test may want to have seen. */
export type Sighting = 'late data' | 'a grown window' | 'an exhausted window' | 'an ACCEPT after DATA';

export class MuxReferee {
  /** How often each was seen. */
  readonly seen = new Map<Sighting, number>();
  readonly #options: RefereeOptions;
  readonly #streams = new Map<number, Twin>();
  readonly #last: Record<Side, number> = { dialler: 0, acceptor: 0 };
  readonly #draining: Record<Side, boolean> = { dialler: false, acceptor: false };
  readonly #initial: number;

  constructor(options: RefereeOptions) {
    this.#options = options;
    this.#initial = options.level === 'inner' ? 65_536 : 262_144;
  }

  /** Judges one record; throws with the rule that it breaks. */
  watch(side: Side, record: Buffer): void {
    for (const { stream, type, payload } of framesOf(record)) {
      if (type === t.open) this.#open(side, stream);
      else if (stream !== 0) this.#frame(side, stream, type, payload);
      else if (type === t.goaway) this.#draining[side] = true;
    }
  }

  /** Everything `side` has sent on a stream. */
  sent(side: Side, stream: number): Buffer {
    return Buffer.concat(this.#streams.get(stream)?.halves[side].sent ?? []);
  }

  #open(side: Side, stream: number): void {
    if (stream % 2 !== (side === 'dialler' ? 1 : 0)) throw new Error(`${side} opened ${stream}`);
    if (stream <= this.#last[side]) throw new Error(`${side} opened ${stream} after ${this.#last[side]}`);
    if (this.#draining[side]) throw new Error(`${side} opened ${stream} after its GOAWAY`);
    this.#last[side] = stream;
    const half = (): Half => ({
      sent: [],
      credit: this.#initial,
      returned: 0,
      hasEnded: false,
      hasReset: false,
    });
    this.#streams.set(stream, {
      halves: { dialler: half(), acceptor: half() },
      opener: side,
      isAccepted: false,
    });
  }

  #frame(side: Side, stream: number, type: number, payload: Buffer): void {
    const twin = this.#streams.get(stream);
    if (twin === undefined) throw new Error(`${side} used stream ${stream} before OPEN`);
    const half = twin.halves[side];
    const peer = twin.halves[other[side]];
    if (half.hasReset) throw new Error(`${side} sent frame type ${type} after its RESET`);
    if (type === t.data) {
      if (half.hasEnded) throw new Error('DATA after FIN');
      if (payload.length === 0 || payload.length > 65_000) throw new Error(`DATA of ${payload.length}`);
      half.credit -= payload.length;
      if (half.credit < 0) throw new Error('DATA over the window');
      if (half.credit === 0) this.#note('an exhausted window');
      if (peer.hasReset) this.#note('late data');
      half.sent.push(Buffer.from(payload));
    } else if (type === t.credit) {
      this.#credit(side, stream, twin, payload.readUInt32BE(0));
    } else if (type === t.fin) {
      half.hasEnded = true;
      if (this.#options.level === 'inner') this.#fin(twin, side, payload);
    } else if (type === t.accept) {
      if (twin.opener === side || twin.isAccepted) throw new Error('ACCEPT that nobody waited for');
      if (peer.sent.length > 0) this.#note('an ACCEPT after DATA');
      twin.isAccepted = true;
    } else if (type === t.reset) half.hasReset = true;
  }

  /** Credit follows what the application took, never what arrived; beyond that a window may only grow in its bounds. */
  #credit(side: Side, stream: number, twin: Twin, bytes: number): void {
    const half = twin.halves[side];
    half.returned += bytes;
    twin.halves[other[side]].credit += bytes;
    if (bytes === 0) throw new Error('a CREDIT of nothing');
    const grown = half.returned - this.#options.consumed(side, stream);
    if (grown <= 0) return;
    if (!this.#options.grows) throw new Error(`CREDIT for ${grown} bytes that nobody has read`);
    if (grown > largestWindow - this.#initial) throw new Error(`a window grown by ${grown}`);
    this.#note('a grown window');
    const all = [...this.#streams.keys()].reduce((sum, id) => sum + this.#grownBy(side, id), 0);
    if (all > sessionGrowth) throw new Error(`windows grown by ${all} together`);
  }

  #grownBy(side: Side, stream: number): number {
    const half = this.#streams.get(stream)?.halves[side];
    if (half === undefined || half.hasReset || half.hasEnded) return 0;
    return Math.max(0, half.returned - this.#options.consumed(side, stream));
  }

  #fin(twin: Twin, side: Side, payload: Buffer): void {
    const bytes = (half: Half) => half.sent.reduce((sum, part) => sum + part.length, 0);
    if (Number(payload.readBigUInt64BE(0)) !== bytes(twin.halves[side]))
      throw new Error('FIN that counts other bytes');
    if (Number(payload.readBigUInt64BE(8)) > bytes(twin.halves[other[side]]))
      throw new Error('FIN that received what was not sent');
  }

  #note(what: Sighting): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }
}
