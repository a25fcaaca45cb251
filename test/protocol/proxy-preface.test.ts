import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { longestPreface, readProxyPreface, type PrefaceVerdict } from '../../protocol/proxy-preface.ts';
import { binaryPreface, textPreface } from '../support/proxy-prefaces.ts';

const ends = {
  source: { address: '203.0.113.7', port: 51_234 },
  destination: { address: '198.51.100.1', port: 8_443 },
};
const wide = {
  source: { address: '2001:db8::7', port: 1 },
  destination: { address: '2001:db8:1:2:3:4:5:6', port: 65_535 },
};
const signature = '0d0a0d0a000d0a515549540a';
const v2 = (rest: string): Buffer => Buffer.from(signature + rest.replaceAll(' ', ''), 'hex');

const table: readonly (readonly [name: string, bytes: Buffer, verdict: PrefaceVerdict])[] = [
  ['text, IPv4', textPreface(ends), { state: 'whole', length: 48, ends }],
  ['text, IPv6', textPreface(wide), { state: 'whole', length: textPreface(wide).length, ends: wide }],
  ['text, unknown', Buffer.from('PROXY UNKNOWN\r\n'), { state: 'whole', length: 15 }],
  ['text, unknown with more', Buffer.from('PROXY UNKNOWN ffff:: :: 1 2\r\n'), { state: 'whole', length: 29 }],
  ['text without its end', Buffer.from('PROXY TCP4 203.0.113.7'), { state: 'partial' }],
  ['text that never ends', Buffer.from(`PROXY TCP4 ${'1'.repeat(96)}`), { state: 'invalid' }],
  ['text that ends late', Buffer.from(`PROXY UNKNOWN ${'1'.repeat(92)}\r\n`), { state: 'invalid' }],
  ['text, addresses of another family', Buffer.from('PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n'), invalid()],
  ['text, a name', Buffer.from('PROXY TCP4 localhost 192.0.2.2 1 2\r\n'), invalid()],
  ['text, a scoped address', Buffer.from('PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n'), invalid()],
  ['text, a port too large', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n'), invalid()],
  ['text, a port with a zero', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n'), invalid()],
  ['text, a port missing', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n'), invalid()],
  ['text, a word more', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n'), invalid()],
  ['text, two spaces', Buffer.from('PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n'), invalid()],
  ['text, another family', Buffer.from('PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n'), invalid()],
  ['binary, IPv4', binaryPreface(ends), { state: 'whole', length: 28, ends }],
  ['binary, IPv6', binaryPreface(wide), { state: 'whole', length: 52, ends: wide }],
  [
    'binary, with TLVs, and what follows',
    Buffer.concat([binaryPreface(ends, Buffer.from('0400020000', 'hex')), Buffer.from('GET /')]),
    { state: 'whole', length: 33, ends },
  ],
  ['binary, the balancer itself', v2('20 00 0000'), { state: 'whole', length: 16 }],
  [
    'binary, the balancer itself, with addresses',
    v2('20 11 000c 01020304 05060708 0001 0002'),
    { state: 'whole', length: 28 },
  ],
  ['binary, no family', v2('21 00 0003 040000'), { state: 'whole', length: 19 }],
  ['binary, a socket of files', v2(`21 31 00d8 ${'00'.repeat(216)}`), { state: 'whole', length: 232 }],
  ['binary, datagrams', v2('21 12 000c 01020304 05060708 0001 0002'), invalid()],
  ['binary, too short for its family', v2('21 11 000b 01020304 05060708 0001 00'), invalid()],
  ['binary, another version', v2('11 11 000c 01020304 05060708 0001 0002'), invalid()],
  ['binary, another command', v2('22 11 000c 01020304 05060708 0001 0002'), invalid()],
  ['binary, longer than is read', v2('21 11 1001'), invalid()],
  ['binary, not whole', v2('21 11 000c 01020304'), { state: 'partial' }],
  ['nothing', Buffer.alloc(0), { state: 'partial' }],
  ['TLS', Buffer.from('160301', 'hex'), { state: 'none' }],
  ['HTTP', Buffer.from('POST / HTTP/1.1\r\n'), { state: 'none' }],
  ['a P', Buffer.from('P'), { state: 'partial' }],
  ['another word', Buffer.from('PROXYLESS'), { state: 'none' }],
];

function invalid(): PrefaceVerdict {
  return { state: 'invalid' };
}

for (const [name, bytes, verdict] of table)
  test(`a preface: ${name}`, () => assert.deepEqual(readProxyPreface(bytes), verdict));

const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6().filter((text) => !text.includes('.')),
);
const port = fc.integer({ min: 0, max: 65_535 });

test('SEC-D2 what any balancer writes is read as it was meant, and every part of it waits for the rest', () => {
  fc.assert(
    fc.property(
      fc.tuple(address, address).filter(([one, other]) => one.includes(':') === other.includes(':')),
      fc.tuple(port, port),
      fc.uint8Array({ maxLength: 300 }),
      fc.boolean(),
      ([source, destination], [sourcePort, destinationPort], tlvs, isText) => {
        const given = {
          source: { address: source, port: sourcePort },
          destination: { address: destination, port: destinationPort },
        };
        const bytes = isText ? textPreface(given) : binaryPreface(given, Buffer.from(tlvs));
        const verdict = readProxyPreface(Buffer.concat([bytes, Buffer.from('and more')]));
        assert.ok(verdict.state === 'whole' && verdict.length === bytes.length && verdict.ends !== undefined);
        // Addresses have many spellings; the shortest is what comes out, of whichever version.
        const again = textPreface(verdict.ends);
        assert.deepEqual(readProxyPreface(again), { ...verdict, length: again.length });
        assert.deepEqual(
          [verdict.ends.source.port, verdict.ends.destination.port],
          [sourcePort, destinationPort],
        );
        if (!source.includes(':')) assert.equal(verdict.ends.source.address, source);
        for (let length = 0; length < bytes.length; length += 1)
          assert.equal(readProxyPreface(bytes.subarray(0, length)).state, 'partial');
      },
    ),
  );
});

test('SEC-D2 no bytes make it throw, and none wait for longer than the longest preface', () => {
  const begun = fc.constantFrom(
    '',
    'PROXY ',
    'PROXY TCP4 ',
    Buffer.from(signature, 'hex').toString('latin1'),
  );
  fc.assert(
    fc.property(begun, fc.uint8Array({ maxLength: 200 }), (start, rest) => {
      const bytes = Buffer.concat([Buffer.from(start, 'latin1'), Buffer.from(rest)]);
      const verdict = readProxyPreface(bytes);
      if (verdict.state === 'whole') assert.ok(verdict.length <= bytes.length);
      const whole = Buffer.concat([bytes, Buffer.alloc(longestPreface)]);
      assert.notEqual(readProxyPreface(whole).state, 'partial');
    }),
    { numRuns: 2_000 },
  );
});
