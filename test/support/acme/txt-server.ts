/**
 * A name server on loopback for validations: every name has the address 127.0.0.1, and the TXT records that are in a file,
 * one `NAME VALUE` a line, which a hook of the tests writes.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import packet, { type Record } from 'dns-packet';

export interface TxtServer {
  /** `address:port`. */
  readonly address: string;
  close(): void;
}

export async function startTxtServer(file: string): Promise<TxtServer> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { port, address }) => {
    const { id, questions } = packet.decode(message);
    const [{ name, type } = { name: '', type: '' }] = questions;
    const reply = packet.encode({
      type: 'response',
      id,
      flags: 0x580,
      questions,
      answers: answersTo(name.toLowerCase(), type, file),
    });
    socket.send(reply, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

function answersTo(name: string, type: string, file: string): Record[] {
  if (type === 'A') return [{ name, type, ttl: 1, data: '127.0.0.1' }];
  if (type !== 'TXT' || !existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([owner]) => owner === name)
    .map(([, data = '']) => ({ name, type, ttl: 1, data }));
}
