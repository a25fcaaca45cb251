/** REL-16 at the web door: while the connector's log takes no records nothing is opened, and what is open goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { after, before, test } from 'node:test';
import type { DeviceFlow } from '../../connector/flows/device-flow.ts';
import type { Right } from '../../connector/flows/right.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import { parseName, type Name } from '../../protocol/names.ts';
import { exchange } from './support/raw-exchange.ts';
import { inFrontOf, urlOf, webSocket } from './support/in-front-of.ts';
import { wiki, type WebBench } from './support/web-bench.ts';

let asked = 0;
const origin = createServer((request, response) => {
  asked += 1;
  request.resume();
  response.end('here');
});
origin.on('upgrade', (_request, socket) => {
  asked += 1;
  socket.on('error', () => undefined);
  socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
  socket.pipe(socket);
});
let bench: WebBench;
before(async () => {
  bench = await inFrontOf(origin);
  const url = urlOf(origin);
  bench.publish(wiki, [url], { rules: [{ paths: ['/open/*'], effect: 'public' }] });
});
after(() => bench.close());

const head = (path: string, more: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\n${more}\r\n`;

/** Sends, and resolves with what has come once that ends as told. */
async function say(socket: TLSSocket, text: string, ends: RegExp): Promise<string> {
  let heard = '';
  const hear = (chunk: Buffer): void => void (heard += chunk.toString('latin1'));
  socket.on('data', hear);
  socket.write(text);
  while (!ends.test(heard)) await once(socket, 'data');
  socket.off('data', hear);
  return heard;
}

test('REL-16 requests and WebSockets are refused while nothing can be recorded, by whoever is signed in and by strangers', async (t) => {
  const { cookie } = await bench.signIn(wiki);
  const open = bench.raw();
  t.after(() => open.destroy());
  assert.match(await say(open, head('/socket', `Cookie: ${cookie}\r\n${webSocket}`), /\r\n\r\n/), / 101 /);
  asked = 0;
  bench.records.length = 0;
  bench.isLogFull = true;

  const page = await bench.ask('/', { cookie, headers: { accept: 'text/html' } });
  assert.equal(page.status, 503);
  assert.equal(page.headers['retry-after'], '15');
  assert.match(page.body, /<h1>Not available right now<\/h1>/);
  for (const answer of [
    await bench.ask('/api', { cookie, headers: { 'sec-fetch-mode': 'cors' } }),
    await bench.ask('/api', { cookie, method: 'POST', body: 'x'.repeat(100_000) }),
    await bench.ask('/open/a'),
  ]) {
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], '15');
    assert.equal((JSON.parse(answer.body) as { error: string }).error, 'log-full');
  }
  const upgrade = head('/socket', `Cookie: ${cookie}\r\n${webSocket}`);
  assert.deepEqual((await exchange(bench.raw(), [upgrade], 2_000, true)).statuses, [503]);
  // Who may not is told that, as at any other time.
  assert.equal((await bench.ask('/', { headers: { 'sec-fetch-mode': 'cors' } })).status, 401);
  assert.equal(asked, 0, 'the origin was not asked');
  assert.deepEqual(
    bench.records.filter(({ event }) => event === 'open'),
    [],
  );
  assert.equal(await say(open, 'still there', /still there/), 'still there');

  bench.isLogFull = false;
  assert.equal((await bench.ask('/', { cookie })).status, 200);
  assert.equal(
    bench.records.filter(({ event }) => event === 'open').length,
    0,
    'recorded within this minute',
  );
  assert.equal((await bench.ask('/open/a')).status, 200);
  assert.equal(bench.records.filter(({ event }) => event === 'open').length, 1);
});

test("REL-16 a device's flow that is recorded goes on with its requests", async (t) => {
  const resource = bench.resourceOf(wiki) as DeviceFlow['resource'];
  const device = newId('dev', systemRandom(16));
  const id = newId('tok', systemRandom(16));
  const sub = newId('usr', systemRandom(16));
  const right = (): Right => ({
    door: 'client',
    device,
    id,
    resource,
    sub,
    ids: [],
    who: { name: 'Alice', email: 'alice@acme.example', groups: [] },
    signedInS: Math.floor(Date.now() / 1_000),
    now: right,
    endsMs: () => Number.POSITIVE_INFINITY,
  });
  const socket = bench.device({ host: parseName(wiki) as Name, resource, device, right });
  t.after(() => socket.destroy());
  assert.match(await say(socket, head('/', ''), /here/), /^HTTP\/1\.1 200 /);
  bench.isLogFull = true;
  t.after(() => (bench.isLogFull = false));
  assert.match(await say(socket, head('/', ''), /here|503/), /^HTTP\/1\.1 200 /);
});
