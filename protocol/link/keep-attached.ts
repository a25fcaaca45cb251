/**
 * Keeps a node attached to one relay for as long as it wants: dials, redials with jitter, takes newer tickets. Used by
 * client and connector, one per relay.
 */
import type { Random } from '../clock.ts';
import { Fault, toFault } from '../errors.ts';
import type { ConnectorId } from '../ids.ts';
import { attachToRelay, type AttachOptions, type Attachment, type ConnectOptions } from './attachment.ts';
import { retryDelayMs } from './backoff.ts';
import type { Carrier } from './carrier.ts';

export type AttachState =
  /** `fault`: why the last attempt failed or the last attachment ended. */
  | { readonly state: 'dialling'; readonly attempt: number; readonly fault?: Fault }
  /** There is no ticket; `refresh` goes on. */
  | { readonly state: 'waiting' }
  | { readonly state: 'up'; readonly attachment: Attachment; readonly sinceMs: number }
  /** The relay is about to end: circuits that are open should move, and none is opened. It is dialled again after. */
  | { readonly state: 'draining'; readonly attachment: Attachment }
  | { readonly state: 'stopped' };

export interface KeepAttachedOptions extends Omit<
  AttachOptions,
  'ticket' | 'url' | 'connect' | 'onDraining'
> {
  /** All are asked before each dial: an authority may come, or change, later. */
  url(): string;
  /** Undefined while there is none. */
  ticket(): string | undefined;
  readonly connect?: () => ConnectOptions;
  onState?(state: AttachState): void;
  readonly random: Random;
}

export interface KeptAttachment {
  readonly state: AttachState;
  /** Throws a Fault: `unreachable` while not up. */
  openCircuit(connector: ConnectorId): Carrier;
  /** URL or ticket changed: shows a newer ticket to the relay, or dials at once when not up. */
  refresh(): void;
  /** Rejects with `timeout`, or `cancelled` when stopped. */
  whenUp(timeoutMs: number): Promise<Attachment>;
  /** There is reason to doubt it: without a sign of life within 2.5 s it is dialled anew. */
  check(): void;
  stop(): void;
}

/** A newer process of this node has the place: to come back soon would only take it away again. */
const fencedMs = 15_000;

/** Starts at once. */
export function keepAttached(options: KeepAttachedOptions): KeptAttachment {
  return new Keeper(options);
}

class Keeper implements KeptAttachment {
  readonly #options: KeepAttachedOptions;
  #state: AttachState = { state: 'waiting' };
  #ticket: string | undefined;
  #attempt = 0;
  /** One that was there comes back soon, mostly; one that never was is not asked for often. */
  #wasUp = false;
  #downSinceMs: number;
  #isDialling = false;
  #cancelTimer: () => void = () => {};
  #waiters = new Set<(state: AttachState) => void>();

  constructor(options: KeepAttachedOptions) {
    this.#options = options;
    this.#downSinceMs = options.clock.nowMs();
    void this.#dial();
  }

  get state(): AttachState {
    return this.#state;
  }

  openCircuit(connector: ConnectorId): Carrier {
    if (this.#state.state !== 'up') throw new Fault('unreachable', 'The relay is not reachable now.');
    return this.#state.attachment.openCircuit(connector);
  }

  refresh(): void {
    if (this.#state.state === 'stopped' || this.#state.state === 'draining') return;
    if (this.#state.state !== 'up') {
      this.#cancelTimer();
      void this.#dial();
      return;
    }
    const ticket = this.#options.ticket();
    if (ticket === undefined || ticket === this.#ticket) return;
    this.#ticket = ticket;
    // Asked again: a device may have taken new keys since it attached.
    this.#state.attachment.renew(ticket, this.#options.machineKey);
  }

  check(): void {
    if (this.#state.state === 'up') this.#state.attachment.check();
  }

  whenUp(timeoutMs: number): Promise<Attachment> {
    return new Promise((resolve, reject) => {
      const settle = (state: AttachState): void => {
        if (state.state !== 'up' && state.state !== 'stopped') return;
        cancel();
        this.#waiters.delete(settle);
        if (state.state === 'up') resolve(state.attachment);
        else reject(new Fault('cancelled'));
      };
      const cancel = this.#options.clock.after(timeoutMs, () => {
        this.#waiters.delete(settle);
        reject(new Fault('timeout', 'The relay did not become reachable in time.'));
      });
      this.#waiters.add(settle);
      settle(this.#state);
    });
  }

  stop(): void {
    if (this.#state.state === 'stopped') return;
    const last = this.#state;
    this.#cancelTimer();
    this.#set({ state: 'stopped' });
    if (last.state === 'up' || last.state === 'draining') last.attachment.close();
  }

  async #dial(): Promise<void> {
    if (this.#isDialling) return;
    const ticket = this.#options.ticket();
    if (ticket === undefined) return this.#set({ state: 'waiting' });
    this.#ticket = ticket;
    this.#isDialling = true;
    this.#attempt++;
    if (this.#state.state !== 'dialling') this.#set({ state: 'dialling', attempt: this.#attempt });
    try {
      const { connect, ...rest } = this.#options;
      const attachment = await attachToRelay({
        ...rest,
        ...(connect === undefined ? {} : { connect: connect() }),
        url: rest.url(),
        ticket,
        onDraining: () => this.#drain(),
      });
      this.#isDialling = false;
      this.#up(attachment);
    } catch (error) {
      this.#isDialling = false;
      this.#retry(toFault(error));
    }
  }

  #up(attachment: Attachment): void {
    if (this.#isStopped) return attachment.close();
    this.#attempt = 0;
    this.#wasUp = true;
    this.#set({ state: 'up', attachment, sinceMs: this.#options.clock.nowMs() });
    void this.#redialAfter(attachment);
    // The ticket may have changed while this one was being shown.
    this.refresh();
  }

  #drain(): void {
    if (this.#state.state === 'up') this.#set({ state: 'draining', attachment: this.#state.attachment });
  }

  async #redialAfter(attachment: Attachment): Promise<void> {
    const fault = await attachment.closed;
    this.#downSinceMs = this.#options.clock.nowMs();
    this.#retry(fault);
  }

  #retry(fault: Fault): void {
    if (this.#isStopped) return;
    const { clock, random } = this.#options;
    const attempt = this.#attempt + 1;
    const downMs = this.#wasUp ? clock.nowMs() - this.#downSinceMs : Number.POSITIVE_INFINITY;
    const delay = fault.code === 'fenced' ? fencedMs : retryDelayMs(attempt, downMs, random);
    this.#cancelTimer = clock.after(delay, () => void this.#dial());
    this.#set({ state: 'dialling', attempt, fault });
  }

  get #isStopped(): boolean {
    return this.#state.state === 'stopped';
  }

  #set(state: AttachState): void {
    this.#state = state;
    this.#options.onState?.(state);
    for (const waiter of this.#waiters) waiter(state);
  }
}
