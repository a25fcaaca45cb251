/**
 * Our resolver: takes the bytes of a question and gives the bytes of the answer, from what is known, from a connector
 * (does this name below a wildcard exist?) or, for names that are not ours, from the resolvers the system had before.
 */
import type { Clock, Random } from '../../protocol/clock.ts';
import type { Name } from '../../protocol/names.ts';
import type { Names } from '../accounts/names.ts';
import type { AddressPool } from './address-pool.ts';
import { offsetOf } from './address-range.ts';
import { answer, zoneOf, type AnswerView } from './answer.ts';
import { ConnectorWord, type AskConnector, type Existence, type RecordsWord } from './connector-word.ts';
import { parseQuery, type Query } from './query.ts';
import { encodeFormatError, encodeReply, rcodes } from './reply.ts';
import { forward, type Upstream } from './upstream.ts';
import { wildcardExistence } from './wildcard-existence.ts';

export interface ResolverOptions extends AskConnector {
  readonly pool: AddressPool;
  names(): Names;
  upstreams(): readonly Upstream[];
  /** The name is about to be answered with this address. */
  given?(name: Name, address: string): void;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Resolver {
  /** The reply to one message; undefined for what is no question. Never rejects. */
  answer(message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined>;
  /** Forgets what connectors said: after a sign-in, a new snapshot, a reconnect. */
  flush(): void;
}

export function createResolver(options: ResolverOptions): Resolver {
  const { pool, clock } = options;
  const exists = wildcardExistence(options);
  const word = new ConnectorWord(
    { exists, records: (name, resource, type) => options.records(name, resource, type) },
    clock,
  );

  /** @param told what a connector said just now, whatever was forgotten meanwhile */
  const viewOf = (names: Names, told?: Existence | RecordsWord): AnswerView => ({
    zones: names.zones,
    standing: (name) => names.standing(name),
    existence: (name) => (told as Existence | undefined) ?? word.existence(name),
    records: (name, type) => (told as RecordsWord | undefined) ?? word.records(name, type),
    addressOf: (name, wildcard) => {
      const address = pool.addressOf(name, wildcard);
      if (address !== undefined) options.given?.(name, address);
      return address;
    },
    isSynthetic: (address) => offsetOf(pool.range, address) !== undefined,
    nameOf: (address) => pool.nameOf(address),
  });

  const answerQuery = async (
    message: Buffer,
    query: Query,
    transport: 'udp' | 'tcp',
  ): Promise<Buffer | undefined> => {
    let outcome = answer(query, viewOf(options.names()));
    if (outcome.do === 'ask') {
      const told = await word.ask(outcome.name, outcome.resource, outcome.records);
      outcome = answer(query, viewOf(options.names(), told));
    }
    if (outcome.do === 'reply') return encodeReply(message, query, outcome.reply, transport);
    // The knowledge may have changed while a connector was asked; a protected name still goes nowhere.
    if (outcome.do === 'ask' || isProtected(query, options.names())) return undefined;
    const upstreams = options.upstreams();
    const reply = await forward(message, query.questionEnd, transport, upstreams, options.random);
    return reply ?? serverFailure(message, query);
  };

  return {
    async answer(message, transport) {
      const parsed = parseQuery(message);
      if (parsed.is === 'noise') return undefined;
      if (parsed.is === 'malformed') return encodeFormatError(parsed.id, parsed.flags);
      return answerQuery(message, parsed.query, transport);
    },
    flush() {
      word.forget();
    },
  };
}

/** The last gate before a question leaves: on the raw labels, whatever the decision above it said. */
function isProtected(query: Query, names: Names): boolean {
  const plain = !query.labels.some((label) => label.includes('.'));
  if (plain && names.isExempt(query.labels.join('.'))) return false;
  return zoneOf(query.labels, names.zones) !== undefined;
}

/** For names that are not ours, when no resolver answers. */
function serverFailure(message: Buffer, query: Query): Buffer {
  const reply = encodeReply(
    message,
    { ...query, edns: undefined },
    { rcode: rcodes.noError, answers: [], zone: undefined, error: undefined },
    'udp',
  );
  reply.writeUInt16BE((reply.readUInt16BE(2) & ~0x0400) | 2, 2);
  return reply;
}
