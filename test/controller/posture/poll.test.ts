import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nextPollMs } from '../../../controller/posture/poll-interval.ts';
import { SourcePoller } from '../../../controller/posture/source-poller.ts';
import { createAuthority } from '../../support/authority.ts';
import { eventually } from '../../support/eventually.ts';
import { settle } from '../../support/settle.ts';
import type { AfterTest } from '../support/controller.ts';
import { postureBench, postureDocument, type PostureBench } from './posture-bench.ts';

/** What a source answers, which the test changes, and what it was asked. */
class Source {
  readonly asked: IncomingMessage[] = [];
  answer: (response: ServerResponse) => void = (response) => response.end('{"verdicts":[]}');
  readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  static async start(
    test: AfterTest,
    tls?: { readonly cert: Buffer; readonly key: Buffer },
  ): Promise<Source> {
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      source.asked.push(request);
      source.answer(response);
    };
    const server: Server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const source = new Source(
      `${tls === undefined ? 'http' : 'https'}://mdm.localhost:${port}/verdicts?all=1`,
    );
    test.after(async () => {
      (server as ReturnType<typeof createServer>).closeAllConnections();
      server.close();
    });
    return source;
  }

  says(verdicts: readonly object[]): void {
    this.answer = (response) => response.end(JSON.stringify({ verdicts }));
  }
}

interface Polled extends PostureBench {
  readonly source: Source;
  /** Resolves when the answer is dealt with and the next question has its time. */
  waits(): Promise<void>;
  /** How the API says that it stands. */
  standing(): Promise<{ fault?: string; heard?: string; verdicts: number }>;
}

async function polled(test: AfterTest, more: object = {}, given?: Source): Promise<Polled> {
  const source = given ?? (await Source.start(test));
  const poll = { url: source.url, token: 'token-of-the-source', every: '1m', ...more };
  const document = postureDocument([{ name: 'asked', poll }], ['asked']);
  const bench = await postureBench(test, document);
  const { clock } = bench.controller.time;
  // What waits for a while after the bench's own report has run out before timers are counted.
  await bench.controller.time.pass(30_000);
  await settle(20);
  const timers = clock.pending;
  const poller = new SourcePoller(bench.controller.context);
  test.after(async () => poller.stop());
  poller.start([bench.controller.context.firstOrganisation]);
  await eventually('the first question', () => (source.asked.length > 0 ? true : undefined));
  return {
    ...bench,
    source,
    async waits() {
      await eventually('the wait for the next question', () => (clock.pending > timers ? true : undefined));
    },
    async standing() {
      const answer = await bench.controller.call('GET', '/api/v1/posture/sources');
      const list = answer.json<{ name: string; verdicts: number }[]>();
      return list.find(({ name }) => name === 'asked') ?? assert.fail();
    },
  };
}

async function faultOf(bench: Polled): Promise<string> {
  return eventually('a fault', async () => (await bench.standing()).fault);
}

test('a source that is asked opens and closes what asks for its verdict, with its token and at its interval', async (t) => {
  const bench = await polled(t);
  const { source, controller, device } = bench;
  assert.equal(source.asked[0]?.headers.authorization, 'Bearer token-of-the-source');
  assert.equal(source.asked[0]?.url, '/verdicts?all=1');
  await bench.waits();
  source.says([{ device: device.id, compliant: true }]);
  await controller.time.pass(59_000);
  assert.equal(source.asked.length, 1);
  await controller.time.pass(1_000);
  await bench.until('wiki', 'granted');
  assert.equal(source.asked.length, 2);
  source.says([{ device: device.id, compliant: false }]);
  await bench.waits();
  await controller.time.pass(60_000);
  await bench.until('wiki', 'refused');
});

test('asking goes on after a failure of our own, such as of the store', async (t) => {
  const { controller, source } = await polled(t);
  let failures = 0;
  const turn = async (): Promise<boolean> => {
    failures += 1;
    if (failures <= 2) throw new Error('the store does not answer');
    return true;
  };
  const live = { turn } as unknown as typeof controller.context.live;
  const poller = new SourcePoller({ ...controller.context, live });
  t.after(() => poller.stop());
  poller.start([controller.context.firstOrganisation]);
  await eventually('the first failure', () => failures > 0 || undefined);
  await settle(5);
  const before = source.asked.length;
  // Two minutes after the first failure, four after the second; the bench's own poller asks as well.
  await controller.time.pass(2 * 60_000);
  assert.equal(failures, 2);
  await controller.time.pass(4 * 60_000);
  assert.ok(failures > 2 && source.asked.length > before);
});

test('an answer that cannot be taken says why, keeps what was known, and is not believed in part', async (t) => {
  const cases: [answer: (response: ServerResponse) => void, says: RegExp][] = [
    [(response) => response.writeHead(500).end(), /status 500/],
    [(response) => response.end('{"verdicts": [{'), /no list of verdicts/],
    [
      (response) => response.end('{"verdicts":[{"serial":"A","compliant":"true"}]}'),
      /no list of verdicts: .*verdicts/,
    ],
    [(response) => response.end('{"verdicts":[{"compliant":true}]}'), /exactly one of serial and device/],
    [(response) => response.end(`{"verdicts":[${' '.repeat(1_048_577)}]}`), /more than 1048576 bytes/],
    [(response) => response.destroy(), /cannot be reached|cannot be read/],
  ];
  for (const [answer, says] of cases) {
    const source = await Source.start(t);
    source.answer = answer;
    const bench = await polled(t, {}, source);
    assert.match(await faultOf(bench), says);
    assert.equal((await bench.standing()).verdicts, 0);
    assert.equal((await faultOf(bench)).includes('token-of-the-source'), false);
  }
});

test('a redirect is not followed, and the token reaches nobody else', async (t) => {
  const elsewhere = await Source.start(t);
  const source = await Source.start(t);
  source.answer = (response) => response.writeHead(302, { location: elsewhere.url }).end();
  const bench = await polled(t, {}, source);
  assert.match(await faultOf(bench), /redirects elsewhere/);
  assert.equal(elsewhere.asked.length, 0);
});

test("a source's own authority is the only one that is trusted, and without it nobody is asked for a verdict", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-source-'));
  t.after(() => rm(folder, { recursive: true }));
  const authority = createAuthority(folder);
  const { certFile, keyFile } = authority.issue(['mdm.localhost']);
  const tls = { cert: await readFile(certFile), key: await readFile(keyFile) };
  const trusted = await Source.start(t, tls);
  const bench = await polled(t, { ca: await readFile(authority.caFile, 'utf8') }, trusted);
  await eventually('an answer', async () => (await bench.standing()).heard);

  const untrusted = await Source.start(t, tls);
  const document = postureDocument([{ name: 'asked', poll: { url: untrusted.url } }], ['asked']);
  const other = await postureBench(t, document);
  const poller = new SourcePoller(other.controller.context);
  t.after(() => poller.stop());
  poller.start([other.controller.context.firstOrganisation]);
  const list = async () =>
    (await other.controller.call('GET', '/api/v1/posture/sources')).json<
      { name: string; fault?: string }[]
    >();
  const fault = await eventually(
    'a fault',
    async () => (await list()).find(({ name }) => name === 'asked')?.fault,
  );
  assert.match(fault, /cannot be reached/);
  assert.equal(untrusted.asked.length, 0);
});

test('a source that fails is asked ever more rarely, and as usual once it answers', async (t) => {
  const source = await Source.start(t);
  source.answer = (response) => response.writeHead(503).end();
  const bench = await polled(t, {}, source);
  const { time } = bench.controller;
  const asked = async (times: number): Promise<void> => {
    await eventually(`question ${times}`, () => (source.asked.length >= times ? true : undefined));
    await bench.waits();
    assert.equal(source.asked.length, times);
  };
  await asked(1);
  await time.pass(119_000);
  await asked(1);
  await time.pass(1_000);
  await asked(2);
  source.says([]);
  await time.pass(240_000);
  await asked(3);
  await time.pass(60_000);
  await asked(4);
});

test('the wait grows to a quarter of an hour, or is the interval where that is longer', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 50].map((failures) => nextPollMs('1m', failures) / 60_000),
    [1, 2, 4, 8, 15, 15, 15],
  );
  assert.deepEqual(
    [0, 1, 9].map((failures) => nextPollMs('1h', failures) / 60_000),
    [60, 60, 60],
  );
  assert.equal(nextPollMs(undefined, 0), 60_000);
});

test('a document without the source ends the questions, one with it begins them', async (t) => {
  const bench = await polled(t);
  const { source, controller } = bench;
  await bench.waits();
  await controller.call('PUT', '/api/v1/document', postureDocument());
  await settle(20);
  await controller.time.pass(180_000);
  assert.equal(source.asked.length, 1);
  const poll = { url: source.url, every: '10s' };
  await controller.call('PUT', '/api/v1/document', postureDocument([{ name: 'asked', poll }]));
  await eventually('another question', () => (source.asked.length === 2 ? true : undefined));
  assert.equal(source.asked[1]?.headers.authorization, undefined);
});
