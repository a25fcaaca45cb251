/**
 * Addresses as bytes, in canonical form: an IPv4 address wrapped in IPv6 (mapped, compatible, translated, NAT64, 6to4,
 * Teredo) is the address it leads to. Used by the address guard; parses only strict literals.
 */
import { isIPv4, isIPv6 } from 'node:net';

/** 4 or 16 bytes. */
export type Address = Uint8Array;

/** The canonical address of a strict literal; undefined for names, zone ids, and spellings such as `127.1`. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return unwrap(sixteenBytes(text));
}

/** Whether `text` is a strict address literal. */
export function isLiteral(text: string): boolean {
  return parseAddress(text) !== undefined;
}

/** A network: an address and how many of its leading bits count. */
export interface Network {
  readonly base: Address;
  readonly bits: number;
}

/** The network in CIDR notation, or of a single address; undefined when it is none. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const base = isIPv4(address) || !isIPv6(address) ? parseAddress(address) : sixteenBytes(address);
  if (base === undefined || rest.length > 0) return undefined;
  const bits = prefix === undefined ? base.length * 8 : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  return bits >= 0 && bits <= base.length * 8 ? { base, bits } : undefined;
}

/** Whether `address` lies in `network`; never across families. */
export function isInside(address: Address, { base, bits }: Network): boolean {
  if (address.length !== base.length) return false;
  const whole = bits >>> 3;
  for (let index = 0; index < whole; index++) if (address[index] !== base[index]) return false;
  const rest = bits & 7;
  return rest === 0 || ((address[whole] ?? 0) ^ (base[whole] ?? 0)) >>> (8 - rest) === 0;
}

/** The bytes of an IPv6 literal, which `isIPv6` accepted. */
function sixteenBytes(text: string): Uint8Array {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const pair = (a = '0', b = '0'): string => (Number(a) * 256 + Number(b)).toString(16);
  const hex =
    dotted === null ? text : `${dotted[1]}${pair(dotted[2], dotted[3])}:${pair(dotted[4], dotted[5])}`;
  const [left = '', right] = hex.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const middle = Array.from({ length: right === undefined ? 0 : 8 - head.length - tail.length }, () => '0');
  const bytes = new Uint8Array(16);
  for (const [index, group] of [...head, ...middle, ...tail].entries()) {
    const value = Number.parseInt(group, 16);
    bytes[index * 2] = value >>> 8;
    bytes[index * 2 + 1] = value & 255;
  }
  return bytes;
}

/** Prefixes with an IPv4 address in the last four bytes: mapped, translated (RFC 2765), NAT64 (RFC 6052). */
const endingInIpv4 = ['::ffff:0:0', '::ffff:0:0:0', '64:ff9b::'].map((prefix) => ({
  base: sixteenBytes(prefix),
  bits: 96,
}));
/** The deprecated compatible form, `::` and `::1` excepted, which are addresses of their own. */
const compatible = { base: sixteenBytes('::'), bits: 96 };
const smallest = { base: sixteenBytes('::'), bits: 127 };
const sixToFour = { base: sixteenBytes('2002::'), bits: 16 };
const teredo = { base: sixteenBytes('2001::'), bits: 32 };

function unwrap(address: Uint8Array): Address {
  if (endingInIpv4.some((prefix) => isInside(address, prefix))) return address.slice(12);
  if (isInside(address, compatible) && !isInside(address, smallest)) return address.slice(12);
  if (isInside(address, sixToFour)) return address.slice(2, 6);
  if (isInside(address, teredo)) return address.slice(12).map((byte) => byte ^ 255);
  return address;
}
