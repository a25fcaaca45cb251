/**
 * What the door says by itself goes nowhere but to whoever asked: never into a frame, a cache, a referrer or plain text, whoever
 * asks, for a page or as a program, plain or as an upgrade.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { exchange } from '../web-door/support/raw-exchange.ts';
import { inFrontOf, urlOf, webSocket } from '../web-door/support/in-front-of.ts';
import { wiki, type WebBench } from '../web-door/support/web-bench.ts';

let bench: WebBench;
let cookie: string;
const origin = createServer((_request, response) =>
  response.setHeader('content-security-policy', "default-src 'self'").end('from the origin'),
);

before(async () => {
  bench = await inFrontOf(origin);
  ({ cookie } = await bench.signIn(wiki));
});
after(() => bench.close());
beforeEach(() =>
  bench.publish(wiki, [urlOf(origin)], {
    rules: [
      { paths: ['/shut/*'], effect: 'block' },
      { paths: ['/admin/*'], effect: 'require', groups: ['sre'] },
    ],
  }),
);

const year = 'max-age=31536000';

/** What stands in every answer of the door's own that has a body. */
function isGuarded(headers: IncomingHttpHeaders, what: string, referrer: string = 'no-referrer'): void {
  const policy = String(headers['content-security-policy']).split('; ');
  for (const directive of [
    "default-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ])
    assert.ok(policy.includes(directive), `${what}: ${policy.join('; ')}`);
  assert.ok(!policy.some((directive) => directive.startsWith('script-src')), what);
  for (const [name, value] of [
    ['strict-transport-security', year],
    ['x-frame-options', 'DENY'],
    ['x-content-type-options', 'nosniff'],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cache-control', 'no-store'],
    ['referrer-policy', referrer],
  ] as const)
    assert.equal(headers[name], value, `${what}: ${name}`);
}

/** The headers of the answer to an upgrade, and its status. */
async function upgraded(path: string, who: string | undefined): Promise<[number, IncomingHttpHeaders]> {
  const whose = who === undefined ? '' : `Cookie: ${who}\r\n`;
  const head = `GET ${path} HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\n${whose}Accept: text/html\r\n${webSocket}\r\n`;
  const { text, statuses } = await exchange(bench.raw(), [head], 2_000, true);
  const [lines = ''] = text.split('\r\n\r\n');
  const headers = lines
    .split('\r\n')
    .slice(1)
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]);
  return [statuses[0] ?? 0, Object.fromEntries(headers) as IncomingHttpHeaders];
}

test('SEC-J4 what the door says itself is framed, kept, sniffed and asked for in plain text by nobody: pages, JSON and upgrades', async () => {
  for (const [path, who, status] of [
    ['/shut/x', cookie, 403],
    ['/admin/x', cookie, 403],
    ['/.postern/nothing', cookie, 404],
    ['/.postern/nothing', undefined, 404],
  ] as const) {
    for (const accept of ['text/html', 'application/json']) {
      const answer = await bench.ask(path, {
        headers: { accept },
        ...(who === undefined ? {} : { cookie: who }),
      });
      assert.equal(answer.status, status, path);
      isGuarded(answer.headers, `${path} for ${accept}`);
      assert.ok(!/<script|\son\w+=|javascript:/i.test(answer.body), answer.body);
    }
    const [refused, headers] = await upgraded(path, who);
    assert.equal(refused, status, `${path} upgraded`);
    isGuarded(headers, `${path} upgraded`);
  }
  isGuarded((await bench.ask('/api')).headers, 'without a session');
  isGuarded((await upgraded('/api', undefined))[1], 'an upgrade without a session');
  isGuarded((await bench.ask('/.postern/callback?n=0000&again=1')).headers, 'a cookie that was not kept');
  // Its forms have to say where they are from.
  isGuarded((await bench.ask('/.postern/logout', { cookie })).headers, 'signing out', 'same-origin');
  bench.publish(wiki, ['http://gone.acme.internal']);
  isGuarded((await bench.ask('/', { cookie })).headers, 'no origin');
  isGuarded((await upgraded('/', cookie))[1], 'no origin for an upgrade');
  bench.publish(wiki, [urlOf(origin)], { maintenance: 'Back at noon.' });
  isGuarded((await bench.ask('/', { cookie })).headers, 'maintenance');
  isGuarded((await upgraded('/', cookie))[1], 'maintenance, upgraded');
});

test('SEC-J4 the way to the sign-in tells nobody where it began, and what an application says of itself stays as it is', async () => {
  const { status, headers } = await bench.ask('/deep', { headers: { accept: 'text/html' } });
  assert.equal(status, 303);
  assert.deepEqual(
    [headers['strict-transport-security'], headers['cache-control'], headers['referrer-policy']],
    [year, 'no-store', 'no-referrer'],
  );
  const keys = await bench.ask('/.postern/jwks.json');
  assert.deepEqual(
    [keys.status, keys.headers['x-content-type-options'], keys.headers['strict-transport-security']],
    [200, 'nosniff', year],
  );
  const passed = await bench.ask('/', { cookie });
  assert.equal(passed.headers['content-security-policy'], "default-src 'self'");
  for (const name of ['x-frame-options', 'strict-transport-security', 'cross-origin-opener-policy'])
    assert.equal(passed.headers[name], undefined, name);
});
