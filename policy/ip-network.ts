/**
 * Networks as `postern.yaml` writes them (`10.0.0.0/8`, `2001:db8::/32`), and whether an address lies in one. Parsed once;
 * an address is read and compared without allocating. Pure text and numbers: `policy/` has no `node:` module.
 */

/** IPv4 has one word; IPv6 has four. */
export interface IpNetwork {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly length: number;
}

/** The address that was read last: IPv4 in the first word. One for all, so that reading allocates nothing. */
const read = new Uint32Array(4);
/** Where an IPv6 address is put together. */
const groups = new Uint16Array(8);

/** What a text is as a network, or the sentence that says why it is none. */
export function parseIpNetwork(text: string): IpNetwork | { readonly issue: string } {
  const slash = text.indexOf('/');
  const [address, length] = [text.slice(0, slash), text.slice(slash + 1)];
  const family = slash < 0 ? readAddress(text) : readAddress(address);
  if (slash < 0 && family !== 0)
    return { issue: `"${text}" has no length; write ${text}/${family === 4 ? 32 : 128}` };
  if (family === 4 && address.includes(':'))
    return { issue: `"${text}" is IPv4 inside IPv6; write the IPv4 network itself` };
  const bits = family === 4 ? 32 : 128;
  if (slash < 0 || family === 0 || !/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits)
    return { issue: `"${text}" is no network; write it like 10.20.0.0/16 or 2001:db8::/32` };
  const words = [...read.slice(0, family === 4 ? 1 : 4)];
  const network = { family, words, length: Number(length) };
  const isWhole = words.every((word, place) => (word & ~maskOf(network.length, place)) === 0);
  return isWhole
    ? network
    : { issue: `"${text}" has bits beyond its length; write ${text.slice(0, slash)}/${bits}, or clear them` };
}

/** Whether the address lies in one of the networks; undefined when `address` is none. */
export function isInNetworks(address: string, networks: readonly IpNetwork[]): boolean | undefined {
  const family = readAddress(address);
  if (family === 0) return undefined;
  for (const network of networks) if (network.family === family && contains(network)) return true;
  return false;
}

/** Whether every address of `inner` lies in `outer`. */
export function isWithinNetwork(inner: IpNetwork, outer: IpNetwork): boolean {
  if (inner.family !== outer.family || inner.length < outer.length) return false;
  return outer.words.every(
    (word, place) => (((inner.words[place] ?? 0) ^ word) & maskOf(outer.length, place)) === 0,
  );
}

/** Whether the address that was read last lies in it. */
function contains({ words, length }: IpNetwork): boolean {
  for (let place = 0; place < words.length; place += 1) {
    if ((((read[place] ?? 0) ^ (words[place] ?? 0)) & maskOf(length, place)) !== 0) return false;
  }
  return true;
}

/** The bits of the word at `place` that a length covers. */
function maskOf(length: number, place: number): number {
  const bits = length - place * 32;
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** Reads an address into `read`; its family, or 0 when it is none. An IPv4-mapped one (RFC 4291, 2.5.5.2) is IPv4. */
function readAddress(text: string): 4 | 6 | 0 {
  if (!text.includes(':')) {
    const word = ipv4At(text, 0, text.length);
    if (word === undefined) return 0;
    read[0] = word;
    return 4;
  }
  if (!readGroups(text)) return 0;
  for (let place = 0; place < 4; place += 1)
    read[place] = ((groups[place * 2] ?? 0) << 16) | (groups[place * 2 + 1] ?? 0);
  if (read[0] !== 0 || read[1] !== 0 || read[2] !== 0xffff) return 6;
  read[0] = read[3] ?? 0;
  return 4;
}

/** Reads IPv6 (RFC 4291, 2.2) into `groups`, without a zone; false when it is none. */
function readGroups(text: string): boolean {
  const zone = text.indexOf('%');
  const end = zone < 0 ? text.length : zone;
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < end) {
    if (count === 8) return false;
    let value = 0;
    let digits = 0;
    for (; at + digits < end && digits < 5; digits += 1) {
      const digit = hexDigit(text.charCodeAt(at + digits));
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    if (text[at + digits] === '.' && at + digits < end) {
      const word = count <= 6 ? ipv4At(text, at, end) : undefined;
      if (word === undefined) return false;
      groups[count] = word >>> 16;
      groups[count + 1] = word & 0xffff;
      count += 2;
      at = end;
      break;
    }
    if (digits === 0 || digits > 4) return false;
    groups[count] = value;
    count += 1;
    at += digits;
    if (at === end) break;
    if (text[at] !== ':') return false;
    at += 1;
    if (at === end) return false;
    if (text[at] !== ':') continue;
    if (gap >= 0) return false;
    gap = count;
    at += 1;
  }
  if (gap < 0) return count === 8;
  if (count === 8) return false;
  groups.copyWithin(8 - (count - gap), gap, count);
  groups.fill(0, gap, 8 - (count - gap));
  return true;
}

/** Four decimal numbers without leading zeros; undefined for anything else. */
function ipv4At(text: string, start: number, end: number): number | undefined {
  let word = 0;
  let at = start;
  for (let part = 0; part < 4; part += 1) {
    if (part > 0) {
      if (text[at] !== '.') return undefined;
      at += 1;
    }
    let value = 0;
    let digits = 0;
    for (; at < end && digits < 4; digits += 1) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      if (digits === 1 && value === 0) return undefined;
      value = value * 10 + digit;
      at += 1;
    }
    if (digits === 0 || value > 255) return undefined;
    word = (word << 8) | value;
  }
  return at === end ? word >>> 0 : undefined;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
