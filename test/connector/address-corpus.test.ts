import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, BlockList, isIPv4, type AddressInfo, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { isInside, parseAddress, parseNetwork } from '../../connector/dial/address.ts';
import { mayDial } from '../../connector/dial/address-guard.ts';
import { dialTcp, permittedAddresses } from '../../connector/dial/dial.ts';
import { systemResolve } from '../../connector/dial/resolve.ts';
import { Fault } from '../../protocol/errors.ts';
import { parseName } from '../../protocol/names.ts';

// SEC-F1, SEC-F2: every spelling and every address by which a request through the connector could end up where it must not.

const within = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];
const around = { synthetic: '100.96.0.0/12', ownAddresses: ['10.0.0.2', 'fd00::2'] };
const everywhere = { address: '*.db.acme.internal', within: ['0.0.0.0/0', '::/0'] };
const exact = { address: 'wiki.acme.internal', within };
const wildcard = { address: '*.db.acme.internal', within };
const literal = (address: string) => ({ address, within });

/** Spellings that some resolver, browser or C library takes for an address. */
const looseSpellings = [
  ...['0177.0.0.1', '0177.0.0.01', '00000177.0.0.1', '017700000001', '0x7f.0.0.1', '0x7f000001', '0X7F.1'],
  ...[
    '127.1',
    '127.0.1',
    '127.0.0.1.',
    '2130706433',
    '2130706433.',
    '127.0.0.0x1',
    '127.0.0.01',
    '0',
    '0.0',
    '00',
  ],
  ...[
    '4294967295',
    '0xffffffff',
    '0xA9FEA9FE',
    '2852039166',
    '169.254.43518',
    '169.16689662',
    '0xa9.0xfe.0xa9.0xfe',
  ],
  ...[
    '127.0.0.1:80',
    '127.0.0.1/8',
    ' 127.0.0.1',
    '127.0.0.1 ',
    '127.0.0.1\0',
    '127.0.0.1%lo',
    '１２７.0.0.1',
  ],
  ...[
    '①②⑦.0.0.1',
    '127。0。0。1',
    '256.0.0.1',
    '127.0.0.256',
    '1.2.3',
    '1.2.3.4.5',
    '-1.0.0.1',
    '+127.0.0.1',
  ],
  ...[
    '[::1]',
    '[::1',
    '::1]',
    '::1%lo',
    'fe80::1%eth0',
    'fe80::1%25eth0',
    '0:0:0:0:0:0:0:1%1',
    ':::1',
    '::1::',
    '1::2::3',
  ],
  ...[
    '::ffff:127.0.0.01',
    '::ffff:0x7f.0.0.1',
    '::ffff:127.1',
    '::ffff:127.0.0.1.',
    '00000::1',
    '::g',
    '',
    '.',
    ':',
  ],
];

test('SEC-F1 a loose spelling of an address is neither an address nor a name', () => {
  for (const text of looseSpellings) {
    assert.equal(parseAddress(text), undefined, `address ${JSON.stringify(text)}`);
    // A lone letterless word such as `::g` cannot be a name; what looks like a number must not be one either.
    assert.equal(parseName(text), undefined, `name ${JSON.stringify(text)}`);
    for (const resource of [exact, wildcard, everywhere, literal('127.0.0.1'), literal('localhost')]) {
      assert.equal(mayDial(resource, text, around), false, `${resource.address} to ${JSON.stringify(text)}`);
    }
  }
});

test('SEC-F1 a resource whose address is a loose spelling permits nothing that a strict one would', () => {
  for (const text of looseSpellings) {
    for (const address of ['127.0.0.1', '169.254.169.254', '0.0.0.0', '::1', 'fe80::1']) {
      assert.equal(mayDial(literal(text), address, around), false, `${JSON.stringify(text)} to ${address}`);
    }
  }
});

/** What no name may ever lead to, by reason. */
const forbidden: Record<string, readonly string[]> = {
  loopback: ['127.0.0.1', '127.0.0.0', '127.1.2.3', '127.255.255.255'],
  'link-local': ['169.254.0.0', '169.254.1.1', '169.254.255.255'],
  metadata: [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.42.42',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
  ],
  unspecified: ['0.0.0.0', '0.0.0.1', '0.255.255.255'],
  multicast: ['224.0.0.1', '239.255.255.255', '224.0.0.251'],
  'broadcast and reserved': ['255.255.255.255', '240.0.0.1', '250.1.2.3'],
  synthetic: ['100.96.0.0', '100.96.0.53', '100.111.255.255'],
};
const forbiddenIpv6 = [
  ...[
    '::1',
    '::',
    'fe80::1',
    'febf:ffff::1',
    'ff02::1',
    'ff05::2',
    'ffff::1',
    'fe80::a9fe:a9fe',
    '0:0:0:0:0:0:0:1',
  ],
  ...[
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd00:ec2::253',
    'fd00:0ec2:0:0:0:0:0:254',
    'fd20:ce::254',
    'fd00:42::42',
  ],
  ...['64:ff9b:1::7f00:1', '64:ff9b:1:7f00:0:100::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
];

/** Every way in which an IPv4 address is written inside IPv6. */
function wrapped(ipv4: string): string[] {
  const bytes = ipv4.split('.').map(Number) as [number, number, number, number];
  const pair = (a: number, b: number) => (a * 256 + b).toString(16);
  const [high, low] = [pair(bytes[0], bytes[1]), pair(bytes[2], bytes[3])];
  const [notHigh, notLow] = [pair(bytes[0] ^ 255, bytes[1] ^ 255), pair(bytes[2] ^ 255, bytes[3] ^ 255)];
  return [
    `::ffff:${ipv4}`,
    `::FFFF:${high}:${low}`,
    `0:0:0:0:0:ffff:${ipv4}`,
    `0000:0000:0000:0000:0000:ffff:${high}:${low}`,
    `::${high}:${low}`,
    `::${ipv4}`,
    `::ffff:0:${ipv4}`,
    `::ffff:0:${high}:${low}`,
    `64:ff9b::${ipv4}`,
    `64:ff9b::${high}:${low}`,
    `0064:ff9b:0:0:0:0:${high}:${low}`,
    `2002:${high}:${low}::`,
    `2002:${high}:${low}::1`,
    `2002:${high}:${low}:1:2:3:4:5`,
    `2001:0:4136:e378:8000:63bf:${notHigh}:${notLow}`,
    `2001::${notHigh}:${notLow}`,
  ];
}

/** `::` and `::1` written with four dotted bytes are themselves, not IPv4. */
const isSmallest = (ipv4: string) => ipv4 === '0.0.0.0' || ipv4 === '0.0.0.1';

for (const [reason, addresses] of Object.entries(forbidden)) {
  test(`SEC-F2 no name leads to ${reason}, whatever it is wrapped in`, () => {
    for (const ipv4 of addresses) {
      for (const address of [ipv4, ...wrapped(ipv4)]) {
        for (const resource of [exact, wildcard, everywhere]) {
          assert.equal(mayDial(resource, address, around), false, `${resource.address} to ${address}`);
        }
      }
      if (isSmallest(ipv4)) continue;
      for (const address of wrapped(ipv4)) {
        assert.deepEqual([...(parseAddress(address) ?? [])], ipv4.split('.').map(Number), address);
      }
    }
  });
}

test('SEC-F2 no name leads to a forbidden IPv6 address', () => {
  for (const address of forbiddenIpv6) {
    for (const resource of [exact, wildcard, everywhere]) {
      assert.equal(mayDial(resource, address, around), false, `${resource.address} to ${address}`);
    }
  }
});

test('SEC-F2 a literal leads to itself in any wrapping and to nothing else; the synthetic range and the unspecified never', () => {
  const literals = [
    '127.0.0.1',
    '169.254.169.254',
    '100.100.100.200',
    '10.20.0.9',
    '203.0.113.7',
    '10.0.0.2',
  ];
  for (const own of literals) {
    for (const address of [own, ...wrapped(own)]) {
      assert.equal(mayDial(literal(own), address, around), true, `${own} to ${address}`);
      for (const other of literals) {
        if (other !== own)
          assert.equal(mayDial(literal(other), address, around), false, `${other} to ${address}`);
      }
    }
  }
  for (const own of ['fd00:ec2::254', '::1', 'fe80::1', 'fd00::9']) {
    assert.equal(mayDial(literal(own), own, around), true, own);
    assert.equal(mayDial(literal(own), '127.0.0.1', around), false, own);
  }
  const never = [...forbidden['unspecified']!, ...forbidden['multicast']!, ...forbidden['synthetic']!];
  for (const own of [...never, ...forbidden['broadcast and reserved']!, '::', 'ff02::1']) {
    assert.equal(mayDial(literal(own), own, around), false, own);
  }
});

test('SEC-F2 localhost leads to loopback and to no metadata; a wildcard never to an address of this host', () => {
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) {
    assert.equal(mayDial(literal('localhost'), address, around), true, address);
    assert.equal(mayDial(literal('localhost.acme.internal'), address, around), false, address);
  }
  assert.equal(mayDial(literal('localhost'), '169.254.169.254', around), false);
  for (const address of ['10.0.0.2', '::ffff:10.0.0.2', '64:ff9b::a00:2', 'fd00::2', 'fd00:0:0::0:2']) {
    assert.equal(mayDial(wildcard, address, around), false, address);
    assert.equal(mayDial(everywhere, address, around), false, address);
    assert.equal(mayDial(exact, address, around), true, address);
  }
});

test('SEC-F2 a wildcard reaches every address of its networks and none beside them', () => {
  const inside = [
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.255.255',
    'fc00::',
    'fdff::1',
  ];
  const outside = [
    '9.255.255.255',
    '11.0.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
  ];
  for (const address of inside) assert.equal(mayDial(wildcard, address, around), true, address);
  for (const address of [...outside, '8.8.8.8', 'fbff::1', 'fe00::1', '2606:4700::1111']) {
    assert.equal(mayDial(wildcard, address, around), false, address);
  }
});

test('SEC-F1 whether an address lies in a network is what Node’s own block list says', () => {
  const octet = fc.nat({ max: 255 });
  const ipv4 = fc.tuple(octet, octet, octet, octet).map((bytes) => bytes.join('.'));
  const group = fc.oneof(fc.constant(0), fc.nat({ max: 0xffff }));
  const ipv6 = fc
    .array(group, { minLength: 8, maxLength: 8 })
    // Kept out of the prefixes that wrap IPv4, which have tests of their own.
    .map((groups) =>
      [0x2a00 + (groups[0]! & 0xff), ...groups.slice(1)].map((value) => value.toString(16)).join(':'),
    );
  const pair = fc.oneof(
    fc.record({ base: ipv4, address: ipv4, bits: fc.nat({ max: 32 }), near: fc.nat({ max: 32 }) }),
    fc.record({ base: ipv6, address: ipv6, bits: fc.nat({ max: 128 }), near: fc.nat({ max: 128 }) }),
  );
  const seen = { inside: 0, outside: 0 };
  fc.assert(
    fc.property(pair, fc.boolean(), ({ base, address: far, bits }, isNear) => {
      // Half of the time an address that differs from the base in its end alone.
      const cut = base.lastIndexOf(isIPv4(base) ? '.' : ':') + 1;
      const address = isNear
        ? base.slice(0, cut) + far.slice(far.lastIndexOf(isIPv4(far) ? '.' : ':') + 1)
        : far;
      const list = new BlockList();
      const family = isIPv4(base) ? 'ipv4' : 'ipv6';
      list.addSubnet(base, bits, family);
      const expected = list.check(address, family);
      seen[expected ? 'inside' : 'outside']++;
      assert.equal(
        isInside(parseAddress(address)!, parseNetwork(`${base}/${bits}`)!),
        expected,
        `${address} ${base}/${bits}`,
      );
    }),
    { seed: 7, numRuns: 2_000 },
  );
  assert.ok(seen.inside > 300 && seen.outside > 300, JSON.stringify(seen));
});

const servers: Server[] = [];
const accepted: Socket[] = [];
after(() => {
  for (const socket of accepted) socket.destroy();
  for (const server of servers) server.close();
});

/** A listener at this address; on `port` when given. */
async function listener(address: string, port = 0): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    accepted.push(socket);
  });
  server.listen(port, address);
  await once(server, 'listening');
  servers.push(server);
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'connected',
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );

test('SEC-F2 rebinding: the name is asked once, and exactly the address that was judged is dialled', async () => {
  const good = await listener('127.0.0.1');
  const evil = await listener('127.0.0.2', good.port);
  const asked: string[] = [];
  // An answer that turns to something else with every question.
  const turning = (name: string): Promise<string[]> => {
    asked.push(name);
    return Promise.resolve([asked.length === 1 ? '127.0.0.1' : '127.0.0.2']);
  };
  const socket = await dialTcp(literal('127.0.0.1'), 'wiki.acme.internal', good.port, turning);
  assert.equal(socket.remoteAddress, '127.0.0.1');
  socket.destroy();
  assert.deepEqual(asked, ['127.0.0.1']);
  assert.deepEqual([good.connections(), evil.connections()], [1, 0]);
  assert.equal(
    await codeOf(dialTcp(literal('127.0.0.1'), 'wiki.acme.internal', good.port, turning)),
    'address-forbidden',
  );
  assert.equal(evil.connections(), 0);
});

test('SEC-F2 rebinding: of mixed answers, in any order, none that is forbidden is ever dialled', async () => {
  const bait = await listener('127.0.0.1');
  const answers = [
    '127.0.0.1',
    '::ffff:127.0.0.1',
    '::1',
    '64:ff9b::7f00:1',
    '0.0.0.0',
    '::',
    '169.254.169.254',
  ];
  for (let turn = 0; turn < answers.length; turn++) {
    const rotated = [...answers.slice(turn), ...answers.slice(0, turn)];
    for (const resource of [exact, wildcard, everywhere]) {
      const dialling = dialTcp(resource, 'a.db.acme.internal', bait.port, () => Promise.resolve(rotated));
      assert.equal(await codeOf(dialling), 'address-forbidden');
      const mixed = [...rotated, '10.1.2.3', ...rotated, 'fd00::9'];
      assert.deepEqual(
        await permittedAddresses(resource, 'a.db.acme.internal', () => Promise.resolve(mixed)),
        ['10.1.2.3', 'fd00::9'],
      );
    }
  }
  assert.equal(bait.connections(), 0);
});

test('SEC-F2 of a literal beside its neighbours only the literal is dialled, and a refusal there is not passed on to them', async () => {
  const neighbour = await listener('127.0.0.2');
  const dialling = dialTcp(literal('127.0.0.1'), 'wiki.acme.internal', neighbour.port, () =>
    Promise.resolve(['127.0.0.2', '127.0.0.1', '127.0.0.3']),
  );
  assert.equal(await codeOf(dialling), 'refused');
  assert.equal(neighbour.connections(), 0);
});

test('SEC-F2 the addresses of this host, as the system names them, are no place for a wildcard', async () => {
  const own = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  assert.ok(own.length > 0);
  for (const address of own) {
    const asking = permittedAddresses(everywhere, 'a.db.acme.internal', () => Promise.resolve([address]));
    assert.equal(await codeOf(asking), 'address-forbidden', address);
  }
});

test('SEC-F2 a wildcard resolves the name that was asked, an exact resource only its own address', async () => {
  const asked: string[] = [];
  const resolve = (name: string): Promise<string[]> => {
    asked.push(name);
    return Promise.resolve(['10.1.2.3']);
  };
  await permittedAddresses(wildcard, 'a.db.acme.internal', resolve);
  await permittedAddresses(exact, 'metadata.google.internal', resolve);
  await permittedAddresses(literal('10.1.2.3'), 'metadata.google.internal', resolve);
  assert.deepEqual(asked, ['a.db.acme.internal', 'wiki.acme.internal', '10.1.2.3']);
});

test('SEC-F1 the system’s resolver is asked no literal, and what it makes of a loose spelling is refused', async () => {
  assert.deepEqual(await systemResolve('169.254.169.254'), ['169.254.169.254']);
  // The C library takes these for 127.0.0.1 without asking anybody.
  for (const name of ['127.1', '0x7f000001', '2130706433', '0177.0.0.1']) {
    const found = await systemResolve(name).catch(() => ['127.0.0.1']);
    assert.deepEqual(found, ['127.0.0.1'], name);
    assert.equal(
      await codeOf(permittedAddresses(literal(name), 'wiki.acme.internal')),
      'address-forbidden',
      name,
    );
  }
});
