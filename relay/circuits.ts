/**
 * All circuits of the relay and the memory they share. When what is held for them passes the limit, the circuits that
 * hold most are cut: slow readers, however many, cost the others nothing.
 */
import type { Circuit } from './circuit.ts';

export class Circuits {
  readonly #limitBytes: number;
  readonly #all = new Set<Circuit>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get size(): number {
    return this.#all.size;
  }

  add(circuit: Circuit): void {
    this.#all.add(circuit);
  }

  delete(circuit: Circuit): void {
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
