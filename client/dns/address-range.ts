/**
 * The range of IPv4 addresses that the client invents for names (default 100.96.0.0/12), and the choice of another one
 * where the host already has a route there. Nothing outside this machine ever sees these addresses.
 */
import { isIPv4 } from 'node:net';

/** A range of 2^(32 − prefix) addresses from `base`, which is aligned to it. */
export interface AddressRange {
  readonly base: number;
  readonly prefix: number;
}

export const defaultRange = '100.96.0.0/12';

/** Candidates after the wanted one: all of carrier-grade NAT space, then benchmarking space (RFC 6598, RFC 2544). */
const alternatives = ['100.96.0.0/12', '100.80.0.0/12', '100.112.0.0/12', '100.64.0.0/12', '198.18.0.0/15'];
/** Our resolver is this far into the range. */
const resolverOffset = 53;

/** The range in `text`, such as `100.96.0.0/12`; undefined when it is none, unaligned, or not between /8 and /24. */
export function parseRange(text: string): AddressRange | undefined {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d{1,2})$/.exec(text);
  const base = match?.[1] === undefined ? undefined : toNumber(match[1]);
  const prefix = Number(match?.[2]);
  if (base === undefined || prefix < 8 || prefix > 24) return undefined;
  return base % sizeOf({ base, prefix }) === 0 ? { base, prefix } : undefined;
}

export function formatRange(range: AddressRange): string {
  return `${toText(range.base)}/${range.prefix}`;
}

export function sizeOf(range: AddressRange): number {
  return 2 ** (32 - range.prefix);
}

/** The address `offset` into the range. */
export function addressAt(range: AddressRange, offset: number): string {
  return toText(range.base + offset);
}

/** How far into the range the address is; undefined when it is outside or no IPv4 address. */
export function offsetOf(range: AddressRange, address: string): number | undefined {
  const number = toNumber(address);
  if (number === undefined) return undefined;
  const offset = number - range.base;
  return offset >= 0 && offset < sizeOf(range) ? offset : undefined;
}

/** The address of our own resolver: the `.0.53` of the range. */
export function resolverAddress(range: AddressRange): string {
  return addressAt(range, resolverOffset);
}

/** Whether an offset may be given to a name: not the resolver, and no address that looks like a network's own. */
export function isAssignable(offset: number): boolean {
  return offset !== resolverOffset && (offset & 255) !== 0 && (offset & 255) !== 255;
}

/** The reverse zones (RFC 1035) that cover the range, for routing PTR questions to us. */
export function reverseZones(range: AddressRange): string[] {
  const octets = Math.floor(range.prefix / 8) + (range.prefix % 8 === 0 ? 0 : 1);
  const step = 2 ** (32 - octets * 8);
  const zones: string[] = [];
  for (let base = range.base; base < range.base + sizeOf(range); base += step)
    zones.push(`${toText(base).split('.').slice(0, octets).toReversed().join('.')}.in-addr.arpa`);
  return zones;
}

/**
 * The wanted range, or the first alternative of which no part lies in `routes` (other than a default route). Undefined
 * when every one collides.
 */
export function chooseRange(
  wanted: AddressRange,
  routes: readonly { readonly base: number; readonly prefix: number }[],
): AddressRange | undefined {
  const candidates = [wanted, ...alternatives.flatMap((text) => parseRange(text) ?? [])];
  return candidates.find((range) => !routes.some((route) => route.prefix > 0 && overlaps(range, route)));
}

function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
}

/** The 32-bit number of a dotted quad; undefined for anything else. */
export function toNumber(address: string): number | undefined {
  if (!isIPv4(address)) return undefined;
  return address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0);
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}
