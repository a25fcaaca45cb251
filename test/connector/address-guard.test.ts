import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress, parseNetwork, isInside } from '../../connector/dial/address.ts';
import { mayDial } from '../../connector/dial/address-guard.ts';
import { dialTcp, permittedAddresses } from '../../connector/dial/dial.ts';
import { Fault } from '../../protocol/errors.ts';

const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];
const around = { synthetic: '100.96.0.0/12', ownAddresses: ['10.0.0.2', 'fd00::2'] };
const exact = { address: 'wiki.acme.internal', within: privateRanges };
const wildcard = { address: '*.db.acme.internal', within: privateRanges };
const literal = (address: string): typeof exact => ({ address, within: privateRanges });

describe('address', () => {
  test('SEC-F1 only strict literals are addresses', () => {
    const refused = [
      '127.1',
      '0177.0.0.1',
      '0x7f.0.0.1',
      '2130706433',
      '012.1.2.3',
      '1.2.3.4.',
      'fe80::1%eth0',
      '::1 ',
      '',
    ];
    for (const text of refused) assert.equal(parseAddress(text), undefined, text);
  });

  test('SEC-F1 an IPv4 address inside IPv6 is that IPv4 address', () => {
    const spellings = [
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '64:ff9b::7f00:1',
      '64:ff9b::127.0.0.1',
      '2002:7f00:1::',
    ];
    for (const text of spellings) assert.deepEqual([...(parseAddress(text) ?? [])], [127, 0, 0, 1], text);
    assert.deepEqual([...(parseAddress('2001:0:4136:e378:8000:63bf:80ff:fffe') ?? [])], [127, 0, 0, 1]);
  });

  test('a network holds its addresses and no other family', () => {
    const network = parseNetwork('100.96.0.0/12');
    assert.ok(network);
    assert.equal(isInside(parseAddress('100.111.255.255') ?? new Uint8Array(), network), true);
    assert.equal(isInside(parseAddress('100.112.0.0') ?? new Uint8Array(), network), false);
    assert.equal(isInside(parseAddress('fd00::1') ?? new Uint8Array(), network), false);
    for (const text of ['10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', 'ten/8', '10.0.0.0/ 8']) {
      assert.equal(parseNetwork(text), undefined, text);
    }
  });
});

describe('address guard', () => {
  test('an exact name may lead to private and public addresses, and to this host', () => {
    for (const address of ['10.1.2.3', '192.168.0.9', 'fd00::9', '203.0.113.7', '10.0.0.2']) {
      assert.equal(mayDial(exact, address, around), true, address);
    }
  });

  test('SEC-F2 no name leads to loopback, link-local, metadata, synthetic or unspecified addresses', () => {
    const forbidden = [
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      '169.254.169.254',
      '169.254.1.1',
      'fe80::1',
      'fd00:ec2::254',
      '100.100.100.200',
      '168.63.129.16',
      '192.0.0.192',
      '0.0.0.0',
      '0.1.2.3',
      '::',
      '224.0.0.1',
      'ff02::1',
      '255.255.255.255',
      '240.0.0.1',
      '100.96.0.1',
      '100.111.255.254',
      '::ffff:127.0.0.1',
      '64:ff9b::a9fe:a9fe',
      '2002:a9fe:a9fe::',
      '::ffff:100.96.0.1',
      '2002:7f00:1::1',
    ];
    for (const address of forbidden) {
      assert.equal(mayDial(exact, address, around), false, `exact name to ${address}`);
      assert.equal(mayDial(wildcard, address, around), false, `wildcard to ${address}`);
    }
  });

  test('a literal reaches exactly itself, metadata and loopback included, and nothing unspecified', () => {
    for (const address of ['169.254.169.254', '127.0.0.1', '10.20.0.9', 'fd00:ec2::254']) {
      assert.equal(mayDial(literal(address), address, around), true, address);
    }
    assert.equal(mayDial(literal('10.20.0.9'), '10.20.0.10', around), false);
    assert.equal(mayDial(literal('0.0.0.0'), '0.0.0.0', around), false);
    assert.equal(mayDial(literal('localhost'), '127.0.0.1', around), true);
    assert.equal(mayDial(literal('localhost'), '169.254.169.254', around), false);
  });

  test('a wildcard stays within its networks and off this host', () => {
    assert.equal(mayDial(wildcard, '10.1.2.3', around), true);
    assert.equal(mayDial(wildcard, '203.0.113.7', around), false);
    assert.equal(mayDial(wildcard, '10.0.0.2', around), false);
    assert.equal(mayDial({ ...wildcard, within: ['203.0.113.0/24'] }, '203.0.113.7', around), true);
    assert.equal(mayDial({ ...wildcard, within: ['203.0.113.0/24'] }, '10.1.2.3', around), false);
  });

  test('SEC-F2 rebinding: a second answer that turns to loopback is refused before any connection', async () => {
    const answers = [['203.0.113.7'], ['127.0.0.1']];
    const resolve = (): Promise<string[]> => Promise.resolve(answers.shift() ?? []);
    assert.deepEqual(await permittedAddresses(exact, 'wiki.acme.internal', resolve), ['203.0.113.7']);
    await assert.rejects(dialTcp(exact, 'wiki.acme.internal', 80, resolve), (error) => {
      return error instanceof Fault && error.code === 'address-forbidden';
    });
  });

  test('SEC-F2 of several answers only the permitted ones are dialled', async () => {
    const resolve = (): Promise<string[]> => Promise.resolve(['127.0.0.1', '10.1.2.3', '169.254.169.254']);
    assert.deepEqual(await permittedAddresses(exact, 'wiki.acme.internal', resolve), ['10.1.2.3']);
  });
});
