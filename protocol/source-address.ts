/**
 * An address that somebody comes from, as a socket writes it: how it is told on and compared, and what counts as one source
 * when tries, handshakes and connections are counted.
 */
import { isIPv6 } from 'node:net';

/**
 * In lower case, without the zone of a link-local one, and IPv4 also where the socket is of IPv6 (RFC 4291 section 2.5.5.2). What
 * is no address stays as it is.
 */
export function plainAddress(address: string): string {
  return address
    .toLowerCase()
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}

/** The source that an address counts as: of IPv6 its /64, of which whoever has one address has them all. */
export function sourceOfAddress(address: string): string {
  const plain = plainAddress(address);
  return isIPv6(plain) ? `${leadingGroups(plain, 4)}::/64` : plain;
}

/** The first `count` (at most six) groups of an IPv6 address, always written alike. */
export function leadingGroups(address: string, count: number): string {
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return all
    .slice(0, count)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
