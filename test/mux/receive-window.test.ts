import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrowthBudget } from '../../protocol/mux/growth-budget.ts';
import { ReceiveWindow } from '../../protocol/mux/receive-window.ts';

const kib = 1_024;
const mib = 1_024 * kib;

/** What the windows of a session have in common, over a clock that only the test moves. */
function session(periodMs: number | undefined = 20) {
  return {
    initialWindow: 64 * kib,
    ms: 0,
    nowMs(): number {
      return this.ms;
    },
    periodMs: () => periodMs,
    quick: new GrowthBudget(4 * mib),
    steady: new GrowthBudget(28 * mib),
  };
}

/** A peer that always sends all it may, and a reader that takes so much of it every millisecond. */
class Flow {
  readonly window: ReceiveWindow;
  received = 0;
  read = 0;

  constructor(source: ReturnType<typeof session>) {
    this.window = new ReceiveWindow(source);
    this.#fill();
  }

  take(bytes: number): void {
    this.read = Math.min(this.received, this.read + bytes);
    this.window.refill(this.read);
    this.#fill();
  }

  /** What its application has not read: held for it. */
  get unread(): number {
    return this.received - this.read;
  }

  /** Reads on at this speed for a while; the most that was unread meanwhile. */
  run(source: { ms: number }, forMs: number, bytesPerMs: number): number {
    let most = 0;
    for (const endMs = source.ms + forMs; source.ms < endMs; source.ms++) {
      this.take(bytesPerMs);
      most = Math.max(most, this.unread);
    }
    return most;
  }

  #fill(): void {
    const { credit } = this.window;
    assert.ok(this.window.receive(credit));
    this.received += credit;
  }
}

test('credit comes back from half a window on, and never before it is read', () => {
  const window = new ReceiveWindow(session(undefined));
  assert.ok(window.receive(64 * kib));
  assert.equal(window.receive(1), false);
  assert.equal(window.refill(32 * kib - 1), 0);
  assert.equal(window.refill(32 * kib), 32 * kib);
  assert.equal(window.credit, 32 * kib);
});

test('a window becomes as large as what its reader takes in twice the period, and no larger than 16 MiB', () => {
  for (const [mibPerMs, least, most] of [
    [1 / 8, 4 * mib, 5.2 * mib],
    [1, 15 * mib, 16 * mib],
  ] as const) {
    const source = session();
    const flow = new Flow(source);
    flow.run(source, 6_000, mibPerMs * mib);
    const held = flow.run(source, 200, mibPerMs * mib);
    assert.ok(held >= least && held <= most, `${held / mib} MiB`);
  }
});

test('REL-10 a reader that is fast for a moment gets a window out of 4 MiB that all who are share, and no more', () => {
  const source = session();
  const flows = Array.from({ length: 50 }, () => new Flow(source));
  // Each fills the buffers of its system by turns, 6 MB in 20 ms, and then takes nothing more.
  for (const flow of flows) flow.run(source, 20, 300 * kib);
  const held = flows.reduce((sum, { unread }) => sum + unread, 0);
  assert.ok(held <= flows.length * 64 * kib + 4 * mib, `${held / mib} MiB`);
  // Beside them one that stays fast gets what it needs.
  const fast = new Flow(source);
  fast.run(source, 5_000, 128 * kib);
  assert.ok(fast.run(source, 200, 128 * kib) > 4 * mib, `${fast.unread / mib} MiB`);
});

test('many who are read in bursts, none of them fast, keep the windows they began with', () => {
  const source = session();
  const flows = Array.from({ length: 100 }, () => new Flow(source));
  for (let round = 0; round < 30; round++) {
    source.ms += 60;
    // What a busy process takes in one turn: two half windows of each at almost the same instant.
    for (let half = 0; half < 2; half++, source.ms++) for (const flow of flows) flow.take(32 * kib);
  }
  for (const { unread } of flows) assert.equal(unread, 64 * kib);
});

test('what a window grew by goes back when its reader becomes slow, or stops being, or the stream ends', () => {
  for (const slowly of [
    // A tenth of the speed; then so slowly that half a window takes a second.
    (flow: Flow, source: ReturnType<typeof session>) => void flow.run(source, 60_000, 2 * kib),
    (flow: Flow, source: ReturnType<typeof session>) => {
      for (let times = 0; times < 600; times++) {
        source.ms += 1_000;
        flow.take(64 * kib);
      }
    },
    (flow: Flow) => flow.window.close(),
  ]) {
    const source = session();
    const flow = new Flow(source);
    flow.run(source, 3_000, 128 * kib);
    assert.ok(source.quick.left + source.steady.left < 29 * mib);
    slowly(flow, source);
    const grown = 32 * mib - source.quick.left - source.steady.left;
    assert.ok(grown <= 320 * kib, `${grown / kib} KiB still taken`);
  }
});
