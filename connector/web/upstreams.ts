/**
 * Connections to origins: pools that belong to one person's right at one resource, so that no answer can reach anybody else
 * (SEC-A17), dialled through the connector's own resolve and guard. Idle ones go by themselves.
 */
import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import { Pool, type Dispatcher } from 'undici';
import type { Clock } from '../../protocol/clock.ts';
import type { WebResource } from '../flows/resource-at.ts';
import { dialOrigin, type OriginDialling, type Upstream } from './dial-origin.ts';

/** An origin's answer must have begun within this, unless its resource says otherwise. */
const answerWithinS = 60;
/** Connections of one person to one origin. */
const connectionsPerRight = 64;
/** A pool that nothing uses goes after this. */
const idleMs = 30_000;
const keepAliveMs = 15_000;

interface Entry {
  readonly pool: Pool;
  users: number;
  cancelTimer: () => void;
}

type Connected = (error: Error | null, socket: Socket | null) => void;

export class Upstreams {
  /** By right, then by everything else that keeps connections apart. */
  readonly #pools = new Map<string, Map<string, Entry>>();
  readonly #clock: Clock;
  readonly #dialling: OriginDialling;

  constructor(clock: Clock, dialling: OriginDialling) {
    this.#clock = clock;
    this.#dialling = dialling;
  }

  /** Lends the pool of `upstream` until the returned function is called. */
  lend(upstream: Upstream): { readonly pool: Dispatcher; readonly giveBack: () => void } {
    const { right } = upstream;
    const key = poolKey(upstream);
    const entry = this.#pools.get(right)?.get(key) ?? this.#make(right, key, upstream);
    entry.users++;
    entry.cancelTimer();
    let isLent = true;
    const giveBack = (): void => {
      if (!isLent) return;
      isLent = false;
      entry.users--;
      if (entry.users > 0 || this.#pools.get(right)?.get(key) !== entry) return;
      entry.cancelTimer = this.#clock.after(idleMs, () => this.#drop(right, key, entry));
    };
    return { pool: entry.pool, giveBack };
  }

  close(): void {
    for (const [right, pools] of this.#pools) for (const [key, entry] of pools) this.#drop(right, key, entry);
  }

  #drop(right: string, key: string, entry: Entry): void {
    entry.cancelTimer();
    const pools = this.#pools.get(right);
    pools?.delete(key);
    if (pools?.size === 0) this.#pools.delete(right);
    entry.pool.destroy().catch(() => undefined);
  }

  #make(right: string, key: string, upstream: Upstream): Entry {
    const pool = new Pool(upstream.text, {
      connections: connectionsPerRight,
      pipelining: 1,
      bodyTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: 5 * keepAliveMs,
      maxHeaderSize: 65_536,
      connect: (_options, connected) => {
        dialOrigin(upstream, this.#dialling).then(
          (socket) => connected(null, socket),
          (error: unknown) => (connected as Connected)(error as Error, null),
        );
      },
    });
    const entry = { pool, users: 0, cancelTimer: () => undefined };
    const pools = this.#pools.get(right) ?? new Map<string, Entry>();
    this.#pools.set(right, pools.set(key, entry));
    return entry;
  }
}

/** How long an origin of this resource may take until its answer begins, in milliseconds. */
export function answerWithinMs({ web }: WebResource): number {
  return (web.answerWithin ?? answerWithinS) * 1_000;
}

/** By the origin that was chosen, of which there is one object for as long as nothing about its resource's door changes. */
const keys = new WeakMap<URL, { readonly resource: WebResource; readonly key: string }>();

/**
 * What keeps the connections of one right apart: another origin or guarded address, and another resource or other settings of
 * its TLS. Injective (SEC-A6).
 */
export function poolKey({ origin, resource, text, address }: Omit<Upstream, 'right'>): string {
  const known = keys.get(origin);
  if (known?.resource === resource) return known.key;
  const { originCa, originName, originInsecure } = resource.web;
  const all = [text, address, resource.id, resource.within, originCa, originName, originInsecure];
  const key = hash('sha256', JSON.stringify(all), 'base64url');
  keys.set(origin, { resource, key });
  return key;
}
