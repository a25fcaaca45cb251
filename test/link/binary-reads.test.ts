import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { hopMaxPayload } from '../../protocol/hop.ts';
import { BinaryFrames } from '../../protocol/link/binary-frames.ts';
import { BinaryReads } from '../../protocol/link/binary-reads.ts';

const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());

/** RFC 6455 section 5.2, unmasked. */
function frame(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.of(first, length), payload]);
  if (length < 65_536) return Buffer.concat([Buffer.of(first, 126, length >>> 8, length & 0xff), payload]);
  const header = Buffer.of(first, 127, 0, 0, 0, 0, 0, 0, 0, 0);
  header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

/** Sends `bytes` in pieces to reads that take messages; what they took, and what they left to the socket. */
async function read(bytes: Buffer, piece: number): Promise<{ taken: Buffer[]; left: Buffer }> {
  const accepted = once(server, 'connection');
  const reads = new BinaryReads();
  const { port } = server.address() as AddressInfo;
  const socket = reads.connect({ host: '127.0.0.1', port }, false);
  const [[far]] = (await Promise.all([accepted, once(socket, 'connect')])) as [[typeof socket], unknown];
  const [taken, left]: [Buffer[], Buffer[]] = [[], []];
  reads.begin();
  reads.takeMessages((message) => taken.push(Buffer.from(message)));
  socket.on('data', (passed: Buffer) => left.push(passed));
  for (let at = 0; at < bytes.length; at += piece) far.write(bytes.subarray(at, at + piece));
  far.end();
  await once(socket, 'end');
  socket.destroy();
  return { taken, left: Buffer.concat(left) };
}

const kinds = { binary: 0x82, text: 0x81, ping: 0x89, fragment: 0x02, compressed: 0xc2 } as const;

test('binary messages are taken whole and everything else is left as it came, however it is cut', async () => {
  const message = fc.record({
    kind: fc.constantFrom('binary', 'binary', 'text', 'ping', 'fragment', 'compressed'),
    length: fc.oneof(
      fc.integer({ min: 0, max: 130 }),
      fc.constantFrom(125, 126, 16_384, 65_008, 65_536, 90_000),
    ),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { maxLength: 12 }),
      fc.constantFrom(1_000, 16_384, 100_000),
      async (messages, piece) => {
        const frames = messages.map(({ kind, length }, index) => ({
          kind,
          payload: Buffer.alloc(length, `${index} of them `),
        }));
        const sent = (all: typeof frames): Buffer =>
          Buffer.concat(all.map(({ kind, payload }) => frame(kinds[kind], payload)));
        const { taken, left } = await read(sent(frames), piece);
        const binary = frames.filter(({ kind }) => kind === 'binary');
        assert.deepEqual(
          taken,
          binary.map(({ payload }) => payload),
        );
        assert.ok(left.equals(sent(frames.filter(({ kind }) => kind !== 'binary'))));
      },
    ),
    { numRuns: 40 },
  );
});

test('headers that come byte by byte are read all the same', async () => {
  const message = Buffer.alloc(200, 'x');
  const { taken, left } = await read(Buffer.concat([frame(0x82, message), frame(0x89, Buffer.from('!'))]), 1);
  assert.deepEqual(taken, [message]);
  assert.deepEqual(left, frame(0x89, Buffer.from('!')));
});

test('SEC-D2 a message that is too long or masked is left to who refuses it, and no memory is taken for it', async () => {
  const long = frame(0x82, Buffer.alloc(hopMaxPayload + 1)).subarray(0, 10);
  const masked = Buffer.concat([Buffer.of(0x82, 0x80 | 5, 1, 2, 3, 4), Buffer.from('hello')]);
  for (const bytes of [long, masked]) {
    const { taken, left } = await read(bytes, 100);
    assert.deepEqual([taken, left], [[], bytes]);
  }
});

/** As the side that dials sends it, with the mask as its key and the payload as it is. */
function maskedFrame(first: number, payload: Buffer, mask: number): Buffer {
  const bare = frame(first, payload);
  const headerBytes = bare.length - payload.length;
  const key = Buffer.alloc(4);
  key.writeUInt32BE(mask);
  bare[1] = (bare[1] as number) | 0x80;
  return Buffer.concat([bare.subarray(0, headerBytes), key, payload]);
}

test('of the side that dials, messages under a mask of zero are taken and all others are left, however they are cut', () => {
  const payload = Buffer.alloc(20_000, 'x');
  const ours = [maskedFrame(0x82, payload, 0), maskedFrame(0x82, Buffer.alloc(0), 0)];
  const others = [
    maskedFrame(0x82, Buffer.from('hidden'), 0x01020304),
    frame(0x82, Buffer.from('bare')),
    maskedFrame(0x81, Buffer.from('text'), 0),
    maskedFrame(0x02, Buffer.from('part'), 0),
    maskedFrame(0x88, Buffer.of(3, 232), 0),
  ];
  const [first, ...rest] = others as [Buffer, ...Buffer[]];
  const bytes = Buffer.concat([...ours, first, ours[0] as Buffer, ...rest]);
  for (const piece of [1, 3, 1_000, bytes.length]) {
    const [taken, left]: [Buffer[], Buffer[]] = [[], []];
    const frames = new BinaryFrames('dialler', (passed) => left.push(Buffer.from(passed)) > 0);
    frames.takeMessages((message) => taken.push(Buffer.from(message)));
    for (let at = 0; at < bytes.length; at += piece) frames.feed(Buffer.from(bytes.subarray(at, at + piece)));
    // The close was the last of it.
    frames.feed(maskedFrame(0x82, payload, 0));
    assert.deepEqual(
      taken.map(({ length }) => length),
      [20_000, 0, 20_000],
    );
    assert.ok(taken[0]?.equals(payload));
    assert.deepEqual(Buffer.concat(left), Buffer.concat(others));
  }
});
