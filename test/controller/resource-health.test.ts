/** Whether resources answer, their kind and when they were last used, through the API. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ResourceEntry } from '../../protocol/inventory.ts';
import { newId } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import type { ResourceHealthList } from '../../protocol/resource-health.ts';
import { resourceKind } from '../../controller/organisation/resource-kind.ts';
import { writeOpened } from '../../controller/decisions/policy-hits.ts';
import { settle } from '../support/settle.ts';
import { acmeDocument } from './support/document.ts';
import { testController } from './support/controller.ts';
import { TestNode } from './support/node.ts';

async function opened(t: TestContext) {
  const controller = await testController(t);
  assert.equal((await controller.call('PUT', '/api/v1/document', acmeDocument())).statusCode, 200);
  const [hq, lab] = [new TestNode(controller, 'connector'), new TestNode(controller, 'connector')];
  await hq.enrol({ secret: await controller.key('connector', 'hq'), name: 'hq-1' });
  await lab.enrol({ secret: await controller.key('connector', 'lab'), name: 'lab-1' });
  const resources = async (): Promise<ResourceEntry[]> =>
    (await controller.call('GET', '/api/v1/resources')).json<ResourceEntry[]>();
  const ids = new Map((await resources()).map(({ name, id }) => [name, id]));
  const idOf = (name: string): string => ids.get(name) ?? '';
  return { controller, hq, lab, resources, idOf };
}

test('every connector is asked, speaks of its own network alone, and what it found is put together', async (t) => {
  const { controller, hq, lab, idOf } = await opened(t);
  const looking = controller.call('GET', '/api/v1/resource-health');
  await hq.until(() => hq.last('health') !== undefined && lab.last('health') !== undefined);
  const at = controller.time.ms;
  hq.send({
    t: 'healthy',
    question: hq.last('health')?.question,
    more: 0,
    list: [
      { resource: idOf('wiki'), port: 80, since: at, ok: at },
      { resource: idOf('wiki'), port: 443, since: at, code: 'refused' },
      { resource: idOf('databases'), port: 5432, since: at, code: 'timeout', ok: at - 1_000 },
      // Of another network, and of none.
      { resource: idOf('printer'), port: 9100, since: at, code: 'refused' },
      { resource: newId('res', systemRandom(16)), port: 1, since: at },
    ],
  });
  lab.send({
    t: 'healthy',
    question: lab.last('health')?.question,
    more: 2,
    list: [{ resource: idOf('printer'), port: 9100, since: 9e15, ok: at }],
  });
  const { resources, silent, more } = (await looking).json<ResourceHealthList>();
  assert.deepEqual(
    resources
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .map(({ name, state, ports }) => [name, state, ports.map(({ connector }) => connector)]),
    [
      ['databases', 'failing', ['hq-1']],
      ['printer', 'ok', ['lab-1']],
      ['wiki', 'partly', ['hq-1', 'hq-1']],
    ],
  );
  assert.deepEqual([silent, more], [[], 2]);
  assert.doesNotMatch(JSON.stringify(resources), /10\.20\.0\.9/);
});

test('one is asked for by name with its changes; a connector that says nothing is named and left alone for a while', async (t) => {
  const { controller, hq, lab, idOf } = await opened(t);
  assert.equal((await controller.call('GET', '/api/v1/resource-health/nothing')).statusCode, 404);
  const looking = controller.call('GET', '/api/v1/resource-health/wiki');
  await hq.until(() => hq.last('health') !== undefined);
  assert.equal(hq.last('health')?.resource, idOf('wiki'));
  const changes = [{ at: 1_000 }, { at: 2_000, code: 'unreachable' as const }];
  const entry = {
    resource: idOf('wiki'),
    port: 80,
    code: 'unreachable' as const,
    since: 2_000,
    ok: 1_000,
    changes,
  };
  hq.send({ t: 'healthy', question: hq.last('health')?.question, more: 0, list: [entry] });
  const [found] = (await looking).json<ResourceHealthList>().resources;
  assert.deepEqual(found?.ports[0]?.changes, [
    { at: '1970-01-01T00:00:01.000Z' },
    { at: '1970-01-01T00:00:02.000Z', code: 'unreachable' },
  ]);
  assert.equal(lab.last('health'), undefined);

  const silence = controller.call('GET', '/api/v1/resource-health/printer');
  await lab.until(() => lab.last('health') !== undefined);
  await settle();
  controller.time.ms += 3_000;
  controller.time.clock.advance(3_000);
  assert.deepEqual((await silence).json<ResourceHealthList>().silent, ['lab-1']);
  const again = await controller.call('GET', '/api/v1/resource-health/printer');
  assert.deepEqual(again.json<ResourceHealthList>().silent, ['lab-1']);
  assert.equal(lab.all('health').length, 1);
});

test('a test of a resource’s own target tells the connector whose it is, and one of anything else does not', async (t) => {
  const { controller, hq, idOf } = await opened(t);
  for (const [host, port, resource] of [
    ['wiki.acme.internal', 80, idOf('wiki')],
    ['wiki.acme.internal', 81, undefined],
    ['other.acme.internal', 80, undefined],
  ] as const) {
    const known = hq.all('probe').length;
    const asked = controller.call('POST', '/api/v1/target-tests', {
      network: 'hq',
      target: { host, port, speak: 'tcp' },
    });
    await hq.until(() => hq.all('probe').length > known);
    assert.equal(hq.last('probe')?.resource, resource);
    hq.send({ t: 'probed', question: hq.last('probe')?.question, steps: [{ step: 'dns', ms: 0 }] });
    assert.equal((await asked).statusCode, 200);
  }
});

test('when a resource was last used is remembered by name, the newest counts, and nobody having used it says nothing', async (t) => {
  const { controller, hq, resources, idOf } = await opened(t);
  const { context, time } = controller;
  const subject = newId('svc', systemRandom(16));
  const use = async (seq: number, name: string, at: number): Promise<void> => {
    const flow = { event: 'open', flow: `${seq}`, subject, resource: idOf(name), host: 'x', port: 80 };
    hq.send({ t: 'receipts', list: [{ seq, at, ...flow }] });
    await hq.until(() => hq.all('received').some((message) => message.seq === seq));
    await writeOpened(context, context.firstOrganisation);
  };
  await use(1, 'wiki', time.ms - 5_000);
  await use(2, 'wiki', time.ms - 60_000);
  const used = Object.fromEntries((await resources()).map(({ name, lastUsed }) => [name, lastUsed]));
  assert.deepEqual(used, {
    wiki: new Date(time.ms - 5_000).toISOString(),
    databases: undefined,
    printer: undefined,
  });
});

test('the kind of a resource is read off its web door and ports', () => {
  const kind = (ports: string[], more: object = {}): string =>
    resourceKind({ name: 'x', network: 'hq', address: 'x.acme.internal', ports, ...more });
  assert.deepEqual(
    [
      kind(['tcp/22']),
      kind(['tcp/80', 'tcp/443']),
      kind(['tcp/5432']),
      kind(['tcp/3389']),
      kind(['tcp/5900']),
      kind(['udp/53']),
      kind(['tcp/53', 'udp/53']),
      kind(['tcp/22', 'tcp/80']),
      kind(['tcp/1-65535']),
      kind(['tcp/22'], { address: '10.0.0.0/24' }),
      kind(['tcp/9000'], { web: { hostname: 'x.acme.example', origin: 'http://x.acme.internal:9000' } }),
    ],
    ['ssh', 'web', 'database', 'rdp', 'vnc', 'udp', 'tcp', 'tcp', 'tcp', 'range', 'web'],
  );
});
