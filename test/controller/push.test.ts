/** Whom a change reaches: those it touches, with the resources it touches, and of many at once none is left out or held up. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { looksOf } from '../../controller/control/node-looks.ts';
import type { LiveMessage } from '../../controller/live/bus.ts';
import { PolicyIndex } from '../../policy/policy-index.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { newId, type DeviceId } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { testController, type TestController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

/** Two service accounts, each with a policy of its own about the printer, and one about the wiki for both. */
function document(change: Partial<OrganisationDocument> = {}): OrganisationDocument {
  return {
    ...acmeDocument(),
    serviceAccounts: [{ name: 'ci' }, { name: 'cd' }],
    policies: [
      { name: 'both-wiki', allow: { serviceAccounts: ['ci', 'cd'] }, to: { resources: ['wiki'] } },
      { name: 'ci-printer', allow: { serviceAccounts: ['ci'] }, to: { resources: ['printer'] } },
      { name: 'cd-printer', allow: { serviceAccounts: ['cd'] }, to: { resources: ['printer'] } },
    ],
    ...change,
  };
}

async function world(t: TestContext): Promise<{
  controller: TestController;
  ci: TestNode;
  cd: TestNode;
  told: LiveMessage[];
  decided: string[];
}> {
  const controller = await testController(t);
  assert.equal((await controller.call('PUT', '/api/v1/document', document())).statusCode, 200);
  const [ci, cd] = [new TestNode(controller, 'device'), new TestNode(controller, 'device')];
  await ci.enrol({ secret: await controller.key('service', 'ci') });
  await cd.enrol({ secret: await controller.key('service', 'cd') });
  const told: LiveMessage[] = [];
  t.after(controller.context.bus.subscribe((_organisation, message) => void told.push(message)));
  // Every decision there is goes through the index of the policies.
  const decided: string[] = [];
  const { concerning } = Object.getOwnPropertyDescriptors(PolicyIndex.prototype);
  const asked = concerning.value as PolicyIndex['concerning'];
  Object.defineProperty(PolicyIndex.prototype, 'concerning', {
    ...concerning,
    value(this: PolicyIndex, facts: Parameters<typeof asked>[0]) {
      decided.push(`${facts.subject.name} ${facts.resource.name}`);
      return asked.call(this, facts);
    },
  });
  t.after(() => Object.defineProperty(PolicyIndex.prototype, 'concerning', concerning));
  return { controller, ci, cd, told, decided };
}

function devicesTold(told: readonly LiveMessage[]): string[] {
  return told.flatMap((message) => (message.kind === 'devices' ? message.devices : []));
}

test('a policy that changes decides those it names about what it names, and nobody else is asked anything', async (t) => {
  const { controller, ci, cd, told, decided } = await world(t);
  const changed = document();
  changed.policies = (changed.policies ?? []).map((policy) =>
    policy.name === 'ci-printer' ? { ...policy, until: '2026-11-21T00:00:00Z' } : policy,
  );
  const from = ci.heard.length;
  const quiet = cd.heard.length;
  await controller.call('PUT', '/api/v1/document', changed);
  // Before its picture is made, what was issued is compared: about the printer alone.
  const [first] = decided;
  assert.equal(first, 'ci printer');
  await ci.until(() => ci.heard.slice(from).some(({ t: type }) => type === 'patch'));
  assert.deepEqual(devicesTold(told), [ci.id]);
  assert.ok(
    decided.every((each) => each.startsWith('ci ')),
    decided.join(),
  );
  assert.ok(!told.some(({ kind }) => kind === 'servers'));
  assert.equal(cd.heard.length, quiet);
});

test('a resource that changes reaches those a policy about it names, as it was and as it is', async (t) => {
  const { controller, ci, cd, told, decided } = await world(t);
  const changed = document();
  changed.resources = (changed.resources ?? []).map((resource) =>
    resource.name === 'printer' ? { ...resource, ports: ['tcp/9100', 'tcp/631'] } : resource,
  );
  await controller.call('PUT', '/api/v1/document', changed);
  assert.deepEqual(devicesTold(told).toSorted(), [ci.id, cd.id].toSorted());
  for (const node of [ci, cd]) {
    await node.untilSnapshot<DeviceSnapshot>(({ resources }) =>
      Object.values(resources).some(({ name, ports }) => name === 'printer' && ports.length === 2),
    );
  }
  assert.ok(decided.includes('ci printer') && decided.includes('cd printer'));
});

test('a zone is every device’s matter, and an organisation’s other tables are nobody’s', async (t) => {
  const { controller, ci, cd, told, decided } = await world(t);
  await controller.call('PUT', '/api/v1/document', document({ zones: ['acme.internal', 'lab.internal'] }));
  for (const node of [ci, cd])
    await node.untilSnapshot<DeviceSnapshot>(({ zones }) => zones.includes('lab.internal'));
  told.length = 0;
  decided.length = 0;
  await controller.call(
    'PUT',
    '/api/v1/document',
    document({
      zones: ['acme.internal', 'lab.internal'],
      networks: [{ name: 'hq' }, { name: 'lab' }, { name: 'annex' }],
    }),
  );
  assert.deepEqual([devicesTold(told), decided], [[], []]);
});

test('devices that are looked at together each get their own view, and one that fails takes no other along', async (t) => {
  const { controller, ci, cd } = await world(t);
  const { context } = controller;
  const looks = looksOf(context).devices;
  const organisation = context.firstOrganisation;
  const stranger = newId('dev', systemRandom(16));
  const views = await Promise.all(
    [ci.id, stranger, cd.id, ci.id].map((id) => looks.look(organisation, id as DeviceId)),
  );
  assert.deepEqual(
    views.map((view) => view?.snapshot.session.name),
    ['ci', undefined, 'cd', 'ci'],
  );
  // What is stored of one device cannot be read.
  const { store } = context.organisation(organisation);
  await store
    .update('nodes')
    .set({ posture: '{', posture_ms: 1 })
    .where('id', '=', ci.id as DeviceId)
    .execute();
  const [broken, whole] = await Promise.allSettled([
    looks.look(organisation, ci.id as DeviceId),
    looks.look(organisation, cd.id as DeviceId),
  ]);
  assert.equal(broken?.status, 'rejected');
  assert.ok(whole?.status === 'fulfilled' && whole.value?.snapshot.session.name === 'cd');
  // And it goes on for the next one that asks.
  assert.equal((await looks.look(organisation, cd.id as DeviceId))?.snapshot.session.name, 'cd');
});
