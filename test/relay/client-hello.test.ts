import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { connect, type ConnectionOptions } from 'node:tls';
import { test } from 'node:test';
import fc from 'fast-check';
import { maxHelloBytes, readClientHello } from '../../relay/client-hello.ts';

/** The first bytes that a TLS client of Node writes. */
function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      resolve(chunk);
      done();
    },
  });
  const client = connect({ socket: wire, ...options });
  client.on('error', () => undefined);
  return promise.finally(() => client.destroy());
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const vector16 = (body: Buffer): Buffer => Buffer.concat([u16(body.length), body]);
const extension = (type: number, body: Buffer): Buffer => Buffer.concat([u16(type), vector16(body)]);
const serverName = (...names: string[]): Buffer =>
  extension(
    0,
    vector16(Buffer.concat(names.flatMap((name) => [Buffer.from([0]), vector16(Buffer.from(name))]))),
  );

/** A hello made by hand, in one record. */
function hello(...extensions: Buffer[]): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    Buffer.from([0]),
    vector16(Buffer.from([0x0a, 0x0a, 0x13, 0x01])),
    Buffer.from([1, 0]),
    vector16(Buffer.concat(extensions)),
  ]);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  header[0] = 1;
  return record(Buffer.concat([header, body]));
}

function record(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([22, 3, 1]), vector16(body)]);
}

/** The same message in records of `size` bytes. */
function fragmented(whole: Buffer, size: number): Buffer {
  const message = whole.subarray(5);
  const count = Math.ceil(message.length / size);
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => record(message.subarray(index * size, (index + 1) * size))),
  );
}

const named = { state: 'named', name: 'wiki.acme.example' };
const grease = extension(0x5a5a, Buffer.from([0]));

for (const [what, options] of [
  ['TLS 1.3 with a post-quantum key share', { minVersion: 'TLSv1.3' }],
  ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
  ['ALPN', { ALPNProtocols: ['h2', 'http/1.1'] }],
] as const) {
  test(`a real hello names its host: ${what}`, async () => {
    const { ALPNProtocols, ...rest } = { ALPNProtocols: [], ...options };
    const bytes = await helloOf({
      servername: 'wiki.acme.example',
      ...rest,
      ALPNProtocols: [...ALPNProtocols],
    });
    assert.deepEqual(readClientHello(bytes), named);
  });
}

test('a hello is read however it is cut into records and packets, and asks for exactly what is missing', async () => {
  const whole = await helloOf({ servername: 'wiki.acme.example' });
  for (const size of [1, 2, 3, 5, 100, 255]) {
    const bytes = fragmented(whole, size);
    let offset = 0;
    for (;;) {
      const verdict = readClientHello(bytes.subarray(0, offset));
      if (verdict.state !== 'partial') {
        assert.deepEqual(verdict, named);
        break;
      }
      assert.ok(verdict.needed > offset, 'it asks for more than it has');
      offset = verdict.needed;
    }
    assert.equal(offset, bytes.length);
  }
});

test('GREASE, unknown extensions and an encrypted inner hello are passed over: the outer name counts', () => {
  const encrypted = extension(0xfe0d, Buffer.alloc(300, 9));
  assert.deepEqual(readClientHello(hello(grease, encrypted, serverName('WIKI.acme.example'), grease)), named);
});

for (const [what, bytes, state] of [
  ['no extension at all', hello(), 'unnamed'],
  ['no name', hello(grease), 'unnamed'],
  ['an address for a name', hello(serverName('127.0.0.1')), 'unnamed'],
  ['an address of another spelling', hello(serverName('0x7f.1')), 'unnamed'],
  ['a last dot', hello(serverName('wiki.acme.example.')), 'unnamed'],
  ['a zero byte in the name', hello(serverName('wiki\0.acme.example')), 'unnamed'],
  ['a name that is not ASCII', hello(serverName('wıki.acme.example')), 'unnamed'],
  ['an empty name', hello(serverName('')), 'unnamed'],
  ['two names', hello(serverName('wiki.acme.example', 'git.acme.example')), 'invalid'],
  ['the extension twice', hello(serverName('a.example'), serverName('b.example')), 'invalid'],
  ['an empty list', hello(extension(0, u16(0))), 'invalid'],
  ['a list longer than its extension', hello(extension(0, Buffer.from([0, 9, 0, 0, 1, 97]))), 'invalid'],
  [
    'a server hello',
    Buffer.concat([hello().subarray(0, 5), Buffer.from([2]), hello().subarray(6)]),
    'invalid',
  ],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n'), 'invalid'],
  ['an empty record', Buffer.from([22, 3, 1, 0, 0]), 'invalid'],
  ['a record over 16 KiB', Buffer.from([22, 3, 1, 0x40, 1]), 'invalid'],
  ['a message over 16 KiB', record(Buffer.from([1, 0xff, 0xff, 0xff])), 'invalid'],
  ['a message over 16 KiB that has just begun', record(Buffer.from([1, 0, 0x40, 0])), 'invalid'],
] as const) {
  test(`a hello with ${what} is ${state}`, () => {
    assert.equal(readClientHello(bytes).state, state);
  });
}

test('SEC-D2: no bytes make it throw, read on without end, or name what no client wrote', () => {
  const real = hello(grease, serverName('wiki.acme.example'));
  const mutated = fc
    .tuple(fc.nat(real.length - 1), fc.nat(255), fc.nat(real.length))
    .map(([at, value, cut]) => {
      const bytes = Buffer.from(real);
      bytes[at] = value;
      return bytes.subarray(0, cut);
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), mutated), (bytes) => {
      const verdict = readClientHello(bytes);
      if (verdict.state === 'partial') {
        assert.ok(verdict.needed > bytes.length && verdict.needed <= maxHelloBytes);
      } else if (verdict.state === 'named') {
        assert.ok(Buffer.from(bytes).toString('latin1').toLowerCase().includes(verdict.name));
      }
    }),
    { numRuns: 3_000 },
  );
});
