/**
 * Flows of datagrams by what their owner calls them: opened by the first datagram, bounded, the one that was silent longest
 * making room for another. Used by captured UDP and by the SOCKS5 proxy, which know where datagrams come from.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import type { FlowTarget, OpenDatagrams } from './open-flow.ts';

/** What an application sends before the connector has answered, per flow; the oldest gives way. */
const mostEarly = 64;
/** What is sent to a refused target is dropped for so long before it is asked for again. */
const refusedMs = 1_000;

export interface DatagramFlowsOptions {
  readonly open: OpenDatagrams;
  /** Flows that are open or being opened. */
  readonly most: number;
  readonly clock: Pick<Clock, 'nowMs'>;
}

interface Flow {
  readonly key: string;
  early: Buffer[];
  stream: MuxStream | undefined;
  isOver: boolean;
}

export class DatagramFlows {
  readonly #options: DatagramFlowsOptions;
  /** Longest silent first. */
  readonly #flows = new Map<string, Flow>();
  /** When a refused flow may be asked for again; the oldest first. */
  readonly #refusedUntil = new Map<string, number>();

  constructor(options: DatagramFlowsOptions) {
    this.#options = options;
  }

  /** Flows that are open or being opened. */
  get size(): number {
    return this.#flows.size;
  }

  /**
   * Sends a datagram, which is the flow's from now on, over the flow `key`; where there is none, one is opened to `target`
   * whose answers go to `answer`. A datagram that cannot be sent is dropped, as with any UDP; `status` shows why.
   */
  send(
    key: string,
    bytes: Buffer,
    target: Pick<FlowTarget, 'host' | 'port'>,
    answer: (bytes: Buffer) => void,
  ): void {
    const known = this.#flows.get(key);
    if (known === undefined && this.#isRefused(key)) return;
    const flow: Flow = known ?? { key, early: [], stream: undefined, isOver: false };
    this.#flows.delete(key);
    this.#flows.set(key, flow);
    if (flow.stream !== undefined) {
      flow.stream.sendDatagram(bytes);
      return;
    }
    flow.early.push(bytes);
    if (flow.early.length > mostEarly) flow.early.shift();
    if (known === undefined) void this.#begin(flow, target, answer);
  }

  /** Ends the flows whose key is meant. */
  endAll(isMeant: (key: string) => boolean): void {
    for (const flow of this.#flows.values()) if (isMeant(flow.key)) this.#end(flow);
  }

  async #begin(
    flow: Flow,
    target: Pick<FlowTarget, 'host' | 'port'>,
    answer: (bytes: Buffer) => void,
  ): Promise<void> {
    const [oldest] = this.#flows.values();
    if (this.#flows.size > this.#options.most && oldest !== undefined) this.#end(oldest);
    let stream: MuxStream;
    try {
      stream = await this.#options.open(target);
    } catch {
      // The application hears nothing, as with any UDP; `status` shows the reason.
      this.#refused(flow.key);
      return this.#end(flow);
    }
    if (flow.isOver) return void stream.destroy();
    flow.stream = stream;
    stream.on('error', () => undefined);
    stream.once('close', () => this.#end(flow));
    stream.onDatagram((bytes) => {
      if (flow.isOver) return;
      this.#flows.delete(flow.key);
      this.#flows.set(flow.key, flow);
      answer(bytes);
    });
    stream.on('end', () => stream.end());
    stream.resume();
    for (const bytes of flow.early) stream.sendDatagram(bytes);
    flow.early = [];
    return undefined;
  }

  #refused(key: string): void {
    this.#refusedUntil.delete(key);
    this.#refusedUntil.set(key, this.#options.clock.nowMs() + refusedMs);
    const [oldest] = this.#refusedUntil.keys();
    if (this.#refusedUntil.size > this.#options.most && oldest !== undefined)
      this.#refusedUntil.delete(oldest);
  }

  #isRefused(key: string): boolean {
    const untilMs = this.#refusedUntil.get(key);
    if (untilMs === undefined) return false;
    if (this.#options.clock.nowMs() < untilMs) return true;
    this.#refusedUntil.delete(key);
    return false;
  }

  #end(flow: Flow): void {
    if (flow.isOver) return;
    flow.isOver = true;
    this.#flows.delete(flow.key);
    flow.early = [];
    flow.stream?.destroy();
  }
}
