/**
 * Internet addresses as 32-bit words, so that networks are compared and looked up as numbers: one word for IPv4, four for
 * IPv6. An IPv4 address in its mapped IPv6 form is the IPv4 address.
 */
import { isIPv4, isIPv6 } from 'node:net';

/** One word (IPv4) or four (IPv6), most significant first. */
export type AddressWords = readonly [number] | readonly [number, number, number, number];

/** The words of an address literal; undefined for anything else. A scope (`fe80::1%eth0`) is left out. */
export function addressWords(text: string): AddressWords | undefined {
  if (isIPv4(text)) return [ipv4Word(text)];
  if (!isIPv6(text)) return undefined;
  const [a, b, c, d] = ipv6Words(text.split('%', 1)[0] ?? '');
  return a === 0 && b === 0 && c === 0xffff ? [d] : [a, b, c, d];
}

/** An address as it is written in facts and logs: IPv4 never in its mapped form, IPv6 in the form of RFC 5952. */
export function plainAddressOf(text: string): string | undefined {
  const words = addressWords(text);
  if (words === undefined) return undefined;
  if (words.length === 1) return [24, 16, 8, 0].map((shift) => (words[0] >>> shift) & 255).join('.');
  const groups = words.flatMap((word) => [(word >>> 16).toString(16), (word & 0xffff).toString(16)]);
  // A URL's host is written by RFC 5952.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function ipv4Word(text: string): number {
  let word = 0;
  for (const octet of text.split('.')) word = word * 256 + Number(octet);
  return word;
}

/** @param text an IPv6 address that `isIPv6` took, without scope */
function ipv6Words(text: string): [number, number, number, number] {
  const [head = '', tail] = text.split('::');
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const groups = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  const word = (at: number): number => (groups[at] ?? 0) * 0x1_0000 + (groups[at + 1] ?? 0);
  return [word(0), word(2), word(4), word(6)];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const word = ipv4Word(group);
    return [Math.floor(word / 0x1_0000), word % 0x1_0000];
  });
}
