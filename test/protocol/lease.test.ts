import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import { newId, type Id } from '../../protocol/ids.ts';
import { Lease, type LeaseState } from '../../protocol/lease.ts';
import { applyPatch, diffSnapshots } from '../../protocol/snapshot-patch.ts';

function leaseAt(startMs: number): { lease: Lease; set: (ms: number) => void } {
  let ms = startMs;
  return { lease: new Lease(() => ms), set: (next) => void (ms = next) };
}

describe('lease', () => {
  test('honours nothing before the first beat', () => {
    const { lease } = leaseAt(1_000);
    assert.equal(lease.isHonoured(28_800), false);
  });

  test('is in contact for fifteen seconds after a beat, and honours outage beyond it, never less', () => {
    const { lease, set } = leaseAt(0);
    lease.beat(1);
    set(15_000);
    assert.equal(lease.inContact(), true);
    set(15_001);
    assert.equal(lease.inContact(), false);
    assert.equal(lease.isHonoured(0), false);
    assert.equal(lease.isHonoured(60), true);
    set(60_001);
    assert.equal(lease.isHonoured(60), false);
  });

  test('REL-18 a clock that jumps back does not revive anything', () => {
    const { lease, set } = leaseAt(0);
    lease.beat(1);
    set(20_000);
    assert.equal(lease.inContact(), false);
    set(1_000);
    assert.equal(lease.inContact(), false);
  });

  test('REL-18 while the machine’s clock stands still or is set back, the verifier’s goes on, also over a restart', () => {
    let wall = 1_000_000;
    let at = 0;
    const open = (state?: LeaseState): Lease =>
      new Lease(
        () => wall,
        state,
        () => at,
      );
    const lease = open();
    lease.beat(1, 1_000);
    wall -= 3_600_000;
    at += 15_000;
    assert.equal(lease.inContact(), true);
    at += 1;
    assert.equal(lease.inContact(), false);

    const restarted = open(lease.state());
    assert.equal(restarted.nowMs(), 1_015_001);
    assert.equal(restarted.inContact(), false);
    at += 45_000;
    assert.equal(restarted.isHonoured(60), false);
    const { latestMs: _unknown, ...older } = lease.state();
    assert.equal(open(older).nowMs(), 1_000_000);
  });

  test('REL-18 a beat sets the clock: to no earlier than the controller’s, and back where it was ahead', () => {
    const { lease, set } = leaseAt(1_000_000);
    lease.beat(1, 1_004);
    assert.ok(lease.nowMs() >= 1_004_000 && lease.nowMs() < 1_005_000);
    set(90_000_000);
    assert.equal(lease.inContact(), false);
    set(1_010_000);
    lease.beat(1, 1_009);
    assert.ok(lease.nowMs() >= 1_010_000 && lease.nowMs() < 1_011_000);
    assert.equal(lease.inContact(), true);
    // A beat that is refused sets nothing.
    lease.revoke({ epoch: 5, ids: [], reason: 'policy' });
    lease.beat(4, 2_000);
    assert.ok(lease.nowMs() < 1_011_000);
  });

  test('REL-12 an older epoch is refused and never goes back', () => {
    const { lease, set } = leaseAt(0);
    assert.equal(lease.beat(7), true);
    set(20_000);
    assert.equal(lease.beat(6), false);
    assert.equal(lease.inContact(), false);
    assert.equal(lease.epoch, 7);
  });

  test('REL-6 what was revoked stays revoked across a restart', () => {
    const { lease } = leaseAt(1_000_000);
    const device = newId('dev', randomBytes(16));
    lease.beat(3);
    lease.revoke({ epoch: 4, ids: [device], reason: 'device' });
    const next = new Lease(() => 1_000_500, lease.state());
    assert.equal(next.isRevoked(device), true);
    assert.equal(next.epoch, 4);
    assert.equal(next.inContact(), true);
  });

  test('REL-6 what grants were narrowed to stays so across a restart, also what an older version kept, until it is over', () => {
    const { lease } = leaseAt(1_000_000);
    const [a, b, c] = [1, 2, 3].map(() => newId('tok', randomBytes(16))) as [Id<'tok'>, Id<'tok'>, Id<'tok'>];
    const [wiki, db] = [newId('res', randomBytes(16)), newId('res', randomBytes(16))];
    const left = { until: 2_000, out: 60 };
    lease.revoke({
      epoch: 4,
      ids: [`${c}/${wiki}`],
      narrowed: [
        { grants: [a, b], resources: [wiki] },
        { grants: [a], resources: [db], left },
        { grants: [a], resources: [db], left: { until: 3_000, out: 0 } },
      ],
      reason: 'policy',
    });
    const kept = JSON.parse(JSON.stringify(lease.state())) as LeaseState;
    for (const each of [lease, new Lease(() => 1_000_500, kept)]) {
      assert.deepEqual(
        [a, b, c].map((grant) => [each.leftOf(grant, wiki), each.leftOf(grant, db)]),
        [
          ['nothing', { until: 2_000, out: 0 }],
          ['nothing', undefined],
          ['nothing', undefined],
        ],
      );
      assert.equal(each.whyNarrowed(b, wiki), 'policy');
      // It only ends sooner: its end has no cause but time.
      assert.equal(each.whyNarrowed(a, db), undefined);
      assert.equal(each.epoch, 4);
    }
    const { narrowed: _, ...older } = { ...kept, revoked: { [`${a}/${wiki}`]: 9e12 } };
    assert.equal(new Lease(() => 1_000_500, older).leftOf(a, wiki), 'nothing');
    const later = new Lease(() => 1_000_000 + 25 * 3_600_000, kept);
    later.revoke({ epoch: 5, ids: [], reason: 'policy' });
    assert.equal(later.leftOf(a, wiki), undefined);
  });

  test('a revocation is forgotten once everything it could touch has ended', () => {
    const { lease, set } = leaseAt(0);
    const first = newId('tok', randomBytes(16));
    lease.revoke({ epoch: 1, ids: [first], reason: 'policy' });
    set(25 * 3_600_000);
    lease.revoke({ epoch: 2, ids: [newId('tok', randomBytes(16))], reason: 'policy' });
    assert.equal(lease.isRevoked(first), false);
  });
});

describe('snapshot patches', () => {
  const resource = (id: string): ConnectorSnapshot['resources'][string] => ({
    id,
    hosts: ['wiki.acme.internal'],
    address: 'wiki.acme.internal',
    ports: ['tcp/80'],
    within: [],
    outage: 3_600,
  });
  const before: ConnectorSnapshot = {
    kind: 'connector',
    network: { id: 'net_a', name: 'hq' },
    relays: {},
    peers: {},
    resources: { res_a: resource('res_a'), res_b: resource('res_b') },
  };

  test('carry added, changed and removed entries, and lead to the same snapshot', () => {
    const changed = { ...resource('res_a'), ports: ['tcp/443'] };
    const after = {
      ...before,
      network: { id: 'net_a', name: 'office' },
      resources: { res_a: changed, res_c: resource('res_c') },
    };
    const patch = diffSnapshots(before, after);
    assert.deepEqual(Object.keys(patch ?? {}).toSorted(), ['network', 'resources']);
    assert.deepEqual(applyPatch(before, JSON.parse(JSON.stringify(patch))), after);
    assert.deepEqual(Object.keys(before.resources), ['res_a', 'res_b']);
  });

  test('are not sent when nothing changed', () => {
    assert.equal(diffSnapshots(before, structuredClone(before)), undefined);
  });

  test('fields a version does not know are ignored', () => {
    assert.deepEqual(applyPatch(before, { later: { x: 1 } }), before);
  });
});
