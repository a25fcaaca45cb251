/** Which of a resource's origins is asked: those that are there and well, once where it is safe, and named where none answers. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { inFrontOf, urlOf } from './support/in-front-of.ts';
import { eventually } from '../support/eventually.ts';
import { portOf, wiki, type WebBench } from './support/web-bench.ts';

let bench: WebBench;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const origin = createServer((request, response) => answer(request, response));
/** Further ones, for as long as the tests run. */
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
  answer = (_request, response) => response.end('well');
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
