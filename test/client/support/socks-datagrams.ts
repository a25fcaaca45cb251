/** An application that sends datagrams through a SOCKS5 proxy: its TCP connection, and its UDP socket. */
import assert from 'node:assert/strict';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A header as RFC 1928 section 7 has it, to a name, and what follows. */
export function datagramTo(name: string, port: number, payload: string | Buffer, fragment = 0): Buffer {
  const header = Buffer.of(0, 0, fragment, 3, name.length, ...Buffer.from(name), port >> 8, port & 255);
  return Buffer.concat([header, Buffer.from(payload)]);
}

/** The same to an IPv4 address. */
export function datagramToAddress(address: string, port: number, payload: string): Buffer {
  const header = Buffer.of(0, 0, 0, 1, ...address.split('.').map(Number), port >> 8, port & 255);
  return Buffer.concat([header, Buffer.from(payload)]);
}

/** A UDP socket of 127.0.0.1 with what it hears; closed with the test. */
export async function udpSocket(
  t: Pick<TestContext, 'after'>,
  address = '127.0.0.1',
): Promise<{ readonly socket: DatagramSocket; readonly heard: Buffer[]; readonly port: number }> {
  const socket = createSocket('udp4');
  const heard: Buffer[] = [];
  socket.on('message', (bytes) => heard.push(bytes));
  socket.on('error', () => undefined);
  socket.bind(0, address);
  await once(socket, 'listening');
  t.after(() => void socket.close());
  return { socket, heard, port: socket.address().port };
}

/** Says UDP ASSOCIATE with where it will send from, and returns the reply. */
export async function associate(
  t: Pick<TestContext, 'after'>,
  proxyPort: number,
  from: readonly number[] = [1, 0, 0, 0, 0, 0, 0],
): Promise<{ readonly control: Socket; readonly reply: Buffer; readonly relayPort: number }> {
  const control = connect({ port: proxyPort, host: '127.0.0.1', allowHalfOpen: true });
  control.on('error', () => undefined);
  t.after(() => control.destroy());
  control.write(Buffer.of(5, 1, 0, 5, 3, 0, ...from));
  let answer = Buffer.alloc(0);
  control.on('data', (bytes: Buffer) => {
    answer = Buffer.concat([answer, bytes]);
  });
  while (answer.length < 12) await once(control, 'data');
  assert.deepEqual(answer.subarray(0, 2), Buffer.of(5, 0));
  return { control, reply: answer.subarray(2), relayPort: answer.readUInt16BE(10) };
}
