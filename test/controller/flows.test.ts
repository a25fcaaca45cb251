/** Open flows through the API: told by the connectors, named for people, cut by whoever may, and written to the log. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { LiveFlow, LiveFlowList } from '../../protocol/live-flows.ts';
import { newId } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { settle } from '../support/settle.ts';
import { acmeDocument } from './support/document.ts';
import { testController } from './support/controller.ts';
import { TestNode } from './support/node.ts';

async function opened(t: TestContext) {
  const controller = await testController(t);
  assert.equal((await controller.call('PUT', '/api/v1/document', acmeDocument())).statusCode, 200);
  const connector = await TestNode.enrolled(controller, 'connector');
  const resources = (await controller.call('GET', '/api/v1/resources')).json<
    { id: string; name: string }[]
  >();
  const wiki = resources.find(({ name }) => name === 'wiki')?.id ?? '';
  /** Answers the next question of the connector. */
  const answer = async (list: LiveFlow[], cut?: boolean): Promise<string | undefined> => {
    const known = connector.all('flows').length;
    await connector.until(() => connector.all('flows').length > known);
    const asked = connector.last('flows');
    const said = cut === undefined ? {} : { cut };
    connector.send({ t: 'flowing', question: asked?.question ?? '', list, more: 0, ...said });
    return asked?.cut;
  };
  const flow: LiveFlow = {
    flow: 'f'.repeat(22),
    since: 1_700_000_000_000,
    subject: newId('usr', systemRandom(16)),
    resource: wiki,
    host: 'wiki.acme.internal',
    port: 80,
    up: 12,
    down: 3_456,
  };
  return { controller, connector, answer, flow };
}

test('open flows are told with their names, and dashboards that look at once share one question', async (t) => {
  const { controller, connector, answer, flow } = await opened(t);
  const looks = [controller.call('GET', '/api/v1/flows'), controller.call('GET', '/api/v1/flows')];
  await answer([flow]);
  for (const look of await Promise.all(looks)) {
    const { flows, silent } = look.json<LiveFlowList>();
    assert.deepEqual(silent, []);
    const told = flows.map((each) => [
      each.resource,
      each.network,
      each.kind,
      each.bytesDown,
      each.connector,
    ]);
    assert.deepEqual(told, [['wiki', 'hq', 'tcp', 3_456, connector.id]]);
  }
  assert.equal(connector.all('flows').length, 1);
});

test('one flow is cut, the log says by whom, one that ended is not there, and a silent connector is named', async (t) => {
  const { controller, connector, answer, flow } = await opened(t);
  const url = `/api/v1/flows/${connector.id}/${flow.flow}`;
  const cutting = controller.call('DELETE', url);
  assert.equal(await answer([], true), flow.flow);
  assert.equal((await cutting).statusCode, 204);
  const again = controller.call('DELETE', url);
  await answer([], false);
  assert.equal((await again).statusCode, 404);
  const { entries } = (await controller.call('GET', '/api/v1/audit?what=flow.cut')).json<{
    entries: { detail: { flow: string }; result: string; reasons: string[] }[];
  }>();
  assert.deepEqual(
    entries.map(({ detail, result, reasons }) => [detail.flow, result, ...reasons]),
    [
      [flow.flow, 'allowed'],
      [flow.flow, 'done'],
      [flow.flow, 'allowed'],
      [flow.flow, 'failed', 'ended'],
    ],
  );
  const looking = controller.call('GET', '/api/v1/flows');
  const known = connector.all('flows').length;
  await connector.until(() => connector.all('flows').length > known);
  controller.time.clock.advance(3_000);
  await settle();
  assert.deepEqual((await looking).json<LiveFlowList>().silent.length, 1);
  assert.equal((await controller.call('DELETE', '/api/v1/flows/con_nothing/abc')).statusCode, 404);
});
