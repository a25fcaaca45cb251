/**
 * The connections to Redis of one controller: one that asks and tells, one that listens on a channel. Come back by
 * themselves; what is asked while they are away fails at once, and what is not answered within a second fails then.
 */
import { createClient, ErrorReply } from 'redis';
import type { Clock } from '../../protocol/clock.ts';
import { UnusableRedis } from './unusable-redis.ts';

/** Redis answers within a millisecond; one that takes a second stands still. */
const answerMs = 1_000;
const reconnectMs = 250;
const connectMs = 2_000;
/** Beats come each second; a connection on which nothing moves is dead. */
const socketSilenceMs = 5_000;
/** What waits for a Redis that stands still. */
const mostWaiting = 10_000;

/**
 * A question that has no answer. `not-done`: it was not sent, or was refused. `unknown`: it may have been done.
 */
export class NoAnswer extends Error {
  readonly state: 'not-done' | 'unknown';

  constructor(state: 'not-done' | 'unknown', cause: unknown) {
    super(`Redis did not answer (${state})`, { cause });
    this.state = state;
  }
}

type Client = ReturnType<typeof clientFor>;

export class RedisConnection {
  readonly #client: Client;
  readonly #listener: Client;
  readonly #clock: Clock;
  #isClosed = false;

  private constructor(url: string, clock: Clock) {
    this.#clock = clock;
    this.#client = clientFor(url);
    this.#listener = clientFor(url);
    // Faults of connections show in what is not answered; without listeners they would end the process.
    for (const client of [this.#client, this.#listener]) client.on('error', () => undefined);
  }

  /**
   * Connects, and hears `channel` from then on. Rejects with `UnusableRedis` when Redis refuses; one that is away is
   * waited for, and tried again without end.
   */
  static async open(
    url: string,
    clock: Clock,
    channel: string,
    heard: (message: Buffer) => void,
  ): Promise<RedisConnection> {
    const connection = new RedisConnection(url, clock);
    const begun = connection.#begin(channel, heard);
    try {
      await Promise.race([begun, connection.#late(connectMs)]);
    } catch (error) {
      if (!isRefusal(error)) return connection;
      connection.close();
      throw new UnusableRedis(`Redis does not let this controller in: ${error.message.replace(/\.$/, '')}`, {
        cause: error,
      });
    }
    return connection;
  }

  async #begin(channel: string, heard: (message: Buffer) => void): Promise<void> {
    const refused = new Promise<never>((_, reject) => {
      for (const client of [this.#client, this.#listener])
        client.on('error', (error: unknown) => {
          if (isRefusal(error)) reject(error);
        });
    });
    refused.catch(() => undefined);
    const connected = this.#client.connect();
    const listening = this.#listener.connect().then(() => this.#listener.subscribe(channel, heard, true));
    for (const each of [connected, listening]) each.catch(() => undefined);
    await Promise.race([Promise.all([connected, listening]), refused]);
  }

  /** Tells a channel; true when Redis has taken it in time. */
  async publish(channel: string, message: Buffer): Promise<boolean> {
    return this.#ask(() => this.#client.publish(channel, message)).then(
      () => true,
      () => false,
    );
  }

  /** Keeps a value under a key that has none, for so long; rejects with `NoAnswer`. */
  async keep(key: string, value: Buffer, lifeMs: number): Promise<boolean> {
    const expiration = { type: 'PX', value: lifeMs } as const;
    return (await this.#ask(() => this.#client.set(key, value, { expiration, condition: 'NX' }))) !== null;
  }

  /** Takes a value out; undefined when there is none; rejects with `NoAnswer`. */
  async take(key: string): Promise<Buffer | undefined> {
    const text = await this.#ask(() => this.#client.getDel(key));
    return text === null ? undefined : Buffer.from(text, 'base64url');
  }

  /** Asks nothing but an answer; rejects with `NoAnswer`. */
  async ping(): Promise<void> {
    await this.#ask(() => this.#client.ping());
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const client of [this.#client, this.#listener]) client.destroy();
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    if (!this.#client.isReady) throw new NoAnswer('not-done', undefined);
    const late = this.#late(answerMs);
    try {
      return await Promise.race([question(), late]);
    } catch (error) {
      // A refusal, such as a full memory, is an answer: it was not done.
      throw error instanceof NoAnswer
        ? error
        : new NoAnswer(error instanceof ErrorReply ? 'not-done' : 'unknown', error);
    } finally {
      late.cancel();
    }
  }

  #late(ms: number): Promise<never> & { cancel(): void } {
    let cancel = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(ms, () => reject(new NoAnswer('unknown', undefined)));
    });
    late.catch(() => undefined);
    return Object.assign(late, { cancel });
  }
}

function clientFor(url: string) {
  return createClient({
    url,
    RESP: 2,
    name: 'postern',
    disableOfflineQueue: true,
    commandsQueueMaxLength: mostWaiting,
    socket: { connectTimeout: connectMs, reconnectStrategy: reconnectMs, socketTimeout: socketSilenceMs },
  });
}

/** Answers after which trying again as before is useless. */
function isRefusal(error: unknown): error is Error {
  return (
    error instanceof Error && /^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH)/.test(error.message)
  );
}
