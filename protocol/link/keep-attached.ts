/**
 * Keeps one attachment to one relay: dials, waits with full jitter, dials again. A relay that comes back is found within
 * a second; a ticket that changed is used at the next dial.
 */
import type { Random } from '../clock.ts';
import { Fault, toFault } from '../errors.ts';
import type { ConnectorId } from '../ids.ts';
import { attachToRelay, type AttachOptions, type Attachment } from './attachment.ts';
import type { Carrier } from './carrier.ts';

export type AttachState =
  | { readonly state: 'dialling'; readonly attempt: number; readonly fault?: Fault }
  | { readonly state: 'up'; readonly attachment: Attachment; readonly sinceMs: number }
  | { readonly state: 'stopped' };

export interface KeepAttachedOptions extends Omit<AttachOptions, 'ticket' | 'url'> {
  /** Asked before each dial. */
  url(): string;
  /** Asked before each dial; undefined waits for `refresh`. */
  ticket(): string | undefined;
  onState?(state: AttachState): void;
  readonly random: Random;
}

export interface KeptAttachment {
  readonly state: AttachState;
  /** Throws Fault `unreachable` while not attached. */
  openCircuit(connector: ConnectorId): Carrier;
  /** Ticket or URL changed: what waits dials now. */
  refresh(): void;
  /** The attachment once it is up; rejects with `timeout`. */
  whenUp(timeoutMs: number): Promise<Attachment>;
  stop(): void;
}

const firstDelayMs = 100;
/** Short, so that a relay that was restarted is found within a second of listening. */
const longestDelayMs = 800;
/** A relay that has been away for this many attempts is asked less often. */
const patientAttempts = 75;
const patientDelayMs = 5_000;

export function keepAttached(options: KeepAttachedOptions): KeptAttachment {
  const { clock, random } = options;
  const waiting = new Set<(attachment: Attachment) => void>();
  let state: AttachState = { state: 'dialling', attempt: 0 };
  let isDialling = false;
  let cancelTimer = (): void => undefined;

  void dial();
  return {
    get state() {
      return state;
    },
    openCircuit(connector) {
      if (state.state !== 'up') throw new Fault('unreachable', 'There is no connection to the relay.');
      return state.attachment.openCircuit(connector);
    },
    refresh() {
      if (state.state !== 'dialling' || isDialling) return;
      cancelTimer();
      void dial();
    },
    whenUp(timeoutMs) {
      if (state.state === 'up') return Promise.resolve(state.attachment);
      return new Promise((resolve, reject) => {
        const found = (attachment: Attachment): void => {
          cancel();
          waiting.delete(found);
          resolve(attachment);
        };
        const cancel = clock.after(timeoutMs, () => {
          waiting.delete(found);
          reject(new Fault('timeout', 'The relay cannot be reached.'));
        });
        waiting.add(found);
      });
    },
    stop() {
      const attachment = state.state === 'up' ? state.attachment : undefined;
      cancelTimer();
      enter({ state: 'stopped' });
      attachment?.close();
    },
  };

  function enter(next: AttachState): void {
    state = next;
    options.onState?.(next);
  }

  async function dial(): Promise<void> {
    if (state.state !== 'dialling') return;
    const ticket = options.ticket();
    if (ticket === undefined) return;
    const { attempt } = state;
    isDialling = true;
    try {
      const attachment = await attachToRelay({ ...options, url: options.url(), ticket });
      isDialling = false;
      if (isStopped()) return attachment.close();
      enter({ state: 'up', attachment, sinceMs: clock.nowMs() });
      for (const found of waiting) found(attachment);
      const fault = await attachment.closed;
      if (!isStopped()) again(0, fault);
    } catch (error) {
      isDialling = false;
      if (!isStopped()) again(attempt + 1, toFault(error));
    }
  }

  function isStopped(): boolean {
    return state.state === 'stopped';
  }

  function again(attempt: number, fault: Fault): void {
    enter({ state: 'dialling', attempt, fault });
    const longest = attempt > patientAttempts ? patientDelayMs : longestDelayMs;
    const ceiling = Math.min(longest, firstDelayMs * 2 ** Math.min(attempt, 10));
    const fraction = random(4).readUInt32BE() / 2 ** 32;
    // A node whose newer process took over would only take it back: it waits as long as it may.
    const delayMs = fault.code === 'fenced' ? patientDelayMs : Math.max(10, ceiling * fraction);
    cancelTimer = clock.after(delayMs, () => void dial());
  }
}
