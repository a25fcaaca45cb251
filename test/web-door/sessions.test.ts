/** Sessions at the web door: a sign-in ends in one for its browser alone, and what ends a session ends what is open under it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { inFrontOf, urlOf } from './support/in-front-of.ts';
import { exchange } from './support/raw-exchange.ts';
import { git, wiki, type WebBench } from './support/web-bench.ts';

let bench: WebBench;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const origin = createServer((request, response) => answer(request, response));

before(async () => {
  bench = await inFrontOf(origin);
});
after(() => bench.close());
beforeEach(() => {
  answer = (_request, response) => response.end('well');
});

test('WIRE A10: a sign-in ends in a session for this browser, and for no other', async () => {
  const begun = await bench.ask('/wanted?x=1', { headers: { accept: 'text/html' } });
  const start = new URL(begun.headers.location ?? '');
  const pre =
    /^(__Host-postern-pre-[0-9a-f]{4}=[\w-]+)/.exec(begun.headers['set-cookie']?.[0] ?? '')?.[1] ?? '';
  const verifier = pre.slice(pre.indexOf('=') + 1);
  assert.equal(
    start.searchParams.get('c'),
    createHash('sha256').update(Buffer.from(verifier, 'base64url')).digest('base64url'),
  );
  const n = start.searchParams.get('n') ?? '';
  const code = Buffer.alloc(32, 5).toString('base64url');
  const back = `/.postern/callback?code=${code}&n=${n}&rd=${encodeURIComponent('/wanted?x=1')}`;
  // Without the cookie: another browser, which starts again once and is then told what is wrong.
  const other = await bench.ask(back);
  assert.equal(other.status, 303);
  assert.match(other.headers.location ?? '', /again=1/);
  assert.ok(!other.headers.location?.includes(code));
  assert.equal((await bench.ask(`${back}&again=1`)).status, 400);
  let asked = 0;
  let jws = '';
  bench.controller = (message) => {
    if (message.t !== 'redeem') return undefined;
    asked++;
    assert.deepEqual(
      [message.code, message.verifier, message.host, message.addr],
      [code, verifier, wiki, '127.0.0.1'],
    );
    return { t: 'redeemed', re: message.id, ...(jws === '' ? { code: 'denied' as const } : { jws }) };
  };
  assert.equal((await bench.ask(back, { cookie: pre })).status, 403);
  // A session for another cookie is not taken for this one.
  ({ jws } = await bench.session(wiki, Buffer.alloc(32, 9).toString('base64url')));
  assert.equal((await bench.ask(back, { cookie: pre })).status, 403);
  const sessions = new Map<string, string>();
  bench.controller = (message) => {
    if (message.t !== 'redeem') return undefined;
    void bench.session(wiki, message.ch).then((made) => {
      sessions.set(message.ch, made.jws);
      bench.door.receive({ t: 'redeemed', re: message.id, jws: made.jws });
    });
    return undefined;
  };
  const done = await bench.ask(back, { cookie: pre });
  assert.equal(done.status, 303);
  assert.equal(done.headers.location, '/wanted?x=1');
  const [set = '', cleared = ''] = done.headers['set-cookie'] ?? [];
  assert.match(set, /^__Host-postern=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=3[56]\d\d$/);
  assert.match(cleared, new RegExp(`^__Host-postern-pre-${n}=; .*Max-Age=0$`));
  assert.equal((await bench.ask('/', { cookie: set.split(';')[0] ?? '' })).status, 200);
  assert.equal(asked, 2);
  assert.equal(sessions.size, 1);
});

test('SEC-A6: a cookie stands for its session at the hostname that it was given for, and for nothing at another of the same application', async () => {
  bench.publish(wiki, [urlOf(origin)], { hostnames: [wiki, git] });
  const { cookie } = await bench.signIn(wiki);
  assert.equal((await bench.ask('/', { cookie })).status, 200);
  assert.equal((await bench.ask('/', { cookie, host: git })).status, 401);
  bench.publish(wiki, [urlOf(origin)]);
});

test('a browser keeps at most four sign-ins under way, the newest', async () => {
  const cookies = ['0001', '0002', '0003', '0004'].map(
    (n) => `__Host-postern-pre-${n}=${Buffer.alloc(32, 1).toString('base64url')}`,
  );
  const { headers } = await bench.ask('/', { cookie: cookies.join('; '), headers: { accept: 'text/html' } });
  assert.match(headers['set-cookie']?.[0] ?? '', /^__Host-postern-pre-0001=; .*Max-Age=0$/);
  assert.equal(headers['set-cookie']?.length, 2);
});

test('a session that is revoked, over or out of contact opens nothing, and its open answers end', async () => {
  const { cookie, session } = await bench.signIn(wiki);
  const asked = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    response.once('close', () => ended.resolve());
    asked.resolve();
  };
  const line = `GET /events HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n\r\n`;
  const stream = exchange(bench.raw(), [line], 5_000);
  await asked.promise;
  bench.lease.revoke({ epoch: 2, ids: [session.ses], reason: 'session' });
  bench.causes.set(session.ses, 'logout');
  const since = performance.now();
  bench.door.recheck();
  assert.ok((await stream).closed);
  assert.ok(performance.now() - since < 1_000);
  await ended.promise;
  assert.equal((await bench.ask('/', { cookie })).status, 401);
  const { code, cause } = bench.records.findLast(({ event }) => event === 'close') ?? {};
  assert.deepEqual([code, cause], ['revoked', 'logout']);
  const nowS = Math.floor(Date.now() / 1_000);
  const over = await bench.signIn(wiki, { cav: { until: nowS - 1, out: 3_600 } });
  assert.equal((await bench.ask('/', { cookie: over.cookie })).status, 401);
});

test('REL-17 sessions that a key signed which is no longer on the card open nothing, and what is open under them ends', async (t) => {
  const { cookie } = await bench.signIn(wiki);
  const asked = Promise.withResolvers<void>();
  answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    asked.resolve();
  };
  const line = `GET /events HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n\r\n`;
  const stream = exchange(bench.raw(), [line], 5_000);
  await asked.promise;
  const { card } = bench;
  t.after(() => (bench.card = card));
  bench.card = { ...card, keys: {} };
  bench.door.forgetSigned();
  assert.ok((await stream).closed);
  assert.equal((await bench.ask('/', { cookie })).status, 401);
  assert.equal(bench.records.at(-1)?.code, 'revoked');
});

test('a narrower session may take the place of another without anything being cut', async () => {
  const { cookie, session } = await bench.signIn(wiki);
  const { jws } = await bench.session(wiki, session.ch, { ses: session.ses });
  bench.door.receive({ t: 'web', list: [jws] });
  const asked = Promise.withResolvers<void>();
  answer = (_request, response) => {
    response.write('on');
    asked.resolve();
  };
  const line = `GET / HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n\r\n`;
  const stream = exchange(bench.raw(), [line], 700);
  await asked.promise;
  bench.lease.revoke({ epoch: 2, ids: [session.jti], reason: 'policy' });
  bench.door.recheck();
  assert.equal((await stream).closed, false);
});
