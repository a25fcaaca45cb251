/** Writes the replies for names that are ours: header, the question exactly as it was asked, records, extended error. */
import packet, { type Record as ResourceRecord } from 'dns-packet';
import type { DnsRecords } from '../../protocol/dns-records.ts';
import { headerLength, type Query } from './query.ts';

/** Response codes that are used for our names. SERVFAIL and REFUSED are not among them: see `answer.ts`. */
export const rcodes = { noError: 0, formErr: 1, nxDomain: 3, notImp: 4, badVersion: 16 } as const;

/** What a reply says. `records` are complete resource records (`aRecord`, `ptrRecord`, `dataRecords`). */
export interface Reply {
  readonly rcode: number;
  readonly answers: readonly Buffer[];
  /** The zone whose SOA goes into the authority section of a negative answer. */
  readonly zone: string | undefined;
  /** RFC 8914; sent only to who speaks EDNS. */
  readonly error: { readonly code: number; readonly text: string } | undefined;
}

/** Seconds; for answers and for the caching of negative ones. */
const ttlS = 5;
/** What we advertise and the most we send over UDP: fits in any path MTU (DNS flag day 2020). */
const udpSize = 1_232;
const plainUdpSize = 512;
const flag = { response: 0x8000, authoritative: 0x0400, truncated: 0x0200, recursionAvailable: 0x0080 };
const keptFlags = 0x7910; // opcode, RD and CD go back as they came

export function aRecord(name: string, address: string): Buffer {
  return packet.answer.encode({ type: 'A', name, ttl: ttlS, data: address });
}

export function ptrRecord(owner: string, name: string): Buffer {
  return packet.answer.encode({ type: 'PTR', name: owner, ttl: ttlS, data: name });
}

const longestString = 255;

/** The records that a connector told of; a text that no record can hold is left out. */
export function dataRecords(owner: string, records: DnsRecords): Buffer[] {
  return dataOf(records).map((data) =>
    packet.answer.encode({ type: records.type, name: owner, ttl: ttlS, data }),
  );
}

function dataOf(records: DnsRecords): ResourceRecord['data'][] {
  if (records.type !== 'TXT') return [...records.list];
  return records.list
    .map(({ strings }) => strings.map((string) => Buffer.from(string)))
    .filter((strings) => strings.every(({ length }) => length <= longestString));
}

/** The bytes of a reply, within what the asker can take: the text is dropped first, then the records (TC). */
export function encodeReply(bytes: Buffer, query: Query, reply: Reply, transport: 'udp' | 'tcp'): Buffer {
  const limit =
    transport === 'tcp'
      ? 65_535
      : Math.min(Math.max(query.edns?.udpSize ?? plainUdpSize, plainUdpSize), udpSize);
  const whole = assemble(bytes, query, reply, true);
  if (whole.length <= limit) return whole;
  const terse = assemble(bytes, query, reply, false);
  if (terse.length <= limit) return terse;
  const empty = assemble(bytes, query, { ...reply, answers: [], zone: undefined }, false);
  empty.writeUInt16BE(empty.readUInt16BE(2) | flag.truncated, 2);
  return empty;
}

/** A reply without any question, to something that could not be read. */
export function encodeFormatError(id: number, flags: number): Buffer {
  const header = Buffer.alloc(headerLength);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(flag.response | (flags & keptFlags) | rcodes.formErr, 2);
  return header;
}

function assemble(bytes: Buffer, query: Query, reply: Reply, withText: boolean): Buffer {
  const authority = reply.zone === undefined ? [] : [soaRecord(reply.zone)];
  const additional = query.edns === undefined ? [] : [optRecord(reply, withText)];
  const header = Buffer.alloc(headerLength);
  header.writeUInt16BE(query.id, 0);
  const flags = flag.response | flag.authoritative | flag.recursionAvailable | (query.flags & keptFlags);
  header.writeUInt16BE(flags | (reply.rcode & 15), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(reply.answers.length, 6);
  header.writeUInt16BE(authority.length, 8);
  header.writeUInt16BE(additional.length, 10);
  const question = bytes.subarray(headerLength, query.questionEnd);
  return Buffer.concat([header, question, ...reply.answers, ...authority, ...additional]);
}

function soaRecord(zone: string): Buffer {
  return packet.answer.encode({
    type: 'SOA',
    name: zone,
    ttl: ttlS,
    data: {
      mname: `postern.${zone}`,
      rname: `postern.${zone}`,
      serial: 1,
      refresh: 3_600,
      retry: 600,
      expire: 86_400,
      minimum: ttlS,
    },
  });
}

function optRecord(reply: Reply, withText: boolean): Buffer {
  const { error } = reply;
  const text = error !== undefined && withText ? error.text : '';
  const code = Buffer.alloc(2);
  code.writeUInt16BE(error?.code ?? 0);
  return packet.answer.encode({
    type: 'OPT',
    name: '.',
    udpPayloadSize: udpSize,
    extendedRcode: reply.rcode >> 4,
    options: error === undefined ? [] : [{ code: 15, data: Buffer.concat([code, Buffer.from(text)]) }],
  });
}
