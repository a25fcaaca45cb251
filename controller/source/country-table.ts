/**
 * Which country an address belongs to, by the operator's file of networks: lines `network,country` (RFC 4632 and RFC 4291
 * prefixes, ISO 3166-1 alpha-2), blank lines, comments (`#`) and one heading. Read whole, into a few bytes for each line.
 */
import { addressWords } from './address-words.ts';
import { CountryFileIssue } from './country-file-issue.ts';
import { ListedTwice, NetworkTable, type NetworkList } from './network-table.ts';

/** More networks than this are refused; the world's address registries list fewer than half as many. */
const maxNetworks = 1_000_000;
const heading = /^"?network"?,"?country"?$/i;
const entry = /^"?([0-9A-Fa-f:.]{2,45})\/([0-9]{1,3})"?,"?([A-Za-z]{2})"?$/;

export class CountryTable {
  readonly #ipv4: NetworkTable;
  readonly #ipv6: NetworkTable;
  /** Lines that name a network. */
  readonly networks: number;

  private constructor(ipv4: NetworkTable, ipv6: NetworkTable, networks: number) {
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
    this.networks = networks;
  }

  /** Bytes that it takes in memory. */
  get bytes(): number {
    return this.#ipv4.bytes + this.#ipv6.bytes;
  }

  /** The country of an address literal, upper case; undefined when no network that is listed holds it. */
  countryOf(address: string): string | undefined {
    const words = addressWords(address);
    if (words === undefined) return undefined;
    const value = (words.length === 1 ? this.#ipv4 : this.#ipv6).find(words);
    return value === 0 ? undefined : String.fromCharCode(value >> 8, value & 255);
  }

  /** Reads the text of a file. Throws a `CountryFileIssue` for the first line that is wrong. */
  static parse(text: string): CountryTable {
    const ipv4 = new Collector(1);
    const ipv6 = new Collector(4);
    let isFirst = true;
    let line = 0;
    for (let at = text.startsWith('\u{feff}') ? 1 : 0; at < text.length;) {
      const end = text.indexOf('\n', at);
      const written = text.slice(at, end < 0 ? text.length : end).trim();
      at = end < 0 ? text.length : end + 1;
      line += 1;
      if (written === '' || written.startsWith('#')) continue;
      const isHeading = isFirst && heading.test(written);
      isFirst = false;
      if (isHeading) continue;
      readEntry(written, line, ipv4, ipv6);
      if (ipv4.count + ipv6.count > maxNetworks) throw issue(line, `more than ${maxNetworks} networks`);
    }
    if (ipv4.count + ipv6.count === 0) throw new CountryFileIssue('no line of it names a network');
    return new CountryTable(ipv4.table(), ipv6.table(), ipv4.count + ipv6.count);
  }
}

function readEntry(written: string, line: number, ipv4: Collector, ipv6: Collector): void {
  const [, address = '', length = '', country = ''] = entry.exec(written) ?? [];
  const words = addressWords(address);
  if (words === undefined) {
    throw issue(line, 'is not of the form network,country, such as 192.0.2.0/24,DE or 2001:db8::/32,FR');
  }
  const isMapped = words.length === 1 && address.includes(':');
  const prefix = Number(length);
  if (isMapped) throw issue(line, 'names IPv4 addresses in their IPv6 form; write them as IPv4');
  if (prefix > 32 * words.length)
    throw issue(line, `a prefix of /${length} is longer than the address; an IPv4 address has 32 bits`);
  if (hasHostBits(words, prefix))
    throw issue(
      line,
      `${address}/${length} has bits set behind its prefix; write the network's first address`,
    );
  const upper = country.toUpperCase();
  const value = (upper.charCodeAt(0) << 8) | upper.charCodeAt(1);
  (words.length === 1 ? ipv4 : ipv6).add(words, prefix, value, line);
}

function hasHostBits(words: readonly number[], prefix: number): boolean {
  return words.some((word, at) => {
    const kept = Math.min(Math.max(prefix - at * 32, 0), 32);
    return word % 2 ** (32 - kept) !== 0;
  });
}

function issue(line: number, what: string): CountryFileIssue {
  return new CountryFileIssue(`line ${line}: ${what}`);
}

/** Networks of one family as they are read, in arrays that grow by doubling. */
class Collector implements NetworkList {
  readonly #width: 1 | 4;
  words: Uint32Array;
  prefixes = new Uint8Array(1_024);
  values = new Uint16Array(1_024);
  #lines = new Uint32Array(1_024);
  count = 0;

  constructor(width: 1 | 4) {
    this.#width = width;
    this.words = new Uint32Array(1_024 * width);
  }

  add(words: readonly number[], prefix: number, value: number, line: number): void {
    if (this.count === this.values.length) this.#grow();
    this.words.set(words, this.count * this.#width);
    this.prefixes[this.count] = prefix;
    this.values[this.count] = value;
    this.#lines[this.count] = line;
    this.count += 1;
  }

  table(): NetworkTable {
    try {
      return new NetworkTable(this.#width, this);
    } catch (error) {
      if (!(error instanceof ListedTwice)) throw error;
      const [first, second] = error.places.map((place) => this.#lines[place] ?? 0);
      throw issue(second ?? 0, `the same network stands in line ${first} with another country`);
    }
  }

  #grow(): void {
    const twice = 2 * this.count;
    const words = new Uint32Array(twice * this.#width);
    words.set(this.words);
    const prefixes = new Uint8Array(twice);
    prefixes.set(this.prefixes);
    const values = new Uint16Array(twice);
    values.set(this.values);
    const lines = new Uint32Array(twice);
    lines.set(this.#lines);
    [this.words, this.prefixes, this.values, this.#lines] = [words, prefixes, values, lines];
  }
}
