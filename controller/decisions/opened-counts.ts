/**
 * Connections that connectors tell of, counted in memory by who opened them to what, until `policy-hits.ts` makes counts of
 * policies of them every few seconds: what each of thousands a second would cost by itself, most have in common.
 */
import type { Door } from '../../protocol/policy-document.ts';

export interface OpenedFlow {
  readonly subject: string;
  readonly resource: string;
  readonly door: Door;
  /** Epoch ms. */
  readonly atMs: number;
}

/** Flows of one subject to one resource through one door, as many as there were; `atMs` is the last one's. */
export interface OpenedFlows extends OpenedFlow {
  readonly times: number;
}

export class OpenedCounts {
  #counts = new Map<string, { -readonly [K in keyof OpenedFlows]: OpenedFlows[K] }>();

  /** So many are not alike. */
  get size(): number {
    return this.#counts.size;
  }

  add(flows: readonly OpenedFlow[]): void {
    for (const { subject, resource, door, atMs } of flows) {
      const key = `${subject} ${resource} ${door}`;
      const known = this.#counts.get(key);
      if (known === undefined) this.#counts.set(key, { subject, resource, door, atMs, times: 1 });
      else {
        known.times += 1;
        known.atMs = Math.max(known.atMs, atMs);
      }
    }
  }

  /** All of them; counting begins anew. */
  take(): OpenedFlows[] {
    const taken = [...this.#counts.values()];
    this.#counts = new Map();
    return taken;
  }
}
