/**
 * Makes the namespaces of a lab and joins them:
 *
 *   laptop ── laptop-nat ──┐                 ┌── hq-nat ─┬─ hq
 *   192.168.N.0/24         └── internet ─────┘           └─ servers
 *                              198.18.N.0/24                10.20.N.0/24
 *
 * Both NATs masquerade outwards and drop whatever was not asked for from inside. Nothing is joined to the host.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../../scripts/programs.ts';
import { addressesOf } from './addresses.ts';
import { namespaceName } from './run-registry.ts';

/** The namespaces of a lab by the role they play. */
export type PlaceName = 'internet' | 'laptop' | 'laptop-nat' | 'hq' | 'servers' | 'hq-nat';

/** Makes the namespaces of run `number`. Throws an Error with the system's words where the kernel refuses one. */
export function makeNetworks(number: number): void {
  const addresses = addressesOf(number);
  const name = (place: PlaceName): string => namespaceName(number, place);
  for (const place of ['internet', 'laptop', 'laptop-nat', 'hq', 'servers', 'hq-nat'] as const) {
    ip(['netns', 'add', name(place)]);
    ip(['-n', name(place), 'link', 'set', 'lo', 'up']);
  }
  ipIn(name('internet'), [
    'link add net0 type bridge',
    'link set net0 up',
    ...[
      addresses.controller,
      addresses.relay,
      addresses.identityProvider,
      addresses.publicDns,
      addresses.publicSite,
    ].map((address) => `addr add ${address}/24 dev net0`),
  ]);
  for (const side of ['laptop', 'hq'] as const) {
    const router = name(`${side}-nat`);
    const publicAddress = side === 'laptop' ? addresses.laptopNat : addresses.hqNat;
    const machines = side === 'laptop' ? laptopMachines(number) : hqMachines(number);
    const gateway = `${(machines[0]?.addresses[0] ?? '').split('.').slice(0, 3).join('.')}.1`;
    ipIn(router, [
      'link add lan0 type bridge',
      `link add wan0 type veth peer name ${side} netns ${name('internet')}`,
      `addr add ${gateway}/24 dev lan0`,
      `addr add ${publicAddress}/24 dev wan0`,
      'link set lan0 up',
      'link set wan0 up',
    ]);
    ipIn(name('internet'), [`link set ${side} master net0`, `link set ${side} up`]);
    for (const machine of machines) {
      ipIn(router, [
        `link add ${machine.place} type veth peer name eth0 netns ${name(machine.place)}`,
        `link set ${machine.place} master lan0`,
        `link set ${machine.place} up`,
      ]);
      ipIn(name(machine.place), [
        ...machine.addresses.map((address) => `addr add ${address}/24 dev eth0`),
        'link set eth0 up',
        `route add default via ${gateway}`,
      ]);
    }
    const exec = (command: string[], input = ''): void => {
      execFileSync(findProgram('ip'), ['netns', 'exec', router, ...command], { input });
    };
    exec(['tee', '/proc/sys/net/ipv4/ip_forward'], '1');
    exec([findProgram('nft'), '-f', '-'], natRules);
  }
  writeNameFiles(number);
}

/** A machine behind a NAT, by the namespace it is. */
interface Machine {
  place: PlaceName;
  addresses: string[];
}

function laptopMachines(number: number): Machine[] {
  return [{ place: 'laptop', addresses: [addressesOf(number).laptop] }];
}

/** The applications are not on the connector's machine, whose own addresses a wildcard may not lead to. */
function hqMachines(number: number): Machine[] {
  const { connector, privateDns, wiki, db1, db2, bastion } = addressesOf(number);
  return [
    { place: 'hq', addresses: [connector] },
    { place: 'servers', addresses: [privateDns, wiki, db1, db2, bastion] },
  ];
}

/** `unasked` counts the packets from outside that were dropped. */
const natRules = `
table inet nat {
  counter unasked { }
  chain input {
    type filter hook input priority 0; policy drop;
    iifname { lo, lan0 } accept
    ct state established,related accept
    counter name unasked
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    # A kernel may show packets between machines of the network to this chain too.
    iifname lan0 oifname { lan0, wan0 } accept
    ct state established,related accept
    counter name unasked
  }
  chain outward {
    type nat hook postrouting priority 100;
    oifname wan0 masquerade
  }
}
`;

/** What `ip netns exec` lays over /etc, so that nothing of the host's own names reaches a place. */
function writeNameFiles(number: number): void {
  const { publicDns, privateDns } = addressesOf(number);
  for (const [place, nameserver] of [
    ['internet', publicDns],
    ['laptop', publicDns],
    ['hq', privateDns],
    ['servers', privateDns],
  ] as const) {
    const folder = join('/etc/netns', namespaceName(number, place));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'resolv.conf'), `nameserver ${nameserver}\n`);
    writeFileSync(join(folder, 'hosts'), '127.0.0.1 localhost\n::1 localhost\n');
    writeFileSync(join(folder, 'nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
  }
}

function ip(args: string[]): void {
  execFileSync(findProgram('ip'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

function ipIn(namespace: string, lines: string[]): void {
  execFileSync(findProgram('ip'), ['-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
