/**
 * What a browser, or somebody who writes requests by hand, tries at the web door (SECURITY.md, by id): every case as a
 * request and, where it applies, again as an upgrade. The origin writes down whatever reaches it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect as connectHttp2, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { after, before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { readCookies } from '../../connector/web/cookies.ts';
import { plainPath, ruleFor } from '../../connector/web/path-rules.ts';
import { staysBeside } from '../../connector/web/service-workers.ts';
import { safeReturn } from '../../connector/web/sign-in.ts';
import { exchange } from '../web-door/support/raw-exchange.ts';
import { inFrontOf, urlOf, webSocket } from '../web-door/support/in-front-of.ts';
import { git, wiki, type WebBench } from '../web-door/support/web-bench.ts';

let bench: WebBench;
let cookie = '';
const heard: { url: string; rawHeaders: string[] }[] = [];
const note = (request: IncomingMessage): void => {
  heard.push({ url: request.url ?? '', rawHeaders: request.rawHeaders });
};
const origin = createServer((request, response) => {
  note(request);
  request.resume();
  request.on('end', () => response.end('from the origin'));
});
origin.on('upgrade', (request, socket) => {
  note(request);
  socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
});

before(async () => {
  bench = await inFrontOf(origin, [wiki, git]);
  ({ cookie } = await bench.signIn(wiki));
});
after(() => bench.close());
beforeEach(() => {
  heard.length = 0;
  bench.publish(wiki, [urlOf(origin)]);
});

const host = (): string => `Host: ${wiki}:${bench.port}\r\n`;
const signedIn = (): string => `${host()}Cookie: ${cookie}\r\n`;

/** A request written by hand, plain and as an upgrade; the statuses of both. */
async function both(line: string, headers: string): Promise<(number | undefined)[]> {
  const answers = [];
  for (const further of ['', webSocket]) {
    const { statuses } = await exchange(bench.raw(), [`${line}\r\n${headers}${further}\r\n`], 2_000, true);
    answers.push(statuses[0]);
  }
  return answers;
}

/** What the origin was told under a header name, in whatever spelling. */
function told(name: string): string[] {
  return heard.flatMap(({ rawHeaders }) =>
    rawHeaders.filter(
      (_, index) =>
        index % 2 === 1 && (rawHeaders[index - 1] ?? '').toLowerCase().replaceAll('_', '-') === name,
    ),
  );
}

test('SEC-A16, the control: who is signed in passes, plain and upgraded', async () => {
  assert.deepEqual(await both('GET / HTTP/1.1', signedIn()), [200, 101]);
  assert.equal(heard.length, 2);
});

test('SEC-A3: no header and no user agent opens anything without a session', async () => {
  for (const header of [
    'User-Agent: kube-probe/1.29',
    'User-Agent: GoogleHC/1.0',
    'User-Agent: ELB-HealthChecker/2.0',
    'X-Forwarded-User: alice',
    'Remote-User: alice',
    'Authorization: Basic YWxpY2U6YWxpY2U=',
    'Authorization: Bearer x',
    'X-Forwarded-For: 127.0.0.1',
    'Cookie: __Host-postern=AAAA',
    'Cookie: __Host-postern=; __Host-postern=',
  ]) {
    assert.deepEqual(await both('GET / HTTP/1.1', `${host()}${header}\r\n`), [401, 401], header);
  }
  assert.equal(heard.length, 0);
});

test('SEC-A1, SEC-A2: neither query, fragment nor any "original" address changes what a path rule decides', async () => {
  bench.publish(wiki, [urlOf(origin)], {
    rules: [
      { paths: ['/public/*'], effect: 'public' },
      { paths: ['/admin/*'], effect: 'block' },
    ],
  });
  for (const path of [
    '/a?x=/public/',
    '/a?/public/',
    '/a%3f/public/',
    '/a;/public/',
    '/public/../a',
    '/public/..%2fa',
    '/public/%2e%2e/a',
    '/PUBLIC/a',
    '/public%2fa',
    '//public/a',
    '/./public/a',
    '/public\\..\\a',
  ]) {
    const [plain, upgraded] = await both(`GET ${path} HTTP/1.1`, host());
    assert.ok(plain === 401 || plain === 400, `${path}: ${plain}`);
    assert.ok(upgraded === 401 || upgraded === 400, `${path} upgraded: ${upgraded}`);
  }
  for (const name of [
    'X-Forwarded-Uri',
    'X-Original-URL',
    'X-Original-Uri',
    'X-Rewrite-URL',
    'X-Forwarded-Prefix',
    'Forwarded',
    'X_Original_URL',
  ]) {
    assert.deepEqual(await both('GET /a HTTP/1.1', `${host()}${name}: /public/a\r\n`), [401, 401], name);
    assert.deepEqual(
      await both('GET /admin/x HTTP/1.1', `${signedIn()}${name}: /public/a\r\n`),
      [403, 403],
      name,
    );
  }
  for (const path of ['/Admin/x', '/%61dmin/x', '/ADMIN'])
    assert.deepEqual(await both(`GET ${path} HTTP/1.1`, signedIn()), [403, 403], path);
  assert.equal(heard.length, 0);
  await both('GET /public/a HTTP/1.1', `${host()}X-Original-URL: /x\r\nX-Forwarded-Prefix: /y\r\n`);
  assert.deepEqual(told('x-original-url'), []);
  assert.deepEqual(told('x-forwarded-prefix'), []);
  assert.equal(heard.length, 2);
});

test('SEC-A7: the origin sees exactly the path that was decided on', async () => {
  for (const path of [
    '/a%20b',
    '/%7Euser',
    '/a//b',
    '//a',
    '/a/../b',
    '/compare/v1...v2',
    '/a:b@c',
    '/%E2%82%AC',
    '/a+b?c=%2F..%2F',
    '/x?y=http://z/',
  ]) {
    heard.length = 0;
    const [status] = await both(`GET ${path} HTTP/1.1`, signedIn());
    assert.equal(status, 200, path);
    assert.deepEqual(
      heard.map(({ url }) => url),
      [path, path],
    );
  }
});

test('SEC-A7: a plain path has one reading, and rules that open are never met by another', () => {
  const rules = [{ paths: ['/public/*'], effect: 'public' as const }];
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('/', '.', '%', '2', 'e', 'f', 'p', 'u', 'b', 'l', 'i', 'c', ';', '\\', '?'),
      }),
      (text) => {
        const path = `/${text}`;
        const rule = ruleFor(rules, 'GET', path);
        if (rule === 'ambiguous' || rule.effect !== 'public') return;
        const plain = plainPath(path) ?? '';
        assert.ok(plain === '/public' || new URL(plain, 'http://x').pathname.startsWith('/public/'));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('SEC-A15: h2c, other upgrades, CONNECT, TRACE-like forms and HTTP/0.9 reach no origin', async () => {
  for (const [line, headers] of [
    [
      'GET / HTTP/1.1',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
    ],
    ['GET / HTTP/1.1', 'Connection: Upgrade\r\nUpgrade: foo\r\n'],
    [
      'GET / HTTP/1.1',
      'Connection: Upgrade\r\nUpgrade: websocket, h2c\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    ],
    ['POST / HTTP/1.1', webSocket],
    ['GET / HTTP/1.1', `${webSocket}Content-Length: 3\r\n`],
    ['GET / HTTP/1.1', webSocket.replace('13', '12')],
    ['CONNECT wiki.acme.internal:22 HTTP/1.1', ''],
    ['GET /', ''],
    ['PRI * HTTP/2.0', ''],
  ] as const) {
    const { statuses, closed } = await exchange(bench.raw(), [`${line}\r\n${signedIn()}${headers}\r\n`], 600);
    assert.ok((statuses[0] ?? 400) >= 400, `${line} ${headers}: ${statuses.join()}`);
    assert.ok(closed, `${line} ${headers}: the connection stays open`);
  }
  assert.equal(heard.length, 0);
});

test('SEC-B6: another authority is 421; two, none, an address or an absolute form are 400', async () => {
  const port = bench.port;
  for (const [line, headers, status] of [
    ['GET / HTTP/1.1', `Host: ${git}:${port}\r\n`, 421],
    ['GET / HTTP/1.1', `Host: access.acme.example\r\n`, 421],
    ['GET / HTTP/1.1', `Host: ${wiki}\r\nHost: ${wiki}\r\n`, 400],
    ['GET / HTTP/1.1', `Host: ${wiki}\r\nhOST: ${git}\r\n`, 400],
    ['GET / HTTP/1.1', '', 400],
    ['GET / HTTP/1.0', '', 400],
    ['GET / HTTP/1.1', 'Host: 127.0.0.1\r\n', 400],
    ['GET / HTTP/1.1', `Host: ${wiki}.\r\n`, 400],
    ['GET / HTTP/1.1', `Host: x@${wiki}\r\n`, 400],
    ['GET / HTTP/1.1', `Host: ${wiki}:99999\r\n`, 400],
    [`GET https://${wiki}/ HTTP/1.1`, `Host: ${wiki}\r\n`, 400],
    [`GET http://${git}/ HTTP/1.1`, `Host: ${wiki}\r\n`, 400],
    ['OPTIONS * HTTP/1.1', `Host: ${wiki}\r\n`, 400],
  ] as const) {
    const [plain, upgraded] = await both(line, `${headers}Cookie: ${cookie}\r\n`);
    assert.equal(plain, status, `${line} ${headers}`);
    assert.ok(upgraded === status || upgraded === 400, `${line} ${headers} upgraded: ${upgraded}`);
  }
  assert.equal(heard.length, 0);
  assert.deepEqual(
    await both('GET / HTTP/1.1', `Host: ${wiki.toUpperCase()}:${port}\r\nCookie: ${cookie}\r\n`),
    [200, 101],
  );
});

test('SEC-B1: what Connection names is taken from the browser, never what the door says', async () => {
  for (const tokens of [
    'close, remote-user',
    'close, Remote-User',
    'CLOSE, POSTERN-ASSERTION, x-forwarded-for, Host, remote-groups',
  ]) {
    heard.length = 0;
    await both('GET / HTTP/1.1', `${signedIn()}Connection: ${tokens}\r\n`);
    await exchange(
      bench.raw(),
      [
        `GET / HTTP/1.1\r\n${signedIn()}connection: close\r\nCONNECTION: remote-user, x-mine\r\nX-Mine: 1\r\n\r\n`,
      ],
      400,
    );
    assert.ok(heard.length >= 2);
    assert.equal(told('remote-user').length, heard.length, tokens);
    assert.equal(told('postern-assertion').length, heard.length, tokens);
    assert.deepEqual(told('x-mine'), []);
  }
});

test('SEC-B2, SEC-B3: names of people are taken out in every spelling, with a session or on a public path', async () => {
  const forged = [
    'Remote-User', 'remote_user', 'REMOTE_USER', 'Remote_Email', 'remote-groups', 'Remote_Name', 'X-Forwarded-User',
    'X_Forwarded_User', 'x-forwarded_email', 'X-Auth-Request-Email', 'X-Remote-User', 'X_WebAuth_User', 'Postern-Assertion',
    'postern_assertion', 'Postern_Anything', 'X-Forwarded-For', 'X_Real_IP', 'Forwarded', 'True-Client-IP', 'Cf-Access-Jwt-Assertion',
    'Remote.User', 'remote!user', 'X.Forwarded.User', 'X~Auth-Request_Email', "Postern'Assertion", 'X_Real.IP',
  ]; // prettier-ignore
  const lines = forged.map((name) => `${name}: mallory\r\n${name}: mallory\r\n`).join('');
  bench.publish(wiki, [urlOf(origin)], {
    rules: [{ paths: ['/public/*'], effect: 'public' }],
  });
  await both('GET / HTTP/1.1', `${signedIn()}${lines}`);
  await both('GET /public/ HTTP/1.1', `${host()}${lines}`);
  assert.equal(heard.length, 4);
  for (const { rawHeaders } of heard) assert.ok(!rawHeaders.includes('mallory'), rawHeaders.join('|'));
  assert.deepEqual(told('remote-user'), ['alice@acme.example', 'alice@acme.example']);
});

test('SEC-B4: forwarded hosts and schemes change neither redirect, cookie nor routing', async () => {
  const { headers } = await bench.ask('/deep?x=1', {
    headers: {
      accept: 'text/html',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example',
    },
  });
  const to = new URL(headers.location ?? '');
  assert.equal(to.origin, 'https://access.acme.example');
  assert.equal(to.searchParams.get('host'), `${wiki}:${bench.port}`);
  assert.equal(to.searchParams.get('rd'), '/deep?x=1');
  assert.match(
    headers['set-cookie']?.[0] ?? '',
    /^__Host-postern-pre-[0-9a-f]{4}=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/,
  );
});

test("SEC-B5: the door's own cookies never reach an origin, other cookies all do", async () => {
  await both(
    'GET / HTTP/1.1',
    `${host()}Cookie: a=1; ${cookie}; __Host-postern-pre-0a1b=x; b=2; =__Host-postern=y; __host-Postern-z=1\r\n`,
  );
  assert.deepEqual(told('cookie'), ['a=1; b=2', 'a=1; b=2']);
});

test('SEC-J3: a WebSocket needs the own or a listed Origin', async () => {
  const ask = async (from: string): Promise<number | undefined> =>
    (await exchange(bench.raw(), [`GET / HTTP/1.1\r\n${signedIn()}Origin: ${from}\r\n${webSocket}\r\n`], 400))
      .statuses[0];
  assert.equal(await ask(`https://${wiki}:${bench.port}`), 101);
  for (const from of [
    `https://${git}:${bench.port}`,
    `http://${wiki}:${bench.port}`,
    'null',
    `https://${wiki}:${bench.port}.evil.example`,
    `https://${wiki}`,
  ])
    assert.equal(await ask(from), 403, from);
  bench.publish(wiki, [urlOf(origin)], { allowOrigins: ['https://app.acme.example'] });
  assert.equal(await ask('https://app.acme.example'), 101);
});

test('SEC-J3: of requests without a session only the preflight of a listed site reaches the origin, as nobody’s', async () => {
  const listed = 'https://app.acme.example';
  const change = { allowOrigins: [listed], rules: [{ paths: ['/shut/*'], effect: 'block' as const }] };
  bench.publish(wiki, [urlOf(origin)], change);
  const preflight = `Origin: ${listed}\r\nAccess-Control-Request-Method: PUT\r\n`;
  const pass = 'Postern-Client-Id: tok_x\r\nPostern-Client-Secret: x\r\n';
  for (const [line, headers, status] of [
    ['OPTIONS /a', `Origin: https://evil.example\r\nAccess-Control-Request-Method: PUT\r\n`, 401],
    ['OPTIONS /a', `Origin: null\r\nAccess-Control-Request-Method: PUT\r\n`, 401],
    ['OPTIONS /a', `${preflight}Origin: ${listed}\r\n`, 401],
    ['OPTIONS /a', `Origin: ${listed}\r\n`, 401],
    ['OPTIONS /a', `Origin: ${listed}\r\nAccess-Control-Request-Method: \r\n`, 401],
    ['OPTIONS /a', `Origin: ${listed}\r\nAccess-Control-Request-Method: a b\r\n`, 401],
    ['OPTIONS /a', 'Access-Control-Request-Method: PUT\r\n', 401],
    ['OPTIONS /a', `${preflight}Content-Length: 1\r\n\r\nx`, 401],
    ['OPTIONS /a', `${preflight}Transfer-Encoding: chunked\r\n\r\n0\r\n`, 401],
    ['OPTIONS /a', `${preflight}Cookie: session=of-the-application\r\n`, 401],
    ['OPTIONS /a', `${preflight}Authorization: Bearer x\r\n`, 401],
    ['OPTIONS /a', `${preflight}${pass}`, 401],
    ['OPTIONS /shut/a', preflight, 403],
    ['OPTIONS /.postern/a', preflight, 404],
    ['PUT /a', `${preflight}Content-Length: 0\r\n`, 401],
    ['GET /a', preflight, 401],
  ] as const) {
    const request = `${line} HTTP/1.1\r\n${host()}${headers}\r\n`;
    const { statuses } = await exchange(bench.raw(), [request], 2_000, true);
    assert.equal(statuses[0], status, `${line} ${headers}`);
  }
  assert.deepEqual(heard, []);
  bench.records.length = 0;
  const request = `OPTIONS /a?b=c HTTP/1.1\r\n${host()}${preflight}Remote-User: alice\r\n\r\n`;
  assert.deepEqual((await exchange(bench.raw(), [request], 2_000, true)).statuses, [200]);
  const h2 = connectHttp2(`https://${wiki}:${bench.port}`, { createConnection: () => bench.raw(wiki, 'h2') });
  const asked = { ':method': 'OPTIONS', origin: listed, 'access-control-request-method': 'PUT' };
  const statusOf = async (stream: ClientHttp2Stream): Promise<unknown> => {
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    stream.resume();
    return headers[':status'];
  };
  assert.equal(await statusOf(h2.request({ ...asked, ':path': '/h2' }, { endStream: true })), 200);
  assert.equal(await statusOf(h2.request({ ...asked, ':path': '/body' })), 401);
  h2.destroy();
  assert.deepEqual(
    heard.map(({ url }) => url),
    ['/a?b=c', '/h2'],
  );
  for (const name of ['remote-user', 'postern-assertion', 'cookie']) assert.deepEqual(told(name), [], name);
  const [{ event, method, path, address, subject, ...rest } = {}] = bench.records;
  assert.deepEqual(
    [event, method, path, address, subject],
    ['open', 'OPTIONS', '/a', '127.0.0.1', undefined],
  );
  assert.ok(!JSON.stringify(rest).includes('b=c'));
});

test('SEC-G8: a return target is a path of this host, or the start page', () => {
  for (const bad of [
    '//evil.example',
    '/\\evil.example',
    '\\\\evil',
    'https://evil.example',
    '/\t/evil.example',
    '/a\r\nSet-Cookie: x',
    'javascript:alert(1)',
    '',
    '/%0a/'.replace('%0a', '\n'),
    `/${'a'.repeat(2_048)}`,
    '/.postern/callback?code=x',
    '/a\\b',
  ])
    assert.equal(safeReturn(bad), '/', bad);
  for (const good of ['/', '/a', '/a/b?c=//d', '/a#b', '/?x=https://y']) assert.equal(safeReturn(good), good);
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(
        new URL(safeReturn(text), 'https://wiki.acme.example').origin,
        'https://wiki.acme.example',
      );
    }),
  );
});

test('SEC-J1: nothing of a request is echoed by the pages of the door', async () => {
  const marker = 'mark<script>er';
  for (const path of [
    `/.postern/callback?code=${encodeURIComponent(marker)}&n=0000&again=1`,
    `/.postern/${encodeURIComponent(marker)}`,
  ]) {
    const { body, headers } = await bench.ask(path, { headers: { accept: 'text/html' } });
    assert.ok(!body.includes('mark'), body);
    assert.match(String(headers['content-security-policy']), /default-src 'none'/);
  }
});

test('SEC-J6: nothing below /.postern in any spelling reaches an origin', async () => {
  for (const path of [
    '/.postern',
    '/.postern/',
    '/.postern/sw.js',
    '/.POSTERN/x',
    '/%2epostern/x',
    '/.postern%2fx',
    '/%252epostern/x',
    '/./.postern/x',
    '//.postern/x',
    '/.postern;x',
    '/a/../.postern/x',
    '/a/%2e%2e/.postern/x',
    '//..//.postern/x',
  ])
    await both(`GET ${path} HTTP/1.1`, signedIn());
  assert.deepEqual(
    heard.map(({ url }) => url),
    [],
  );
});

test('SEC-J6: a service worker gets no scope that covers the pages of the door, unless the application may have one', async () => {
  const script = { 'service-worker': 'script' };
  for (const path of ['/sw.js', '/sw.js?v=1', '/.sw', '/'])
    for (const [headers, who] of [
      [script, cookie],
      [script, undefined],
      [{ 'service-worker': 'SCRIPT' }, cookie],
    ] as const) {
      const { status, body } = await bench.ask(path, {
        headers,
        ...(who === undefined ? {} : { cookie: who }),
      });
      assert.deepEqual(
        [status, (JSON.parse(body) as { error: string }).error],
        [403, 'service-worker-not-allowed'],
      );
    }
  assert.equal(heard.length, 0);
  assert.equal((await bench.ask('/static/sw.js', { headers: script, cookie })).status, 200);
  assert.equal((await bench.ask('/sw.js', { cookie })).status, 200, 'as no worker');
  assert.equal(heard.length, 2);
  for (const [allowed, isKept] of [
    ['/static/', true],
    ['/a/../static/', true],
    ['/', false],
    ['/.', false],
    ['/.post', false],
    ['/.postern', false],
    ['/.postern/logout', false],
    ['/.POSTERN/', false],
    ['/static/..', false],
    ['../', false],
    ['./', false],
    ['', false],
    ['https://wiki.acme.example/', false],
    ['//wiki.acme.example/', false],
  ] as const)
    assert.equal(staysBeside(allowed), isKept, allowed);
});

test('a session cookie counts only alone, whole and at its own host', async () => {
  const value = cookie.slice(cookie.indexOf('=') + 1);
  assert.equal(readCookies(`${cookie}; ${cookie}`).session, undefined);
  assert.equal(readCookies(`__Host-postern=${value}A`).session, undefined);
  assert.equal((await bench.ask('/', { host: git, cookie })).status, 401);
  assert.equal(heard.length, 0);
});

test('SEC-C4: an odd content type does not get past anything', async () => {
  for (const type of [
    'application/json\ta',
    'application/json;',
    'text',
    '/',
    'application/json; charset=x;;',
  ]) {
    heard.length = 0;
    const { statuses, text, closed } = await exchange(
      bench.raw(),
      [`POST / HTTP/1.1\r\n${signedIn()}Content-Type: ${type}\r\nContent-Length: 2\r\n\r\n{}`],
      400,
    );
    assert.ok(statuses[0] === 415 || statuses[0] === 200, `${type}: ${statuses.join()}`);
    if (statuses[0] === 415) assert.ok(closed && !text.includes('FST_'), text);
    assert.equal(heard.length, statuses[0] === 200 ? 1 : 0);
  }
});

test('SEC-C3: every route of the door is behind the one gate', async () => {
  for (const method of [
    'GET',
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'PROPFIND',
    'MKCOL',
    'LOCK',
    'SEARCH',
    'HEAD',
  ])
    for (const path of ['/', '/a', '/a/b/c', '/favicon.ico', '/*']) {
      const { statuses } = await exchange(
        bench.raw(),
        [`${method} ${path} HTTP/1.1\r\n${host()}Connection: close\r\n\r\n`],
        1_000,
      );
      assert.equal(statuses[0], 401, `${method} ${path}`);
    }
  assert.equal(heard.length, 0);
  const { statuses } = await exchange(
    bench.raw(),
    [`PROPFIND / HTTP/1.1\r\n${signedIn()}Connection: close\r\n\r\n`],
    1_000,
  );
  assert.deepEqual(statuses, [200]);
});
