/** A connector is drained and taken back through the API: who may, what nodes are told, what is kept of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerEntry } from '../../protocol/inventory.ts';
import { acmeDocument } from './support/document.ts';
import { testController } from './support/controller.ts';
import { TestNode } from './support/node.ts';

test('the connector and devices are told, the list shows since when, and saying it again changes nothing', async (t) => {
  const controller = await testController(t);
  assert.equal((await controller.call('PUT', '/api/v1/document', acmeDocument())).statusCode, 200);
  const connector = await TestNode.enrolled(controller, 'connector');
  const other = await TestNode.enrolled(controller, 'connector');
  const device = await TestNode.enrolled(controller, 'device');
  const told = async (node: TestNode, isDrained: boolean): Promise<void> => {
    await node.until(() => {
      const { snapshot } = node;
      return snapshot?.kind === 'connector' && snapshot.drained === isDrained;
    });
  };
  const seen = async (drained: readonly string[]): Promise<void> => {
    await device.until(() => {
      const { snapshot } = device;
      if (snapshot?.kind !== 'device') return false;
      const [network] = Object.values(snapshot.networks).filter(({ name }) => name === 'hq');
      const found = (network?.connectors ?? []).flatMap((each) => (each.drained === true ? each.id : []));
      return network?.connectors.length === 2 && found.join() === drained.join();
    });
  };
  const act = async (step: 'drain' | 'resume', id = connector.id): Promise<number> =>
    (await controller.call('POST', `/api/v1/connectors/${id}/${step}`)).statusCode;
  const listed = async (): Promise<(string | undefined)[]> =>
    (await controller.call('GET', '/api/v1/connectors'))
      .json<ServerEntry[]>()
      .filter(({ id }) => id === connector.id)
      .map(({ drained }) => drained);
  await told(connector, false);

  assert.equal(await act('drain'), 204);
  const since = new Date(controller.time.ms).toISOString();
  await told(connector, true);
  await seen([connector.id]);
  await told(other, false);
  controller.time.ms += 60_000;
  assert.equal(await act('drain'), 204);
  assert.deepEqual(await listed(), [since]);

  // It comes back as it was left.
  connector.close();
  await connector.hello();
  await told(connector, true);

  assert.equal(await act('resume'), 204);
  await told(connector, false);
  await seen([]);
  assert.deepEqual(await listed(), [undefined]);
  const { entries } = (await controller.call('GET', '/api/v1/audit?what=connector')).json<{
    entries: { what: string; who: string }[];
  }>();
  assert.deepEqual(
    entries.map(({ what }) => what).filter((what) => what !== 'connector.enrol'),
    ['connector.drain', 'connector.resume'],
  );
  assert.equal(await act('drain', device.id), 404);
  assert.equal(await act('drain', 'con_0000000000000000000000000a'), 404);
});
