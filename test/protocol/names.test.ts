import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { matchesPattern, mostSpecific, parseName, parsePattern, type Pattern } from '../../protocol/names.ts';
import { listsPort, parsePortRange } from '../../protocol/ports.ts';
import { formatDuration, parseDuration } from '../../protocol/durations.ts';

function name(text: string): NonNullable<ReturnType<typeof parseName>> {
  const parsed = parseName(text);
  assert.ok(parsed, text);
  return parsed;
}

describe('names', () => {
  test('are lower case, A-labels, without the trailing dot', () => {
    assert.equal(parseName('Wiki.ACME.internal.'), 'wiki.acme.internal');
    assert.equal(parseName('bücher.example'), 'xn--bcher-kva.example');
    assert.equal(parseName('_ldap._tcp.acme.internal'), '_ldap._tcp.acme.internal');
  });

  test('SEC-F1 no spelling of an address is a name', () => {
    const addresses = [
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '2130706433',
      '0177.0.0.1',
      '::1',
      '[::1]',
      'fe80::1%eth0',
      '1.2.3.4.',
    ];
    for (const text of addresses) assert.equal(parseName(text), undefined, text);
  });

  test('refuses what is no name at all', () => {
    const long = `${'a'.repeat(63)}.`.repeat(4);
    for (const text of [
      '',
      '.',
      'a..b',
      '-a.b',
      'a-.b',
      'a b.c',
      'a/b',
      'a@b',
      'a'.repeat(64),
      long,
      '*.a.b',
      'a\0b',
    ]) {
      assert.equal(parseName(text), undefined, JSON.stringify(text));
    }
  });

  test('a wildcard stands for one or more labels, never for the bare suffix', () => {
    const pattern = parsePattern('*.db.acme.internal');
    assert.ok(pattern);
    assert.equal(matchesPattern(pattern, name('db1.db.acme.internal')), true);
    assert.equal(matchesPattern(pattern, name('a.b.db.acme.internal')), true);
    assert.equal(matchesPattern(pattern, name('db.acme.internal')), false);
    assert.equal(matchesPattern(pattern, name('xdb.acme.internal')), false);
    for (const text of ['*', '*.', '*.internal', 'a.*.b', '*a.b.c', '**.a.b'])
      assert.equal(parsePattern(text), undefined, text);
  });

  test('exact answers before wildcard, the longer suffix before the shorter', () => {
    const entry = (id: string, ...hosts: string[]): { id: string; hosts: Pattern[] } => ({
      id,
      hosts: hosts as Pattern[],
    });
    const entries = [
      entry('wide', '*.acme.internal'),
      entry('narrow', '*.db.acme.internal'),
      entry('exact', 'db1.db.acme.internal'),
    ];
    assert.equal(mostSpecific(entries, name('db1.db.acme.internal'))?.id, 'exact');
    assert.equal(mostSpecific(entries, name('db2.db.acme.internal'))?.id, 'narrow');
    assert.equal(mostSpecific(entries, name('wiki.acme.internal'))?.id, 'wide');
    assert.equal(mostSpecific(entries, name('acme.internal')), undefined);
  });
});

describe('ports', () => {
  test('are single or inclusive ranges of one transport', () => {
    assert.deepEqual(parsePortRange('tcp/8000-8099'), { transport: 'tcp', from: 8000, to: 8099 });
    for (const text of [
      '443',
      'tcp/0',
      'tcp/65536',
      'tcp/9-8',
      'tcp/1-',
      'sctp/1',
      'tcp/ 1',
      'tcp/01',
      'TCP/1',
    ]) {
      assert.equal(parsePortRange(text), undefined, text);
    }
    assert.equal(listsPort(['tcp/80', 'tcp/8000-8099'], 'tcp', 8099), true);
    assert.equal(listsPort(['tcp/80', 'tcp/8000-8099'], 'tcp', 8100), false);
    assert.equal(listsPort(['tcp/53'], 'udp', 53), false);
  });
});

describe('durations', () => {
  test('are written and read in the same units', () => {
    assert.equal(parseDuration('90s'), 90_000);
    assert.equal(parseDuration('7d'), 604_800_000);
    for (const text of ['', '5', 'h', '-1s', '1.5h', '1w', '999999d'])
      assert.equal(parseDuration(text), undefined, text);
    assert.equal(formatDuration(43_140_000), '11h 59m');
    assert.equal(formatDuration(40_000), '40s');
    assert.equal(formatDuration(-1), '0s');
  });
});
