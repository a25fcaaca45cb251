import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { UdpCapture, udpLimits } from '../../client/capture/udp.ts';
import type { OpenDatagrams } from '../../client/flows/open-flow.ts';
import { Fault } from '../../protocol/errors.ts';
import type { PortRange } from '../../protocol/ports.ts';
import { muxPair } from '../support/mux-pair.ts';
import { until } from '../support/until.ts';

/** An address of this machine that nothing else is bound to. */
const address = '127.77.0.9';

const udp = (from: number, to = from): PortRange => ({ transport: 'udp', from, to });

/** A capture whose flows lead to an echo over a pair of muxes. */
function echoing(t: TestContext, before: () => Promise<void> = async () => undefined) {
  const pair = muxPair({
    handlers: {
      stream(stream) {
        stream.accept();
        stream.onDatagram((bytes) => stream.sendDatagram(bytes));
      },
    },
  });
  const opened: object[] = [];
  const open: OpenDatagrams = async (target) => {
    opened.push(target);
    await before();
    const stream = pair.dialler.mux.openStream(Buffer.from('{}'));
    await stream.accepted();
    return stream;
  };
  const capture = new UdpCapture(open);
  t.after(() => capture.close());
  return { capture, opened, pair };
}

async function application(t: TestContext): Promise<{ socket: Socket; heard: string[] }> {
  const socket = createSocket('udp4');
  const heard: string[] = [];
  socket.on('message', (bytes, from) => heard.push(`${from.address}:${from.port} ${String(bytes)}`));
  socket.on('error', () => undefined);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => void socket.close());
  return { socket, heard };
}

test('each application has a flow of its own, and the answer comes from the address it asked', async (t) => {
  const { capture, opened } = echoing(t);
  capture.bind(address, [udp(7_001)]);
  const [one, other] = [await application(t), await application(t)];
  one.socket.send('one', 7_001, address);
  other.socket.send('other', 7_001, address);
  one.socket.send('one more', 7_001, address);
  await until(() => one.heard.length === 2 && other.heard.length === 1);
  assert.deepEqual(one.heard, [`${address}:7001 one`, `${address}:7001 one more`]);
  assert.deepEqual(other.heard, [`${address}:7001 other`]);
  assert.deepEqual(opened, [
    { host: address, port: 7_001 },
    { host: address, port: 7_001 },
  ]);
});

test('what is no longer declared is given up with its flows, and a refused flow leaves nothing', async (t) => {
  const { capture, pair } = echoing(t);
  capture.bind(address, [udp(7_011, 7_013)]);
  assert.equal(capture.counts.sockets, 3);
  const { socket, heard } = await application(t);
  socket.send('x', 7_012, address);
  await until(() => heard.length === 1);
  capture.bind(address, [udp(7_011)]);
  assert.deepEqual(capture.counts, { sockets: 1, flows: 0 });
  await until(() => pair.acceptor.mux.streams === 0);

  const refusing = new UdpCapture(() => Promise.reject(new Fault('denied')));
  t.after(() => refusing.close());
  refusing.bind(address, [udp(7_014)]);
  socket.send('y', 7_014, address);
  socket.send('z', 7_014, address);
  await until(() => refusing.counts.flows === 0);
});

test('sockets of one name and flows of all are bounded, and the flow silent longest makes room', async (t) => {
  const { capture, pair } = echoing(t);
  capture.bind(address, [udp(20_000, 29_999)]);
  assert.equal(capture.counts.sockets, udpLimits.portsOfName);
  const { socket, heard } = await application(t);
  socket.send('first', 20_000, address);
  await until(() => heard.length === 1);
  // Each application's port makes a flow; a few sockets with many ports are as good.
  const others = await Promise.all([application(t), application(t), application(t)]);
  for (let port = 20_000; port < 20_000 + udpLimits.portsOfName; port += 1) {
    for (const other of others) other.socket.send('x', port, address);
    if (port % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(capture.counts.flows <= udpLimits.flows + 1);
  }
  await until(() => others.every(({ heard: answers }) => answers.length > 0));
  await until(() => pair.acceptor.mux.streams <= udpLimits.flows);
  socket.send('again', 20_000, address);
  await until(() => heard.length === 2);
});

test('before there is an answer only the newest datagrams wait', async (t) => {
  const answered = Promise.withResolvers<void>();
  const { capture } = echoing(t, () => answered.promise);
  capture.bind(address, [udp(7_021)]);
  const { socket, heard } = await application(t);
  for (let index = 0; index < 100; index += 1) {
    socket.send(String(index), 7_021, address);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => capture.counts.flows === 1);
  answered.resolve();
  await until(() => heard.at(-1)?.endsWith(' 99') === true);
  assert.deepEqual(
    heard.map((line) => Number(line.split(' ')[1])),
    Array.from({ length: 64 }, (_, index) => 36 + index),
  );
});
