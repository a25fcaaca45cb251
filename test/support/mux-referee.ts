/**
 * A slow, obvious twin of the mux: reads every record of both sides, keeps whole byte strings and plain counters, and
 * says the first rule of WIRE A8 that a side broke. It shares no code with the mux.
 */
import { frameTypes as t } from '../../protocol/mux/frames.ts';
import { framesOf } from './frames.ts';

interface Half {
  sent: Buffer[];
  credit: number;
  hasEnded: boolean;
}

interface Twin {
  readonly halves: Record<Side, Half>;
  readonly opener: Side;
  isAccepted: boolean;
  isReset: boolean;
}

export type Side = 'dialler' | 'acceptor';
const other = { dialler: 'acceptor', acceptor: 'dialler' } as const;

export class MuxReferee {
  readonly #streams = new Map<number, Twin>();
  readonly #last: Record<Side, number> = { dialler: 0, acceptor: 0 };
  readonly #isInner: boolean;

  constructor(level: 'hop' | 'inner') {
    this.#isInner = level === 'inner';
  }

  /** Judges one record; throws with the rule that it breaks. */
  watch(side: Side, record: Buffer): void {
    for (const { stream, type, payload } of framesOf(record)) {
      if (type === t.open) this.#open(side, stream);
      else if (stream !== 0) this.#frame(side, stream, type, payload);
    }
  }

  /** Everything `side` has sent on a stream. */
  sent(side: Side, stream: number): Buffer {
    return Buffer.concat(this.#streams.get(stream)?.halves[side].sent ?? []);
  }

  #open(side: Side, stream: number): void {
    if (stream % 2 !== (side === 'dialler' ? 1 : 0)) throw new Error(`${side} opened ${stream}`);
    if (stream <= this.#last[side]) throw new Error(`${side} opened ${stream} after ${this.#last[side]}`);
    this.#last[side] = stream;
    const half = (): Half => ({ sent: [], credit: this.#isInner ? 65_536 : 262_144, hasEnded: false });
    this.#streams.set(stream, {
      halves: { dialler: half(), acceptor: half() },
      opener: side,
      isAccepted: false,
      isReset: false,
    });
  }

  #frame(side: Side, stream: number, type: number, payload: Buffer): void {
    const twin = this.#streams.get(stream);
    if (twin === undefined) throw new Error(`${side} used stream ${stream} before OPEN`);
    const half = twin.halves[side];
    const peer = twin.halves[other[side]];
    if (type === t.data) {
      if (half.hasEnded) throw new Error('DATA after FIN');
      if (payload.length === 0 || payload.length > 65_000) throw new Error(`DATA of ${payload.length}`);
      half.credit -= payload.length;
      if (half.credit < 0 && !twin.isReset) throw new Error('DATA over the window');
      half.sent.push(Buffer.from(payload));
    } else if (type === t.credit) {
      peer.credit += payload.readUInt32BE(0);
    } else if (type === t.fin) {
      half.hasEnded = true;
      const sent = half.sent.reduce((sum, bytes) => sum + bytes.length, 0);
      if (this.#isInner && Number(payload.readBigUInt64BE(0)) !== sent)
        throw new Error('FIN that counts other bytes');
    } else if (type === t.accept) {
      if (twin.opener === side || twin.isAccepted) throw new Error('ACCEPT that nobody waited for');
      twin.isAccepted = true;
    } else if (type === t.reset) twin.isReset = true;
  }
}
