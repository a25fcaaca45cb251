/**
 * All circuits of the relay and the memory they share. When what is held for them passes the limit, the circuits that
 * hold most are cut: slow readers, however many, cost the others nothing.
 */
import type { CodeName } from '../protocol/errors.ts';

/** A circuit of nodes or of a browser, as far as memory goes. */
export interface HoldsBytes {
  readonly heldBytes: number;
  cut(code: CodeName): void;
}

export class Circuits {
  readonly #limitBytes: number;
  readonly #all = new Set<HoldsBytes>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get size(): number {
    return this.#all.size;
  }

  add(circuit: HoldsBytes): void {
    this.#all.add(circuit);
  }

  delete(circuit: HoldsBytes): void {
    this.#all.delete(circuit);
  }

  /** Counts what is held now and cuts where it is too much. Windows bound what comes in between two calls. */
  weigh(): void {
    let held = 0;
    for (const circuit of this.#all) held += circuit.heldBytes;
    if (held <= this.#limitBytes) return;
    for (const circuit of [...this.#all].sort((a, b) => b.heldBytes - a.heldBytes)) {
      if (held <= this.#limitBytes) return;
      held -= circuit.heldBytes;
      circuit.cut('limit');
    }
  }
}
