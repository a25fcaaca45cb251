/**
 * Notices a path that passes nothing although nobody closed it: a ping every 2 s while anything is outstanding, else
 * every 15 s, and 6 s without a sign of life since something was sent are the end. Used by the link and by the hop; knows the clock, not the bytes.
 */
import type { Clock } from '../clock.ts';

const busyMs = 2_000;
const idleMs = 15_000;
const silenceMs = 6_000;
/** Weight of a new sample in the smoothed round trip (RFC 6298). */
const smoothing = 1 / 8;

export class Liveness {
  readonly #clock: Clock;
  readonly #ping: (payload: Buffer) => void;
  readonly #dead: () => void;
  readonly #payload = Buffer.alloc(8);
  #count = 0;
  #sentAtMs = 0;
  /** Whether the last ping is not answered yet. */
  #isPingOut = false;
  #isOutstanding = false;
  /** The last sign of life, or when the first thing was sent that waits for one. */
  #silentSinceMs = 0;
  #isIdleTimer = false;
  #cancelTimer: () => void = () => {};
  #rttMs: number | undefined;
  #minRttMs: number | undefined;

  /**
   * @param ping sends 8 bytes that the peer returns; valid during the call only
   * @param dead the path is silent; called once
   */
  constructor(clock: Clock, ping: (payload: Buffer) => void, dead: () => void) {
    this.#clock = clock;
    this.#ping = ping;
    this.#dead = dead;
  }

  /** The smoothed round trip; undefined before the first answer. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** The shortest round trip so far: that of the path without the queues that our own sending makes. */
  get minRttMs(): number | undefined {
    return this.#minRttMs;
  }

  /** Pings at once and from then on. */
  start(): void {
    this.#sendPing();
  }

  stop(): void {
    this.#cancelTimer();
    this.#cancelTimer = () => {};
  }

  /** Something was sent that the peer will confirm. Cheap: may be called per record. */
  outstanding(): void {
    if (this.#isOutstanding) return;
    if (!this.#isPingOut) this.#silentSinceMs = this.#clock.nowMs();
    this.#isOutstanding = true;
    if (this.#isIdleTimer) this.#setTimer(busyMs);
  }

  /** The peer confirmed something, or whatever else proves both directions. `all`: nothing is outstanding any more. */
  confirmed(all: boolean): void {
    if (all) this.#isOutstanding = false;
    this.#silentSinceMs = this.#clock.nowMs();
  }

  /** Takes the peer's answer; one that answers nothing is ignored. */
  pong(payload: Buffer): void {
    if (!payload.equals(this.#payload) || !this.#isPingOut) return;
    this.#isPingOut = false;
    this.#silentSinceMs = this.#clock.nowMs();
    const sample = this.#silentSinceMs - this.#sentAtMs;
    this.#minRttMs = Math.min(sample, this.#minRttMs ?? sample);
    this.#rttMs = this.#rttMs === undefined ? sample : this.#rttMs + (sample - this.#rttMs) * smoothing;
  }

  #sendPing(): void {
    this.#payload.writeUInt32BE(++this.#count >>> 0, 4);
    this.#sentAtMs = this.#clock.nowMs();
    if (!this.#isOutstanding) this.#silentSinceMs = this.#sentAtMs;
    this.#isPingOut = true;
    this.#setTimer(busyMs);
    this.#ping(this.#payload);
  }

  #tick(): void {
    const now = this.#clock.nowMs();
    if (this.#isPingOut) {
      const leftMs = this.#silentSinceMs + silenceMs - now;
      return leftMs <= 0 ? this.#dead() : this.#setTimer(Math.min(busyMs, leftMs));
    }
    if (this.#isOutstanding || now - this.#sentAtMs >= idleMs) return this.#sendPing();
    this.#setTimer(idleMs - (now - this.#sentAtMs));
    this.#isIdleTimer = true;
  }

  #setTimer(ms: number): void {
    this.#cancelTimer();
    this.#isIdleTimer = false;
    this.#cancelTimer = this.#clock.after(ms, () => this.#tick());
  }
}
