/** Several controllers are one: whatever is begun at one goes on at another, and what is taken away at one is gone at all. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { corpSignIn } from './support/corp-sign-in.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Cookies } from '../../controller/login/cookies.ts';
import { ControllerWatch } from '../../controller/live/controller-watch.ts';
import { SeenControllers } from '../../controller/live/seen-controllers.ts';
import { memoryLive } from '../../controller/live/memory-live.ts';
import { openStore } from '../../controller/store/store.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { systemRandom } from '../../protocol/clock.ts';
import type { NodeId } from '../../protocol/ids.ts';
import { verifyCard } from '../../protocol/tokens.ts';
import { eventually } from '../support/eventually.ts';
import { settle } from '../support/settle.ts';
import { cluster, startServers, signInOf, type Cluster, type Member } from './support/cluster.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

let servers: Awaited<ReturnType<typeof startServers>>;
before(async () => {
  servers = await startServers();
});
after(() => servers.stop());

/** Members that are certainly there. */
function of({ members }: Cluster): [Member, Member, Member] {
  const [one, two, three] = members;
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  return [one, two, three];
}

test('sign in on one controller, hold the control channel on another, revoke through a third', async (t) => {
  const all = await cluster(t, servers, 3);
  const [one, two, three] = of(all);
  const alice = await all.person('alice', ['staff']);
  const device = new TestNode(two, 'device');
  await device.connect();
  device.send(device.enrolMessage({ code: true }));
  await device.until(({ t: type }) => type === 'code');
  const code = device.last('code')?.user_code ?? '';
  const organisation = one.context.firstOrganisation;
  const entry = await one.attempts.enterCode(organisation, code, { person: alice, address: '192.0.2.1' });
  assert.ok(entry.state === 'found');
  const joined = await one.attempts.approve(entry.attempt, signInOf(alice), { held: false });
  assert.ok(joined.state === 'joined');
  await device.until(({ t: type }) => type === 'snapshot');
  assert.equal(device.last('grants')?.list.length, 1);

  const connector = new TestNode(one, 'connector');
  await connector.enrol({ secret: await all.key('connector', 'hq') });
  const online = async (): Promise<boolean[]> =>
    (await three.call('GET', '/api/v1/devices')).json<{ online: boolean }[]>().map((each) => each.online);
  await eventually('online at the third', async () => ((await online())[0] === true ? true : undefined));

  const startedMs = performance.now();
  const ended = await three.call('DELETE', `/api/v1/sessions/${joined.session}`);
  assert.equal(ended.statusCode, 204, ended.body);
  const told = await connector.until(
    (message) => message.t === 'revoke' && message.ids.includes(joined.session),
  );
  assert.ok(performance.now() - startedMs < 1_000);
  await device.untilSnapshot<DeviceSnapshot>(({ session }) => session.ended !== undefined);
  // Whoever says the beat, its epoch is that of the store.
  assert.ok(told.t === 'revoke');
  const another = new TestNode(two, 'connector');
  await another.enrol({ secret: await all.key('connector', 'hq') });
  const beat = await another.until((message) => message.t === 'beat');
  assert.ok(beat.t === 'beat' && beat.epoch >= told.epoch);
});

test('SEC-J9 what is a person’s own is told by whichever controller their browser listens at, and its stream ends with the session', async (t) => {
  const all = await cluster(t, servers, 3);
  const [one, two, three] = of(all);
  const signIn = (subject: string) =>
    corpSignIn(one.context, subject, { authMs: Date.now(), address: '192.0.2.1' });
  const listen = async ({ cookie }: { readonly cookie: string }) => {
    const name = new Cookies(two.context.publicUrl).nameOf('session');
    const headers = { accept: 'text/event-stream', cookie: `${name}=${cookie}` };
    const answer = await two.app.inject({ url: '/api/v1/me/events', headers, payloadAsStream: true });
    assert.equal(answer.statusCode, 200);
    const heard = { text: '', isOver: false };
    const stream = answer.stream();
    t.after(() => stream.destroy());
    // Without the comments that keep it moving.
    stream.on('data', (chunk: Buffer) => (heard.text += chunk.toString().replaceAll(/^:\n\n/gm, '')));
    stream.on('end', () => (heard.isOver = true));
    return heard;
  };
  const [alice, bob] = [await signIn('alice'), await signIn('bob')];
  const [hers, his] = [await listen(alice), await listen(bob)];
  const has = (heard: { text: string }, kind: string, times: number) =>
    eventually(`${kind} is told`, () => heard.text.split(`event: ${kind}\n`).length > times || undefined);
  await has(hers, 'resources', 1);
  await has(his, 'resources', 1);
  const before = his.text;
  const { session } = await signIn('alice');
  await has(hers, 'sessions', 2);
  assert.equal((await three.call('DELETE', `/api/v1/sessions/${session}`)).statusCode, 204);
  await has(hers, 'sessions', 3);
  assert.equal((await three.call('DELETE', `/api/v1/sessions/${alice.session}`)).statusCode, 204);
  await eventually('the stream ends', () => hers.isOver || undefined);
  assert.equal(his.text, before);
});

test('all controllers of a database sign as one', async (t) => {
  const all = await cluster(t, servers, 3);
  const kids = new Set<string>();
  const roots = new Set<string>();
  const pems = new Set<string | undefined>();
  for (const { context } of all.members) {
    const { token } = await context.card();
    const { root, signer, control } = context.keys;
    assert.ok(await verifyCard(token, root.key.publicKey, Math.floor(Date.now() / 1_000)));
    roots.add(root.kid);
    kids.add([signer.kid, control.publicKey.toString('hex')].join());
    pems.add(context.authority?.pem);
  }
  assert.deepEqual([roots.size, kids.size, pems.size], [1, 1, 1]);
});

test('a device that begins anew at another controller fences its older process, and one that moves does not', async (t) => {
  const all = await cluster(t, servers, 3);
  const [one, two, three] = of(all);
  const at = (host: Member, from: TestNode): TestNode => {
    const node = new TestNode(host, 'device');
    Object.assign(node, { machineKey: from.machineKey, nodeKey: from.nodeKey, id: from.id, boot: from.boot });
    return node;
  };
  const first = new TestNode(one, 'device');
  await first.enrol({ secret: await all.key('service', 'ci') });
  // The same process, whose network changed: the older channel goes without a word.
  const moved = at(two, first);
  await moved.hello();
  await eventually('the older channel is gone', () => (first.closed === undefined ? undefined : true));
  assert.equal(first.last('fault'), undefined);
  // Another process with a copy of the state.
  const newer = at(three, first);
  newer.boot = systemRandom(16).toString('base64url');
  await newer.hello();
  await eventually('fenced', () => (moved.closed === undefined ? undefined : true));
  assert.equal(moved.last('fault')?.code, 'fenced');
  // The fenced one comes back: two copies of the key.
  const back = at(one, first);
  await back.hello();
  const [row] = (await two.call('GET', '/api/v1/devices')).json<{ state: string }[]>();
  assert.equal(row?.state, 'suspended');
});

test('a one-time key that is shown to all controllers at once lets one node in', async (t) => {
  const all = await cluster(t, servers, 3);
  const secret = await all.key('connector', 'hq');
  const nodes = Array.from(
    { length: 12 },
    (_, at) => new TestNode(all.members[at % 3] as Member, 'connector'),
  );
  await Promise.all(nodes.map((node) => node.enrol({ secret }).catch(() => undefined)));
  assert.equal(nodes.filter((node) => node.last('snapshot') !== undefined).length, 1);
});

test('what one document gave, another that is applied elsewhere takes away again', async (t) => {
  const all = await cluster(t, servers, 3);
  const [one, two, three] = of(all);
  const device = new TestNode(three, 'device');
  await device.enrol({ secret: await all.key('service', 'ci') });
  const names = ({ resources }: DeviceSnapshot): string[] => Object.values(resources).map(({ name }) => name);
  assert.ok(!names(device.snapshot as DeviceSnapshot).includes('databases'));
  const connector = new TestNode(three, 'connector');
  await connector.enrol({ secret: await all.key('connector', 'hq') });
  const document = acmeDocument();
  const more = {
    ...document,
    policies: [
      ...(document.policies ?? []),
      {
        name: 'ci-db',
        allow: { serviceAccounts: ['ci'] },
        to: { resources: ['databases'] },
        doors: ['client'],
      },
    ],
  };
  const put = async (member: Member, body: object): Promise<void> => {
    const answer = await member.call('PUT', '/api/v1/document', body);
    assert.equal(answer.statusCode, 200, answer.body);
  };
  // Two has decided upon the document that it puts into force again, and upon nothing in between.
  await put(two, { ...document, zones: ['acme.internal', 'acme.test'] });
  await put(one, { ...more, zones: ['acme.internal', 'acme.test'] });
  await device.untilSnapshot<DeviceSnapshot>((snapshot) => names(snapshot).includes('databases'));
  await put(two, { ...document, zones: ['acme.internal', 'acme.test'] });
  await device.untilSnapshot<DeviceSnapshot>((snapshot) => !names(snapshot).includes('databases'));
  await connector.until(
    (message) => message.t === 'revoke' && (message.narrowed ?? []).length + message.ids.length > 0,
  );
});

test('REL-7: rolling restart: channels move on, wrong codes still count, and who is gone is not online', async (t) => {
  const all = await cluster(t, servers, 2);
  const [one, two] = all.members as [Member, Member];
  const connector = new TestNode(one, 'connector');
  await connector.enrol({ secret: await all.key('connector', 'hq') });
  const alice = await all.person('alice', ['staff']);
  const wrong = (member: Member) =>
    member.attempts.enterCode(member.context.firstOrganisation, 'BBBB-BBBB', {
      person: alice,
      address: '192.0.2.1',
    });
  for (let count = 0; count < 3; count++) assert.equal((await wrong(one)).state, 'wrong');
  const node = connector.id as NodeId;
  await eventually('online', () => two.context.presence.isOnline(node) || undefined);
  await one.stop();
  await eventually('drained', () => (connector.closed === undefined ? undefined : true));
  assert.equal(connector.last('fault')?.code, 'draining');
  await eventually('offline', () => !two.context.presence.isOnline(node) || undefined);
  const third = await all.join();
  const again = new TestNode(third, 'connector');
  Object.assign(again, { machineKey: connector.machineKey, nodeKey: connector.nodeKey, id: connector.id });
  await again.hello();
  assert.ok(again.last('snapshot') !== undefined);
  await eventually('online again', () => two.context.presence.isOnline(node) || undefined);
  for (let count = 0; count < 2; count++) assert.equal((await wrong(two)).state, 'wrong');
  assert.equal((await wrong(two)).state, 'locked');
});

test('what a controller that died has left is done by another, once it counts as gone', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-watch-'));
  t.after(() => rm(directory, { recursive: true }));
  const store = await openStore({ directory, now: () => 1_000, random: systemRandom });
  t.after(() => store.close());
  const clock = new VirtualClock();
  let taken = 0;
  const seen = new SeenControllers();
  const watch = new ControllerWatch({
    store,
    live: memoryLive(() => 1_000),
    id: 'here',
    seen,
    isShared: true,
    clock,
    log: pino({ level: 'silent' }),
    takeOver: async () => {
      taken += 1;
    },
  });
  await store.beat('there');
  await watch.start();
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1_000);
      await settle();
    }
  };
  for (let round = 0; round < 6; round++) {
    await store.beat('there');
    await pass(5);
  }
  assert.equal(taken, 0, 'one that says that it runs is left alone');
  assert.deepEqual(
    seen.all.map(([id]) => id),
    ['there'],
  );
  await pass(15);
  assert.equal(taken, 0);
  await pass(15);
  assert.equal(taken, 1);
  await pass(60);
  assert.equal(taken, 1);
  watch.stop();
  const left = [...(await store.beat('other')).keys()].toSorted();
  assert.deepEqual(left, ['here', 'other'], 'the one that was taken over is forgotten');
});
