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
  readonly #pools = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #dialling: OriginDialling;

  constructor(clock: Clock, dialling: OriginDialling) {
    this.#clock = clock;
    this.#dialling = dialling;
  }

  /** Lends the pool of `upstream` until the returned function is called. */
  lend(upstream: Upstream): { readonly pool: Dispatcher; readonly giveBack: () => void } {
    const key = poolKey(upstream);
    const entry = this.#pools.get(key) ?? this.#make(key, upstream);
    entry.users++;
    entry.cancelTimer();
    let isLent = true;
    const giveBack = (): void => {
      if (!isLent) return;
      isLent = false;
      entry.users--;
      if (entry.users > 0 || this.#pools.get(key) !== entry) return;
      entry.cancelTimer = this.#clock.after(idleMs, () => this.#drop(key, entry));
    };
    return { pool: entry.pool, giveBack };
  }

  close(): void {
    for (const [key, entry] of this.#pools) this.#drop(key, entry);
  }

  #drop(key: string, entry: Entry): void {
    entry.cancelTimer();
    this.#pools.delete(key);
    entry.pool.destroy().catch(() => undefined);
  }

  #make(key: string, upstream: Upstream): Entry {
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
    this.#pools.set(key, entry);
    return entry;
  }
}

/** How long an origin of this resource may take until its answer begins, in milliseconds. */
export function answerWithinMs({ web }: WebResource): number {
  return (web.answerWithin ?? answerWithinS) * 1_000;
}

/** By resource object, which a snapshot replaces when anything about it changes. */
const settings = new WeakMap<WebResource, string>();

/** What keeps connections apart. No part can contain a space (SEC-A6); a change of the resource's TLS settings makes another pool. */
export function poolKey({ resource, text, address, right }: Upstream): string {
  return `${right} ${text} ${address} ${settingsOf(resource)}`;
}

function settingsOf(resource: WebResource): string {
  const known = settings.get(resource);
  if (known !== undefined) return known;
  const { originCa, originName, originInsecure } = resource.web;
  const all = [resource.id, resource.within, originCa, originName, originInsecure];
  const digest = hash('sha256', JSON.stringify(all), 'base64url');
  settings.set(resource, digest);
  return digest;
}
