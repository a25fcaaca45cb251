/**
 * A controller behind a balancer: everybody comes over one address, and is told apart by what the balancer says. Nobody else
 * says where somebody comes from (SEC-A18).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { controlPath, controlSubprotocol } from '../../protocol/discovery.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import { webSocketCarrier } from '../../protocol/link/websocket-carrier.ts';
import { StartedController, type Answer } from '../controller/support/started-controller.ts';
import { TestNode } from '../controller/support/node.ts';
import { binaryPreface } from '../support/proxy-prefaces.ts';

const balancer = '127.0.0.9';
const stranger = '127.0.0.8';
const alice = '203.0.113.7';

let controller: StartedController;
const done: (() => Promise<void>)[] = [];
before(async () => {
  controller = await StartedController.start(
    { after: (end) => void done.unshift(end) },
    { trustsProxy: (address) => address === balancer },
  );
});
after(async () => {
  for (const end of done) await end();
});

interface Way {
  /** The address that the connection really comes from. */
  readonly over?: string;
  /** Whose connection it is, as the preface says; without one unless given. */
  readonly of?: string;
  readonly headers?: Record<string, string>;
}

function dial({ over = balancer, of }: Way): TLSSocket {
  const socket = connect({ host: '127.0.0.1', port: Number(controller.url.port), localAddress: over });
  const destination = { address: '198.51.100.1', port: 8_443 };
  if (of !== undefined) socket.write(binaryPreface({ source: { address: of, port: 50_000 }, destination }));
  const secure = connectTls({ socket, servername: controller.url.hostname, ca: controller.ca });
  secure.on('error', () => undefined);
  return secure;
}

async function ask(way: Way, method: string, path: string, body: object, headers = {}): Promise<Answer> {
  const asked = request({
    createConnection: () => dial(way),
    method,
    path,
    headers: { host: controller.url.host, 'content-type': 'application/json', ...headers, ...way.headers },
  });
  asked.end(JSON.stringify(body));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await readText(answer) };
}

async function control(way: Way): Promise<Carrier> {
  const socket = new WebSocket(`wss://127.0.0.1:${controller.url.port}${controlPath}`, controlSubprotocol, {
    createConnection: () => dial(way),
    perMessageDeflate: false,
    ...(way.headers === undefined ? {} : { headers: way.headers }),
  });
  socket.once('open', () => socket.pause());
  await once(socket, 'open');
  socket.resume();
  return webSocketCarrier(socket);
}

/** A device that came this way waits for its person: the code that it shows. */
async function codeOf(way: Way): Promise<string> {
  const { context, time, control: accepts } = controller;
  const device = new TestNode({ context, time, control: accepts, dial: () => control(way) }, 'device');
  await device.connect();
  device.send(device.enrolMessage({ code: true }));
  await device.until(({ t }) => t === 'code');
  return device.last('code')?.user_code ?? '';
}

/** What the page shows a person who came this way and types this code. */
async function lookUp(way: Way, code: string): Promise<Record<string, unknown>> {
  const cookie = await controller.cookie();
  const { status, body } = await ask(
    way,
    'POST',
    '/api/v1/me/logins/look-up',
    { code },
    {
      cookie: `__Host-postern-session=${cookie}`,
      origin: controller.url.origin,
      'sec-fetch-site': 'same-origin',
    },
  );
  assert.equal(status, 200, body);
  return JSON.parse(body) as Record<string, unknown>;
}

test('SEC-A18 behind a balancer, a page tells a device at its own address from one that is elsewhere', async () => {
  const here = await lookUp({ of: alice }, await codeOf({ of: alice }));
  assert.deepEqual(
    [here['sharesAddress'], here['browserAddress'], (here['device'] as { address: string }).address],
    [true, alice, alice],
  );
  const elsewhere = await lookUp({ of: alice }, await codeOf({ of: '192.0.2.66' }));
  assert.deepEqual([elsewhere['sharesAddress'], elsewhere['needsApproval']], [false, true]);
});

test('SEC-A18 a listed HTTP proxy says the same in a header, for each request and each channel', async () => {
  const header = (address: string): Way => ({ headers: { 'x-forwarded-for': `192.0.2.1, ${address}` } });
  const here = await lookUp(header(alice), await codeOf(header(alice)));
  assert.deepEqual([here['sharesAddress'], here['browserAddress']], [true, alice]);
  const forwarded = await lookUp(
    { headers: { forwarded: `for=${alice}` } },
    await codeOf(header('192.0.2.66')),
  );
  assert.deepEqual([forwarded['sharesAddress'], forwarded['browserAddress']], [false, alice]);
});

test('SEC-A18 nobody else’s header counts, over the balancer or past it', async () => {
  const forged = { 'x-forwarded-for': alice, forwarded: `for=${alice}` };
  for (const [way, address] of [
    [{ over: stranger, headers: forged }, stranger],
    [{ of: '192.0.2.66', headers: forged }, '192.0.2.66'],
  ] as const) {
    const shown = await lookUp(way, await codeOf(way));
    assert.deepEqual(
      [shown['browserAddress'], (shown['device'] as { address: string }).address],
      [address, address],
    );
  }
});

test('SEC-A18 two headers that differ are refused, for requests and channels alike', async () => {
  const way = { headers: { 'x-forwarded-for': alice, forwarded: 'for=192.0.2.66' } };
  const { status, body } = await ask(way, 'POST', '/api/v1/me/logins/look-up', { code: 'BBBB-BBBB' });
  assert.equal(status, 400);
  assert.match(body, /name different addresses/);
  await assert.rejects(control(way), /400/);
});

test('SEC-A18 a stranger behind the balancer who is throttled locks nobody else out', async () => {
  const guess = (of: string): Promise<Answer> =>
    ask(
      { of },
      'POST',
      '/api/v1/sign-in/passkey-options',
      {},
      {
        origin: controller.url.origin,
        'sec-fetch-site': 'same-origin',
      },
    );
  let last = await guess('192.0.2.77');
  for (let count = 0; count < 200 && last.status !== 429; count += 1) last = await guess('192.0.2.77');
  assert.equal(last.status, 429, last.body);
  assert.notEqual((await guess(alice)).status, 429);
});
