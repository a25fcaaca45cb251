/**
 * What is live where there are several controllers: each keeps it in its own memory and tells the others through Redis.
 * Losing Redis therefore loses nothing: controllers are only apart for a while, know that they are, and look at
 * everything anew when they are together again. Whoever says something while apart notes that in the store.
 */
import type { Logger } from 'pino';
import type { Clock } from '../../protocol/clock.ts';
import type { OrganisationId } from '../../protocol/ids.ts';
import type { SecretKey } from '../keys/secret-key.ts';
import { Throttle } from '../throttle.ts';
import { memoryBus, type Bus } from './bus.ts';
import type { Live, Taken, Unheard } from './live.ts';
import { Loads, type SaidLoad } from './loads.ts';
import { Heard, openNews, sealNews, type News } from './news.ts';
import { Presence } from './presence.ts';
import { RedisConnection } from './redis-connection.ts';
import { RedisKeptValues } from './redis-kept-values.ts';

/** How often each controller says that it is there. */
const newsBeatMs = 1_000;
/** A beat of one's own comes back at once; later than this, Redis passes nothing on. */
const echoMs = 2_500;
/** Nodes in one message. */
const nodesAtOnce = 2_000;
const loadsAtOnce = 2_000;

export interface RedisLiveOptions {
  /** `redis://…` or `rediss://…`. */
  readonly url: string;
  /** What only these controllers hold; Redis sees nothing in the clear. */
  readonly secretKey: SecretKey;
  /** Of this process, and of no other. */
  readonly id: string;
  readonly unheard: Unheard;
  readonly taken: Taken;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Joins the others. Rejects with `UnusableRedis` when Redis refuses; one that is away is waited for. */
export async function redisLive(options: RedisLiveOptions): Promise<Live> {
  const live = new RedisLive(options);
  await live.open();
  return live;
}

class RedisLive implements Live {
  readonly kind = 'redis';
  readonly presence: Presence;
  readonly loads = new Loads();
  readonly bus: Bus;
  readonly #options: RedisLiveOptions;
  readonly #local = memoryBus();
  readonly #heard = new Heard();
  readonly #throttles = new Map<string, Set<Throttle>>();
  readonly #missed = new Set<() => void>();
  /** Fell silent while nothing could be heard: they may be there. */
  readonly #silent = new Set<string>();
  /** Nobody else's keys and channels begin like this. */
  readonly #prefix: string;
  #connection: RedisConnection | undefined;
  #said = 0;
  #echoedMs = Number.NEGATIVE_INFINITY;
  #wasWhole = false;
  #cancelBeat: () => void = () => undefined;

  constructor(options: RedisLiveOptions) {
    this.#options = options;
    this.#prefix = `postern:${options.secretKey.hash('redis', 'prefix').slice(0, 16)}`;
    this.presence = new Presence({
      entered: (node) => this.#say({ t: 'here', nodes: [node], anew: false }),
      left: (node) => this.#say({ t: 'left', node }),
    });
    this.bus = {
      publish: (organisation, message) => {
        this.#local.publish(organisation, message);
        this.#say({ t: 'bus', organisation, message }, organisation);
      },
      subscribe: (handler) => this.#local.subscribe(handler),
    };
  }

  async open(): Promise<void> {
    const { url, clock, log } = this.#options;
    this.#connection = await RedisConnection.open(url, clock, `${this.#prefix}:news`, (message) =>
      this.#hear(message),
    );
    this.#say({ t: 'who' });
    this.#beat();
    if (!this.isWhole) log.info('waiting for news of the other controllers by Redis');
  }

  get isWhole(): boolean {
    return this.#options.clock.nowMs() - this.#echoedMs < echoMs;
  }

  throttle(name: string, limits: { readonly limit: number; readonly windowMs: number }): Throttle {
    const { now } = this.#options;
    const throttle = new Throttle({
      ...limits,
      now,
      told: (key, what) => this.#say({ t: 'counted', name, key, what }),
    });
    const same = this.#throttles.get(name) ?? new Set();
    this.#throttles.set(name, same.add(throttle));
    return throttle;
  }

  kept<T extends object>(name: string, lifeMs: number): RedisKeptValues<T> {
    const { secretKey, taken, now } = this.#options;
    return new RedisKeptValues({
      connection: this.#connected(),
      prefix: this.#prefix,
      name,
      lifeMs,
      secretKey,
      taken,
      now,
    });
  }

  async turn(name: string, lifeMs: number): Promise<boolean> {
    return this.#connected()
      .keep(`${this.#prefix}:turn:${name}`, Buffer.from(this.#options.id), lifeMs)
      .catch(() => true);
  }

  async roundTripMs(): Promise<number | undefined> {
    const { clock } = this.#options;
    const beganMs = clock.nowMs();
    return this.#connected()
      .ping()
      .then(
        () => clock.nowMs() - beganMs,
        () => undefined,
      );
  }

  onMissed(handler: () => void): () => void {
    this.#missed.add(handler);
    return () => this.#missed.delete(handler);
  }

  async close(): Promise<void> {
    this.#cancelBeat();
    await this.#tell({ t: 'bye' });
    this.#connection?.close();
  }

  /** @param concerns whose news it is, where it must not be lost */
  #say(news: News, concerns?: OrganisationId): void {
    const apart = !this.isWhole;
    const told = this.#tell(news);
    if (concerns === undefined) return;
    // What is said while apart, or was not taken, the others find in the store.
    if (apart) this.#options.unheard(concerns);
    else void told.then((isTold) => isTold || this.#options.unheard(concerns));
  }

  /** Numbered at once: one that gets lost leaves a gap that the others notice. */
  async #tell(news: News): Promise<boolean> {
    const { id, secretKey } = this.#options;
    this.#said += 1;
    const sealed = sealNews(secretKey, { from: id, n: this.#said, news });
    return (await this.#connection?.publish(`${this.#prefix}:news`, sealed)) === true;
  }

  #hear(sealed: Buffer): void {
    const { id, secretKey, clock, log } = this.#options;
    const numbered = openNews(secretKey, sealed);
    if (numbered === undefined) {
      log.warn('news by Redis that no controller of ours has sealed');
      return;
    }
    const { from, n, news } = numbered;
    if (from === id) {
      if (news.t === 'beat') this.#echo();
      return;
    }
    const order = this.#heard.take(from, n, clock.nowMs());
    this.#silent.delete(from);
    if (news.t !== 'bye') this.loads.meet(from);
    if (order === 'again') return;
    if (order !== 'next') void this.#tell({ t: 'who' });
    if (order === 'gap') this.#look('news of another controller are missing');
    this.#act(from, news);
  }

  #act(from: string, news: News): void {
    switch (news.t) {
      case 'beat':
        return;
      case 'bus':
        return this.#local.publish(news.organisation, news.message);
      case 'who': {
        const { here } = this.presence;
        for (let at = 0; at === 0 || at < here.length; at += nodesAtOnce)
          void this.#tell({ t: 'here', nodes: here.slice(at, at + nodesAtOnce), anew: at === 0 });
        return this.#tellLoads(this.loads.own, true);
      }
      case 'here':
        return this.presence.hear(from, news.nodes, news.anew);
      case 'loads':
        return this.loads.hear(from, news.list, news.anew);
      case 'left':
        return this.presence.hearLeft(from, news.node);
      case 'counted':
        for (const throttle of this.#throttles.get(news.name) ?? []) throttle.hear(news.key, news.what);
        return;
      case 'bye':
        this.loads.forget(from);
        return this.presence.forget(from);
    }
  }

  #beat(): void {
    const { clock, log } = this.#options;
    void this.#tell({ t: 'beat' });
    this.#tellLoads(this.loads.untold(), false);
    for (const controller of this.#heard.silent(clock.nowMs())) {
      this.presence.forget(controller);
      this.#silent.add(controller);
    }
    // While nothing can be heard, silence says nothing: what another was known to give out it may still.
    if (this.isWhole) {
      for (const controller of this.#silent) this.loads.forget(controller);
      this.#silent.clear();
    }
    if (this.#wasWhole && !this.isWhole) {
      this.#wasWhole = false;
      log.warn('Redis passes no news on: controllers find them in the database meanwhile');
    }
    this.#cancelBeat = clock.after(newsBeatMs, () => this.#beat());
  }

  #tellLoads(list: readonly SaidLoad[], anew: boolean): void {
    // Also where there are none: then it has none any more.
    if (anew) void this.#tell({ t: 'loads', list: list.slice(0, loadsAtOnce), anew: true });
    for (let at = anew ? loadsAtOnce : 0; at < list.length; at += loadsAtOnce)
      void this.#tell({ t: 'loads', list: list.slice(at, at + loadsAtOnce), anew: false });
  }

  /** What was said here has come back. */
  #echo(): void {
    const wasApart = !this.isWhole;
    this.#echoedMs = this.#options.clock.nowMs();
    this.#wasWhole = true;
    if (!wasApart) return;
    void this.#tell({ t: 'who' });
    this.#look('news of the other controllers arrive');
  }

  #look(why: string): void {
    this.#options.log.info(why);
    for (const handler of this.#missed) handler();
  }

  #connected(): RedisConnection {
    if (this.#connection === undefined) throw new Error('what is live is not open');
    return this.#connection;
  }
}
