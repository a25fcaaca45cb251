/** Webhooks over real connections: what they are told, how it is signed, tried again, given up, and answered. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { mostWaiting, queueNotifications } from '../../../controller/notifications/queue.ts';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import { eventually } from '../../support/eventually.ts';
import { requestBench, requestDocument, type RequestBench } from '../requests/request-bench.ts';
import type { AfterTest } from '../support/controller.ts';

const secret = 'a-secret-of-the-chat';

interface Heard {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Somewhere that takes webhooks, and answers as it is told to. */
class Chat {
  readonly heard: Heard[] = [];
  status = 204;
  location: string | undefined;
  url = '';

  static async open(test: AfterTest): Promise<Chat> {
    const chat = new Chat();
    const server = createServer((incoming, response) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
      incoming.on('end', () => {
        chat.heard.push({ headers: incoming.headers, body });
        if (chat.location !== undefined) response.setHeader('location', chat.location);
        response.writeHead(chat.status).end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    test.after(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    chat.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    return chat;
  }

  events(): string[] {
    return this.heard.map(({ body }) => (JSON.parse(body) as { event: string }).event);
  }
}

function documentWith(url: string, more: object = {}): OrganisationDocument {
  return { ...requestDocument(), webhooks: [{ name: 'chat', url, secret, ...more }] };
}

function signature(time: number, body: string, by = secret): string {
  return `t=${time},v1=${createHmac('sha256', by).update(`${time}.${body}`).digest('hex')}`;
}

/** Waits until this holds: deliveries are real. */
function settles(check: () => void | Promise<void>): Promise<true> {
  let last: unknown;
  return eventually('what is checked', async () => {
    try {
      await check();
      return true as const;
    } catch (error) {
      last = error;
      return undefined;
    }
  }).catch(() => {
    throw last;
  });
}

interface Shown {
  readonly waiting: number;
  readonly fault?: string;
  readonly told?: string;
}

async function shown(bench: RequestBench): Promise<Shown | undefined> {
  return (await bench.call('GET', '/api/v1/webhooks')).json<Shown[]>()[0];
}

test('a webhook is told what happens to requests, once, in order and signed with its secret', async (t) => {
  const chat = await Chat.open(t);
  const bench = await requestBench(t, documentWith(chat.url));
  const alice = await bench.person('alice', ['staff']);
  const id = await alice.ask();
  await alice.call('POST', `requests/${id}/withdraw`);
  await alice.ask({ breakGlass: true, for: '1h', reason: 'Outage' });
  await settles(async () => assert.equal((await shown(bench))?.waiting, 0));
  assert.deepEqual(chat.events().toSorted(), ['request.asked', 'request.break-glass', 'request.withdrawn']);
  const [first] = chat.heard;
  const atS = Math.floor(bench.time.ms / 1_000);
  assert.equal(first?.headers['postern-signature'], signature(atS, first?.body ?? ''));
  const body = JSON.parse(first?.body ?? '') as { url: string; request: { id: string; reason: string } };
  assert.deepEqual([body.request.id, body.request.reason], [id, 'Restore the backup']);
  assert.equal(body.url, `https://access.acme.example:8443/requests?id=${id}`);
  assert.equal(first?.body.includes(secret), false);
});

test('a webhook that fails is tried again with growing pauses, and given up in the open after a day', async (t) => {
  const chat = await Chat.open(t);
  chat.status = 500;
  const bench = await requestBench(t, documentWith(chat.url));
  const alice = await bench.person('alice', ['staff']);
  await alice.ask();
  await settles(() => assert.equal(chat.heard.length, 1));
  await settles(async () => assert.match((await shown(bench))?.fault ?? '', /status 500/));
  for (const [passMs, tries] of [
    [4_000, 1],
    [2_000, 2],
    [7_000, 2],
    [4_000, 3],
  ] as const) {
    await bench.time.pass(passMs);
    await settles(async () => {
      assert.equal(chat.heard.length, tries);
      assert.equal((await shown(bench))?.waiting, 1);
    });
  }
  chat.status = 200;
  await bench.time.pass(21_000);
  await settles(async () => assert.deepEqual([(await shown(bench))?.waiting, chat.heard.length], [0, 4]));
  assert.equal((await shown(bench))?.fault, undefined);
  chat.status = 500;
  await alice.ask({ breakGlass: true, for: '1h' });
  await settles(() => assert.equal(chat.heard.length, 5));
  bench.time.ms += 24 * 3_600_000;
  await bench.time.pass(6_000);
  await settles(async () => assert.equal((await bench.audit('notification.fail')).length, 1));
  assert.equal((await shown(bench))?.waiting, 0);
});

test('what waits to be told is bounded, and the oldest makes room', async (t) => {
  const bench = await requestBench(t, documentWith('http://127.0.0.1:1/hook'));
  const { context, time } = bench;
  const { store } = context.organisation(context.firstOrganisation);
  const tell = (event: string) => ({ target: 'webhook chat', event, body: {} });
  await store.transaction(async (tx) => queueNotifications(context, tx, [tell('oldest')]));
  time.ms += 1;
  const many = Array.from({ length: mostWaiting }, () => tell('newer'));
  await store.transaction(async (tx) => queueNotifications(context, tx, many));
  const rows = await store.select('notifications').select('event').execute();
  assert.equal(rows.length, mostWaiting);
  assert.equal(
    rows.some(({ event }) => event === 'oldest'),
    false,
  );
});

test('the test button tells once and says how it went; a redirect is not followed', async (t) => {
  const chat = await Chat.open(t);
  const bench = await requestBench(t, documentWith(chat.url));
  const press = async () =>
    (await bench.call('POST', '/api/v1/webhooks/chat/test')).json<{ ok: boolean; fault?: string }>();
  assert.equal((await press()).ok, true);
  assert.deepEqual(chat.events(), ['test']);
  chat.status = 307;
  chat.location = 'http://127.0.0.1:1/elsewhere';
  assert.match((await press()).fault ?? '', /redirects elsewhere/);
  assert.equal(chat.heard.length, 2);
  assert.equal((await bench.call('POST', '/api/v1/webhooks/none/test')).statusCode, 404);
  const document = (await bench.call('GET', '/api/v1/document')).body;
  assert.equal(document.includes(secret), false);
});

test('an approver answers by a webhook that decides; a wrong, old or foreign signature is nobody', async (t) => {
  const chat = await Chat.open(t);
  const bench = await requestBench(t, documentWith(chat.url, { decides: true }));
  const alice = await bench.person('alice', ['staff', 'leads']);
  const lea = await bench.person('lea', ['leads']);
  const id = await alice.ask();
  await settles(() => assert.equal(chat.heard.length, 1));
  const { answerUrl } = JSON.parse(chat.heard[0]?.body ?? '') as { answerUrl: string };
  const nowS = Math.floor(bench.time.ms / 1_000);
  const send = (answer: object, sign: (body: string) => string, url = new URL(answerUrl).pathname) => {
    const payload = JSON.stringify(answer);
    return bench.portal.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', 'postern-signature': sign(payload) },
      payload,
    });
  };
  const good = (body: string): string => signature(nowS, body);
  const answer = { request: id, by: 'lea@acme.example', answer: 'approve', waives: ['prod-needs'] };
  for (const wrong of [
    (body: string) => signature(nowS, body, 'another-secret-of-16'),
    (body: string) => signature(nowS - 301, body),
    (body: string) => signature(nowS + 301, body),
    () => signature(nowS, 'another body'),
    () => 'v1=00',
  ])
    assert.equal((await send(answer, wrong)).statusCode, 404);
  assert.equal((await send(answer, good, '/api/v1/webhooks/org_none/chat/answers')).statusCode, 404);
  const own = await send({ ...answer, by: 'alice@acme.example' }, good);
  assert.equal(own.statusCode, 403);
  assert.equal((await send({ ...answer, by: 'nobody@acme.example' }, good)).statusCode, 403);
  assert.deepEqual((await send(answer, good)).json(), { state: 'pending' });
  assert.equal((await send(answer, good)).statusCode, 409, 'sent again it counts no second time');
  const [entry] = (await bench.audit('request.approve')).slice(-1);
  assert.deepEqual([entry?.who, entry?.detail['by']], [lea.id, 'webhook chat']);
  // The same webhook without the word that it decides.
  await bench.apply(documentWith(chat.url));
  assert.equal((await send({ ...answer, answer: 'deny', text: 'no' }, good)).statusCode, 404);
});
