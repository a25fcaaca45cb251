/**
 * Takes out of a bundle what nobody should share: secrets and addresses always; whoever and whatever is named as well where
 * it is to be anonymous. The same thing has the same placeholder throughout one bundle, and nothing that could be undone is
 * kept. Pure.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';

/** Fields whose values are this program's own words, instants or versions; of anything else only the kind is kept. */
const ownWords = new Set([
  ...['schema', 'version', 'node', 'platform', 'release', 'arch', 'made', 'variables', 'options', 'sources'],
  ...['state', 'kind', 'at', 'until', 'since', 'last', 'ended', 'what', 'code', 'event'],
  ...['level', 'check', 'routing'],
]);
/** Sentences of this program, in which names stand between its own words. */
const sentences = new Set(['text', 'fix', 'fault', 'why', 'not_direct']);
/** Files that sentences speak of, which are no names of hosts. */
const ownFiles = new Set(['resolv.conf', 'nsswitch.conf', 'known-peers.json', 'postern.yaml']);

const secret = '[secret]';
const secrets: readonly RegExp[] = [
  /-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)/g,
  /\b(?:pk|sk|at|sc|ws|dp)_[\w-]{8,}/g,
  // A token, signed or not yet whole.
  /\beyJ[\w-]+(?:\.[\w-]*)*/g,
  /(?<=\/\/)[^\s/@]+(?=@)/g,
  /(?<=[?#])[^\s?#"'<>]+/g,
  /(?<=\b(?:bearer|basic)\s+)[^\s"',;]{6,}/gi,
  /(?<=\b(?:password|passwd|secret|token|cookie)\b["']?\s*[=:]\s*["']?)[^\s"',;]+/gi,
];
/** 32 bytes and more, in base64url or hex: a key, whichever half of it. */
const keys = /(?<![\w-])(?:[\w-]{43,}|[0-9a-f]{32,})(?![\w-])/gi;
const macs = /(?<![\w:-])[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}(?![\w:-])/gi;
const sixes = /(?<![\w:.])[0-9a-f:.]*:[0-9a-f:.]*(?:%[\w.-]+)?/gi;
const fours = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)/g;
/** As the hosts of a network resource are called. */
const dashed = /(?<!\d)\d{1,3}(?:-\d{1,3}){3}(?!\d)/g;
const emails = /[^\s"'<>()[\],;:@]+@[^\s"'<>()[\],;:@]+/g;
const ids = /\b([a-z]{3})_[0-9a-hjkmnp-tv-z]{26}\b/g;
const hosts =
  /(?<![\p{L}\p{N}_.-])(?:\*\.)?(?:[\p{L}\p{N}_-]+\.)+[\p{L}][\p{L}\p{N}-]*\.?(?![\p{L}\p{N}_-])/gu;

/** A copy of `value`, which is JSON, without them. @param isAnonymous whether names go too */
export function redacted(value: unknown, isAnonymous: boolean): unknown {
  return new Redaction(isAnonymous).of(value);
}

class Redaction {
  readonly #isAnonymous: boolean;
  readonly #placeholders = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  /** Whatever was named outside of sentences, lower case, with its placeholder. */
  readonly #names = new Map<string, string>();

  constructor(isAnonymous: boolean) {
    this.#isAnonymous = isAnonymous;
  }

  of(value: unknown): unknown {
    // What sentences speak of is named in other fields, which may come after them.
    if (this.#isAnonymous) this.#learn(value, '');
    return this.#walk(value, '');
  }

  #learn(value: unknown, field: string): void {
    if (typeof value === 'string') {
      if (!ownWords.has(field) && !sentences.has(field) && value !== '')
        this.#names.set(value.toLowerCase(), this.#whole(value));
    } else if (Array.isArray(value)) for (const each of value) this.#learn(each, field);
    else if (typeof value === 'object' && value !== null)
      for (const [key, each] of Object.entries(value)) this.#learn(each, key);
  }

  #walk(value: unknown, field: string): unknown {
    if (typeof value === 'string') return this.#text(value, field);
    if (Array.isArray(value)) return value.map((each) => this.#walk(each, field));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.#walk(each, key)]));
  }

  #text(text: string, field: string): string {
    if (!this.#isAnonymous) return this.#withoutAddresses(withoutSecrets(text));
    if (sentences.has(field)) return this.#sentence(text);
    return ownWords.has(field) ? this.#withoutAddresses(withoutSecrets(text)) : this.#whole(text);
  }

  #withoutAddresses(text: string): string {
    return text
      .replace(keys, (key) => this.#as('key', key))
      .replace(macs, (address) => this.#as('mac', address.toLowerCase()))
      .replace(sixes, (found) => {
        const [, address = '', rest = ''] = /^(.*?)([.:]*)$/.exec(found) ?? [];
        if (isIPv6(found)) return this.#address(found);
        return isIPv6(address) ? `${this.#address(address)}${rest}` : found;
      })
      .replace(fours, (address) => this.#address(address))
      .replace(dashed, (address) =>
        isIPv4(address.replaceAll('-', '.')) ? this.#address(address) : address,
      );
  }

  #withoutHosts(text: string): string {
    return this.#withoutAddresses(text.replace(emails, (email) => this.#as('email', email.toLowerCase())))
      .replace(ids, (id, kind: string) => this.#as(kind, id))
      .replace(hosts, (host) => (ownFiles.has(host) ? host : this.#host(host)));
  }

  /** Names that are known from other fields first, the longest before those in it. */
  #sentence(text: string): string {
    const known = [...this.#names.keys()].toSorted((one, other) => other.length - one.length).map(escaped);
    const clean = withoutSecrets(text);
    const named =
      known.length === 0
        ? clean
        : clean.replace(
            new RegExp(`(?<![\\p{L}\\p{N}_])(?:${known.join('|')})(?![\\p{L}\\p{N}_])`, 'giu'),
            (name) => this.#names.get(name.toLowerCase()) ?? '[name]',
          );
    return this.#withoutHosts(named);
  }

  /** Of a value that is one name: its kind, and a port where it has one. */
  #whole(value: string): string {
    if (value === '') return value;
    if (isOwnAddress(value)) return value;
    const url = URL.canParse(value) && value.includes('://') ? new URL(value) : undefined;
    if (url !== undefined)
      return `${url.protocol}//${this.#hostOrAddress(url.hostname)}${url.port === '' ? '' : `:${url.port}`}`;
    const [, id] = /^([a-z]{3})_[0-9a-hjkmnp-tv-z]{26}$/.exec(value) ?? [];
    if (id !== undefined) return this.#as(id, value);
    if (/^[^\s@]+@[^\s@]+$/.test(value)) return this.#as('email', value.toLowerCase());
    const [, host = value, rest = ''] = /^(.*?)((?::|\/)\d{1,5})?$/.exec(value) ?? [];
    if (isIP(host) !== 0 || /^[~*]?[\w.-]+\.[\w.-]+$/.test(host))
      return `${this.#hostOrAddress(host)}${rest}`;
    return this.#as('name', value.toLowerCase());
  }

  #hostOrAddress(host: string): string {
    const bare = host.replaceAll(/^\[|\]$/g, '');
    return isIP(bare) === 0 ? this.#host(host) : this.#address(bare);
  }

  #host(host: string): string {
    return this.#as('host', host.toLowerCase().replace(/^[~*]\.?|\.$/g, ''));
  }

  /** Those of every machine say nothing of this one. */
  #address(address: string): string {
    return isOwnAddress(address) ? address : this.#as('ip', address.replaceAll('-', '.').toLowerCase());
  }

  #as(kind: string, value: string): string {
    const mark = `${kind} ${value}`;
    const known = this.#placeholders.get(mark);
    if (known !== undefined) return known;
    const number = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, number);
    const made = `[${kind}-${number}]`;
    this.#placeholders.set(mark, made);
    return made;
  }
}

function withoutSecrets(text: string): string {
  return secrets.reduce((left, pattern) => left.replace(pattern, secret), text);
}

function isOwnAddress(address: string): boolean {
  return ['::1', '::', '0.0.0.0'].includes(address) || (isIPv4(address) && address.startsWith('127.'));
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
