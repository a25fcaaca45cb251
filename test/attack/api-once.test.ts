/**
 * SEC-A11: what may be used once is used once, and what may be used n times n times, however many try at the same instant
 * over channels of their own.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { toBase64Url } from '../../protocol/encoding.ts';
import { StartedController } from '../controller/support/started-controller.ts';
import type { TestNode } from '../controller/support/node.ts';

const tries = 50;
const addressOf = (index: number): string => `127.2.0.${index + 1}`;
const fifty = <T>(make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: tries }, (_, index) => make(index)));

/** Opens all channels first, then lets everyone speak at once; resolves with the nodes that were welcomed. */
async function race(nodes: readonly TestNode[], speak: (node: TestNode) => void): Promise<TestNode[]> {
  await Promise.all(nodes.map((node, index) => node.connect(addressOf(index))));
  for (const node of nodes) speak(node);
  await Promise.all(
    nodes.map((node) => node.until((message) => message.t === 'welcome' || message.t === 'fault')),
  );
  return nodes.filter((node) => node.last('welcome') !== undefined);
}

test('SEC-A11: fifty connectors at once, one one-time key, one of them is in', async (t) => {
  const controller = await StartedController.start(t);
  const secret = await controller.key('connector', 'hq');
  const nodes = Array.from({ length: tries }, () => controller.node('connector'));
  const inside = await race(nodes, (node) => node.send(node.enrolMessage({ secret })));
  assert.equal(inside.length, 1);
  assert.ok(nodes.every((node) => inside.includes(node) || node.last('fault')?.code === 'denied'));
  const listed = JSON.parse((await controller.call('GET', '/api/v1/connectors')).body) as { id: string }[];
  assert.deepEqual(
    listed.map(({ id }) => id),
    inside.map(({ id }) => id),
  );
});

test('SEC-A11: fifty relays or devices at once, a key for seven, exactly seven are in', async (t) => {
  const controller = await StartedController.start(t);
  for (const [kind, purpose, name, path] of [
    ['relay', 'relay', 'r1', 'relays'],
    ['device', 'service', 'ci', 'devices'],
  ] as const) {
    const before = (JSON.parse((await controller.call('GET', `/api/v1/${path}`)).body) as unknown[]).length;
    const secret = await controller.key(purpose, name, { uses: 7 });
    const nodes = Array.from({ length: tries }, () => controller.node(kind));
    const inside = await race(nodes, (node) => node.send(node.enrolMessage({ secret })));
    assert.equal(inside.length, 7, kind);
    assert.equal(new Set(inside.map(({ id }) => id)).size, 7);
    const after = JSON.parse((await controller.call('GET', `/api/v1/${path}`)).body) as unknown[];
    assert.equal(after.length - before, 7, kind);
    for (const node of nodes) node.close();
  }
});

test('SEC-A11: one login code, brought fifty times at once by the device that it is for, lets it in once', async (t) => {
  const controller = await StartedController.start(t);
  const cookie = await controller.cookie();
  const verifier = toBase64Url(Buffer.alloc(32, 9));
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const first = controller.node('device');
  await first.connect(addressOf(60));
  first.send(first.enrolMessage({ loopback: { port: 40_000, challenge } }));
  const open = await first.until((message) => message.t === 'open');
  assert.ok(open.t === 'open');
  const secret = new URL(open.url).searchParams.get('attempt') ?? '';

  // The link is answered fifty times at once as well, and leads to one code.
  const answers = await fifty((index) =>
    controller.portal(cookie, 'POST', 'me/logins/approve', { secret }, addressOf(index)),
  );
  const states = answers.map(({ body }) => JSON.parse(body) as { state: string; url?: string });
  const redirects = states.filter(({ state }) => state === 'redirect');
  assert.equal(redirects.length, 1);
  assert.ok(states.every(({ state }) => ['redirect', 'gone'].includes(state)));
  const code = new URL(redirects[0]?.url ?? '').searchParams.get('code') ?? '';

  const copies = Array.from({ length: tries }, () => {
    const node = controller.node('device');
    return Object.assign(node, { nodeKey: first.nodeKey });
  });
  const inside = await race(copies, (node) => node.send({ t: 'login', code, verifier }));
  assert.equal(inside.length, 1);
  assert.ok(copies.every((node) => inside.includes(node) || node.last('fault')?.code === 'expired'));
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const sessions = await store.select('sessions').selectAll().where('kind', '=', 'device').execute();
  assert.equal(sessions.length, 1);
});

test('SEC-A11: one typed code, approved fifty times at once by three people, makes one device of one of them', async (t) => {
  const controller = await StartedController.start(t);
  const cookies = await Promise.all(['a1', 'b2', 'c3'].map((subject) => controller.cookie(subject)));
  const device = controller.node('device');
  await device.connect(addressOf(60));
  device.send(device.enrolMessage({ code: true }));
  const shown = await device.until((message) => message.t === 'code');
  assert.ok(shown.t === 'code');
  const answers = await fifty((index) =>
    controller.portal(
      cookies[index % cookies.length] ?? '',
      'POST',
      'me/logins/approve',
      { code: shown.user_code },
      addressOf(index),
    ),
  );
  const states = answers.map(({ body }) => (JSON.parse(body) as { state: string }).state);
  assert.equal(states.filter((state) => state === 'joined').length, 1, states.join());
  assert.ok(
    states.every((state) => ['joined', 'gone', 'wrong', 'locked'].includes(state)),
    states.join(),
  );
  await device.until((message) => message.t === 'welcome');
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  assert.equal((await store.select('nodes').selectAll().where('kind', '=', 'device').execute()).length, 1);
  assert.equal((await store.select('sessions').selectAll().where('kind', '=', 'device').execute()).length, 1);
});

test('SEC-A11: a session that fifty ask to end at once ends once', async (t) => {
  const controller = await StartedController.start(t);
  const device = controller.node('device');
  await device.enrol({ secret: await controller.key('service', 'ci') }, addressOf(60));
  const [session] = JSON.parse((await controller.call('GET', '/api/v1/sessions')).body) as { id: string }[];
  const answers = await fifty(() => controller.call('DELETE', `/api/v1/sessions/${session?.id}`));
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [204, ...Array.from({ length: tries - 1 }, () => 404)],
  );
});

test('SEC-A11: of fifty that have all found the attempt before any answered it, one answers it', async (t) => {
  const controller = await StartedController.start(t);
  const { attempts, context } = controller;
  await controller.cookie();
  const { store } = context.organisation(context.firstOrganisation);
  const [row] = await store.select('people').select('id').execute();
  assert.ok(row !== undefined);
  const signIn = { person: row.id, authMs: Date.now(), amr: [], address: '127.0.0.1' };
  const verifier = toBase64Url(Buffer.alloc(32, 9));
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const node = controller.node('device');
  await node.connect(addressOf(60));
  const claim = { ...node.enrolMessage({}), address: '127.0.0.1' };

  const link = await attempts.startLoopback(context.firstOrganisation, claim, { port: 40_000, challenge });
  const found = await attempts.findLoopback(link?.secret ?? '');
  assert.ok(found !== undefined);
  const codes = await fifty(() => attempts.authorise(found, signIn));
  const [authorised] = codes.filter((code) => code !== undefined);
  assert.equal(codes.filter((code) => code !== undefined).length, 1);
  const logins = await fifty(() => attempts.completeLogin(authorised?.code ?? '', verifier, claim.nk));
  assert.equal(logins.filter(({ state }) => state === 'joined').length, 1);

  const typed = await attempts.startDeviceCode(context.firstOrganisation, claim);
  const entry = await attempts.enterCode(context.firstOrganisation, typed?.userCode ?? '', {
    person: row.id,
    address: '127.0.0.1',
  });
  assert.ok(entry.state === 'found');
  const results = await fifty(() => attempts.approve(entry.attempt, signIn, { held: false }));
  assert.equal(results.filter(({ state }) => state === 'joined').length, 1);
});
