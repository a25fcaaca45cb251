/**
 * Grants that go on with less: named together to connectors that understand it and one by one to those that do not, for a
 * right that is shortened with what is left of it, and what comes back in grants of its own.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { decideAll } from '../../controller/decisions/act-on-change.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { testController, type TestController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

const hour = 3_600_000;

/** In hq the wiki for ever and the databases as the change says, for a service account on two devices. */
function document(
  databases: Partial<NonNullable<OrganisationDocument['policies']>[number]>,
): OrganisationDocument {
  return {
    ...acmeDocument(),
    policies: [
      { name: 'ci-wiki', allow: { serviceAccounts: ['ci'] }, to: { resources: ['wiki'] } },
      { name: 'ci-db', allow: { serviceAccounts: ['ci'] }, to: { resources: ['databases'] }, ...databases },
    ],
  };
}

interface World {
  readonly controller: TestController;
  readonly connector: TestNode;
  readonly older: TestNode;
  readonly devices: readonly TestNode[];
  /** Puts the change into force, and resolves once a device shows the databases in this state. */
  readonly change: (databases: object, state: 'granted' | 'gone', until?: number) => Promise<void>;
  readonly databases: string;
}

async function world(t: TestContext): Promise<World> {
  const controller = await testController(t);
  assert.equal((await controller.call('PUT', '/api/v1/document', document({}))).statusCode, 200);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq'), narrowed: true });
  const older = await TestNode.enrolled(controller, 'connector');
  const secret = await controller.key('service', 'ci');
  const devices = [new TestNode(controller, 'device'), new TestNode(controller, 'device')];
  for (const device of devices) await device.enrol({ secret });
  const [first] = devices as [TestNode];
  const named = (): DeviceSnapshot['resources'][string] | undefined =>
    Object.values((first.snapshot as DeviceSnapshot).resources).find(({ name }) => name === 'databases');
  return {
    controller,
    connector,
    older,
    devices,
    databases: named()?.id ?? '',
    async change(databases, state, until) {
      const answer = await controller.call('PUT', '/api/v1/document', document(databases));
      assert.equal(answer.statusCode, 200);
      for (const device of devices)
        await device.untilSnapshot<DeviceSnapshot>(({ resources }) => {
          const own = Object.values(resources).find(({ name }) => name === 'databases');
          if (state === 'gone') return own?.state !== 'granted';
          return own?.state === 'granted' && (until === undefined || own.until === until);
        });
    },
  };
}

const ended = { from: '2036-01-01T00:00:00Z' };

test('REL-6: what two devices lose is named once to a connector that understands it, and one by one to another', async (t) => {
  const { connector, older, change, databases } = await world(t);
  await change(ended, 'gone');
  const told = connector.last('revoke');
  assert.deepEqual(told?.ids, []);
  const [narrowing, ...more] = told?.narrowed ?? [];
  assert.equal(more.length, 0);
  assert.equal(narrowing?.grants.length, 2);
  assert.deepEqual([narrowing?.resources, narrowing?.left], [[databases], undefined]);
  const ids = older.last('revoke');
  assert.equal(ids?.narrowed, undefined);
  assert.deepEqual(ids?.ids.toSorted(), narrowing?.grants.map((grant) => `${grant}/${databases}`).toSorted());
  assert.equal(ids?.epoch, told?.epoch);
});

test('REL-6: a connector that comes back hears of narrowed grants with its snapshot, each in its own way', async (t) => {
  const { connector, older, change, databases } = await world(t);
  await change(ended, 'gone');
  const grants = connector.last('revoke')?.narrowed?.[0]?.grants ?? [];
  await connector.hello({ narrowed: true });
  assert.deepEqual(connector.last('snapshot')?.narrowed, [{ grants, resources: [databases] }]);
  await older.hello();
  const revoked = older.last('snapshot')?.revoked ?? [];
  assert.ok(grants.length > 0 && grants.every((grant) => revoked.includes(`${grant}/${databases}`)));
});

test('a right that is shortened and not over leaves the rest of it: no flow that is still allowed is cut, and nothing is signed anew', async (t) => {
  const { controller, connector, devices, change, databases } = await world(t);
  const before = devices.map((device) => device.last('grants')?.list);
  const until = Math.floor((controller.time.ms + 20 * hour) / 1_000);
  await change({ until: new Date(until * 1_000).toISOString() }, 'granted', until);
  const [narrowing] = connector.last('revoke')?.narrowed ?? [];
  assert.deepEqual([narrowing?.resources, narrowing?.left?.until], [[databases], until]);
  assert.equal(connector.last('revoke')?.ids.length, 0);
  assert.deepEqual(
    devices.map((device) => device.last('grants')?.list),
    before,
  );
  const sooner = until - 15 * 3_600;
  await change({ until: new Date(sooner * 1_000).toISOString() }, 'granted', sooner);
  assert.equal(connector.last('revoke')?.narrowed?.[0]?.left?.until, sooner);
  // Prolonged again it is a right that no grant gives for long enough, and a new one does.
  await change({}, 'granted');
  const [device] = devices;
  await device?.until(() => (device.last('grants')?.list.length ?? 0) > (before[0]?.length ?? 0));
});

test('a device that keeps its grants is told by their ids which of them go on, and is given the new ones alone', async (t) => {
  const { controller, change } = await world(t);
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci'), keeps: true });
  const first = device.last('grants');
  assert.equal(first?.kept, undefined);
  const ids = (list: readonly string[]): string[] =>
    list.map(
      (token) =>
        (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }).jti,
    );
  const base = ids(first?.list ?? []);
  assert.equal(base.length, 1);
  const granted = (state: 'granted' | 'gone') =>
    device.untilSnapshot<DeviceSnapshot>(({ resources }) => {
      const own = Object.values(resources).find(({ name }) => name === 'databases');
      return (own?.state === 'granted') === (state === 'granted');
    });
  await change(ended, 'gone');
  await granted('gone');
  await change({}, 'granted');
  await granted('granted');
  const added = device.last('grants');
  assert.deepEqual([added?.kept, added?.list.length], [base, 1]);
  await change(ended, 'gone');
  await granted('gone');
  assert.deepEqual(device.last('grants'), { t: 'grants', list: [], kept: base });
  // On a channel of its own it is told everything: what it has kept from before is not known.
  await device.hello({ keeps: true });
  const again = device.last('grants');
  assert.deepEqual([again?.kept, ids(again?.list ?? [])], [undefined, base]);
});

test('of grants that were signed for the same, what was taken from one is taken from no other', async (t) => {
  const { controller, connector, change } = await world(t);
  await change(ended, 'gone');
  await change({}, 'granted');
  const device = await TestNode.enrolled(controller, 'device');
  const [token = ''] = device.last('grants')?.list ?? [];
  const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    jti: string;
  };
  const before = connector.all('revoke').length;
  await change(ended, 'gone');
  const told = connector.all('revoke').slice(before);
  assert.equal(told.flatMap(({ ids }) => ids).length, 2);
  assert.deepEqual(
    told.flatMap(({ narrowed = [] }) => narrowed.flatMap(({ grants }) => grants)),
    [jti],
  );
});

test('what comes back has a grant of its own, which is revoked whole the next time, also after a restart', async (t) => {
  const { controller, connector, devices, change } = await world(t);
  const [device] = devices as [TestNode];
  const [base = ''] = device.last('grants')?.list ?? [];
  await change(ended, 'gone');
  await change({}, 'granted');
  const list = device.last('grants')?.list ?? [];
  assert.equal(list.length, 2);
  assert.ok(list.includes(base));
  const { context } = controller;
  const quiet = connector.all('revoke').length;
  await decideAll(context, context.firstOrganisation);
  assert.equal(connector.all('revoke').length, quiet, 'nothing that was taken is taken twice');
  await change(ended, 'gone');
  const told = connector.last('revoke');
  assert.equal(told?.ids.length, 2);
  assert.ok(told.ids.every((id) => /^tok_[0-9a-z]+$/.test(id)));
  assert.deepEqual(device.last('grants')?.list, [base]);
});
