/** Which nodes have a live control channel, as the API and snapshots ask. In memory of the process that holds them. */
import type { NodeId } from '../protocol/ids.ts';

export class Presence {
  readonly #online = new Map<NodeId, number>();

  /** Counts one more channel of the node; the returned function takes it away, once. */
  enter(node: NodeId): () => void {
    this.#online.set(node, (this.#online.get(node) ?? 0) + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const rest = (this.#online.get(node) ?? 1) - 1;
      if (rest === 0) this.#online.delete(node);
      else this.#online.set(node, rest);
    };
  }

  isOnline(node: NodeId): boolean {
    return this.#online.has(node);
  }
}
