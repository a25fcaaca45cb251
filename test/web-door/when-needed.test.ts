/** A connector without public hostnames carries no web door; the first one brings it, with whatever came meanwhile. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { portOf, wiki, WebBench } from './support/web-bench.ts';

const origin = createServer((_request, response) => response.end('from the origin'));
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
const bench = await WebBench.start({});
after(async () => {
  await bench.close();
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});
const keys = join(bench.folder, 'state', 'assertion-keys.json');

test('without a public hostname no door is loaded, browsers are let go, and nothing is promised', async () => {
  bench.door.welcomed();
  bench.door.follow();
  await assert.rejects(bench.ask('/'));
  assert.deepEqual(bench.door.certificates, []);
  assert.equal(bench.door.recheck(), Number.POSITIVE_INFINITY);
  assert.equal(existsSync(keys), false);
  assert.deepEqual(bench.sent, []);
});

test('the first public hostname opens it: who comes meanwhile is answered, and the controller hears of its keys', async () => {
  bench.publish(wiki, [`http://localhost:${portOf(origin)}`]);
  bench.door.follow();
  // At once, while it still opens.
  assert.equal((await bench.ask('/')).status, 401);
  assert.equal(existsSync(keys), true);
  assert.ok(bench.sent.some(({ t }) => t === 'assertion-keys'));
  const { cookie } = await bench.signIn(wiki);
  assert.equal((await bench.ask('/', { cookie })).body, 'from the origin');
});
