/**
 * Which network an address belongs to, as the web door counts: the neighbourhood whose browsers stay with the same connector (an
 * IPv4 /24, an IPv6 /48). Plain text keys.
 */
import { isIPv6 } from 'node:net';
import { leadingGroups, plainAddress } from '../protocol/source-address.ts';

/** What keeps its connector: people move between the addresses of one network. */
export function neighbourhoodOf(address: string): string {
  const plain = plainAddress(address);
  return isIPv6(plain) ? leadingGroups(plain, 3) : plain.split('.').slice(0, 3).join('.');
}
