/** Requests through the web door, from a browser's side and from the origin's: what passes, and what the door adds. */
import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { jwtVerify, type JWK } from 'jose';
import { encodePass } from '../../protocol/secrets.ts';
import { newId } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { givePass } from './support/device-pass.ts';
import { inFrontOf, urlOf } from './support/in-front-of.ts';
import { exchange } from './support/raw-exchange.ts';
import { eventually } from '../support/eventually.ts';
import { portOf, wiki, type WebBench } from './support/web-bench.ts';

let bench: WebBench;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const origin = createServer((request, response) => answer(request, response));
const origins: Server[] = [];

before(async () => {
  bench = await inFrontOf(origin);
});
after(async () => {
  await bench.close();
  for (const each of origins) {
    each.closeAllConnections();
    each.close();
  }
});
beforeEach(() => {
  bench.publish(wiki, [urlOf(origin)]);
  answer = (request, response) =>
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
});

interface Seen {
  url: string;
  headers: Record<string, string>;
}

test('who is signed in reaches the application, which is told who it is, by name and by a signed assertion', async () => {
  const { cookie, session } = await bench.signIn(wiki);
  const { status, body, headers } = await bench.ask('/a%20b?c=%2F', { cookie });
  assert.equal(status, 200, body);
  const seen = JSON.parse(body) as Seen;
  assert.equal(seen.url, '/a%20b?c=%2F');
  assert.equal(seen.headers['remote-user'], 'alice@acme.example');
  assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(seen.headers['x-forwarded-proto'], 'https');
  assert.equal(seen.headers['x-forwarded-host'], `${wiki}:${bench.port}`);
  assert.equal(seen.headers['cookie'], undefined);
  assert.match(String(headers['server-timing']), /postern;dur=[\d.]+, origin;dur=[\d.]+/);
  const { keys } = JSON.parse((await bench.ask('/.postern/jwks.json')).body) as {
    keys: (JWK & { kid: string })[];
  };
  const { payload, protectedHeader } = await jwtVerify(
    seen.headers['postern-assertion'] ?? '',
    ({ kid }) => createPublicKey({ key: keys.find((key) => key.kid === kid) ?? {}, format: 'jwk' }),
    {
      issuer: `https://${wiki}:${bench.port}`,
      audience: session.res,
      typ: 'postern-assertion+jwt',
      algorithms: ['ES256'],
    },
  );
  assert.deepEqual(Object.keys(protectedHeader).toSorted(), ['alg', 'kid', 'typ']);
  assert.deepEqual(
    [payload.sub, payload['email'], payload['groups'], payload['door']],
    [session.sub, 'alice@acme.example', ['staff'], 'web'],
  );
  assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 300);
});

test('headers a resource asks for are filled in, and are nobody else’s to send', async () => {
  bench.publish(wiki, [urlOf(origin)], {
    host: 'hostname',
    headers: { Authorization: 'Bearer {{jwt}}', 'X-Who': '{{email}} <{{name}}>{{nobody}}' },
  });
  const { cookie } = await bench.signIn(wiki, {
    who: { name: 'Zoë 王', email: 'zoe@acme.example', groups: ['a', 'b'] },
  });
  const { body } = await bench.ask('/', {
    cookie,
    headers: { authorization: 'Bearer forged', x_who: 'mallory' },
  });
  const { headers } = JSON.parse(body) as Seen;
  assert.equal(headers['authorization'], `Bearer ${headers['postern-assertion']}`);
  assert.equal(headers['x-who'], 'zoe@acme.example <Zo%C3%AB %E7%8E%8B>');
  assert.equal(headers['remote-groups'], 'a,b');
  assert.equal(headers['x_who'], undefined);
  assert.equal(headers['host'], `${wiki}:${bench.port}`);
});

test('nobody signed in: a page is sent to sign in, everything else is told so in JSON', async () => {
  const page = await bench.ask('/deep/link?a=1', { headers: { accept: 'text/html' } });
  assert.equal(page.status, 303);
  const { status, body, headers } = await bench.ask('/api', { method: 'POST', body: 'secret' });
  assert.equal(status, 401);
  assert.equal((JSON.parse(body) as { error: string }).error, 'sign-in-needed');
  assert.equal(headers['cache-control'], 'no-store');
  const fetched = await bench.ask('/api', { headers: { accept: 'text/html', 'sec-fetch-mode': 'cors' } });
  assert.equal(fetched.status, 401);
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

test('bodies of every kind pass as they are: chunked, with GET, with Expect, and back in ranges', async () => {
  const { cookie } = await bench.signIn(wiki);
  answer = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.setHeader('x-expect', request.headers.expect ?? 'none');
      response.end(`${request.method} ${createHash('sha256').update(Buffer.concat(chunks)).digest('hex')}`);
    });
  };
  const body = systemRandom(700_000);
  const hash = createHash('sha256').update(body).digest('hex');
  assert.equal((await bench.ask('/', { cookie, method: 'POST', body })).body, `POST ${hash}`);
  assert.equal(
    (await bench.ask('/', { cookie, method: 'PUT', body, headers: { 'transfer-encoding': 'chunked' } })).body,
    `PUT ${hash}`,
  );
  assert.equal(
    (
      await bench.ask('/', {
        cookie,
        method: 'GET',
        body,
        headers: { 'content-length': String(body.length) },
      })
    ).body,
    `GET ${hash}`,
  );
  const head = `POST / HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n`;
  const { statuses, text } = await exchange(bench.raw(), [head, 'ok'], 3_000, true);
  assert.deepEqual(statuses, [100, 200]);
  assert.match(text, /x-expect: none/);
});

test('a Trailer in answer to HEAD and to HTTP/1.0 ends nothing', async () => {
  const { cookie } = await bench.signIn(wiki);
  // By hand: Node's own server would not send it.
  answer = ({ method }, { socket }) => {
    const body = method === 'HEAD' ? '' : '2\r\nok\r\n0\r\nx-late: 1\r\n\r\n';
    socket?.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-late\r\n\r\n${body}`);
  };
  assert.equal((await bench.ask('/', { cookie, method: 'HEAD' })).status, 200);
  const old = `GET / HTTP/1.0\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n\r\n`;
  assert.deepEqual((await exchange(bench.raw(), [old], 2_000)).statuses, [200]);
});

test('an origin that cannot be reached gives way to the next, and with none left the page names the hop', async () => {
  const { cookie } = await bench.signIn(wiki);
  const dead = createServer().listen(0, '127.0.0.1');
  const gone = await new Promise<string>((resolve) => dead.once('listening', () => resolve(urlOf(dead))));
  await new Promise((resolve) => dead.close(resolve));
  const alive = urlOf(origin);
  bench.publish(wiki, [gone, alive]);
  assert.equal((await bench.ask('/', { cookie })).status, 200);
  assert.equal((await bench.ask('/', { cookie, method: 'POST', body: 'kept for the second' })).status, 200);
  bench.publish(wiki, [gone]);
  const { status, body } = await bench.ask('/', { cookie, headers: { accept: 'text/html' } });
  assert.equal(status, 502);
  assert.match(body, /The connector runs, but could not connect to the application/);
  bench.publish(wiki, ['http://nowhere.acme.internal']);
  assert.equal(
    (JSON.parse((await bench.ask('/', { cookie })).body) as { error: string }).error,
    'origin-address-forbidden',
  );
});

test('an ill origin is asked only when no other is there', async () => {
  const { cookie } = await bench.signIn(wiki);
  let probes = 0;
  const ill = createServer((request, response) => {
    if (request.url === '/health') probes++;
    response.statusCode = request.url === '/health' ? 500 : 200;
    response.end('ill');
  });
  origins.push(ill);
  await new Promise<void>((resolve) => ill.listen(0, '127.0.0.1', resolve));
  answer = (_request, response) => response.end('well');
  const list = [urlOf(ill), urlOf(origin)];
  bench.publish(wiki, list, { health: { path: '/health', every: 1 } });
  bench.door.follow();
  let body = '';
  while (body !== 'well') ({ body } = await bench.ask('/', { cookie }));
  assert.ok(probes > 0);
  bench.publish(wiki, list.slice(0, 1), { health: { path: '/health', every: 1 } });
  assert.equal((await bench.ask('/', { cookie })).body, 'ill');
  bench.publish(wiki, [urlOf(origin)]);
  bench.door.follow();
});

test('an origin that does not begin to answer in time is named as that, by the resource’s own time', async () => {
  const { cookie } = await bench.signIn(wiki);
  const at = [urlOf(origin)];
  bench.publish(wiki, at, { answerWithin: 1 });
  answer = () => undefined;
  const late = await bench.ask('/report', { cookie });
  assert.deepEqual(
    [late.status, (JSON.parse(late.body) as { error: string }).error],
    [504, 'origin-timeout'],
  );
  bench.publish(wiki, at);
});

test('a kept connection that its origin closes as it is used again costs a safe request nothing, and repeats no other', async () => {
  const { cookie } = await bench.signIn(wiki);
  const asked: string[] = [];
  let closes = 0;
  answer = (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    // Closed without an answer, as one whose time was over.
    if (closes-- > 0) request.socket.destroy();
    else response.end('well');
  };
  assert.equal((await bench.ask('/first', { cookie })).status, 200);
  closes = 1;
  assert.equal((await bench.ask('/again', { cookie })).status, 200);
  assert.deepEqual(asked, ['GET /first', 'GET /again', 'GET /again']);
  closes = 2;
  assert.equal((await bench.ask('/twice', { cookie })).status, 502);
  assert.equal(asked.filter((each) => each === 'GET /twice').length, 2);
  closes = 1;
  asked.length = 0;
  const posted = await bench.ask('/money', { cookie, method: 'POST', body: 'x' });
  assert.equal(posted.status, 502);
  assert.deepEqual(asked, ['POST /money']);
});

test('a health check asks as requests do: with their Host, and below a wildcard too', async () => {
  const asked: string[] = [];
  const watched = createServer((request, response) => {
    asked.push(request.headers.host ?? '');
    response.end();
  });
  origins.push(watched);
  await new Promise<void>((resolve) => watched.listen(0, '127.0.0.1', resolve));
  const at = [urlOf(watched), urlOf(origin)];
  const health = { path: '/health', every: 1 };
  const seen = async (host: string): Promise<void> => {
    bench.door.follow();
    await eventually(`a check with the Host ${host}`, () => asked.includes(host) || undefined);
  };
  bench.publish(wiki, at, { health });
  await seen(`localhost:${portOf(watched)}`);
  bench.publish(wiki, at, { health, host: 'hostname' });
  await seen(wiki);
  bench.publish(wiki, at, { health, host: 'wiki.internal' });
  await seen('wiki.internal');
  bench.publish('*.apps.acme.example', at, { health, host: 'hostname' });
  await seen('health-check.apps.acme.example');
  bench.publish('*.apps.acme.example', at);
  bench.publish(wiki, [urlOf(origin)]);
  bench.door.follow();
});

test('a pass opens its own application without a browser, and nothing of it reaches the origin', async () => {
  const { headers: before } = await bench.ask('/', { headers: { accept: 'application/xml' } });
  assert.equal(before['www-authenticate'], undefined, 'a pass was asked for where there is none');
  const { id, secret: text, raw } = givePass(bench, { name: 'Alice', email: 'alice@acme.example' });
  const basic = (user: string): string => `Basic ${Buffer.from(`${user}:${text}`).toString('base64')}`;
  for (const headers of [
    { 'postern-client-id': id, 'postern-client-secret': text },
    { authorization: basic(id) },
    { authorization: basic('Alice@acme.example') },
  ] as Record<string, string>[]) {
    const { status, body } = await bench.ask('/', { headers });
    assert.equal(status, 200);
    assert.ok(
      !body.includes(text) && !JSON.stringify((JSON.parse(body) as Seen).headers).includes('postern-client'),
    );
    assert.equal((JSON.parse(body) as Seen).headers['authorization'], undefined);
    assert.equal((JSON.parse(body) as Seen).headers['remote-user'], 'alice@acme.example');
  }
  for (const headers of [
    { 'postern-client-id': newId('tok', systemRandom(16)), 'postern-client-secret': text },
    { 'postern-client-id': id, 'postern-client-secret': encodePass({ kind: 'ws', secret: raw }) },
    {
      'postern-client-id': id,
      'postern-client-secret': encodePass({ kind: 'dp', secret: systemRandom(32) }),
    },
    { 'postern-client-id': id },
    { authorization: basic('bob@acme.example') },
  ] as Record<string, string>[]) {
    const { status, headers: answered } = await bench.ask('/', {
      headers: { ...headers, accept: 'text/html' },
    });
    assert.equal(status, 401, JSON.stringify(headers));
    assert.equal(answered['www-authenticate'] !== undefined, 'authorization' in headers);
  }
  // What sends credentials only once it is asked, as git and WebDAV clients do, is asked; a browser's script is not.
  const asked = await bench.ask('/dav/', { method: 'PROPFIND', headers: { accept: 'application/xml' } });
  assert.deepEqual(
    [asked.status, asked.headers['www-authenticate']],
    [401, 'Basic realm="Postern", charset="UTF-8"'],
  );
  const fetched = await bench.ask('/api', {
    headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' },
  });
  assert.deepEqual([fetched.status, fetched.headers['www-authenticate']], [401, undefined]);
  bench.lease.revoke({ epoch: 3, ids: [id], reason: 'pass' });
  assert.equal((await bench.ask('/', { headers: { authorization: basic(id) } })).status, 401);
  bench.passes = {};
  let status = 0;
  for (let count = 0; count < 30 && status !== 429; count++)
    ({ status } = await bench.ask('/', { headers: { authorization: basic(id) } }));
  assert.equal(status, 429);
});

test('path rules: blocked for all, groups, a fresh sign-in, and maintenance', async () => {
  const nowS = Math.floor(Date.now() / 1_000);
  const { cookie } = await bench.signIn(wiki, { auth_time: nowS - 600 });
  const at = [urlOf(origin)];
  bench.publish(wiki, at, {
    rules: [
      { paths: ['/admin/*'], effect: 'require', groups: ['sre'] },
      { paths: ['/money/*'], methods: ['POST'], effect: 'block' },
      { paths: ['/money/*'], effect: 'require', signIn: 300 },
      { paths: ['/mine'], effect: 'require', groups: ['staff'], signIn: 900 },
    ],
  });
  assert.equal((await bench.ask('/admin/x', { cookie })).status, 403);
  assert.equal((await bench.ask('/money/x', { cookie, method: 'POST' })).status, 403);
  assert.equal((await bench.ask('/money/x', { cookie })).status, 401);
  const fresh = await bench.ask('/money/x', { cookie, headers: { accept: 'text/html' } });
  assert.match(fresh.headers.location ?? '', /[?&]fresh=300(&|$)/);
  assert.equal((await bench.ask('/mine', { cookie })).status, 200);
  bench.publish(wiki, at, { maintenance: 'Back at noon.' });
  const closed = await bench.ask('/', { cookie, headers: { accept: 'text/html' } });
  assert.equal(closed.status, 503);
  assert.match(closed.body, /Back at noon\./);
});

test('SEC-A5: one right feeds decision, headers and audit, whoever else a request names', async () => {
  const { cookie } = await bench.signIn(wiki);
  const { id, secret, sub } = givePass(bench, { name: 'Bob', email: 'bob@acme.example' });
  const { body } = await bench.ask('/', {
    cookie,
    headers: {
      'postern-client-id': id,
      'postern-client-secret': secret,
      'proxy-authorization': `Basic ${Buffer.from('carol:x').toString('base64')}`,
    },
  });
  const { headers } = JSON.parse(body) as Seen;
  assert.deepEqual([headers['remote-user'], headers['remote-name']], ['bob@acme.example', 'Bob']);
  assert.equal(headers['proxy-authorization'], undefined);
  const record = bench.records.findLast(({ event }) => event === 'open');
  assert.deepEqual([record?.subject, record?.web], [sub, id]);
  const wrong = await bench.ask('/', {
    cookie,
    headers: { 'postern-client-id': id, 'postern-client-secret': 'x' },
  });
  // 429 once many have been wrong.
  assert.ok(wrong.status === 401 || wrong.status === 429);
});
