/**
 * In which order a change reaches the verifiers: what it names itself first, what follows from it a few devices at a time,
 * each under the next epoch, and the pictures of nodes after that.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { LiveMessage } from '../../controller/live/bus.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { FromController } from '../../protocol/control.ts';
import { newId, type OrganisationId } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { testController, type TestController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

/** More than are decided in one step. */
const devices = 60;

/** The service account may use the wiki and the databases, and uses them from many devices. */
function document(): OrganisationDocument {
  const both = acmeDocument();
  both.policies = [
    ...(both.policies ?? []),
    { name: 'ci-db', allow: { serviceAccounts: ['ci'] }, to: { tags: ['prod'] } },
  ];
  return both;
}

/** The same without the wiki, and without the databases for the service account. */
function lessDocument(): OrganisationDocument {
  const less = acmeDocument();
  less.resources = (less.resources ?? []).filter(({ name }) => name !== 'wiki');
  less.policies = [
    { name: 'ci-printer', allow: { serviceAccounts: ['ci'] }, to: { resources: ['printer'] } },
  ];
  return less;
}

async function busy(
  t: TestContext,
): Promise<{ controller: TestController; connector: TestNode; nodes: TestNode[] }> {
  const controller = await testController(t);
  await controller.call('PUT', '/api/v1/document', document());
  const connector = await TestNode.enrolled(controller, 'connector');
  const secret = await controller.key('service', 'ci');
  const nodes = Array.from({ length: devices }, () => new TestNode(controller, 'device'));
  for (const [index, node] of nodes.entries()) await node.enrol({ secret }, `192.0.2.${index + 1}`);
  return { controller, connector, nodes };
}

test('REL-6: a removed resource is revoked by its own id, before the rest, and no grant that goes on is named for it', async (t) => {
  const { controller, connector } = await busy(t);
  const wiki = (await resourceIds(controller)).get('wiki') ?? '';
  const from = connector.heard.length;
  const only = document();
  only.resources = (only.resources ?? []).filter(({ name }) => name !== 'wiki');
  only.policies = (only.policies ?? []).filter(({ name }) => !name.endsWith('-wiki'));
  assert.equal((await controller.call('PUT', '/api/v1/document', only)).statusCode, 200);
  await connector.until(() => connector.heard.slice(from).some(({ t: type }) => type === 'patch'));
  const heard = revokes(connector, from);
  assert.deepEqual([heard[0]?.ids, heard[0]?.reason], [[wiki], 'removed']);
  // The grants for hq go on with the databases; the others, for the printer alone, are named whole.
  assert.ok(heard.slice(1).every(({ ids }) => ids.every((id) => /^tok_[0-9a-z]+$/.test(id))));
});

test('REL-6: what many devices lose goes out in steps, each under the next epoch and stored before it is told', async (t) => {
  const { controller, connector } = await busy(t);
  const { bus, firstOrganisation } = controller.context;
  const { store } = controller.context.organisation(firstOrganisation);
  const told: number[] = [];
  const published: LiveMessage['kind'][] = [];
  t.after(async () => stop());
  const stop = bus.subscribe((_organisation, message) => {
    published.push(message.kind);
    if (message.kind === 'revoked') told.push(message.revocation.epoch);
  });
  const before = await store.epoch();
  const from = connector.heard.length;
  await controller.call('PUT', '/api/v1/document', lessDocument());
  const epochs = Array.from({ length: told.length }, (_, index) => before + index + 1);
  assert.deepEqual(told, epochs);
  assert.ok(told.length >= 3, `${told.length} revocations`);
  assert.ok(
    published.includes('devices') &&
      published.lastIndexOf('revoked') < published.findIndex((kind) => kind !== 'revoked'),
    'pictures come after revocations',
  );
  const stored = await store.select('revocations').select('epoch').where('epoch', '>', before).execute();
  assert.deepEqual(
    stored.map(({ epoch }) => epoch).toSorted((a, b) => a - b),
    epochs,
  );
  await connector.until(() => connector.heard.slice(from).some(({ t: type }) => type === 'patch'));
  const heard = connector.heard.slice(from).map(({ t: type }) => type);
  assert.ok(heard.lastIndexOf('revoke') < heard.indexOf('patch'), heard.join());
});

test('what is told of one organisation reaches no node of another', async (t) => {
  const { controller, connector, nodes } = await busy(t);
  const { bus } = controller.context;
  const other = newId('org', systemRandom(16)) as OrganisationId;
  const from = connector.heard.length;
  // The very next one, which a connector of this organisation would be handed at once.
  const epoch =
    (await controller.context.organisation(controller.context.firstOrganisation).store.epoch()) + 1;
  bus.publish(other, { kind: 'revoked', revocation: { epoch, ids: [nodes[0]?.id ?? ''], reason: 'other' } });
  // What comes after it on the same channel shows that it did not come.
  await controller.call('PUT', '/api/v1/document', lessDocument());
  await connector.until(() => revokes(connector, from).length > 0);
  assert.deepEqual(
    revokes(connector, from).filter(({ reason }) => reason === 'other'),
    [],
  );
});

async function resourceIds({ context }: TestController): Promise<Map<string, string>> {
  const { resources } = await context.organisation(context.firstOrganisation).reader.current();
  return new Map(resources.map(({ id, definition }) => [definition.name, id]));
}

function revokes({ heard }: TestNode, from: number): Extract<FromController, { t: 'revoke' }>[] {
  return heard.slice(from).filter((message) => message.t === 'revoke');
}
