/** What the audit log hears of the web door: refusals by their cause, strangers on public paths, and never more than it can take. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { RepeatedRecords, type Entry } from '../../connector/web/repeated-records.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { exchange } from './support/raw-exchange.ts';
import { inFrontOf, urlOf, webSocket } from './support/in-front-of.ts';
import { wiki, type WebBench } from './support/web-bench.ts';

describe('AUD-7 at the web door', () => {
  let bench: WebBench;
  const origin = createServer((_request, response) => response.end('from the origin'));
  before(async () => {
    bench = await inFrontOf(origin);
  });
  after(() => bench.close());
  beforeEach(() => {
    bench.publish(wiki, [urlOf(origin)]);
    bench.records.length = 0;
  });

  const refusals = (): Readonly<Record<string, string | undefined>>[] =>
    bench.records
      .filter(({ event }) => event === 'refused')
      .map(({ code, cause, rule, method, path, address, subject }) => ({
        ...{ code, cause, rule, method, path, address, subject },
      }));

  test('a page of another site that opens a WebSocket is recorded', async () => {
    const head = `GET /socket HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nOrigin: https://evil.example\r\n${webSocket}\r\n`;
    assert.deepEqual((await exchange(bench.raw(), [head], 2_000, true)).statuses, [403]);
    const [of] = refusals();
    assert.deepEqual(
      [of?.['cause'], of?.['path'], of?.['subject']],
      ['foreign-origin', '/socket', undefined],
    );
  });

  test('what a rule refuses is recorded once with its rule, its path and who it was, for requests and upgrades alike', async () => {
    const { cookie, session } = await bench.signIn(wiki);
    bench.publish(wiki, [urlOf(origin)], {
      rules: [
        { paths: ['/closed', '/shut/*'], effect: 'block' },
        { paths: ['/admin/*'], effect: 'require', groups: ['sre'] },
        { paths: ['/money/*'], effect: 'require', signIn: 0 },
      ],
    });
    bench.records.length = 0;
    for (let count = 0; count < 3; count++)
      assert.equal((await bench.ask('/closed?token=secret', { cookie })).status, 403);
    assert.equal((await bench.ask('/admin/x', { cookie, method: 'POST' })).status, 403);
    const upgrade = `GET /shut/socket HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n${webSocket}\r\n`;
    assert.deepEqual((await exchange(bench.raw(), [upgrade], 2_000, true)).statuses, [403]);
    const of = { address: '127.0.0.1', subject: session.sub, code: 'denied' };
    assert.deepEqual(refusals(), [
      { ...of, cause: 'path-blocked', rule: '/closed, /shut/*', method: 'GET', path: '/closed' },
      { ...of, cause: 'group-needed', rule: '/admin/*', method: 'POST', path: '/admin/x' },
    ]);
    assert.ok(!JSON.stringify(bench.records).includes('secret'));
  });

  test('a pass that is wrong, a source that shows too many and a path of two readings are recorded', async () => {
    bench.publish(wiki, [urlOf(origin)], { rules: [{ paths: ['/open'], effect: 'public' }] });
    const { cookie } = await bench.signIn(wiki);
    bench.records.length = 0;
    const headers = { 'postern-client-id': newId('tok', systemRandom(16)), 'postern-client-secret': 'x' };
    let status = 0;
    for (let count = 0; count < 40 && status !== 429; count++)
      ({ status } = await bench.ask('/', { headers }));
    assert.equal(status, 429);
    await bench.ask('/a%2fb', { cookie });
    assert.deepEqual(
      refusals().map(({ code, cause }) => [code, cause]),
      [
        ['denied', 'pass-not-valid'],
        ['limit', 'too-many-wrong-passes'],
        ['protocol', 'path-ambiguous'],
      ],
    );
  });

  test('who is asked to sign in was not refused, and a page that is not there refuses nobody', async () => {
    for (const path of ['/', '/.postern/nothing']) {
      await bench.ask(path, { headers: { accept: 'text/html' } });
      await bench.ask(path, { method: 'POST' });
    }
    assert.deepEqual(bench.records, []);
  });

  test('strangers on a public path are told apart by address, method and path, without what their query says', async () => {
    bench.publish(wiki, [urlOf(origin)], { rules: [{ paths: ['/open/*'], effect: 'public' }] });
    await bench.ask('/open/a?token=secret');
    await bench.ask('/open/a');
    await bench.ask('/open/b');
    await bench.ask('/open/b', { method: 'POST' });
    await bench.ask(`/open/${'x'.repeat(5_000)}`);
    assert.deepEqual(
      bench.records.map(({ event, method, path, address, subject }) => [
        ...[event, method, path?.slice(0, 8), address, subject],
      ]),
      ['GET /open/a', 'GET /open/b', 'POST /open/b', 'GET /open/xx'].map((line) => [
        'open',
        line.split(' ')[0],
        line.split(' ')[1]?.slice(0, 8),
        '127.0.0.1',
        undefined,
      ]),
    );
    assert.equal(bench.records.at(-1)?.path?.length, 256);
    assert.ok(!JSON.stringify(bench.records).includes('secret'));
  });

  test('with its log half full the connector records no stranger, whose requests pass all the same, and still records people', async (t) => {
    bench.publish(wiki, [urlOf(origin)], { rules: [{ paths: ['/open/*'], effect: 'public' }] });
    const { cookie } = await bench.signIn(wiki);
    bench.records.length = 0;
    bench.hasRoom = false;
    t.after(() => (bench.hasRoom = true));
    assert.equal((await bench.ask('/open/late')).status, 200);
    assert.deepEqual(bench.records, []);
    assert.equal((await bench.ask('/', { cookie })).status, 200);
    assert.equal(bench.records.length, 1);
  });
});

describe('records of what comes over and over', () => {
  const entry = (path: string): Entry => ({
    event: 'refused',
    door: 'web',
    resource: 'res_a',
    code: 'denied',
    path,
  });

  function started(): {
    readonly clock: VirtualClock;
    readonly written: [path: string | undefined, count: number | undefined][];
    readonly records: RepeatedRecords;
  } {
    const clock = new VirtualClock();
    const written: [string | undefined, number | undefined][] = [];
    const records = new RepeatedRecords({
      write: ({ path }, count) => written.push([path, count]),
      hasRoom: () => true,
      nowMs: () => clock.nowMs(),
      clock,
    });
    return { clock, written, records };
  }

  test('the first is written at once, those of the minute after it as a count, and the next begins anew', () => {
    const { clock, written, records } = started();
    for (let count = 0; count < 5; count++) records.take('a', entry('/a'), false);
    records.take('b', entry('/b'), false);
    assert.deepEqual(written, [
      ['/a', undefined],
      ['/b', undefined],
    ]);
    clock.advance(59_999);
    records.tidy();
    assert.equal(written.length, 2);
    clock.advance(1);
    records.tidy();
    assert.deepEqual(written.slice(2), [['/a', 4]]);
    records.take('a', entry('/a'), false);
    assert.deepEqual(written.slice(3), [['/a', undefined]]);
    records.take('a', entry('/a'), false);
    records.close();
    assert.deepEqual(written.slice(4), [['/a', 1]]);
  });

  test('a flood of strangers has as many records as are allowed, and one that counts the others without a word of theirs', () => {
    const { clock, written, records } = started();
    for (let count = 0; count < 100_000; count++) records.take(`stranger ${count}`, entry(`/${count}`), true);
    const alone = written.length;
    assert.ok(alone <= 121, `${alone} records`);
    records.take('somebody', entry('/mine'), false);
    assert.deepEqual(written.at(-1), ['/mine', undefined]);
    clock.advance(60_000);
    records.tidy();
    assert.deepEqual(written.slice(alone + 1), [[undefined, 100_000 - alone]]);
  });
});
