/**
 * Whether public DNS leads a name elsewhere than the wildcard hostname that it lies below. Whoever publishes `*.apps.acme.example`
 * may have a record of its own for `www.apps.acme.example`, and what that leads to stays reachable with the client running.
 */
import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { Clock, Random } from '../../protocol/clock.ts';
import type { Name, Pattern } from '../../protocol/names.ts';
import type { Upstream } from './upstream.ts';

const resolveMs = 1_500;
/** How long what a wildcard itself leads to is believed. */
const keptMs = 30_000;
const mostKept = 64;
/** What resolvers say of a name that has no such record, or does not exist. */
const absent: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);

export interface PublicWayOptions {
  /** The resolvers that the system has besides us. */
  upstreams(): readonly Upstream[];
  readonly clock: Clock;
  readonly random: Random;
}

export class PublicWay {
  readonly #options: PublicWayOptions;
  readonly #ofWildcards = new Map<Pattern, { readonly found: Promise<Found>; readonly untilMs: number }>();

  constructor(options: PublicWayOptions) {
    this.#options = options;
  }

  /**
   * True where the name has addresses of its own, none of which the wildcard has for names that nobody gave to a host; and where
   * nobody can say. Never rejects.
   */
  async leadsElsewhere(name: Name, wildcard: Pattern): Promise<boolean> {
    const [own, usual] = await Promise.all([this.#addresses(name), this.#ofWildcard(wildcard)]);
    if (own === 'unknown') return true;
    if (own.length === 0) return false;
    return usual === 'unknown' || !own.some((address) => usual.includes(address));
  }

  #ofWildcard(wildcard: Pattern): Promise<Found> {
    const { clock, random } = this.#options;
    const kept = this.#ofWildcards.get(wildcard);
    if (kept !== undefined && kept.untilMs > clock.nowMs()) return kept.found;
    if (this.#ofWildcards.size >= mostKept) this.#ofWildcards.clear();
    const unused = `x${random(8).toString('hex')}${wildcard.slice(1)}` as Name;
    const found = this.#addresses(unused).then((addresses) => {
      // Who could not say is asked again.
      if (addresses === 'unknown') this.#ofWildcards.delete(wildcard);
      return addresses;
    });
    this.#ofWildcards.set(wildcard, { found, untilMs: clock.nowMs() + keptMs });
    return found;
  }

  async #addresses(name: Name): Promise<Found> {
    const upstreams = this.#options.upstreams();
    if (upstreams.length === 0) return 'unknown';
    const resolver = new Resolver({ timeout: resolveMs, tries: 1 });
    try {
      resolver.setServers(
        upstreams.map(({ address, port }) => `${isIPv6(address) ? `[${address}]` : address}:${port}`),
      );
      const [four, six] = await Promise.all([
        resolver.resolve4(name).catch(noneWhereAbsent),
        resolver.resolve6(name).catch(noneWhereAbsent),
      ]);
      return [...four, ...six];
    } catch {
      return 'unknown';
    }
  }
}

/** Addresses, none where the name has none; `unknown`: no resolver could say. */
type Found = readonly string[] | 'unknown';

function noneWhereAbsent(error: unknown): string[] {
  if (error instanceof Error && 'code' in error && absent.has(error.code)) return [];
  throw error;
}
