/** One end of a circuit in a test: collects what arrives and how it ended. */
import type { Fault } from '../../protocol/errors.ts';
import type { NodeId } from '../../protocol/ids.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';

export class CircuitEnd {
  readonly carrier: Carrier;
  /** Who called, at the end that was called. */
  readonly from: NodeId | undefined;
  /** Settles with the fault that ended it; undefined when it ended in order. */
  readonly closed: Promise<Fault | undefined>;
  #fault: Fault | undefined;
  #chunks: Buffer[] = [];
  #drained: (() => void) | undefined;

  constructor(carrier: Carrier, from?: NodeId) {
    this.carrier = carrier;
    this.from = from;
    const { promise, resolve } = Promise.withResolvers<Fault | undefined>();
    this.closed = promise;
    carrier.start({
      data: (bytes) => this.#chunks.push(Buffer.from(bytes)),
      drain: () => this.#drained?.(),
      closed: (fault) => {
        this.#fault = fault;
        resolve(fault);
      },
    });
  }

  /** The fault that ended it so far. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  get received(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  /** Writes a copy; false: wait. */
  write(bytes: Uint8Array | string): boolean {
    return this.carrier.write(Buffer.from(bytes));
  }

  /** Writes blocks until none is taken for a while or `blocks` are out; how many bytes were taken. */
  async fill(blocks: number, patienceMs: number): Promise<number> {
    let taken = 0;
    for (let block = 0; block < blocks; block++) {
      taken += 65_536;
      if (!this.write(Buffer.alloc(65_536, block)) && !(await this.#isDrained(patienceMs))) break;
    }
    return taken;
  }

  #isDrained(withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), withinMs);
      this.#drained = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}
