/** WebSockets and origins that are not there: which is asked, what is remembered of it, and what is written down. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { exchange, type RawAnswer } from './support/raw-exchange.ts';
import { portOf, wiki, WebBench } from './support/web-bench.ts';

const gone = 'gone.acme.internal';
let bench: WebBench;
let cookie: string;
const origin = createServer((_request, response) => response.end('alive'));
origin.on('upgrade', (_request, socket) => {
  socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
});
const alive = (): string => `http://localhost:${portOf(origin)}`;

before(async () => {
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  bench = await WebBench.start({ [wiki]: [alive()] });
  ({ cookie } = await bench.signIn(wiki));
});
after(async () => {
  await bench.close();
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});
beforeEach(() => {
  bench.records.length = 0;
  bench.resolved.length = 0;
});

function upgrade(): Promise<RawAnswer> {
  const head = [
    'GET /socket HTTP/1.1',
    `Host: ${wiki}:${bench.port}`,
    `Cookie: ${cookie}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  return exchange(bench.raw(), [`${head.join('\r\n')}\r\n\r\n`], 2_000, true);
}

const asked = (): number => bench.resolved.filter((name) => name === gone).length;

test('an origin that cannot be reached gives way to the next, and is asked last for a while by upgrades and requests alike', async () => {
  bench.publish(wiki, [`http://${gone}:80`, alive()]);
  assert.deepEqual((await upgrade()).statuses, [101]);
  assert.equal(asked(), 1);
  assert.deepEqual((await upgrade()).statuses, [101]);
  assert.equal((await bench.ask('/', { cookie })).status, 200);
  assert.equal(asked(), 1, 'nobody asked it again');
  assert.deepEqual(
    bench.records.filter(({ event }) => event === 'refused'),
    [],
    'whoever was answered was not refused',
  );
});

test('what a request found out about an origin counts for the next WebSocket', async () => {
  bench.publish(wiki, [`http://${gone}:81`, alive()]);
  assert.equal((await bench.ask('/', { cookie })).status, 200);
  assert.equal(asked(), 1);
  assert.deepEqual((await upgrade()).statuses, [101]);
  assert.equal(asked(), 1);
});

test('with no origin left the upgrade is refused by the hop that failed, and that is written down', async () => {
  bench.publish(wiki, [`http://${gone}:82`]);
  const { statuses, text } = await upgrade();
  assert.deepEqual(statuses, [502]);
  const { error } = JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as { error: string };
  await upgrade();
  const refused = bench.records.filter(({ event }) => event === 'refused');
  assert.deepEqual(
    refused.map(({ code, host }) => [`origin-${code}`, host]),
    [[error, wiki]],
  );
});
