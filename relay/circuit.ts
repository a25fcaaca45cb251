/**
 * A circuit: a caller's stream and a stream to the connector, joined. Bytes pass with back-pressure, the end of each
 * direction is passed on, and so is a code; nothing is looked at.
 */
import { Fault, type CodeName } from '../protocol/errors.ts';
import type { MuxStream } from '../protocol/mux/stream.ts';
import { giveBackBlock } from '../protocol/mux/waiting-blocks.ts';
import type { Meter } from './rate-shares.ts';

export class Circuit {
  place: number | undefined;
  readonly #caller: MuxStream;
  readonly #connector: MuxStream;
  readonly #up: Direction;
  readonly #down: Direction;
  #open = 2;

  /**
   * Joins the two. The caller is accepted when the connector accepts, and until then hears of any refusal as `no-peer`.
   * @param over called once, when both streams are gone
   * @param meter where what passes is counted
   */
  constructor(caller: MuxStream, connector: MuxStream, over: () => void, meter: Meter) {
    this.#caller = caller;
    this.#connector = connector;
    this.#up = new Direction(caller, connector, meter);
    this.#down = new Direction(connector, caller, meter);
    connector.accepted().then(
      () => caller.accept(),
      () => undefined,
    );
    const gone = (): void => {
      this.#open--;
      if (this.#open === 0) over();
    };
    caller.once('close', () => {
      pass(caller, connector, codeOf(caller));
      gone();
    });
    connector.once('close', () => {
      pass(connector, caller, caller.isAccepted ? codeOf(connector) : 'no-peer');
      gone();
    });
  }

  /** Bytes the relay holds of this circuit now: not yet read from one side, or not yet taken by the other. */
  get heldBytes(): number {
    return this.#up.heldBytes + this.#down.heldBytes;
  }

  /** Ends it on both sides. */
  cut(code: CodeName): void {
    this.#caller.reset(code);
    this.#connector.reset(code);
  }
}

/** One way through a circuit. */
class Direction {
  readonly #from: MuxStream;
  readonly #to: MuxStream;
  #taken = 0;

  constructor(from: MuxStream, to: MuxStream, meter: Meter) {
    this.#from = from;
    this.#to = to;
    from.useBlocks();
    from.on('data', (bytes: Buffer) => {
      this.#taken += bytes.length;
      if (!to.write(bytes, () => giveBackBlock(bytes))) from.pause();
      meter.count(bytes.length, from, to);
    });
    from.on('end', () => to.end());
    to.on('drain', () => from.resume());
  }

  get heldBytes(): number {
    const waiting = this.#from.destroyed ? 0 : this.#from.bytesReceived - this.#taken;
    return waiting + (this.#to.destroyed ? 0 : this.#to.writableLength);
  }
}

/** Resets `to` unless `from` came to both its ends, when what was passed on may still be on its way. */
function pass(from: MuxStream, to: MuxStream, code: CodeName): void {
  const isWhole = from.errored === null && from.readableEnded && from.writableFinished;
  if (!isWhole) to.reset(code);
}

function codeOf(stream: MuxStream): CodeName {
  return stream.errored instanceof Fault ? stream.errored.code : 'cancelled';
}
