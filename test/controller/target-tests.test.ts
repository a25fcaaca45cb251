/** Tests of a target through the API: who may ask, how often, which connector answers, and what is told of it. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { TargetTested } from '../../protocol/target-test.ts';
import { settle } from '../support/settle.ts';
import { acmeDocument } from './support/document.ts';
import { testController } from './support/controller.ts';
import { TestNode } from './support/node.ts';

const body = { network: 'hq', target: { host: 'wiki.acme.internal', port: 80, speak: 'http' } };

async function opened(t: TestContext) {
  const controller = await testController(t);
  assert.equal((await controller.call('PUT', '/api/v1/document', acmeDocument())).statusCode, 200);
  const connector = await TestNode.enrolled(controller, 'connector');
  const asked = controller.call.bind(controller, 'POST', '/api/v1/target-tests');
  return { controller, connector, asked };
}

test('the connector is asked, its steps are told with what would mend them, and the log says who asked for what', async (t) => {
  const { controller, connector, asked } = await opened(t);
  const answering = asked(body);
  const probe = await connector.until((message) => message.t === 'probe');
  assert.ok(probe.t === 'probe');
  assert.deepEqual(probe.target, body.target);
  const steps = [
    { step: 'dns' as const, ms: 2 },
    { step: 'tcp' as const, ms: 1, code: 'refused' as const },
  ];
  connector.send({ t: 'probed', question: probe.question, steps });
  const answer = await answering;
  assert.equal(answer.statusCode, 200, answer.body);
  const tested = answer.json<TargetTested>();
  assert.equal(tested.ok, false);
  assert.match(tested.steps[1]?.text ?? '', /nothing listens on port 80/);
  const { entries } = (await controller.call('GET', '/api/v1/audit?what=target.test')).json<{
    entries: { detail: object }[];
  }>();
  assert.deepEqual(entries[0]?.detail, { network: 'hq', connector: connector.id, ...body.target });
});

test('only the connector that was asked answers, and one that says nothing is named', async (t) => {
  const { controller, connector, asked } = await opened(t);
  const other = await TestNode.enrolled(controller, 'connector');
  const answering = asked(body);
  const both = [connector, other];
  await connector.until(() => both.some((node) => node.last('probe') !== undefined));
  const one = both.find((node) => node.last('probe') !== undefined);
  const question = one?.last('probe')?.question ?? '';
  const liar = both.find((node) => node !== one);
  liar?.send({ t: 'probed', question, steps: [{ step: 'dns', ms: 0 }] });
  await settle();
  controller.time.ms += 20_000;
  controller.time.clock.advance(20_000);
  const answer = await answering;
  assert.equal(answer.statusCode, 409, answer.body);
  assert.match(answer.body, /did not answer/);
});

test('SEC-C3 it is no scanner: bounded for the organisation, by whoever may write resources, to names and literals', async (t) => {
  const { controller, connector, asked } = await opened(t);
  for (const host of ['*.acme.internal', '127.1', 'a b', 'http://wiki'])
    assert.equal((await asked({ ...body, target: { ...body.target, host } })).statusCode, 400, host);
  assert.equal((await asked({ ...body, network: 'nowhere' })).statusCode, 404);
  const statuses: number[] = [];
  for (let n = 0; n < 31; n++) {
    const answering = asked(body);
    await connector.until(() => connector.all('probe').length > n || statuses.length === 30);
    const question = connector.last('probe')?.question ?? '';
    connector.send({ t: 'probed', question, steps: [{ step: 'dns', ms: 0 }] });
    statuses.push((await answering).statusCode);
  }
  assert.deepEqual(statuses, [...Array.from({ length: 30 }, () => 200), 429]);
  assert.equal(connector.all('probe').length, 30);
  controller.time.ms += 5 * 60_000;
  connector.close();
  await settle();
  const answer = await asked(body);
  assert.equal(answer.statusCode, 409);
  assert.match(answer.body, /No connector of the network/);
});
