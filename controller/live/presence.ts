/**
 * Which nodes have a live control channel, at this controller or, as far as it has heard, at another one; as the API and
 * snapshots ask. What others said is forgotten when they fall silent.
 */
import type { NodeId } from '../../protocol/ids.ts';

/** Is told of nodes that come and go here. */
export interface PresenceWitness {
  entered(node: NodeId): void;
  left(node: NodeId): void;
}

export class Presence {
  readonly #online = new Map<NodeId, number>();
  /** By controller. */
  readonly #elsewhere = new Map<string, Set<NodeId>>();
  readonly #witness: PresenceWitness | undefined;
  readonly #watchers = new Set<(node: NodeId) => void>();

  constructor(witness?: PresenceWitness) {
    this.#witness = witness;
  }

  /** Counts one more channel of the node here; the returned function takes it away, once. */
  enter(node: NodeId): () => void {
    const before = this.#online.get(node) ?? 0;
    this.#online.set(node, before + 1);
    if (before === 0) {
      this.#witness?.entered(node);
      this.#moved(node);
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const rest = (this.#online.get(node) ?? 1) - 1;
      if (rest > 0) this.#online.set(node, rest);
      else {
        this.#online.delete(node);
        this.#witness?.left(node);
        this.#moved(node);
      }
    };
  }

  isOnline(node: NodeId): boolean {
    if (this.#online.has(node)) return true;
    for (const nodes of this.#elsewhere.values()) if (nodes.has(node)) return true;
    return false;
  }

  /** The nodes whose channels are here. */
  get here(): NodeId[] {
    return [...this.#online.keys()];
  }

  /** The nodes whose channels are at others, as far as it has heard. */
  get elsewhere(): NodeId[] {
    return [...new Set([...this.#elsewhere.values()].flatMap((nodes) => [...nodes]))];
  }

  /** Another controller has these nodes too, or, where it tells them anew, only these. */
  hear(controller: string, nodes: readonly NodeId[], isAnew: boolean): void {
    const known = this.#elsewhere.get(controller) ?? new Set();
    this.#elsewhere.set(controller, known);
    const gone = isAnew ? known.difference(new Set(nodes)) : [];
    for (const node of gone) this.hearLeft(controller, node);
    for (const node of nodes) {
      if (known.has(node)) continue;
      known.add(node);
      this.#moved(node);
    }
  }

  hearLeft(controller: string, node: NodeId): void {
    if (this.#elsewhere.get(controller)?.delete(node) === true) this.#moved(node);
  }

  /** Another controller is gone, and its nodes with it. */
  forget(controller: string): void {
    const nodes = this.#elsewhere.get(controller) ?? [];
    this.#elsewhere.delete(controller);
    for (const node of nodes) this.#moved(node);
  }

  /** Tells `watcher` of every node that comes or goes, here or elsewhere. Returns how to stop. */
  watch(watcher: (node: NodeId) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #moved(node: NodeId): void {
    for (const watcher of this.#watchers) watcher(node);
  }
}
