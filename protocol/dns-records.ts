/**
 * Records beyond addresses that a resource may list (`dns` in the document): what a client asks a connector for with the kind
 * `dns` (WIRE A9), and the answer in the form in which both ends check it. Addresses never pass here.
 */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { Name } from './names.ts';

export const recordTypes = ['SRV', 'MX', 'TXT'] as const;
export const RecordType = Type.Enum([...recordTypes]);
export type RecordType = (typeof recordTypes)[number];

/** Bounds of one answer; a connector leaves out what is beyond them. */
export const mostRecords = 32;
export const mostAnswerBytes = 32_768;

const word = Type.Integer({ minimum: 0, maximum: 65_535 });
const target = Type.String({ minLength: 1, maxLength: 253 });

/** RFC 2782. */
const SrvRecord = Type.Object({ priority: word, weight: word, port: word, target });
/** RFC 1035 section 3.3.9. */
const MxRecord = Type.Object({ preference: word, exchange: target });
/** The strings of RFC 1035 section 3.3.14. */
const TxtRecord = Type.Object({
  strings: Type.Array(Type.String({ maxLength: 255 }), { minItems: 1, maxItems: 64 }),
});

const list = <T extends Parameters<typeof Type.Array>[0]>(item: T) =>
  Type.Array(item, { maxItems: mostRecords });
const Records = Type.Union([
  Type.Object({ type: Type.Literal('SRV'), list: list(SrvRecord) }),
  Type.Object({ type: Type.Literal('MX'), list: list(MxRecord) }),
  Type.Object({ type: Type.Literal('TXT'), list: list(TxtRecord) }),
]);

/** What a name has of one type. */
export type DnsRecords =
  | { readonly type: 'SRV'; readonly list: readonly Static<typeof SrvRecord>[] }
  | { readonly type: 'MX'; readonly list: readonly Static<typeof MxRecord>[] }
  | { readonly type: 'TXT'; readonly list: readonly Static<typeof TxtRecord>[] };

/** The answer in what a connector sent; undefined where it has another form or is of another type. */
export function parseRecords(text: string, type: RecordType): DnsRecords | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return undefined;
  }
  return Value.Check(Records, content) && content.type === type ? content : undefined;
}

/**
 * The records without those that lead elsewhere: a target stays where `isOurs` says so, a text where no address is written
 * in it.
 */
export function keptRecords(records: DnsRecords, isOurs: (target: string) => boolean): DnsRecords {
  switch (records.type) {
    case 'SRV':
      return { type: 'SRV', list: records.list.filter((each) => isOurs(each.target)) };
    case 'MX':
      return { type: 'MX', list: records.list.filter((each) => isOurs(each.exchange)) };
    default:
      return { type: 'TXT', list: records.list.filter(({ strings }) => !writesAddress(strings.join(''))) };
  }
}

/** The name that a service is of: without the labels before it that begin with an underscore (RFC 8552). */
export function serviceOwner(name: Name): Name {
  return name.replace(/^(?:_[^.]*\.)+/, '') as Name;
}

const dottedQuad = /\d{1,3}(?:\.\d{1,3}){3}/;
/** A group of up to four digits and at least two colons on the way: every form of an IPv6 address (RFC 4291), and more. */
const colons = /(?:[0-9a-f]{0,4}:){2,}[0-9a-f.]{0,15}/gi;

/** Whether an address is written in the text, by itself or within something longer such as `ip4:10.0.0.1/24`. */
function writesAddress(text: string): boolean {
  if (dottedQuad.test(text)) return true;
  return (text.match(colons) ?? []).some((run) => run.includes('::') || run.split(':').length > 7);
}
