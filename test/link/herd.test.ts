/** REL-5 in small: two thousand nodes come back to a controller that was away, by a clock and a chance of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlDelayMs, retryDelayMs } from '../../protocol/link/backoff.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import type { Random } from '../../protocol/clock.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const count = 2_000;

/** Numbers that look drawn and are the same each time (mulberry32). */
function seeded(seed: number): Random {
  let state = seed;
  return (bytes) => {
    const drawn = Buffer.alloc(bytes);
    for (let at = 0; at < bytes; at += 4) {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      drawn.writeUInt32BE((mixed ^ (mixed >>> 14)) >>> 0, at);
    }
    return drawn;
  };
}

interface Return {
  /** When each had its handshake, after the controller listened again. */
  readonly backMs: number[];
  /** Attempts that reached it, of all together. */
  readonly reached: number;
  /** When each first reached it. */
  readonly firstMs: number[];
}

/** All lose it at once; it listens again after `awayMs`, with the budget of a process that has just begun. */
function comeBack(awayMs: number, seed: number): Return {
  const clock = new VirtualClock();
  const random = seeded(seed);
  const found: Return & { reached: number } = { backMs: [], reached: 0, firstMs: [] };
  let budget: HandshakeBudget | undefined;
  clock.after(awayMs, () => {
    budget = new HandshakeBudget(clock, { awaitsReturn: true });
  });
  for (let node = 0; node < count; node += 1) {
    let attempts = 0;
    let wasThere = false;
    const source = `10.${node >> 8}.${node & 255}.1`;
    const dial = (): void => {
      attempts += 1;
      if (budget !== undefined) {
        found.reached += 1;
        const nowMs = clock.nowMs() - startMs - awayMs;
        if (!wasThere) found.firstMs.push(nowMs);
        wasThere = true;
        if (budget.take(source)) return void found.backMs.push(nowMs);
      }
      clock.after(controlDelayMs(attempts, random, budget !== undefined), dial);
      return undefined;
    };
    clock.after(controlDelayMs(0, random), dial);
  }
  const startMs = clock.nowMs();
  for (let passed = 0; passed < awayMs + 40_000; passed += 10) clock.advance(10);
  return found;
}

for (const [awayMs, most] of [
  [300, 1.5],
  [1_000, 1.5],
  [2_000, 1.5],
  [20_000, 1.5],
] as const)
  test(`REL-5 after ${awayMs} ms without a controller 95 in 100 are back within 10 s, all within 30 s, with ${most} attempts each`, () => {
    const { backMs, reached, firstMs } = comeBack(awayMs, 4_711);
    assert.equal(backMs.length, count);
    const sorted = backMs.toSorted((a, b) => a - b);
    const p95 = sorted[Math.ceil(count * 0.95) - 1] ?? Infinity;
    assert.ok(p95 <= 10_000, `${p95} ms`);
    assert.ok((sorted.at(-1) ?? Infinity) <= 30_000);
    assert.ok(reached / count <= most, `${reached / count} attempts each`);
    // Full jitter: no tenth of a second brings more than a quarter of them.
    const bins = new Map<number, number>();
    for (const ms of firstMs) bins.set(Math.floor(ms / 100), (bins.get(Math.floor(ms / 100)) ?? 0) + 1);
    const crowd = Math.max(...bins.values());
    // In a blink the first retries are as close together as they may be drawn.
    assert.ok(crowd <= (awayMs < 1_000 ? count / 2 : count / 4), `${crowd} in one tenth of a second`);
  });

test('REL-5 delays are drawn from the whole of what they may be, and never from more', () => {
  const random = seeded(1);
  for (const [draw, ceiling] of [
    [() => controlDelayMs(3, random), 1_600],
    [() => controlDelayMs(30, random), 5_000],
    // One that is busy is left a second, and then as long as anybody may be waited for, however few attempts there were.
    [() => controlDelayMs(1, random, true) - 1_000, 5_000],
    [() => retryDelayMs(9, 120_000, random), 10_000],
  ] as const) {
    const parts = Array.from({ length: 4 }, () => 0);
    for (let drawn = 0; drawn < 4_000; drawn += 1) {
      const part = Math.floor((draw() / ceiling) * 4);
      assert.ok(part >= 0 && part < 4);
      parts[part] = (parts[part] ?? 0) + 1;
    }
    for (const each of parts) assert.ok(each > 850 && each < 1_150, parts.join(' '));
  }
});
