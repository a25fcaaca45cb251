/**
 * The firewall of Linux: by rules that the kernel of this machine takes and gives back, in a network namespace of its own,
 * by iptables-save(8), and by the files of ufw and firewalld where the rules cannot be read.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { doTablesFilter, doesRulesetFilter } from '../../../client/posture/linux/firewall.ts';
import { runProgram } from '../../../client/posture/machine.ts';
import { linuxFacts, type Run, type Tree } from './tree.ts';

/** Rulesets in the words of nft(8), and whether each keeps out what was not let in. */
const rulesets: [about: string, rules: string, filters: boolean][] = [
  ['no rules at all', '', false],
  ['a table without chains', 'table inet x { }', false],
  [
    'the input dropped by policy',
    'table inet filter { chain input { type filter hook input priority 0; policy drop; tcp dport 22 accept; } }',
    true,
  ],
  [
    'the input accepted by policy, with a rule or two',
    'table inet filter { chain input { type filter hook input priority 0; policy accept; tcp dport 23 drop; ip saddr 192.0.2.1 reject; } }',
    false,
  ],
  [
    'everything left over rejected at the end',
    'table inet filter { chain input { type filter hook input priority 0; ct state established accept; counter log prefix "x" reject with icmpx type admin-prohibited; } }',
    true,
  ],
  [
    'everything left over rejected by a chain that is called',
    'table inet filter { chain rest { drop; } chain input { type filter hook input priority 0; tcp dport 22 accept; jump rest; } }',
    true,
  ],
  [
    'a chain that is called for some alone',
    'table inet filter { chain rest { drop; } chain input { type filter hook input priority 0; ip saddr 192.0.2.0/24 jump rest; } }',
    false,
  ],
  [
    'only what is passed on or goes out',
    'table inet filter { chain f { type filter hook forward priority 0; policy drop; } chain o { type filter hook output priority 0; policy drop; } }',
    false,
  ],
  [
    'IPv6 alone',
    'table ip6 filter { chain input { type filter hook input priority 0; policy drop; } }',
    false,
  ],
  ['IPv4 alone', 'table ip filter { chain input { type filter hook input priority 0; policy drop; } }', true],
];

/** A network namespace without rules, gone after the test; runs programs inside it. */
function namespace(test_: { after(done: () => void): void }): { run: Run; load: (rules: string) => void } {
  const name = `postern-posture-${randomBytes(4).toString('hex')}`;
  execFileSync('ip', ['netns', 'add', name]);
  test_.after(() => execFileSync('ip', ['netns', 'delete', name]));
  const inside = ['netns', 'exec', name];
  return {
    run: (program, args) => runProgram('ip', [...inside, program, ...args]),
    load(rules) {
      execFileSync('ip', [...inside, 'nft', 'flush', 'ruleset']);
      execFileSync('ip', [...inside, 'nft', '-f', '-'], { input: rules.replaceAll('}', '}\n') });
    },
  };
}

test('rules in the kernel, as nft gives them back', async (t) => {
  const { run, load } = namespace(t);
  const nftAlone: Run = (program, args) =>
    program === 'nft' ? run(program, args) : Promise.resolve(undefined);
  for (const [about, rules, filters] of rulesets) {
    load(rules);
    const { firewall } = await linuxFacts(t, {}, ['firewall'], { run: nftAlone });
    assert.equal(firewall, filters, about);
  }
});

test('chains that call each other in a circle are no firewall, and an answer that is none says nothing', () => {
  const chain = (name: string, more: object = {}) => ({ chain: { family: 'ip', table: 't', name, ...more } });
  const calls = (from: string, to: string) => ({
    rule: { family: 'ip', table: 't', chain: from, expr: [{ jump: { target: to } }] },
  });
  const circle = [
    chain('in', { hook: 'input', policy: 'accept' }),
    chain('a'),
    calls('in', 'a'),
    calls('a', 'in'),
  ];
  assert.equal(doesRulesetFilter(JSON.stringify({ nftables: circle })), false);
  for (const text of ['', '{', 'null', '{}', '{"nftables":{}}'])
    assert.equal(doesRulesetFilter(text), undefined);
});

/** What iptables-save(8) prints of the tables that `ufw enable` and firewalld of old make, in short. */
const ufwTables = `*filter
:INPUT DROP [12:720]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-input - [0:0]
-A INPUT -j ufw-before-input
COMMIT
`;
const rejecting = `*filter
:INPUT ACCEPT [0:0]
-A INPUT -m state --state ESTABLISHED -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`;
const openTables = '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 192.0.2.1/32 -j DROP\nCOMMIT\n';

test('tables of the old kernel interface', () => {
  assert.equal(doTablesFilter(ufwTables), true);
  assert.equal(doTablesFilter(rejecting), true);
  assert.equal(doTablesFilter(openTables), false);
  assert.equal(doTablesFilter('*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n'), undefined);
  assert.equal(doTablesFilter(''), undefined);
});

/** What each program prints, by its name; undefined: not installed; a number: it fails with it. */
const printing =
  (programs: Readonly<Record<string, string | number>>): Run =>
  (program) => {
    const out = programs[program];
    if (out === undefined) return Promise.resolve(undefined);
    return Promise.resolve(
      typeof out === 'number' ? { out: '', err: 'refused', code: out } : { out, err: '', code: 0 },
    );
  };

const noRules = '{"nftables":[{"metainfo":{"json_schema_version":1}}]}';
const ufwOn: Tree = { '/etc/ufw/ufw.conf': '# /etc/ufw/ufw.conf\n\nENABLED=yes\nLOGLEVEL=low\n' };
const firewalld: Tree = {
  '/proc/1/comm': 'systemd\n',
  '/proc/7/comm': 'firewalld\n',
  '/proc/7/cmdline': '/usr/bin/python3\0',
};

test('rules that cannot be read are unknown, unless ufw or firewalld says that it is on', async (t) => {
  const cases: [
    about: string,
    tree: Tree,
    programs: Record<string, string | number>,
    expected: boolean | undefined,
  ][] = [
    ['nothing to ask', {}, {}, undefined],
    ['nft is for root', {}, { nft: 1 }, undefined],
    ['nft is for root, ufw is enabled', ufwOn, { nft: 1 }, true],
    ['nft is for root, ufw is not enabled', { '/etc/ufw/ufw.conf': 'ENABLED=no\n' }, { nft: 1 }, undefined],
    ['nft is for root, firewalld runs', firewalld, { nft: 1 }, true],
    ['no rules, whatever ufw is to do at the next start', ufwOn, { nft: noRules }, false],
    ['no rules of nftables, but of iptables', {}, { nft: noRules, 'iptables-legacy-save': ufwTables }, true],
    ['no rules of either', {}, { nft: noRules, 'iptables-legacy-save': openTables }, false],
    [
      'no rules of nftables, and iptables is for root',
      {},
      { nft: noRules, 'iptables-legacy-save': 1 },
      undefined,
    ],
    ['iptables alone', {}, { 'iptables-save': rejecting }, true],
    ['iptables alone, without rules', {}, { 'iptables-save': openTables }, false],
  ];
  for (const [about, tree, programs, expected] of cases) {
    const { firewall } = await linuxFacts(t, tree, ['firewall'], { run: printing(programs) });
    assert.equal(firewall, expected, about);
  }
});
