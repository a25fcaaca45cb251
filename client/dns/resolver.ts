/**
 * Our resolver: takes the bytes of a question and gives the bytes of the answer, from what is known, from a connector
 * (does this name below a wildcard exist?) or, for names that are not ours, from the resolvers the system had before.
 */
import type { Clock, Random } from '../../protocol/clock.ts';
import type { Name } from '../../protocol/names.ts';
import type { Names } from '../accounts/names.ts';
import type { VisibleResource } from '../standing.ts';
import type { AddressPool } from './address-pool.ts';
import { offsetOf } from './address-range.ts';
import { answer, zoneOf, type AnswerView, type Existence } from './answer.ts';
import { parseQuery, type Query } from './query.ts';
import { encodeFormatError, encodeReply, rcodes } from './reply.ts';
import { forward, type Upstream } from './upstream.ts';

export interface ResolverOptions {
  readonly pool: AddressPool;
  names(): Names;
  upstreams(): readonly Upstream[];
  /** Asks a connector of the resource's network whether the name exists. Never rejects. */
  exists(name: Name, resource: VisibleResource): Promise<'yes' | 'no' | 'unknown'>;
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

/** How long a connector's word is believed, and how many are remembered. */
const existenceMs = { yes: 10_000, no: 3_000, unknown: 1_000 } as const;
const mostRemembered = 4_096;

export function createResolver(options: ResolverOptions): Resolver {
  const { pool, clock } = options;
  const said = new Map<Name, { readonly existence: 'yes' | 'no' | 'unknown'; readonly untilMs: number }>();
  const asking = new Map<Name, Promise<'yes' | 'no' | 'unknown'>>();

  const ask = (name: Name, resource: VisibleResource): Promise<'yes' | 'no' | 'unknown'> => {
    const running = asking.get(name);
    if (running !== undefined) return running;
    const question = options.exists(name, resource).then((existence) => {
      asking.delete(name);
      if (said.size >= mostRemembered) said.delete(said.keys().next().value ?? name);
      said.set(name, { existence, untilMs: clock.nowMs() + existenceMs[existence] });
      return existence;
    });
    asking.set(name, question);
    return question;
  };

  const viewOf = (names: Names, just?: { name: Name; existence: Existence }): AnswerView => ({
    zones: names.zones,
    standing: (name) => names.standing(name),
    existence: (name) => {
      if (just?.name === name) return just.existence;
      const remembered = said.get(name);
      return remembered !== undefined && remembered.untilMs > clock.nowMs()
        ? remembered.existence
        : undefined;
    },
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
      const { name, resource } = outcome;
      const existence = await ask(name, resource);
      outcome = answer(query, viewOf(options.names(), { name, existence }));
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
      said.clear();
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
