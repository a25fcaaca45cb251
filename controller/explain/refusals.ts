/**
 * Refused decisions that a person was shown, in the audit log under a trace: the number on the page by which an
 * administrator finds the entry. The same refusal looked at again within a minute is the same entry.
 */
import type { Door } from '../../protocol/policy-document.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import type { Throttle } from '../throttle.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

export interface Refusal {
  /** The person's id. */
  readonly who: string;
  /** What was asked for: the name of a resource, or whatever text it was when there is none of that name. */
  readonly resource: string;
  /** Names of reasons, as administrators see them. */
  readonly reasons: readonly string[];
  /** The policies because of which, for administrators; none where nothing was decided. */
  readonly policies?: readonly string[];
  readonly device: string | undefined;
  /** Through which door it was asked for; the client's unless said. */
  readonly door?: Door;
  /** Where the browser asked from. */
  readonly address: string;
}

/** A trace as it is written: 16 hexadecimal digits. */
export const tracePattern = '^[0-9a-f]{16}$';

const sameForMs = 60_000;
const maxRemembered = 4_096;
/** Entries that one person may make: more questions than these are a program's, and each is written to the disk. */
const perPerson = { limit: 1_000, windowMs: 10 * 60_000 };

export class Refusals {
  readonly #context: ControllerContext;
  readonly #made: Throttle;
  /** Oldest first. */
  readonly #shown = new Map<string, { readonly trace: string; readonly atMs: number }>();

  constructor(context: ControllerContext, limits: { limit: number; windowMs: number } = perPerson) {
    this.#context = context;
    this.#made = context.live.throttle('refusals', limits);
  }

  /**
   * Writes the refusal down, unless it was just now, and returns its trace. Undefined when this person was refused too often
   * lately: then nothing is written.
   */
  async record(store: ScopedStore, refusal: Refusal): Promise<string | undefined> {
    const { who, resource, reasons, policies = [], device, door = 'client', address } = refusal;
    const atMs = this.#context.now();
    const key = JSON.stringify([store.organisation, who, resource, reasons, device, door, address]);
    const shown = this.#shown.get(key);
    if (shown !== undefined && atMs - shown.atMs < sameForMs) return shown.trace;
    if (this.#made.lockedUntilMs(who) !== undefined) return undefined;
    this.#made.fail(who);
    const trace = this.#context.random(8).toString('hex');
    this.#shown.delete(key);
    this.#shown.set(key, { trace, atMs });
    const [oldest] = this.#shown.keys();
    if (this.#shown.size > maxRemembered && oldest !== undefined) this.#shown.delete(oldest);
    const detail = {
      trace,
      door,
      address,
      ...(device === undefined ? {} : { device }),
      ...(policies.length === 0 ? {} : { policies }),
    };
    await appendAudit(store, [
      { atMs, who, what: 'access.refuse', resource, result: 'refused', reasons, detail },
    ]);
    return trace;
  }
}
