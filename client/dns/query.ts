/**
 * Reads a DNS query (RFC 1035, RFC 6891) strictly enough to decide whose it is; the bytes of a query that is not ours
 * are forwarded as they came. Not a general DNS parser: one question, and of the additional section only OPT.
 */

/** A well-formed query with exactly one question. */
export interface Query {
  readonly id: number;
  /** The second word of the header as received. */
  readonly flags: number;
  /** Lower-cased labels, one character per octet, so that any byte sequence can be compared. */
  readonly labels: readonly string[];
  readonly type: number;
  readonly class: number;
  /** Offset just behind the question; the question itself starts at 12. */
  readonly questionEnd: number;
  readonly edns: { readonly udpSize: number; readonly version: number } | undefined;
}

/** `malformed` has a header to answer FORMERR to; `noise` (a response, or too short) is dropped. */
export type ParsedQuery =
  | { readonly is: 'query'; readonly query: Query }
  | { readonly is: 'malformed'; readonly id: number; readonly flags: number }
  | { readonly is: 'noise' };

export const headerLength = 12;
const optType = 41;
const responseBit = 0x8000;

/** Parses one message; never throws, whatever the bytes. */
export function parseQuery(bytes: Buffer): ParsedQuery {
  if (bytes.length < headerLength) return { is: 'noise' };
  const id = bytes.readUInt16BE(0);
  const flags = bytes.readUInt16BE(2);
  if ((flags & responseBit) !== 0) return { is: 'noise' };
  const question = bytes.readUInt16BE(4) === 1 ? readQuestion(bytes) : undefined;
  if (question === undefined) return { is: 'malformed', id, flags };
  const edns = readEdns(bytes, question.questionEnd);
  if (edns === 'malformed') return { is: 'malformed', id, flags };
  return { is: 'query', query: { id, flags, ...question, edns } };
}

/** The operation in the header flags; 0 is a standard query. */
export function opcodeOf(flags: number): number {
  return (flags >> 11) & 15;
}

function readQuestion(
  bytes: Buffer,
): { labels: string[]; type: number; class: number; questionEnd: number } | undefined {
  const labels: string[] = [];
  let offset = headerLength;
  for (;;) {
    const length = bytes[offset];
    // A compression pointer (top bits set) has nothing before it to point to.
    if (length === undefined || length > 63 || offset - headerLength + length > 254) return undefined;
    offset += 1;
    if (length === 0) break;
    if (offset + length > bytes.length) return undefined;
    labels.push(bytes.toString('latin1', offset, offset + length).replace(/[A-Z]/g, lower));
    offset += length;
  }
  if (offset + 4 > bytes.length) return undefined;
  return {
    labels,
    type: bytes.readUInt16BE(offset),
    class: bytes.readUInt16BE(offset + 2),
    questionEnd: offset + 4,
  };
}

/** Only ASCII folds in DNS (RFC 4343): toLowerCase would also fold Latin-1 letters. */
function lower(letter: string): string {
  return letter.toLowerCase();
}

/** The OPT record of a query whose only record it is; undefined without one or behind records of other kinds. */
function readEdns(bytes: Buffer, offset: number): Query['edns'] | 'malformed' {
  const before = bytes.readUInt16BE(6) + bytes.readUInt16BE(8);
  const additional = bytes.readUInt16BE(10);
  if (before !== 0 || additional === 0) return undefined;
  if (offset + 11 > bytes.length) return 'malformed';
  if (bytes[offset] !== 0 || bytes.readUInt16BE(offset + 1) !== optType) return undefined;
  if (offset + 11 + bytes.readUInt16BE(offset + 9) > bytes.length) return 'malformed';
  return { udpSize: bytes.readUInt16BE(offset + 3), version: bytes[offset + 6] ?? 0 };
}
