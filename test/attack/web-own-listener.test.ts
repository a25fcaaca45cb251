/** An origin that leads back to the connector: whatever it listens on itself is dialled by no request, upgrade or health check. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Fault } from '../../protocol/errors.ts';
import { eventually } from '../support/eventually.ts';
import { exchange } from '../web-door/support/raw-exchange.ts';
import { inFrontOf, webSocket } from '../web-door/support/in-front-of.ts';
import { portOf, wiki, type WebBench } from '../web-door/support/web-bench.ts';

let bench: WebBench;
const heard: string[] = [];
/** Stands where the connector listens for sessions. */
const listener = createServer(({ url = '' }, response) => {
  heard.push(url);
  response.end('from the listener');
});

before(async () => {
  bench = await inFrontOf(listener);
});
after(() => bench.close());

test('SEC-F1 no public hostname leads to what its connector listens on itself', async () => {
  const { cookie } = await bench.signIn(wiki);
  assert.equal((await bench.ask('/control', { cookie })).status, 200);
  assert.deepEqual(heard, ['/control']);
  const own = portOf(listener);
  bench.ownListener = own;
  // With settings of its own, so that no connection that is kept is used.
  bench.publish(wiki, [`http://localhost:${own}`], {
    originName: 'other.acme.internal',
    health: { path: '/health', every: 60 },
  });
  const refused = await bench.ask('/', { cookie });
  assert.deepEqual(
    [refused.status, (JSON.parse(refused.body) as { error: string }).error],
    [502, 'origin-address-forbidden'],
  );
  const upgrade = `GET /socket HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n${webSocket}\r\n`;
  const { statuses, text } = await exchange(bench.raw(), [upgrade], 2_000, true);
  assert.deepEqual(statuses, [502]);
  assert.match(text, /origin-address-forbidden/);
  bench.dialled.length = 0;
  bench.door.follow();
  const check = await eventually('a health check', () => bench.dialled.at(0));
  assert.ok(check.error instanceof Fault && check.error.code === 'address-forbidden');
  assert.deepEqual(heard, ['/control']);
});
