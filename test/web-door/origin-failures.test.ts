/** What is said where no origin could be asked: which hop failed and for how long it was tried, to people, programs and upgrades. */
import assert from 'node:assert/strict';
import { createServer as createTcpServer, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { originFailure, OriginSilent } from '../../connector/web/origin-failure.ts';
import { Fault } from '../../protocol/errors.ts';
import { webSocket } from './support/in-front-of.ts';
import { exchange } from './support/raw-exchange.ts';
import { portOf, wiki, WebBench } from './support/web-bench.ts';

let bench: WebBench;
let cookie: string;
let gone: string;
/** Takes what is sent and answers nonsense. */
const odd = createTcpServer((socket) => {
  socket.on('error', () => undefined).once('data', () => socket.end('nonsense\r\n\r\n'));
});

before(async () => {
  await listen(odd);
  const closed = createTcpServer();
  await listen(closed);
  gone = `http://localhost:${portOf(closed)}`;
  await new Promise((resolve) => closed.close(resolve));
  bench = await WebBench.start({ [wiki]: [gone] });
  ({ cookie } = await bench.signIn(wiki));
});
after(async () => {
  await bench.close();
  await new Promise((resolve) => odd.close(resolve));
});

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

test('the page shows the way as far as it went, how long the application was tried, and a link that tries again', async () => {
  for (const [at, status, error] of [
    [gone, 502, 'origin-refused'],
    ['http://gone.acme.internal', 502, 'origin-address-forbidden'],
    ['http://slow.acme.internal', 504, 'origin-connect-timeout'],
    [`http://localhost:${portOf(odd)}`, 502, 'origin-failed'],
  ] as const) {
    bench.publish(wiki, [at]);
    const page = await bench.ask('/report?a=<b>', { cookie, headers: { accept: 'text/html' } });
    assert.equal(page.status, status, error);
    const hops = [...page.body.matchAll(/<li class="(\w+)">([^<]+)<\/li>/g)].map((hop) => hop.slice(1));
    assert.deepEqual(hops, [
      ['well', 'Your browser: works'],
      ['well', 'Postern: works'],
      ['well', 'Connector: works'],
      ['failed', 'Application: failed'],
    ]);
    assert.match(page.body, /<a href="">Try again<\/a>/);
    assert.match(
      String(page.headers['server-timing']),
      new RegExp(`^origin;dur=\\d+\\.\\d;desc="${error}"$`),
    );
    assert.ok(!page.body.includes('report'), 'nothing of the request is echoed');
  }
});

test('a form that was sent is not offered to be sent again, and a program reads which hop it was', async () => {
  bench.publish(wiki, [gone]);
  const form = { cookie, method: 'POST', body: 'a=1', headers: { accept: 'text/html' } };
  const page = await bench.ask('/form', form);
  assert.equal(page.status, 502);
  assert.ok(!page.body.includes('Try again'));
  const told = JSON.parse((await bench.ask('/api', { cookie })).body) as Record<string, unknown>;
  assert.deepEqual([told['error'], told['failed']], ['origin-refused', 'application']);
  const upgrade = `GET /socket HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n${webSocket}\r\n`;
  const { statuses, text } = await exchange(bench.raw(), [upgrade], 2_000, true);
  assert.deepEqual(statuses, [502]);
  assert.match(text, /\r\nserver-timing: origin;dur=\d+\.\d;desc="origin-refused"\r\n/);
  assert.match(text, /"failed":"application"/);
});

test('who could not be connected to in time is told apart from who took the request and kept silent', () => {
  const errorOf = (error: unknown): string => originFailure(error).notice.error;
  assert.equal(errorOf(new Fault('timeout')), 'origin-connect-timeout');
  assert.equal(errorOf(new OriginSilent()), 'origin-timeout');
  assert.equal(
    errorOf(Object.assign(new Error('late'), { code: 'UND_ERR_HEADERS_TIMEOUT' })),
    'origin-timeout',
  );
});
