/** Guards of where the connector dials: each address, whatever it is wrapped in, before and as it is dialled. */
import { guards, type Mutant } from './mutant.ts';

export const dialMutants: readonly Mutant[] = [
  ...guards(
    'connector/dial/address-guard.ts',
    ['test/connector/address-corpus.test.ts'],
    [
      [
        'address: never',
        'if (address === undefined || among(never, address)) return false;',
        'if (address === undefined) return false;',
      ],
      ['address: unspecified', "networks('0.0.0.0/8', ", 'networks('],
      ['address: multicast', "'224.0.0.0/4', ", ''],
      ['address: broadcast', "'240.0.0.0/4', ", ''],
      ['address: unspecified6', "'::/128', ", ''],
      ['address: multicast6', ", 'ff00::/8'", ''],
      ['address: loopback', "if (among(loopback, address)) return resource.address === 'localhost';", ''],
      ['address: link local', "  '169.254.0.0/16',\n", ''],
      ['address: link local6', "  'fe80::/10',\n", ''],
      ['address: nat64 local', "  '64:ff9b:1::/48',\n", ''],
      [
        'address: literal',
        'if (literal !== undefined) return same(literal, address);',
        'if (literal !== undefined) return true;',
      ],
      ['address: own', 'return !own && among(', 'return among('],
      ['address: within', 'return !own && among(networks(...within), address);', 'return !own;'],
      ['address: wildcard', "&& !resource.address.startsWith('*.')) return true;", ') return true;'],
    ],
  ),
  ...guards(
    'protocol/metadata-addresses.ts',
    ['test/connector/address-corpus.test.ts'],
    [
      ['address: azure', "  '168.63.129.16/32',\n", ''],
      ['address: alibaba', "  '100.100.100.200/32',\n", ''],
      ['address: oracle', "  '192.0.0.192/32',\n", ''],
      ['address: amazon6', "  'fd00:ec2::/32',\n", ''],
      ['address: google6', "  'fd20:ce::254/128',\n", ''],
      ['address: scaleway6', "  'fd00:42::42/128',\n", ''],
    ],
  ),
  ...guards(
    'connector/dial/address-guard.ts',
    ['test/connector/address-guard.test.ts'],
    [
      ['link-local and metadata addresses are dialled only as literals', 'if (isSpecial) return false;', ''],
      [
        'the synthetic range is never dialled',
        'if (!isSpecial && among(networks(place.synthetic), address)) return false;',
        '',
      ],
      [
        'a wildcard never leads to the connector’s own addresses',
        'return !own && among(networks(...within), address);',
        'return among(networks(...within), address);',
      ],
    ],
  ),
  ...guards(
    'connector/dial/address.ts',
    ['test/connector/address-corpus.test.ts'],
    [
      ['address: zone', "|| text.includes('%')", ''],
      ['address: mapped', "['::ffff:0:0', '::ffff:0:0:0', '64:ff9b::']", "['::ffff:0:0:0', '64:ff9b::']"],
      ['address: translated', "['::ffff:0:0', '::ffff:0:0:0', '64:ff9b::']", "['::ffff:0:0', '64:ff9b::']"],
      ['address: nat64', "['::ffff:0:0', '::ffff:0:0:0', '64:ff9b::']", "['::ffff:0:0', '::ffff:0:0:0']"],
      [
        'address: compatible',
        '  if (isInside(address, compatible) && !isInside(address, smallest)) return address.slice(12);\n',
        '',
      ],
      [
        'address: smallest',
        'isInside(address, compatible) && !isInside(address, smallest)',
        'isInside(address, compatible)',
      ],
      ['address: sixToFour', '  if (isInside(address, sixToFour)) return address.slice(2, 6);\n', ''],
      [
        'address: teredo',
        '  if (isInside(address, teredo)) return address.slice(12).map((byte) => byte ^ 255);\n',
        '',
      ],
    ],
  ),
  ...guards(
    'connector/dial/address.ts',
    ['test/connector/address-guard.test.ts'],
    [
      [
        'a wrapped IPv4 address is judged as what it leads to',
        'if (endingInIpv4.some((prefix) => isInside(address, prefix))) return address.slice(12);',
        '',
      ],
    ],
  ),
  ...guards(
    'connector/dial/range-names.ts',
    ['test/connector/range-names.test.ts'],
    [
      [
        'a network’s hosts are named below its alias alone',
        'if (!hosts.includes(`*${host.slice(dot)}`)) return undefined;',
        '',
      ],
      [
        'no name leads out of its network',
        'address !== undefined && network !== undefined && isInside(address, network) ? text : undefined',
        'address !== undefined && network !== undefined ? text : undefined',
      ],
    ],
  ),
  ...guards(
    'connector/dial/address-guard.ts',
    ['test/connector/range-names.test.ts'],
    [
      [
        'a network leads to its own addresses',
        'isRange(resource.address) ? [resource.address] : resource.within',
        "isRange(resource.address) ? ['0.0.0.0/0', '::/0'] : resource.within",
      ],
    ],
  ),
  ...guards(
    'connector/dial/dial.ts',
    ['test/connector/accepted-session.test.ts'],
    [
      [
        'exactly the address that was judged is dialled',
        'return await connectTo(open(), address, port);',
        'return await connectTo(open(), host, port);',
      ],
    ],
  ),
  ...guards(
    'connector/dial/dial.ts',
    ['test/connector/address-corpus.test.ts'],
    [
      [
        'address: guard',
        'const permitted = found.filter((address) => mayDial(resource, address, here));',
        'const permitted = found;',
      ],
      [
        'address: dial name',
        'return await connectTo(open(), address, port);',
        'return await connectTo(open(), (await resolve(resource.address))[0] ?? address, port);',
      ],
      [
        'address: own addresses',
        '(list ?? []).map(({ address }) => address));',
        '(list ?? []).slice(0, 0).map(({ address }) => address));',
      ],
      ['address: target', 'if (!isRange(address)) return address;', 'if (!isRange(address)) return host;'],
    ],
  ),
];
