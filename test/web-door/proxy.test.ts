/** Requests through the web door, from a browser's side and from the origin's: what passes, and what the door adds. */
import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { jwtVerify, type JWK } from 'jose';
import { encodePass } from '../../protocol/secrets.ts';
import { newId } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { givePass } from './support/device-pass.ts';
import { inFrontOf, urlOf } from './support/in-front-of.ts';
import { exchange } from './support/raw-exchange.ts';
import { wiki, type WebBench } from './support/web-bench.ts';

let bench: WebBench;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const origin = createServer((request, response) => answer(request, response));

before(async () => {
  bench = await inFrontOf(origin);
});
after(() => bench.close());
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
