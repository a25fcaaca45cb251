/**
 * Forwards questions that are not ours to the resolvers the system had before, as the bytes they came in. Each question
 * goes out from a fresh connected socket with a random port and id; an answer counts only from that resolver, under that
 * id and with the same question; anything else makes it ask again over TCP (RFC 5452).
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Random } from '../../protocol/clock.ts';
import { headerLength } from './query.ts';

/** A resolver's address; a scope (`%eth0`) is part of an IPv6 address. */
export interface Upstream {
  readonly address: string;
  readonly port: number;
}

/** Time for one try at one resolver. */
const tryMs = 1_500;
const truncatedBit = 0x0200;
const mostMessageBytes = 65_535;

/**
 * Asks the resolvers in turn. `questionEnd` is where the question ends in `query`. The answer carries the asker's id and
 * is otherwise untouched; undefined when no resolver gave one in time.
 */
export async function forward(
  query: Buffer,
  questionEnd: number,
  transport: 'udp' | 'tcp',
  upstreams: readonly Upstream[],
  random: Random,
): Promise<Buffer | undefined> {
  for (const upstream of upstreams) {
    const answer = await askOne(query, questionEnd, transport, upstream, random);
    if (answer === undefined) continue;
    answer.writeUInt16BE(query.readUInt16BE(0), 0);
    return answer;
  }
  return undefined;
}

async function askOne(
  query: Buffer,
  questionEnd: number,
  transport: 'udp' | 'tcp',
  upstream: Upstream,
  random: Random,
): Promise<Buffer | undefined> {
  if (transport === 'tcp') return askTcp(query, questionEnd, upstream, random);
  const answer = await askUdp(query, questionEnd, upstream, random);
  if (answer === undefined || answer === 'silent') return undefined;
  if (answer !== 'mismatch' && (answer.readUInt16BE(2) & truncatedBit) === 0) return answer;
  const whole = await askTcp(query, questionEnd, upstream, random);
  if (answer === 'mismatch') return whole;
  // What does not fit a datagram stays truncated, and the asker comes back over TCP by itself.
  return whole !== undefined && whole.length <= askerLimit(query, questionEnd) ? whole : answer;
}

function askUdp(
  query: Buffer,
  questionEnd: number,
  upstream: Upstream,
  random: Random,
): Promise<Buffer | 'mismatch' | 'silent'> {
  const sent = withId(query, random(2).readUInt16BE(0));
  return new Promise((resolve) => {
    const socket = createSocket(upstream.address.includes(':') ? 'udp6' : 'udp4');
    const finish = (answer: Buffer | 'mismatch' | 'silent'): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      // After close, an error that was already on its way has no one to tell.
      socket.on('error', () => undefined);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => finish('silent'), tryMs);
    socket.once('error', () => finish('silent'));
    socket.once('message', (bytes) => finish(isAnswer(bytes, sent, questionEnd) ? bytes : 'mismatch'));
    // Without a route it is told of it here, and not by an event.
    socket.connect(upstream.port, upstream.address, (error?: Error) => {
      if (error instanceof Error) finish('silent');
      else socket.send(sent);
    });
  });
}

function askTcp(
  query: Buffer,
  questionEnd: number,
  upstream: Upstream,
  random: Random,
): Promise<Buffer | undefined> {
  const sent = withId(query, random(2).readUInt16BE(0));
  return new Promise((resolve) => {
    const socket = connect({ host: upstream.address, port: upstream.port });
    const timer = setTimeout(() => finish(undefined), tryMs);
    let received = Buffer.alloc(0);
    const finish = (answer: Buffer | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on('error', () => finish(undefined));
    socket.on('close', () => finish(undefined));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const answer = received.subarray(2, 2 + received.readUInt16BE(0));
      finish(isAnswer(answer, sent, questionEnd) ? answer : undefined);
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(sent.length);
    socket.write(Buffer.concat([length, sent]));
  });
}

/** Whether `bytes` is a response to exactly the question that was sent. */
function isAnswer(bytes: Buffer, sent: Buffer, questionEnd: number): boolean {
  return (
    bytes.length >= headerLength &&
    bytes.readUInt16BE(0) === sent.readUInt16BE(0) &&
    (bytes.readUInt16BE(2) & 0x8000) !== 0 &&
    echoesQuestion(bytes, sent, questionEnd)
  );
}

/** The question came back as it went out; a response without any question (an early error) is not believed. */
function echoesQuestion(bytes: Buffer, sent: Buffer, questionEnd: number): boolean {
  return (
    bytes.readUInt16BE(4) === 1 &&
    bytes.length >= questionEnd &&
    bytes.subarray(headerLength, questionEnd).toString('latin1').toLowerCase() ===
      sent.subarray(headerLength, questionEnd).toString('latin1').toLowerCase()
  );
}

/** What the asker takes over UDP: 512, or what its OPT record says when that follows the question. */
function askerLimit(query: Buffer, questionEnd: number): number {
  const hasOpt = query.length >= questionEnd + 11 && query.readUInt16BE(questionEnd + 1) === 41;
  return hasOpt ? Math.min(Math.max(query.readUInt16BE(questionEnd + 3), 512), mostMessageBytes) : 512;
}

function withId(query: Buffer, id: number): Buffer {
  const copy = Buffer.from(query);
  copy.writeUInt16BE(id, 0);
  return copy;
}
