/** The client's resolver, asked by whole messages, with what connectors say given by the test. */
import assert from 'node:assert/strict';
import packet, { type Message } from 'dns-packet';
import { namesOf } from '../../../client/accounts/names.ts';
import { AddressPool } from '../../../client/dns/address-pool.ts';
import { defaultRange, parseRange, type AddressRange } from '../../../client/dns/address-range.ts';
import type { RecordsWord } from '../../../client/dns/connector-word.ts';
import { createResolver, type Resolver } from '../../../client/dns/resolver.ts';
import type { Upstream } from '../../../client/dns/upstream.ts';
import type { Knowledge } from '../../../client/standing.ts';
import { systemRandom, type Clock } from '../../../protocol/clock.ts';
import { question, sample } from './knowledge.ts';

const range = parseRange(defaultRange) as AddressRange;

export interface Setup {
  knowledge?: Knowledge;
  upstream?: Upstream;
  exists?: Record<string, 'yes' | 'no' | 'unknown'>;
  records?: Record<string, RecordsWord>;
}

/** `asked`: what connectors were asked, in order; `advance` lets time pass. */
export function setUp(setup: Setup = {}): {
  ask: (name: string, type?: string, edns?: boolean) => Promise<Message>;
  resolver: Resolver;
  pool: AddressPool;
  asked: string[];
  advance: (ms: number) => void;
} {
  let now = 0;
  const nowMs = (): number => now;
  const clock: Clock = { nowMs, after: () => () => undefined };
  const asked: string[] = [];
  const pool = new AddressPool(range, nowMs);
  const resolver = createResolver({
    pool,
    names: () => namesOf(setup.knowledge ?? sample),
    // Without an upstream whatever is forwarded ends as SERVFAIL, which no name of ours ever gives.
    upstreams: () => (setup.upstream === undefined ? [] : [setup.upstream]),
    exists: (name) => {
      asked.push(name);
      return Promise.resolve(setup.exists?.[name] ?? 'no');
    },
    records: (name, _resource, type) => {
      asked.push(`${type} ${name}`);
      return Promise.resolve(setup.records?.[`${type} ${name}`] ?? 'no');
    },
    clock,
    random: systemRandom,
  });
  return {
    resolver,
    pool,
    asked,
    advance: (ms) => {
      now += ms;
    },
    async ask(name, type = 'A', edns = true) {
      const reply = await resolver.answer(question(name, type, edns), 'udp');
      assert.ok(reply !== undefined);
      return packet.decode(reply);
    },
  };
}
