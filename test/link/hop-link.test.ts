import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { Fault } from '../../protocol/errors.ts';
import { HopLink, type HopHandlers } from '../../protocol/link/hop-link.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const server = createServer();
const webSockets = new WebSocketServer({ server });

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => {
  for (const socket of webSockets.clients) socket.terminate();
  webSockets.close();
  server.close();
  server.closeAllConnections();
});

interface Side {
  readonly socket: WebSocket;
  readonly link: HopLink;
  /** Messages that `ws` brought here: all of them where this side dialled, no binary ones where it accepted. */
  messages: number;
  fault: Fault | undefined;
}

async function pair(clock: VirtualClock, handlers: Partial<HopHandlers> = {}): Promise<[Side, Side]> {
  const far = once(webSockets, 'connection');
  const near = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [[accepted]] = (await Promise.all([far, once(near, 'open')])) as [[WebSocket], unknown];
  return [side('dialler', near), side('acceptor', accepted)];

  function side(kind: 'dialler' | 'acceptor', socket: WebSocket): Side {
    const made: { fault: Fault | undefined; messages: number } = { fault: undefined, messages: 0 };
    const link = new HopLink(socket, {
      side: kind,
      clock,
      handlers: {
        stream: (stream) => stream.accept(),
        text: () => undefined,
        closed: (fault) => void (made.fault = fault),
        ...handlers,
      },
    });
    socket.on('message', () => made.messages++);
    return Object.assign(made, { socket, link });
  }
}

test('an idle hop pings every fifteen seconds and not more', async () => {
  const clock = new VirtualClock();
  const [left, right] = await pair(clock);
  await until(() => left.link.rttMs !== undefined && right.link.rttMs !== undefined);
  const before = left.messages;
  for (let second = 0; second < 60; second++) {
    clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  // The other side pings four times a minute, and answers as many.
  const messages = left.messages - before;
  assert.ok(messages >= 6 && messages <= 9, `${messages} messages in a minute`);
  left.link.close(new Fault('cancelled'));
  await until(() => right.fault !== undefined);
  assert.equal(right.fault?.code, 'cancelled');
});

test('REL-2 a hop whose socket lives while it passes nothing ends within ten seconds of something sent', async () => {
  const clock = new VirtualClock();
  const [left, right] = await pair(clock);
  await until(() => left.link.rttMs !== undefined);
  right.socket.pause();
  const stream = left.link.openStream(Buffer.from('{}'));
  await new Promise((resolve) => setTimeout(resolve, 10));
  const sentMs = clock.nowMs();
  while (left.fault === undefined) clock.advance(500);
  assert.equal(left.fault.code, 'timeout');
  assert.ok(clock.nowMs() - sentMs <= 10_000, `${clock.nowMs() - sentMs} ms`);
  assert.ok(stream.destroyed);
  right.socket.terminate();
  left.socket.terminate();
});
