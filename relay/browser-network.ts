/**
 * Which network an address belongs to, as the web door counts: one source of connections (an IPv4 address, an IPv6 /64),
 * and one neighbourhood whose browsers stay with the same connector (an IPv4 /24, an IPv6 /48). Plain text keys.
 */
import { isIPv6 } from 'node:net';

/** What counts as one peer when connections are counted. */
export function sourceOf(address: string): string {
  return networkOf(address, 4, 4);
}

/** What keeps its connector: people move between the addresses of one network. */
export function neighbourhoodOf(address: string): string {
  return networkOf(address, 3, 3);
}

/** The address as it is told on: IPv4 also where the socket is of IPv6, and without the zone of a link-local one. */
export function plainAddress(address: string): string {
  const [plain = ''] = address.split('%', 1);
  return plain.startsWith('::ffff:') && plain.includes('.') ? plain.slice(7) : plain;
}

function networkOf(address: string, octets: number, groups: number): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain.split('.').slice(0, octets).join('.');
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return all
    .slice(0, groups)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
