/**
 * Whether a browser and a device are seen at the same address. A host has several IPv6 addresses at once, so there the
 * network's first 64 bits count (RFC 4291 section 2.5.1).
 */
import { BlockList, isIP } from 'node:net';

/** An address without the prefix of an IPv4 address on an IPv6 socket. */
export function plainAddress(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}

export function sameNetwork(one: string, other: string): boolean {
  const [a, b] = [plainAddress(one), plainAddress(other)];
  if (isIP(a) === 0 || isIP(b) === 0) return false;
  if (isLoopback(a) || isLoopback(b)) return isLoopback(a) && isLoopback(b);
  if (isIP(a) !== 6 || isIP(b) !== 6) return a === b;
  const network = new BlockList();
  network.addSubnet(a, 64, 'ipv6');
  return network.check(b, 'ipv6');
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
