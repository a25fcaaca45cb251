/**
 * Values that are taken once, kept in Redis, sealed. A value is in exactly one place: where Redis surely did not take it,
 * in this process; where that is not known, nowhere, and whoever brought it begins anew. That one was taken is noted in the
 * store, since a Redis that goes back to an older state, or fails over to a replica that missed the last second, has it again.
 */
import { createHash } from 'node:crypto';
import { Fault } from '../../protocol/errors.ts';
import type { SecretKey } from '../keys/secret-key.ts';
import { MemoryKeptValues, type KeptValues } from './kept-values.ts';
import type { Taken } from './live.ts';
import { NoAnswer, type RedisConnection } from './redis-connection.ts';

export interface RedisKeptOptions {
  readonly connection: RedisConnection;
  /** Before every key of these controllers. */
  readonly prefix: string;
  readonly name: string;
  readonly lifeMs: number;
  readonly secretKey: SecretKey;
  readonly taken: Taken;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export class RedisKeptValues<T extends object> implements KeptValues<T> {
  readonly #options: RedisKeptOptions;
  readonly #here: MemoryKeptValues<T>;

  constructor(options: RedisKeptOptions) {
    this.#options = options;
    this.#here = new MemoryKeptValues(options.lifeMs, options.now);
  }

  async put(key: string, value: T): Promise<void> {
    const { connection, lifeMs } = this.#options;
    try {
      if (await connection.keep(this.#keyOf(key), this.#sealed(key, value), lifeMs)) return;
    } catch (error) {
      if (error instanceof NoAnswer && error.state === 'not-done') return this.#here.put(key, value);
    }
    throw new Fault('busy', 'This cannot be begun just now; try again in a moment.');
  }

  async take(key: string): Promise<T | undefined> {
    const here = await this.#here.take(key);
    if (here !== undefined) return here;
    const { connection, secretKey, taken, now } = this.#options;
    // Without an answer it may be gone or not; nobody gets it twice.
    const sealed = await connection.take(this.#keyOf(key)).catch(() => undefined);
    const plain = sealed === undefined ? undefined : secretKey.unseal(this.#purpose(key), sealed);
    if (plain === undefined) return undefined;
    const { value, expiresMs } = JSON.parse(plain.toString('utf8')) as { value: T; expiresMs: number };
    // A Redis that was put back to an older state forgets the end of what it keeps as well.
    if (expiresMs <= now()) return undefined;
    const isFirst = await taken(hashOf(this.#purpose(key)), expiresMs).catch(() => false);
    return isFirst ? value : undefined;
  }

  #sealed(key: string, value: T): Buffer {
    const { secretKey, lifeMs, now } = this.#options;
    const plain = JSON.stringify({ value, expiresMs: now() + lifeMs });
    return Buffer.from(secretKey.seal(this.#purpose(key), Buffer.from(plain)).toString('base64url'));
  }

  #purpose(key: string): string {
    return `kept ${this.#options.name} ${key}`;
  }

  #keyOf(key: string): string {
    return `${this.#options.prefix}:${this.#options.name}:${key}`;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
