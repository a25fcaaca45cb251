/** A lease over restarts: what is written when, and what a crash between two writings leaves. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import { KeptLease } from '../../protocol/node/kept-lease.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';

const startMs = 1_800_000_000_000;

function setup(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-kept-lease-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const world = { nowMs: startMs, alarms: 0 };
  const open = (): KeptLease =>
    new KeptLease(
      openStateDirectory(folder),
      () => world.nowMs,
      () => (world.alarms += 1),
    );
  const at = (name: string): string => join(folder, name);
  return { world, open, at };
}

const revoked = () => newId('tok', systemRandom(16));

test('a beat writes what it changes, and everything revoked stays where it is', (t) => {
  const { open, at } = setup(t);
  const kept = open();
  const ids = Array.from({ length: 1_000 }, revoked);
  kept.revoke({ epoch: 3, ids, reason: 'policy' });
  kept.keep();
  const whole = readFileSync(at('lease.json'), 'utf8');
  assert.equal(kept.beat(5, startMs / 1_000), true);
  assert.equal(readFileSync(at('lease.json'), 'utf8'), whole);
  assert.ok(readFileSync(at('beat.json')).length < 200);
  const restarted = open();
  assert.equal(restarted.lease.epoch, 5);
  assert.equal(restarted.lease.inContact(), true);
  assert.ok(ids.every((id) => restarted.lease.isRevoked(id)));
  assert.equal(restarted.beat(4, startMs / 1_000), false);
});

test('REL-6: a beat is not on disk before what was revoked up to its epoch, also when the disk took that not', (t) => {
  const { world, open, at } = setup(t);
  const kept = open();
  kept.beat(1, startMs / 1_000);
  kept.beat(2, startMs / 1_000);
  const id = revoked();
  kept.revoke({ epoch: 3, ids: [id], reason: 'policy' });
  kept.beat(3, startMs / 1_000);
  assert.equal(open().lease.isRevoked(id), true);

  const other = revoked();
  mkdirSync(at('.lease.json.new'));
  kept.revoke({ epoch: 4, ids: [other], reason: 'policy' });
  kept.keep();
  world.nowMs += 5_000;
  kept.beat(4, world.nowMs / 1_000);
  assert.equal(world.alarms, 2);
  assert.equal(open().lease.epoch, 3);
  rmdirSync(at('.lease.json.new'));
  kept.beat(4, world.nowMs / 1_000);
  assert.equal(open().lease.isRevoked(other), true);
  assert.equal(open().lease.epoch, 4);
});

test('of both files the newer one says what time it was, and the epoch never goes back', (t) => {
  const { world, open, at } = setup(t);
  const kept = open();
  kept.beat(1, startMs / 1_000);
  kept.beat(2, startMs / 1_000);
  const older = readFileSync(at('beat.json'), 'utf8');
  world.nowMs += 61_000;
  kept.keepTime();
  assert.notEqual(readFileSync(at('beat.json'), 'utf8'), older);
  kept.revoke({ epoch: 3, ids: [revoked()], reason: 'policy' });
  kept.keep();
  // Of a beat that the disk did not take an older one is there.
  writeFileSync(at('beat.json'), older);
  world.nowMs = startMs;
  const restarted = open();
  assert.equal(restarted.lease.epoch, 3);
  assert.ok(restarted.lease.nowMs() >= startMs + 60_000);
  rmSync(at('beat.json'));
  assert.equal(open().lease.epoch, 3);
  assert.equal(existsSync(at('beat.json')), false);
});
