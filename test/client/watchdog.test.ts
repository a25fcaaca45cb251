/** The process beside a capturing client: what becomes of the client when that cannot be started, or ends at once. */
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startWatchdog } from '../../client/watchdog/start-watchdog.ts';
import type { Clock } from '../../protocol/clock.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** Counts what waits for it. */
class PausingClock implements Clock {
  readonly inner = new VirtualClock();
  readonly pausesMs: number[] = [];

  nowMs(): number {
    return this.inner.nowMs();
  }

  after(ms: number, run: () => void): () => void {
    this.pausesMs.push(ms);
    return this.inner.after(ms, run);
  }
}

test('a watchdog that cannot be started ends no client, and is tried again ever more rarely until it is sent home', async () => {
  const clock = new PausingClock();
  const watchdog = startWatchdog('/nonexistent', clock, '/nonexistent/shell');
  for (let tries = 1; tries <= 12; tries++) {
    await until(() => clock.pausesMs.length === tries);
    clock.inner.advance(clock.pausesMs.at(-1) ?? 0);
  }
  await until(() => clock.pausesMs.length === 13);
  assert.deepEqual(clock.pausesMs.slice(0, 3), [50, 100, 200]);
  assert.equal(clock.pausesMs.at(-1), 30_000);
  watchdog.dismiss();
  clock.inner.advance(60_000);
  assert.equal(clock.pausesMs.length, 13);
});

test('one that ends is started again, at once when it had stood for a while', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-watchdog-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [shell, starts] = [join(folder, 'shell'), join(folder, 'starts')];
  appendFileSync(starts, '');
  // Stands until it is told something, whatever that is.
  writeFileSync(shell, `#!/bin/sh\necho $$ >> ${starts}\nread -r word\n`);
  chmodSync(shell, 0o700);
  const pids = (): number[] => readFileSync(starts, 'utf8').split('\n').filter(Boolean).map(Number);
  const clock = new PausingClock();
  const watchdog = startWatchdog(folder, clock, shell);
  const end = async (round: number): Promise<void> => {
    await until(() => pids().length === round);
    process.kill(pids().at(-1) ?? 0);
    await until(() => clock.pausesMs.length === round);
  };
  await end(1);
  clock.inner.advance(50);
  await end(2);
  clock.inner.advance(100);
  await until(() => pids().length === 3);
  clock.inner.advance(10_000);
  await end(3);
  assert.deepEqual(clock.pausesMs, [50, 100, 50]);
  clock.inner.advance(50);
  await until(() => pids().length === 4);
  watchdog.dismiss();
  const last = pids().at(-1) ?? 0;
  await until(() => !isAlive(last));
  assert.equal(clock.pausesMs.length, 3);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
