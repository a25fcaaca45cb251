/** Captured connections: what the application sends before the answer, and what it sees of a refusal. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { boundUnsent } from '../../client/capture/captured-socket.ts';
import { listenForCaptured } from '../../client/capture/captured.ts';
import type { OpenFlow } from '../../client/flows/open-flow.ts';
import { Fault } from '../../protocol/errors.ts';
import { eventually } from '../support/eventually.ts';
import { settle } from '../support/settle.ts';
import { endlessFlow } from './support/flows.ts';

const destination = { address: '100.96.0.7', port: 80 };

async function capture(t: TestContext, openFlow: OpenFlow): Promise<Socket> {
  const listener = await listenForCaptured(openFlow, {
    originalDestination: () => destination,
    boundUnsent,
  });
  t.after(() => listener.close());
  const socket = connect({ host: '127.0.0.1', port: listener.port, allowHalfOpen: true });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** A flow that gives back what is written to it. */
function sink(): PassThrough {
  return new PassThrough({ highWaterMark: 4 << 20 });
}

test('what the application sends goes out before the connector has answered, and once', async (t) => {
  const answer = Promise.withResolvers<void>();
  const stream = sink();
  const socket = await capture(t, async ({ host, port, early }) => {
    assert.deepEqual({ host, port }, { host: destination.address, port: destination.port });
    early?.sendTo(stream);
    await answer.promise;
    return stream;
  });
  socket.write('GET / ');
  await once(stream, 'readable');
  answer.resolve();
  socket.end('HTTP/1.1');
  assert.equal(await text(socket), 'GET / HTTP/1.1');
});

test('a request that has to go to another connector takes along what was sent already', async (t) => {
  const [lost, next] = [sink(), sink()];
  const moved = Promise.withResolvers<void>();
  const socket = await capture(t, async ({ early }) => {
    early?.sendTo(lost);
    await moved.promise;
    early?.sendTo(next);
    return next;
  });
  socket.write('one ');
  await once(lost, 'readable');
  assert.equal(String(lost.read()), 'one ');
  lost.destroy();
  moved.resolve();
  socket.end('two');
  assert.equal(await text(socket), 'one two');
});

test('an application that sends without end is read for one window until there is an answer', async (t) => {
  const stream = sink();
  const socket = await capture(t, ({ early }) => {
    early?.sendTo(stream);
    return new Promise(() => undefined);
  });
  const window = 64 * 1_024;
  socket.write(Buffer.alloc(16 * window));
  await eventually('a window to be read', async () => stream.readableLength >= window || undefined);
  await settle();
  assert.ok(stream.readableLength < 3 * window, `${stream.readableLength} bytes`);
});

test('REL-10 the system holds little for an application that does not read', async (t) => {
  const { flow, held } = endlessFlow(t);
  await capture(t, async () => flow);
  const taken = await held();
  assert.ok(taken < 1_500_000, `${taken} bytes`);
});

test('a refused flow resets the application’s connection', async (t) => {
  const refused = Promise.withResolvers<never>();
  const socket = await capture(t, () => refused.promise);
  refused.reject(new Fault('denied'));
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
});
