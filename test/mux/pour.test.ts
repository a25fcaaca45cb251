import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { pour } from '../../protocol/mux/pour.ts';
import { copyToBlock, giveBackBlock, takeWaitingBlock } from '../../protocol/mux/waiting-blocks.ts';
import { muxPair } from '../support/mux-pair.ts';

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());

/** Both ends of a connection to this machine. */
async function connection(): Promise<{ near: Socket; far: Socket }> {
  const accepted = once(server, 'connection');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await accepted) as [Socket];
  return { near, far };
}

test('applications that read at different times get every byte, by memory that all of them use again', async () => {
  const streams = 4;
  const ends: Awaited<ReturnType<typeof connection>>[] = [];
  for (let index = 0; index < streams; index += 1) ends.push(await connection());
  const { dialler, acceptor } = muxPair({
    handlers: { stream: (stream) => pour(stream, (ends[(stream.id - 1) / 2] as (typeof ends)[0]).near) },
  });
  // More than the system keeps for who does not read.
  const sent = Array.from({ length: streams }, () => randomBytes(9_000_000));
  const received = ends.map(({ far }) => whole(far));
  // Every second one does not read until the others are through.
  const late = ends.filter((_, index) => index % 2 === 1).map(({ far }) => far.pause());
  for (const bytes of sent) {
    const stream = dialler.mux.openStream(Buffer.from('x'));
    // Pieces of every size, small ones among them.
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 3) % 70_001)
      stream.write(bytes.subarray(at, at + size));
    stream.end();
  }
  await Promise.all(received.filter((_, index) => index % 2 === 0));
  for (const socket of late) socket.resume();
  for (const [index, bytes] of (await Promise.all(received)).entries())
    assert.ok(bytes.equals(sent[index] as Buffer), `stream ${index}`);
  assert.equal(acceptor.fault, undefined);
});

async function whole(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => parts.push(bytes));
  await once(socket, 'end');
  socket.destroy();
  return Buffer.concat(parts);
}

test('a block that is given back twice is lent to one, and other memory is left alone', () => {
  const block = takeWaitingBlock();
  giveBackBlock(block.subarray(0, 10));
  giveBackBlock(block);
  giveBackBlock(Buffer.alloc(16 * 1_024));
  assert.notEqual(takeWaitingBlock().buffer, takeWaitingBlock().buffer);
  const own = copyToBlock(Buffer.alloc(5_000, 1));
  giveBackBlock(own);
  assert.equal(takeWaitingBlock().buffer, own.buffer);
});
