/**
 * Whether a browser and a device are seen at the same address. A host has several IPv6 addresses at once, so there the
 * network's first 64 bits count (RFC 4291 section 2.5.1), as they do of any source.
 */
import { isIP } from 'node:net';
import { plainAddress, sourceOfAddress } from '../../protocol/source-address.ts';

export function sameNetwork(one: string, other: string): boolean {
  const [a, b] = [plainAddress(one), plainAddress(other)];
  if (isIP(a) === 0 || isIP(b) === 0) return false;
  if (isLoopback(a) || isLoopback(b)) return isLoopback(a) && isLoopback(b);
  return sourceOfAddress(a) === sourceOfAddress(b);
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
