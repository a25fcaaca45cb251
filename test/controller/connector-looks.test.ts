/** Connectors that come back at once are looked at together: each is told what it would be told alone. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { looksOf } from '../../controller/control/node-looks.ts';
import { connectorViews, type ConnectorView } from '../../controller/decisions/connector-view.ts';
import { ScopedStore } from '../../controller/store/scoped-store.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId, type ConnectorId } from '../../protocol/ids.ts';
import { verifyTicket } from '../../protocol/tokens.ts';
import { settle } from '../support/settle.ts';
import type { TestNode } from './support/node.ts';
import { WebBench, webDocument } from './web/web-bench.ts';

/** Two connectors in one network and one in another, which differ in all that connectors differ in; a pass in each network. */
async function world(t: TestContext): Promise<{ bench: WebBench; nodes: TestNode[]; ids: ConnectorId[] }> {
  const document = webDocument();
  const ci = { name: 'ci-web', allow: { serviceAccounts: ['ci'] }, to: { resources: ['wiki', 'printer'] } };
  const bench = await WebBench.open(t, { ...document, policies: [...(document.policies ?? []), ci] });
  const nodes = [await bench.connector(), await bench.connector(), await bench.connector('lab')];
  const ids = nodes.map(({ id }) => id as ConnectorId);
  const [first, second] = ids;
  for (const resource of ['wiki', 'printer']) {
    const body = {
      name: resource,
      resource,
      serviceAccount: 'ci',
      expires: resource === 'wiki' ? '7d' : '2h',
    };
    assert.equal((await bench.portal.admin('POST', '/api/v1/passes', body)).statusCode, 201);
  }
  assert.equal((await bench.portal.admin('POST', `/api/v1/connectors/${second}/drain`)).statusCode, 204);
  const { store } = bench.context.organisation(bench.context.firstOrganisation);
  const direct = JSON.stringify(['connector.acme.example:7443']);
  await store
    .update('nodes')
    .set({ direct })
    .where('id', '=', first as ConnectorId)
    .execute();
  for (const id of ids) {
    const keys = JSON.stringify([{ kty: 'EC', crv: 'P-256', kid: `key of ${id}`, x: 'x', y: 'y' }]);
    await store.update('nodes').set({ assertion_keys: keys }).where('id', '=', id).execute();
  }
  // From here on nobody looks but the test.
  for (const node of nodes) node.close();
  await settle();
  return { bench, nodes, ids };
}

test('connectors of several networks that are looked at together are told what each is told alone', async (t) => {
  const { bench, nodes, ids } = await world(t);
  const { context } = bench;
  const organisation = context.firstOrganisation;
  const stranger = newId('con', systemRandom(16));
  const together = await connectorViews(context, organisation, [...ids, stranger]);
  assert.deepEqual([...together.keys()].toSorted(), ids.toSorted());
  const alone = await Promise.all(ids.map((id) => connectorViews(context, organisation, [id])));
  const told = (view: ConnectorView | undefined) => [view?.snapshot, view?.tickets];
  assert.deepEqual(
    ids.map((id) => told(together.get(id))),
    ids.map((id, place) => told(alone[place]?.get(id))),
  );
  const [first, second, third] = ids.map((id) => together.get(id)?.snapshot);
  assert.deepEqual(
    [first, second, third].map((view) => [view?.network.name, view?.drained, Object.keys(view?.peers ?? {})]),
    [
      ['hq', false, [ids[1]]],
      ['hq', true, [ids[0]]],
      ['lab', false, []],
    ],
  );
  assert.deepEqual(first?.peers[ids[1] ?? '']?.nk, nodes[1]?.nodeKey.publicKey.toString('base64url'));
  // Its own keys first, then those of the others of its network.
  assert.deepEqual(
    [first, second, third].map((view) => view?.jwks?.map(({ kid }) => kid)),
    [
      [`key of ${ids[0]}`, `key of ${ids[1]}`],
      [`key of ${ids[1]}`, `key of ${ids[0]}`],
      [`key of ${ids[2]}`],
    ],
  );
  assert.deepEqual(
    [first, second, third].map((view) => view?.direct),
    [['connector.acme.example:7443'], [], []],
  );
  const passes = [first, second, third].map((view) =>
    Object.values(view?.passes ?? {}).map(({ res }) => res),
  );
  assert.deepEqual(passes, [
    Object.keys(first?.resources ?? {}).filter((id) => first?.resources[id]?.web !== undefined),
    Object.keys(first?.resources ?? {}).filter((id) => first?.resources[id]?.web !== undefined),
    Object.keys(third?.resources ?? {}),
  ]);
  // A ticket is for whoever it names.
  const { card } = await context.card();
  for (const [place, id] of ids.entries()) {
    const ticket = await verifyTicket(together.get(id)?.tickets[0] ?? '', card, context.now() / 1_000);
    assert.equal(ticket?.sub, id);
    assert.equal(ticket.mk, nodes[place]?.machineKey.publicKey.toString('base64url'));
    assert.deepEqual(ticket.meet, [together.get(id)?.snapshot.network.id]);
  }
});

test('connectors that ask at once share one transaction and one read of who is beside them', async (t) => {
  const { bench, ids } = await world(t);
  const { context } = bench;
  const counted = { transaction: 0, servers: 0 };
  for (const name of ['transaction', 'servers'] as const) {
    const own = Object.getOwnPropertyDescriptor(ScopedStore.prototype, name);
    assert.ok(own !== undefined);
    const asked = own.value as (this: ScopedStore, ...given: unknown[]) => unknown;
    Object.defineProperty(ScopedStore.prototype, name, {
      ...own,
      value(this: ScopedStore, ...given: unknown[]) {
        counted[name] += 1;
        return asked.apply(this, given);
      },
    });
    t.after(() => Object.defineProperty(ScopedStore.prototype, name, own));
  }
  const { connectors } = looksOf(context);
  const views = await Promise.all(ids.map((id) => connectors.look(context.firstOrganisation, id)));
  assert.deepEqual(
    views.map((view) => view?.snapshot.network.name),
    ['hq', 'hq', 'lab'],
  );
  assert.deepEqual(counted, { transaction: 1, servers: 1 });
});

test('a connector that cannot be looked at takes no other along, and one that was removed has no view', async (t) => {
  const { bench, ids } = await world(t);
  const { context } = bench;
  const organisation = context.firstOrganisation;
  const { connectors } = looksOf(context);
  const [first, second, third] = ids as [ConnectorId, ConnectorId, ConnectorId];
  const { store } = context.organisation(organisation);
  await store.update('nodes').set({ direct: '{' }).where('id', '=', first).execute();
  assert.equal((await bench.portal.admin('DELETE', `/api/v1/connectors/${third}`)).statusCode, 204);
  const settled = await Promise.allSettled(
    [first, second, third].map((id) => connectors.look(organisation, id)),
  );
  assert.deepEqual(
    settled.map((each) => (each.status === 'fulfilled' ? each.value?.snapshot.network.name : each.status)),
    ['rejected', 'hq', undefined],
  );
});
