/** When a device takes new keys of itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyRotation } from '../../client/sign-in/key-rotation.ts';

const day = 86_400_000;

function setup(ageDays: number | undefined) {
  const world = { ms: 1_800_000_000_000, idle: true, contact: true, asked: 0 };
  const madeMs = ageDays === undefined ? undefined : world.ms - ageDays * day;
  const rotation = new KeyRotation({
    rotate: () => {
      if (world.contact) world.asked += 1;
      return world.contact;
    },
    keysMs: () => madeMs,
    isIdle: () => world.idle,
    now: () => world.ms,
  });
  return { world, rotation };
}

test('after thirty days when nothing is open, after thirty-seven in any case, before that never', () => {
  for (const [ageDays, idle, rotates] of [
    [29.99, true, false],
    [30, true, true],
    [30, false, false],
    [36.99, false, false],
    [37, false, true],
    [undefined, true, false],
  ] as const) {
    const { world, rotation } = setup(ageDays);
    world.idle = idle;
    rotation.look();
    assert.equal(world.asked === 1, rotates, `${ageDays} days, ${idle ? 'idle' : 'busy'}`);
  }
});

test('without contact it is tried again at the next look, and one that was asked for only after an hour', () => {
  const { world, rotation } = setup(40);
  world.contact = false;
  rotation.look();
  rotation.look();
  assert.equal(world.asked, 0);
  world.contact = true;
  rotation.look();
  rotation.look();
  assert.equal(world.asked, 1);
  world.ms += 3_599_999;
  rotation.look();
  assert.equal(world.asked, 1);
  world.ms += 1;
  rotation.look();
  assert.equal(world.asked, 2);
  // By hand at any time.
  assert.equal(rotation.rotateNow(), true);
  assert.equal(world.asked, 3);
});
