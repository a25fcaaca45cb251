/** What a connector remembers: snapshot and patches by version, and the lease over restarts. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ConnectorMemory } from '../../connector/memory.ts';
import { systemRandom } from '../../protocol/clock.ts';
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import { newId } from '../../protocol/ids.ts';
import { openStateDirectory, type StateDirectory } from '../../protocol/node/state-directory.ts';

function state(t: TestContext): StateDirectory {
  const folder = mkdtempSync(join(tmpdir(), 'postern-memory-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return openStateDirectory(folder);
}

const noAlarm = (name: string): void => assert.fail(name);

const snapshot: ConnectorSnapshot = {
  kind: 'connector',
  network: { id: newId('net', systemRandom(16)), name: 'hq' },
  relays: {},
  peers: {},
  resources: {},
};

test('a patch applies to the version it was made for, and to no other', (t) => {
  const memory = new ConnectorMemory(state(t), Date.now, noAlarm);
  assert.equal(memory.patch(0, 1, { network: { id: 'net_x', name: 'stray' } }), 'refused');
  memory.setSnapshot(3, 0, snapshot);
  for (const from of [0, 2, 4])
    assert.equal(memory.patch(from, 5, { network: { id: snapshot.network.id, name: 'stray' } }), 'behind');
  assert.equal(memory.snapshot?.network.name, 'hq');
  assert.equal(memory.patch(3, 4, { network: { id: snapshot.network.id, name: 'branch' } }), 'applied');
  assert.equal(memory.snapshot?.network.name, 'branch');
  assert.equal(memory.patch(3, 5, { network: { id: snapshot.network.id, name: 'twice' } }), 'behind');
  assert.equal(memory.snapshot?.network.name, 'branch');
});

test('REL-6, REL-12: beats out of order and repeated ones neither bring a revoked right back nor the epoch', (t) => {
  const folder = state(t);
  const memory = new ConnectorMemory(folder, Date.now, noAlarm);
  const nowS = Math.floor(Date.now() / 1_000);
  const grant = newId('tok', systemRandom(16));
  assert.equal(memory.beat(4, nowS), true);
  memory.revoke({ epoch: 5, ids: [grant], reason: 'policy' });
  memory.keepLease();
  for (const [epoch, taken] of [
    [4, false],
    [5, true],
    [5, true],
    [3, false],
    [6, true],
    [5, false],
  ] as const) {
    assert.equal(memory.beat(epoch, nowS), taken, `epoch ${epoch}`);
    assert.equal(memory.lease.isRevoked(grant), true);
  }
  assert.equal(memory.lease.epoch, 6);
  // The same again, and one from before.
  memory.revoke({ epoch: 5, ids: [grant], reason: 'policy' });
  memory.revoke({ epoch: 2, ids: [newId('tok', systemRandom(16))], reason: 'policy' });
  assert.equal(memory.lease.epoch, 6);
  memory.keepLease();

  const restarted = new ConnectorMemory(folder, Date.now, noAlarm);
  assert.equal(restarted.lease.epoch, 6);
  assert.equal(restarted.lease.isRevoked(grant), true);
  assert.equal(restarted.beat(5, nowS), false);
  assert.equal(restarted.causeOf([grant]), undefined);
});

test('REL-16 a disk that takes nothing more is an alarm, and what was taken away stays taken away while it runs', (t) => {
  const folder = state(t);
  // Where files are written before they take their place, nothing can be written any more.
  for (const file of ['lease.json', 'snapshot.json']) mkdirSync(join(folder.path, `.${file}.new`));
  const alarms: string[] = [];
  const memory = new ConnectorMemory(folder, Date.now, (name) => alarms.push(name));
  memory.setSnapshot(1, 0, snapshot);
  const grant = newId('tok', systemRandom(16));
  memory.revoke({ epoch: 1, ids: [grant], reason: 'policy' });
  memory.keepLease();
  assert.deepEqual(alarms, ['not-kept', 'not-kept']);
  assert.equal(memory.snapshot?.network.name, 'hq');
  assert.equal(memory.lease.isRevoked(grant), true);
});
