/** Connectors, relays, open flows and enrolment keys from the command line: listed, removed, cut, deleted. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { LiveFlow } from '../../protocol/live-flows.ts';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import { newId } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { eventually } from '../support/eventually.ts';
import { StartedController } from '../controller/support/started-controller.ts';
import { TestNode } from '../controller/support/node.ts';
import { runPostern, type Ended } from './support/program.ts';

const flowId = `-${'f'.repeat(21)}`;

const controller = await StartedController.start({ after }, { tls: false });
/** Where nodes come in, over memory. */
const host = { context: controller.context, time: controller.time, control: controller.control };
const postern = (...args: string[]): Promise<Ended> =>
  runPostern(args, {
    env: {
      POSTERN_CONTROLLER: `http://127.0.0.1:${controller.url.port}`,
      POSTERN_TOKEN: controller.admin,
    },
  });
const json = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { exit, stdout, stderr } = await postern(...args, '--json');
  assert.equal(exit, 0, stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
};

/** A connector or relay that joined by a new key, and is connected. */
async function joined(kind: 'connector' | 'relay', name: string): Promise<TestNode> {
  const made = await postern('token', 'create', `--${kind}`, kind === 'connector' ? 'hq' : name);
  assert.equal(made.exit, 0, made.stderr);
  const node = new TestNode(host, kind);
  await node.enrol({ secret: made.stdout.trim(), name });
  return node;
}

/** The id of the resource of that name. */
async function resource(name: string): Promise<string> {
  const { body } = await controller.call('GET', '/api/v1/resources');
  return (JSON.parse(body) as { id: string; name: string }[]).find((each) => each.name === name)?.id ?? '';
}

/** Answers what the connector is asked next, once. */
async function answer(node: TestNode, list: LiveFlow[], cut?: boolean): Promise<string | undefined> {
  const known = node.all('flows').length;
  await node.until(() => node.all('flows').length > known);
  const asked = node.last('flows');
  const said = cut === undefined ? {} : { cut };
  node.send({ t: 'flowing', question: asked?.question ?? '', list, more: 2, ...said });
  return asked?.cut;
}

test('what runs a server wants its options, and what looks after servers does not', async () => {
  const bare = await runPostern(['connector']);
  assert.equal(bare.exit, 2);
  assert.match(
    bare.stderr,
    /^postern: required option '--state <folder>' not specified\nAdd --help to see what it takes\./,
  );
  assert.match(
    (await runPostern(['connector', '--help'])).stdout,
    /where keys and memory are kept\s+\(required\)/,
  );
  const relay = ['relay', '--listen', '127.0.0.1:8444', '--state', '/nowhere'];
  assert.match((await runPostern(relay)).stderr, /required option '--public-url <url>' not specified/);
  for (const [kind, command] of [
    ['connector', 'list'],
    ['relay', 'list'],
    ['connector', 'remove'],
  ] as const) {
    const { exit, stderr } = await runPostern([kind, command, ...(command === 'remove' ? ['hq-1'] : [])]);
    assert.equal(exit, 2);
    assert.match(stderr, /no controller is named; give --controller URL/);
  }
  const mistyped = await runPostern(['connector', 'lst']);
  assert.equal(mistyped.exit, 2);
  assert.match(mistyped.stderr, /too many arguments for 'connector'/);
});

test('connectors are listed by name and network, and one that is removed is refused from then on', async () => {
  const [first, second] = [await joined('connector', 'hq-1'), await joined('connector', 'hq-2')];
  second.close();
  await eventually('hq-2 is away', async () =>
    /^hq-2 +hq +seen 20\S+Z +0\.1\.0 +con_\w+$/m.test((await postern('connector', 'list')).stdout),
  );
  const listed = await postern('connector', 'list');
  assert.match(listed.stdout, new RegExp(`^hq-1 +hq +online +0\\.1\\.0 +${first.id}$`, 'm'));
  const { schema, connectors } = await json('connector', 'list');
  assert.equal(schema, 'postern.connectors/v1');
  assert.deepEqual(
    (connectors as { name: string; network: string; online: boolean }[]).map((each) => [
      each.name,
      each.network,
      each.online,
    ]),
    [
      ['hq-1', 'hq', true],
      ['hq-2', 'hq', false],
    ],
  );

  const removed = await postern('connector', 'remove', 'hq-1');
  assert.equal(removed.exit, 0, removed.stderr);
  assert.equal(removed.stdout, '');
  assert.match(removed.stderr, /^hq-1 is removed: its keys are refused.*token create --connector hq$/m);
  await eventually('its channel ends', () => first.closed);
  await first.hello();
  assert.ok(first.heard.some(({ t }) => t === 'fault'));
  const again = await postern('connector', 'remove', 'hq-1');
  assert.equal(again.exit, 2);
  assert.match(again.stderr, /there is no connector "hq-1"; see: postern connector list/);
  assert.equal((await postern('connector', 'remove', second.id)).exit, 0);
  const none = await postern('connector', 'list');
  assert.equal(none.stdout, '');
  assert.match(none.stderr, /No connector has joined yet; .*token create --connector NETWORK/);
});

test('two of one name are told apart by id; relays are listed with their address, the embedded one stays', async () => {
  const twins = [await joined('connector', 'twin'), await joined('connector', 'twin')];
  const unclear = await postern('connector', 'remove', 'twin');
  assert.equal(unclear.exit, 2);
  assert.match(unclear.stderr, /2 connectors are called "twin"; give the id: con_\w+ con_\w+/);
  for (const { id } of twins) assert.equal((await postern('connector', 'remove', id)).exit, 0);

  const relay = await joined('relay', 'fra');
  const { stdout } = await postern('relay', 'list');
  assert.match(
    stdout,
    new RegExp(`^fra +https://relay\\.acme\\.example:8444 +online +0\\.1\\.0 +${relay.id}$`, 'm'),
  );
  const embedded = /(rly_\w+) \(part of the controller\)/.exec(stdout)?.[1] ?? '';
  const kept = await postern('relay', 'remove', embedded);
  assert.equal(kept.exit, 2);
  assert.match(kept.stderr, /This relay is part of the controller/);
  assert.match((await postern('relay', 'remove', 'fra')).stderr, /token create --relay fra$/m);
  await eventually('its channel ends', () => relay.closed);
  assert.equal(((await json('relay', 'list'))['relays'] as unknown[]).length, 1);
});

test('open flows are listed with what names them, one is cut, and a connector that does not answer is named', async () => {
  const connector = await joined('connector', 'hq-1');
  const flow: LiveFlow = {
    flow: flowId,
    since: Date.now() - 90_000,
    subject: newId('usr', systemRandom(16)),
    resource: await resource('wiki'),
    host: 'wiki.acme.internal',
    port: 80,
    up: 12,
    down: 3_456,
  };
  const listing = postern('flow', 'list');
  await answer(connector, [flow]);
  const { stdout, stderr } = await listing;
  const line = new RegExp(
    `^usr_\\w+ +browser +wiki +wiki\\.acme\\.internal:80 +hq-1 in hq +open 1m \\d+s +12 B up, 3\\.5 kB down +${connector.id}/${flowId}$`,
    'm',
  );
  assert.match(stdout, line);
  assert.match(stderr, /2 older flows more are open/);

  const path = `${connector.id}/${flowId}`;
  const cutting = postern('flow', 'cut', path);
  assert.equal(await answer(connector, [], true), flowId);
  const cut = await cutting;
  assert.equal(cut.exit, 0, cut.stderr);
  assert.match(cut.stderr, /The flow has ended/);
  const late = postern('flow', 'cut', path);
  await answer(connector, [], false);
  assert.match((await late).stderr, /this flow has ended already; what is open now: postern flow list/);

  const unheard = await postern('flow', 'cut', path);
  assert.equal(unheard.exit, 7);
  assert.match(unheard.stderr, /hq-1 did not answer, so the flow may be open still/);
  const { schema, flows, silent } = await json('flow', 'list');
  assert.deepEqual([schema, flows, silent], ['postern.flows/v1', [], ['hq-1']]);
  const quiet = await postern('flow', 'list');
  assert.equal(quiet.exit, 0);
  assert.equal(quiet.stdout, '');
  assert.match(quiet.stderr, /^! hq-1 did not answer, so open flows there are not listed/);

  for (const wrong of ['hq-1/abc', connector.id, `${path}/more`]) {
    const refused = await postern('flow', 'cut', wrong);
    assert.equal(refused.exit, 2, wrong);
    assert.match(refused.stderr, /is no flow; take CONNECTOR\/FLOW/);
  }
  const unknown = await postern('flow', 'cut', `${newId('con', systemRandom(16))}/${flowId}`);
  assert.equal(unknown.exit, 2);
  assert.match(unknown.stderr, /there is no such connector/);
  assert.equal((await postern('connector', 'remove', connector.id)).exit, 0);
});

test('enrolment keys are listed without their text and deleted, after which nothing joins by them', async () => {
  const made = await postern('token', 'create', '--connector', 'hq', '--uses', '3', '--expires', '2h');
  const secret = made.stdout.trim();
  const service = (await postern('token', 'create', '--service', 'ci')).stdout.trim();
  const { stdout } = await postern('token', 'keys');
  const id = /^connector of +hq +3 uses left +until 20\S+Z +made 20\S+Z by .+ (tok_\w+)$/m.exec(stdout)?.[1];
  assert.ok(id !== undefined, stdout);
  assert.match(stdout, /^relay +fra +used up +until .+ tok_\w+$/m);
  assert.match(stdout, /^service account +ci +any number of uses +does not expire +made .+ tok_\w+$/m);
  assert.ok(!stdout.includes(secret) && !stdout.includes(service));
  const { schema, keys } = await json('token', 'keys');
  assert.equal(schema, 'postern.keys/v1');
  assert.equal((keys as { id: string; usesLeft: number }[]).find((key) => key.id === id)?.usesLeft, 3);

  const deleted = await postern('token', 'delete-key', id);
  assert.equal(deleted.exit, 0, deleted.stderr);
  assert.match(deleted.stderr, /The key for a connector of hq \(tok_\w+\) is deleted: nothing joins by it/);
  const late = new TestNode(host, 'connector');
  await late.enrol({ secret });
  assert.ok(late.heard.some(({ t }) => t === 'fault'));
  const byName = await postern('token', 'delete-key', 'ci');
  assert.match(byName.stderr, /The key of the service account ci .*sessions it began have ended/);
  const none = await postern('token', 'delete-key', 'ci');
  assert.equal(none.exit, 2);
  assert.match(none.stderr, /there is no enrolment key "ci"; see: postern token keys/);
});

test('the log in the terminal has the method and the path of what browsers were refused, and how many alike', async () => {
  const connector = await joined('connector', 'hq-1');
  const wiki = await resource('wiki');
  const refused = (seq: number, more: Partial<FlowRecord>): FlowRecord => ({
    seq,
    at: Date.now(),
    event: 'refused',
    flow: systemRandom(16).toString('base64url'),
    door: 'web',
    resource: wiki,
    host: 'wiki.acme.example',
    port: 443,
    code: 'denied',
    cause: 'path-blocked',
    method: 'GET',
    path: '/admin\u001b[31m\u202e',
    address: '198.51.100.7',
    ...more,
  });
  connector.send({
    t: 'receipts',
    list: [refused(1, {}), refused(2, { method: 'POST', path: '/x', count: 12 })],
  });
  await connector.until(({ t }) => t === 'received');
  const { exit, stdout, stderr } = await postern('audit', '--what', 'flow.refused');
  assert.equal(exit, 0, stderr);
  assert.match(stdout, / denied, cause path-blocked, GET \/admin\?\[31m\? from 198\.51\.100\.7$/m);
  assert.match(stdout, / denied, cause path-blocked, POST \/x from 198\.51\.100\.7, 12 more$/m);
});
