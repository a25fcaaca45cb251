/** The operator's file of countries: what an address belongs to, and what is wrong with a line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainAddressOf } from '../../../controller/source/address-words.ts';
import { CountryFileIssue } from '../../../controller/source/country-file-issue.ts';
import { CountryTable } from '../../../controller/source/country-table.ts';
import { sourceOf } from '../../../controller/source/source-of.ts';

const file = `# drawn up by hand
network,country
10.0.0.0/8,DE
10.1.0.0/16,FR

10.1.2.0/24,at
10.1.3.7/32,CH
"192.0.2.0/24","SE"
198.51.100.0/25,NO
198.51.100.128/25,NO
172.16.0.0/16,ES
172.16.0.0/12,IT
172.16.0.0/24,PT
255.255.255.0/24,IS
2001:db8::/32,NL
2001:db8:1::/48,BE
2001:db8:1::ffff/128,LU
2001:db8:1:0:8000::/65,PT
ffff:ffff::/32,FI
`;

test('the longest prefix that holds an address decides, for IPv4 and IPv6', () => {
  const table = CountryTable.parse(file);
  const expected: [address: string, country: string | undefined][] = [
    ['9.255.255.255', undefined],
    ['10.0.0.0', 'DE'],
    ['10.0.255.255', 'DE'],
    ['10.1.0.0', 'FR'],
    ['10.1.1.255', 'FR'],
    ['10.1.2.0', 'AT'],
    ['10.1.2.255', 'AT'],
    ['10.1.3.6', 'FR'],
    ['10.1.3.7', 'CH'],
    ['10.1.3.8', 'FR'],
    ['10.2.0.0', 'DE'],
    ['10.255.255.255', 'DE'],
    ['11.0.0.0', undefined],
    ['192.0.2.200', 'SE'],
    ['198.51.100.127', 'NO'],
    ['198.51.100.128', 'NO'],
    ['198.51.101.0', undefined],
    ['172.15.255.255', undefined],
    ['172.16.0.255', 'PT'],
    ['172.16.1.0', 'ES'],
    ['172.17.0.0', 'IT'],
    ['172.31.255.255', 'IT'],
    ['172.32.0.0', undefined],
    ['255.255.255.255', 'IS'],
    ['0.0.0.0', undefined],
    ['2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', undefined],
    ['2001:db8::', 'NL'],
    ['2001:db8:0:ffff::1', 'NL'],
    ['2001:db8:1::', 'BE'],
    ['2001:db8:1::fffe', 'BE'],
    ['2001:db8:1::ffff', 'LU'],
    ['2001:db8:1::1:0', 'BE'],
    ['2001:db8:1:0:7fff:ffff:ffff:ffff', 'BE'],
    ['2001:db8:1:0:8000::', 'PT'],
    ['2001:db8:1:0:ffff:ffff:ffff:ffff', 'PT'],
    ['2001:db8:1:1::', 'BE'],
    ['2001:db8:2::', 'NL'],
    ['2001:db9::', undefined],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'FI'],
    ['::', undefined],
    ['wiki.acme.example', undefined],
    ['10.1.2', undefined],
  ];
  for (const [address, country] of expected) assert.equal(table.countryOf(address), country, address);
});

test('an IPv4 address in its IPv6 form has the country and the form of the IPv4 address', () => {
  const table = CountryTable.parse(file);
  const source = { address: '10.1.2.9', country: 'AT' };
  for (const written of ['10.1.2.9', '::ffff:10.1.2.9', '::FFFF:a01:209', '0:0:0:0:0:ffff:10.1.2.9'])
    assert.deepEqual(sourceOf(written, table), source, written);
  assert.deepEqual(sourceOf('2001:DB8:0:0:0:0:0:1', table), { address: '2001:db8::1', country: 'NL' });
  assert.deepEqual(sourceOf('fe80::1%eth0', table), { address: 'fe80::1' });
  assert.equal(plainAddressOf('::1'), '::1');
  for (const none of [undefined, null, '', 'laptop', '10.1.2.9:443', '[::1]'])
    assert.equal(sourceOf(none, table), undefined, String(none));
});

test('the order of the lines does not matter, and neither do line ends', () => {
  const lines = file.trim().split('\n').slice(2);
  const turned = CountryTable.parse(`\u{feff}network,country\r\n${lines.toReversed().join('\r\n')}`);
  const straight = CountryTable.parse(file);
  for (let step = 0; step < 4_096; step += 1) {
    const address = `10.${step >> 8}.${step & 7}.${(step * 37) & 255}`;
    assert.equal(turned.countryOf(address), straight.countryOf(address), address);
  }
  assert.equal(turned.networks, 16);
});

test('a slow reading of the same lines agrees, networks inside one another and side by side', () => {
  let seed = 20_261_121;
  const draw = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const networks = new Map<string, { start: number; prefix: number; country: string }>();
  while (networks.size < 400) {
    const prefix = 20 + draw(13);
    const start = (0x0a00_0000 + draw(2 ** 12) * 2 ** (32 - 20)) >>> 0;
    const first = (start + draw(2 ** (prefix - 20)) * 2 ** (32 - prefix)) >>> 0;
    const text = [24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join('.');
    networks.set(`${text}/${prefix}`, { start: first, prefix, country: ['DE', 'FR', 'AT'][draw(3)] ?? '' });
  }
  const table = CountryTable.parse(
    [...networks].map(([network, { country }]) => `${network},${country}`).join('\n'),
  );
  const edges = [...networks.values()].flatMap(({ start, prefix }) => {
    const end = start + 2 ** (32 - prefix);
    return [start - 1, start, end - 1, end];
  });
  for (const address of [...edges, ...Array.from({ length: 2_000 }, () => 0x0a00_0000 + draw(2 ** 24))]) {
    let longest: { prefix: number; country: string } | undefined;
    for (const { start, prefix, country } of networks.values()) {
      const holds = address >= start && address < start + 2 ** (32 - prefix);
      if (holds && (longest === undefined || prefix > longest.prefix)) longest = { prefix, country };
    }
    const text = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
    assert.equal(table.countryOf(text), longest?.country, text);
  }
});

test('a bad line is refused with its number and what to write', () => {
  const wrong: [line: string, says: RegExp][] = [
    ['10.0.0.0/8;DE', /line 3: is not of the form network,country/],
    ['10.0.0.0,DE', /line 3: is not of the form/],
    ['10.0.0/8,DE', /line 3: is not of the form/],
    ['300.0.0.0/8,DE', /line 3: is not of the form/],
    ['10.0.0.0/8,Germany', /line 3: is not of the form/],
    ['10.0.0.0/8,DE,Berlin', /line 3: is not of the form/],
    ['network,country', /line 3: is not of the form/],
    ['10.0.0.0/33,DE', /line 3: a prefix of \/33 is longer than the address/],
    ['2001:db8::/129,DE', /line 3: a prefix of \/129 is longer/],
    ['10.0.0.1/8,DE', /line 3: 10\.0\.0\.1\/8 has bits set behind its prefix/],
    ['2001:db8::1/64,DE', /line 3: .* has bits set behind its prefix/],
    ['::ffff:10.0.0.0/104,DE', /line 3: names IPv4 addresses in their IPv6 form/],
    ['192.0.2.0/24,FR', /line 3: the same network stands in line 2 with another country/],
  ];
  for (const [line, says] of wrong) {
    assert.throws(
      () => CountryTable.parse(`# the first\n192.0.2.0/24,DE\n${line}\n`),
      (error) => error instanceof CountryFileIssue && says.test(error.message),
      line,
    );
  }
  assert.throws(() => CountryTable.parse('# nothing\n'), /no line of it names a network/);
  // Twice the same is no contradiction.
  assert.equal(CountryTable.parse('10.0.0.0/8,DE\n10.0.0.0/8,DE\n').countryOf('10.9.9.9'), 'DE');
});

test('half a million networks take a few bytes each', () => {
  const lines: string[] = ['network,country'];
  for (let place = 0; place < 350_000; place += 1)
    lines.push(
      `${1 + (place >> 16)}.${(place >> 8) & 255}.${place & 255}.0/24,${place % 2 === 0 ? 'DE' : 'FR'}`,
    );
  for (let place = 0; place < 150_000; place += 1)
    lines.push(`2a00:${(place >> 8).toString(16)}:${(place & 255).toString(16)}::/48,SE`);
  const table = CountryTable.parse(lines.join('\n'));
  assert.equal(table.networks, 500_000);
  assert.ok(table.bytes < 16_000_000, `${table.bytes} bytes`);
  assert.equal(table.countryOf('3.2.1.200'), 'FR');
  assert.equal(table.countryOf('2a00:10:7::1'), 'SE');
  assert.throws(
    () => CountryTable.parse(Array.from({ length: 1_000_001 }, () => '10.0.0.0/8,DE').join('\n')),
    /line 1000001: more than 1000000 networks/,
  );
});
