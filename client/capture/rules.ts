/**
 * The nftables table and the route by which flows to synthetic addresses come to this process. Text and commands only;
 * who takes the flows is `captured.ts`.
 */
import type { PortRange } from '../../protocol/ports.ts';
import { resolverAddress, formatRange, toNumber, type AddressRange } from '../dns/address-range.ts';
import { runCommand, succeeds } from '../system/run-command.ts';

export interface CaptureRules {
  /** Our own table; nothing else is ever touched. */
  readonly table: string;
  readonly range: AddressRange;
  /** Who is captured: the person and root. Everybody else's connections to the range are refused. */
  readonly uids: readonly number[];
  /** Loopback port of the listener that takes the flows. */
  readonly port: number;
}

/**
 * The whole table as one transaction. Also keeps the range to this machine: without the last chain a neighbour on the
 * local network could send to it, because the host has a local route for it.
 */
function captureTable({ table, range, uids, port }: CaptureRules): string {
  const resolver = resolverAddress(range);
  const dns = (side: 'daddr' | 'saddr'): string =>
    `ip ${side} ${resolver} meta l4proto { tcp, udp } th ${side === 'daddr' ? 'dport' : 'sport'} 53 accept`;
  return `table ip ${table}
delete table ip ${table}
table ip ${table} {
  set udp_ports {
    type inet_service; flags interval; auto-merge;
  }
  chain redirected {
    type nat hook output priority -100; policy accept;
    ip daddr ${resolver} accept
    ip daddr ${formatRange(range)} meta l4proto tcp meta skuid { ${uids.join(', ')} } redirect to :${port}
  }
  chain refused {
    type filter hook output priority 0; policy accept;
    ${dns('daddr')}
    ${dns('saddr')}
    ip daddr ${formatRange(range)} udp dport @udp_ports meta skuid { ${uids.join(', ')} } accept
    ip daddr ${formatRange(range)} meta l4proto tcp reject with tcp reset
    ip daddr ${formatRange(range)} reject with icmp type port-unreachable
  }
  chain foreign {
    type filter hook input priority -10; policy accept;
    iifname != "lo" ip daddr ${formatRange(range)} drop
  }
}
`;
}

/** Puts the table in place, replacing one of the same name. Rejects with a Fault when nft refuses. */
export async function installTable(rules: CaptureRules): Promise<void> {
  await runCommand('nft', ['-f', '-'], captureTable(rules));
}

/** Lets datagrams to these ports of the range through to whoever is bound there, for those who are captured. */
export async function allowUdpPorts(table: string, ranges: readonly PortRange[]): Promise<void> {
  const elements = ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
  const add = elements === '' ? '' : `add element ip ${table} udp_ports { ${elements} }\n`;
  await runCommand('nft', ['-f', '-'], `flush set ip ${table} udp_ports\n${add}`);
}

/** Removes the table. Nothing happens when it is not there. */
export async function removeTable(table: string): Promise<void> {
  await succeeds('nft', ['delete', 'table', 'ip', table]);
}

/** Makes the range local, so that its addresses can be connected to and bound. */
export async function addLocalRoute(range: AddressRange): Promise<void> {
  await runCommand('ip', ['route', 'replace', ...localRoute(range)]);
}

/** Removes the local route. Nothing happens when it is not there. */
export async function removeLocalRoute(range: AddressRange): Promise<void> {
  await succeeds('ip', ['route', 'del', ...localRoute(range)]);
}

/** All IPv4 routes of the host, of every table, except default routes. */
export async function hostRoutes(): Promise<{ base: number; prefix: number }[]> {
  const routes = JSON.parse(await runCommand('ip', ['-j', '-4', 'route', 'show', 'table', 'all'])) as {
    dst?: string;
  }[];
  return routes.flatMap(({ dst }) => {
    const [address = '', length = '32'] = (dst ?? '').split('/');
    const base = toNumber(address);
    return base === undefined ? [] : [{ base, prefix: Number(length) }];
  });
}

function localRoute(range: AddressRange): string[] {
  // The source keeps both ends of every such connection on loopback addresses.
  return ['local', formatRange(range), 'dev', 'lo', 'src', '127.0.0.1', 'table', 'local'];
}
