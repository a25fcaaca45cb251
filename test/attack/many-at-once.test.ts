import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../protocol/clock.ts';
import { listenForBrowsers } from '../../relay/web-listener.ts';
import { targets } from './listeners-raw.ts';

/** More than Node has the system take by itself. */
const count = 900;
/** As long as nobody accepts, whoever was not taken will not be. */
const patienceMs = 5_000;

/** Dials from a thread of its own, and says in shared memory how many are connected. */
const dialler = `
  const { connect } = require('node:net');
  const { workerData: { port, count, patienceMs, memory } } = require('node:worker_threads');
  const connected = new Int32Array(memory);
  const end = () => { Atomics.store(connected, 1, 1); Atomics.notify(connected, 1); };
  setTimeout(end, patienceMs);
  const sockets = Array.from({ length: count }, () =>
    connect(port, '127.0.0.1', () => { if (Atomics.add(connected, 0, 1) + 1 === count) end(); }));
  for (const socket of sockets) socket.on('error', () => {});
`;

/** How many of those who dial at once the system takes while this thread does nothing at all. */
async function takenWhileBusy(port: number): Promise<number> {
  const connected = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(dialler, {
    eval: true,
    workerData: { port, count, patienceMs, memory: connected.buffer },
  });
  Atomics.wait(connected, 1, 0);
  const taken = connected[0] ?? 0;
  await worker.terminate();
  return taken;
}

test('REL-5 nodes that come back all at once are taken while a controller or relay is busy', async (t) => {
  for (const { name, port } of await targets(t)) assert.equal(await takenWhileBusy(port), count, name);
});

test('REL-5 so are browsers', async (t) => {
  const listener = await listenForBrowsers({
    address: '127.0.0.1',
    port: 0,
    door: () => undefined,
    clock: systemClock,
  });
  t.after(() => listener.close());
  assert.equal(await takenWhileBusy(listener.port), count);
});
