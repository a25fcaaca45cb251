/**
 * A small authoritative DNS server over UDP and TCP, run as a process inside a place: answers from a file of records
 * that is read again for every question, so that a test may change an answer at once, and writes every question to a
 * log before it answers. Forwards other names as bytes where it has somebody to ask. `NameServer` is its handle.
 *
 *   node dns-server.ts ADDRESS RECORDS-FILE LOG-FILE [FORWARD-TO]
 */
import { createSocket } from 'node:dgram';
import { appendFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';

/** What the file of records holds: names in lower case without a final dot; `*.suffix` matches any name below. */
export interface Zones {
  /** Suffixes this server alone knows: what is not in `records` does not exist. */
  zones: string[];
  records: Record<string, NameRecord[]>;
}

export type NameRecord =
  | { type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'TXT'; data: string; ttl?: number }
  | { type: 'SRV'; data: { priority: number; weight: number; port: number; target: string }; ttl?: number }
  | { type: 'MX'; data: { preference: number; exchange: string }; ttl?: number };

/** One question, as it came. */
export interface Question {
  /** Milliseconds since 1970. */
  at: number;
  name: string;
  type: string;
  /** The address it came from. */
  from: string;
  via: 'udp' | 'tcp';
}

interface Packet {
  id: number;
  questions: { name: string; type: string; class: string }[];
}

/** What is used of dns-packet, which has no types of its own. */
interface DnsPacket {
  decode(bytes: Buffer): Packet;
  encode(packet: object): Buffer;
  readonly AUTHORITATIVE_ANSWER: number;
  readonly RECURSION_DESIRED: number;
  readonly RECURSION_AVAILABLE: number;
}

const dnsPacket = createRequire(import.meta.url)('dns-packet') as DnsPacket;
const noSuchName = 3;

if (import.meta.main) serve(process.argv.slice(2));

function serve([address, recordsFile, logFile, forwardTo]: string[]): void {
  if (address === undefined || recordsFile === undefined || logFile === undefined)
    throw new Error('usage: dns-server.ts ADDRESS RECORDS-FILE LOG-FILE [FORWARD-TO]');

  const answer = (
    bytes: Buffer,
    from: string,
    via: Question['via'],
    reply: (bytes: Buffer) => void,
  ): void => {
    const query = dnsPacket.decode(bytes);
    const [asked] = query.questions;
    if (asked === undefined) return;
    const name = asked.name.toLowerCase();
    const question: Question = { at: Date.now(), name, type: asked.type, from, via };
    appendFileSync(logFile, `${JSON.stringify(question)}\n`);
    const known = JSON.parse(readFileSync(recordsFile, 'utf8')) as Zones;
    if (forwardTo !== undefined && !known.zones.some((zone) => name === zone || name.endsWith(`.${zone}`)))
      forward(bytes, forwardTo, reply);
    else reply(dnsPacket.encode(answerTo(query, name, asked.type, known)));
  };

  const udp = createSocket('udp4');
  udp.on('message', (bytes, peer) =>
    answer(bytes, peer.address, 'udp', (reply) => udp.send(reply, peer.port, peer.address)),
  );
  const tcp = createServer((socket) => {
    let held = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0);
        answer(held.subarray(2, end), socket.remoteAddress ?? '', 'tcp', (reply) => {
          const size = Buffer.alloc(2);
          size.writeUInt16BE(reply.length);
          socket.write(Buffer.concat([size, reply]));
        });
        held = held.subarray(end);
      }
    });
  });
  udp.bind(53, address, () => tcp.listen(53, address, () => console.log('ready')));
}

function answerTo(query: Packet, name: string, type: string, { records }: Zones): object {
  const answers: object[] = [];
  let owner = name;
  let found = recordsOf(owner, records);
  const exists = found !== undefined;
  // A chain of aliases, as a recursive resolver hands it out; seven links are more than any test makes.
  for (let links = 0; links < 8 && found !== undefined; links += 1) {
    const alias = found.find((record) => record.type === 'CNAME');
    const fitting =
      alias !== undefined && type !== 'CNAME' ? [alias] : found.filter((each) => each.type === type);
    for (const record of fitting) answers.push({ ttl: 5, ...record, name: owner });
    if (alias === undefined || type === 'CNAME') break;
    owner = alias.data as string;
    found = recordsOf(owner, records);
  }
  return {
    type: 'response',
    id: query.id,
    flags:
      dnsPacket.AUTHORITATIVE_ANSWER |
      dnsPacket.RECURSION_DESIRED |
      dnsPacket.RECURSION_AVAILABLE |
      (exists ? 0 : noSuchName),
    questions: query.questions,
    answers,
  };
}

function recordsOf(name: string, records: Zones['records']): NameRecord[] | undefined {
  const labels = name.split('.');
  const wildcards = labels.slice(1).map((_, at) => `*.${labels.slice(at + 1).join('.')}`);
  const key = [name, ...wildcards].find((each) => records[each] !== undefined);
  return key === undefined ? undefined : records[key];
}

function forward(bytes: Buffer, to: string, reply: (bytes: Buffer) => void): void {
  const socket = createSocket('udp4');
  const timer = setTimeout(() => socket.close(), 3_000);
  socket.once('message', (answer) => {
    clearTimeout(timer);
    socket.close();
    reply(answer);
  });
  socket.send(bytes, 53, to);
}
