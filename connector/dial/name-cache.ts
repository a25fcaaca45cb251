/**
 * Keeps what a name resolved to for as long as the DNS itself allows, so that each flow to a busy application does not
 * wait for a question. What is dialled is still judged each time. A name the DNS says nothing of (the hosts file, another
 * service of the system) is never kept: nobody said for how long it holds.
 */
import { Resolver } from 'node:dns/promises';
import type { Clock } from '../../protocol/clock.ts';
import { isLiteral } from './address.ts';
import { systemResolve, type Resolve } from './resolve.ts';

/** For how many seconds the DNS lets each address of a name be kept; empty where it knows none. */
export type Lifetimes = (name: string) => Promise<ReadonlyMap<string, number>>;

/** However long the DNS allows, since applications move. */
const longestMs = 30_000;
const mostNames = 1_000;

interface Kept {
  readonly addresses: readonly string[];
  readonly untilMs: number;
}

/** Resolves by `resolve` and keeps by `lifetimes`; both default to this system's. Questions of one name are asked once. */
export function keepNames(
  clock: Clock,
  resolve: Resolve = systemResolve,
  lifetimes: Lifetimes = systemLifetimes,
): Resolve {
  const names = new Map<string, Kept>();
  const asking = new Map<string, Promise<readonly string[]>>();

  const ask = async (name: string): Promise<readonly string[]> => {
    const askedMs = clock.nowMs();
    // Nobody waits for how long it may be kept.
    const known = lifetimes(name);
    const addresses = await resolve(name);
    void known.then((seconds) => {
      const shortest = Math.min(...addresses.map((address) => seconds.get(address) ?? 0));
      const untilMs = askedMs + Math.min(shortest * 1_000, longestMs);
      if (untilMs <= clock.nowMs()) return;
      names.delete(name);
      names.set(name, { addresses, untilMs });
      const [oldest] = names.keys();
      if (names.size > mostNames && oldest !== undefined) names.delete(oldest);
    });
    return addresses;
  };

  return async (name) => {
    if (isLiteral(name)) return [name];
    const kept = names.get(name);
    if (kept !== undefined && kept.untilMs > clock.nowMs()) return kept.addresses;
    const under = asking.get(name);
    if (under !== undefined) return under;
    const asked = ask(name);
    asking.set(name, asked);
    try {
      return await asked;
    } finally {
      asking.delete(name);
    }
  };
}

/** Asks the system's DNS servers. Never rejects. */
const systemLifetimes: Lifetimes = async (name) => {
  // Made anew, so that it asks the servers that the system asks now.
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  const found = await Promise.all([
    resolver.resolve4(name, { ttl: true }).catch(() => []),
    resolver.resolve6(name, { ttl: true }).catch(() => []),
  ]);
  return new Map(found.flat().map(({ address, ttl }) => [address, ttl]));
};
