/**
 * Certificates from an ACME CA for the hostnames of a network: which are due, when they are tried again, and who orders them
 * where there are several connectors. What is valid is served whatever happens to its renewal.
 */
import type { SecureContext } from 'node:tls';
import type { Clock, Random } from '../../../protocol/clock.ts';
import type { StateDirectory } from '../../../protocol/node/state-directory.ts';
import type { HostCertificate } from '../../../protocol/web-messages.ts';
import { AcmeAccount, type AcmeSettings, type OpenAccount } from './acme-account.ts';
import { orderCertificate, type Answers, type Method } from './acme-order.ts';
import { AcmeProblem, problemText } from './acme-problem.ts';
import type { Peers } from './ask-peers.ts';
import { CertificateStore } from './certificate-store.ts';
import type { Challenges } from './challenges.ts';
import { runDnsHook } from './dns-hook.ts';
import { OrderQuota, ordersPerHour } from './order-quota.ts';
import type { PeerAnswer } from './peer-messages.ts';
import type { Pair } from './usable-certificate.ts';

/** After a failure; three times as long after each further one, with jitter. CAs allow few failures an hour. */
const firstDelayMs = 60_000;
const longestDelayMs = 3_600_000;
/** Another connector orders it, or no relay is attached yet. */
const soonMs = 2_000;
/** Renewals are looked for at least this often: clocks are set, and machines sleep. */
const lookMs = 600_000;
const ordersAtOnce = 4;
/** Names that somebody asked for and that have no certificate, kept for when they may be tried again. */
const mostSeen = 1_000;

export interface AcmeCertificatesOptions {
  readonly settings: AcmeSettings;
  readonly state: StateDirectory;
  readonly challenges: Pick<Challenges, 'publish'>;
  readonly peers: Peers;
  /** Whether this connector, rather than the one with that node key, orders what both miss. */
  goesBefore(peerKey: Buffer): boolean;
  readonly clock: Clock;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  readonly random: Random;
  /** What `report` says has changed. */
  readonly changed: () => void;
}

/** A name for which there should be a certificate. */
interface Wanted {
  readonly name: string;
  failures: number;
  /** Epoch milliseconds before which it is not tried again. */
  notBeforeMs: number;
  problem: string | undefined;
  /** Under way, up to and with its order. */
  trying: Promise<void> | undefined;
  isOrdering: boolean;
}

export class AcmeCertificates {
  readonly #options: AcmeCertificatesOptions;
  readonly #account: AcmeAccount;
  readonly #store: CertificateStore;
  readonly #quota: OrderQuota;
  readonly #method: Method;
  #listed = new Map<string, Wanted>();
  readonly #seen = new Map<string, Wanted>();
  #accountProblem: string | undefined;
  #accountFailures = 0;
  #accountNotBeforeMs = 0;
  #isLooking = false;
  #cancelTimer: () => void = () => undefined;
  #isClosed = false;

  constructor(options: AcmeCertificatesOptions) {
    this.#options = options;
    const { settings, state } = options;
    this.#account = new AcmeAccount(settings, state);
    this.#store = new CertificateStore(state, () => this.#fraction());
    this.#quota = new OrderQuota(this.#store.ordered);
    this.#method = settings.dnsHook === undefined ? 'tls-alpn-01' : 'dns-01';
  }

  /** The name on the certificate for `host`, which lies in `pattern`: one stands for a whole level where the CA allows it. */
  nameFor(host: string, isWild: boolean): string {
    return isWild && this.#method === 'dns-01' ? `*${host.slice(host.indexOf('.'))}` : host;
  }

  /**
   * The hostnames there are now, `*.suffix` among them, which are looked after without anybody asking for them. Starts at once
   * what is missing.
   */
  follow(patterns: readonly string[]): void {
    const names = patterns.filter((name) => !name.startsWith('*.') || this.#method === 'dns-01');
    this.#listed = new Map(names.map((name) => [name, this.#listed.get(name) ?? newlyWanted(name)]));
    void this.#look();
  }

  /** The certificate for a name, ordered first where there is none and it may be. Never rejects. */
  async contextFor(name: string): Promise<SecureContext | undefined> {
    const { nowMs } = this.#options;
    const held = this.#valid(name);
    if (held !== undefined && nowMs() < held.renewMs) return held.context;
    const listed = this.#listed.get(name);
    const wanted = listed ?? this.#see(name);
    const trying = nowMs() < wanted.notBeforeMs ? undefined : this.#try(wanted, listed === undefined);
    // What is only old is served meanwhile.
    if (held !== undefined) return held.context;
    await (wanted.trying ?? trying);
    return this.#valid(name)?.context;
  }

  /** What another connector, with this node key, is told of a name that it may know. */
  answer(name: string, peerKey: Buffer): PeerAnswer {
    const now = this.#options.nowMs();
    const held = this.#valid(name);
    if (held !== undefined && now < held.renewMs)
      return { state: 'has', pair: { cert: held.cert, key: held.key } };
    const wanted = this.#listed.get(name) ?? this.#seen.get(name);
    if (wanted?.isOrdering === true) return { state: 'wait' };
    const isMine = this.#listed.has(name) && wanted?.failures === 0 && this.#options.goesBefore(peerKey);
    return { state: isMine ? 'wait' : 'none' };
  }

  /** What is served, and what went wrong last. */
  report(): HostCertificate[] {
    const account = this.#account.known;
    return [...this.#listed.values(), ...this.#seen.values()].map((wanted) => {
      const held = this.#valid(wanted.name);
      const problem = wanted.problem ?? this.#accountProblem;
      const state = held !== undefined ? 'ready' : problem === undefined ? 'waiting' : 'failed';
      return {
        host: wanted.name,
        from: 'acme',
        state,
        method: this.#method,
        ...(held === undefined ? {} : { until: Math.floor(held.untilMs / 1_000), issuer: held.issuer }),
        ...(account === undefined ? {} : { ca: account.ca, account: account.uri }),
        ...(problem === undefined ? {} : { problem }),
      };
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  /** Tries what is due of what is listed, and looks again when something else is. */
  async #look(): Promise<void> {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    this.#cancelTimer();
    const due = [...this.#listed.values()].filter((wanted) => this.#dueMs(wanted) <= this.#options.nowMs());
    if (due.length > 0) await this.#tryAll(due);
    this.#isLooking = false;
    // Whoever is named in the CAA record has to have an account, also where another connector orders.
    if (this.#listed.size > 0) await this.#haveAccount();
    if (this.#isClosed) return;
    this.#options.changed();
    const nextMs = Math.min(...[...this.#listed.values()].map((wanted) => this.#dueMs(wanted)));
    const leftMs = Math.max(nextMs - this.#options.nowMs(), 0);
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(
      Math.min(leftMs === 0 ? soonMs : leftMs, lookMs),
      () => void this.#look(),
    );
  }

  #dueMs({ name, notBeforeMs }: Wanted): number {
    return Math.max(this.#valid(name)?.renewMs ?? 0, notBeforeMs);
  }

  async #tryAll(due: readonly Wanted[]): Promise<void> {
    const left = await this.#fromPeers(due);
    this.#options.changed();
    const next = left.values();
    // They share one iterator, so each takes the next that nobody has.
    const work = async (): Promise<void> => {
      for (const wanted of next) if (!this.#isClosed) await this.#order(wanted, false);
    };
    await Promise.all(Array.from({ length: ordersAtOnce }, work));
  }

  #try(wanted: Wanted, isSeen: boolean): Promise<void> {
    wanted.trying ??= (async () => {
      const [left] = await this.#fromPeers([wanted]);
      if (left !== undefined) await this.#attempt(wanted, isSeen);
    })().finally(() => this.#tried(wanted));
    return wanted.trying;
  }

  #order(wanted: Wanted, isSeen: boolean): Promise<void> {
    wanted.trying ??= this.#attempt(wanted, isSeen).finally(() => this.#tried(wanted));
    return wanted.trying;
  }

  #tried(wanted: Wanted): void {
    wanted.trying = undefined;
    if (!this.#isClosed) this.#options.changed();
  }

  /** Takes what other connectors have; those of `due` that are left are for this one to order. */
  async #fromPeers(due: readonly Wanted[]): Promise<readonly Wanted[]> {
    const { peers, nowMs } = this.#options;
    const answers = await peers.ask(due.map(({ name }) => name));
    return due.filter((wanted) => {
      const said = answers.get(wanted.name) ?? [];
      for (const answer of said) if (answer.state === 'has') this.#takeFresh(wanted.name, answer.pair);
      const isFresh = nowMs() < (this.#valid(wanted.name)?.renewMs ?? 0);
      if (isFresh) this.#succeeded(wanted);
      else if (said.some(({ state }) => state === 'wait')) wanted.notBeforeMs = nowMs() + soonMs;
      else return true;
      return false;
    });
  }

  /** Keeps a pair of another connector when it lasts longer than what is here. */
  #takeFresh(name: string, pair: Pair): void {
    const held = this.#store.get(name);
    if (!this.#store.put(name, pair)) return;
    if (held !== undefined && (this.#store.get(name)?.untilMs ?? 0) < held.untilMs)
      this.#store.put(name, held);
    this.#save();
  }

  /** Never rejects. */
  async #attempt(wanted: Wanted, isSeen: boolean): Promise<void> {
    const { peers, nowMs } = this.#options;
    const { name } = wanted;
    if (this.#method === 'tls-alpn-01' && !peers.isAttached()) {
      wanted.notBeforeMs = nowMs() + soonMs;
      return;
    }
    const freeMs = isSeen ? this.#quota.take(nowMs()) : undefined;
    if (freeMs !== undefined) {
      wanted.notBeforeMs = freeMs;
      wanted.problem = `${ordersPerHour} new names were asked for within an hour, which is as many as are ordered; this one can be tried again from ${new Date(freeMs).toISOString()}`;
      return;
    }
    if (isSeen) this.#save();
    wanted.isOrdering = true;
    try {
      const pair = await this.#orderOnce(name).catch((error: unknown) => {
        // A CA that lost its accounts, or was put in place of another: the same key becomes an account there.
        if (!(error instanceof AcmeProblem) || error.kind !== 'accountDoesNotExist') throw error;
        this.#account.forget();
        return this.#orderOnce(name);
      });
      if (!this.#store.put(name, pair))
        throw new AcmeProblem('answer', `the CA gave no certificate for ${name}`);
      this.#save();
      this.#succeeded(wanted);
      // Where clocks differ a new one may look old at once.
      const lifeMs = this.#store.get(name)?.lifeMs ?? 0;
      wanted.notBeforeMs = nowMs() + Math.min(longestDelayMs, lifeMs / 3);
    } catch (error) {
      this.#failed(wanted, error);
    } finally {
      wanted.isOrdering = false;
    }
  }

  async #orderOnce(name: string): Promise<Pair> {
    const { client } = await this.#account.open();
    return orderCertificate(client, name, this.#method, this.#answers());
  }

  #answers(): Answers {
    const { challenges, settings, clock } = this.#options;
    const { dnsHook } = settings;
    if (dnsHook === undefined)
      return {
        present: (host, digest) => challenges.publish(host, digest),
        // It is forgotten by itself; until then it answers a CA that looks from several places.
        withdraw: () => Promise.resolve(),
      };
    const record = (host: string, value: string): { name: string; value: string } => ({
      name: `_acme-challenge.${host}`,
      value,
    });
    return {
      present: (host, value) => runDnsHook(dnsHook, 'present', record(host, value), clock),
      // A record that stays harms nobody.
      withdraw: (host, value) =>
        runDnsHook(dnsHook, 'cleanup', record(host, value), clock).catch(() => undefined),
    };
  }

  async #haveAccount(): Promise<OpenAccount | undefined> {
    const { nowMs } = this.#options;
    if (this.#account.known !== undefined || nowMs() < this.#accountNotBeforeMs) return this.#account.known;
    try {
      const open = await this.#account.open();
      this.#accountProblem = undefined;
      this.#accountFailures = 0;
      return open;
    } catch (error) {
      this.#accountProblem = problemText(error);
      this.#accountNotBeforeMs = nowMs() + this.#delayMs((this.#accountFailures += 1), error);
      return undefined;
    }
  }

  #succeeded(wanted: Wanted): void {
    wanted.failures = 0;
    wanted.notBeforeMs = 0;
    wanted.problem = undefined;
  }

  #failed(wanted: Wanted, error: unknown): void {
    wanted.failures += 1;
    wanted.problem = problemText(error);
    wanted.notBeforeMs = this.#options.nowMs() + this.#delayMs(wanted.failures, error);
  }

  #delayMs(failures: number, error: unknown): number {
    const delayMs = Math.min(firstDelayMs * 3 ** Math.min(failures - 1, 10), longestDelayMs);
    const asked = error instanceof AcmeProblem ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(delayMs * (0.75 + this.#fraction() / 2), asked);
  }

  #valid(name: string): ReturnType<CertificateStore['get']> {
    const held = this.#store.get(name);
    return held !== undefined && this.#options.nowMs() < held.untilMs ? held : undefined;
  }

  #see(name: string): Wanted {
    const known = this.#seen.get(name);
    if (known !== undefined) return known;
    const wanted = newlyWanted(name);
    this.#seen.set(name, wanted);
    for (const [oldest, { trying }] of this.#seen) {
      if (this.#seen.size <= mostSeen) break;
      if (trying === undefined) this.#seen.delete(oldest);
    }
    return wanted;
  }

  #save(): void {
    this.#store.save(this.#options.nowMs(), this.#quota.ordered);
  }

  #fraction(): number {
    return this.#options.random(4).readUInt32BE() / 2 ** 32;
  }
}

function newlyWanted(name: string): Wanted {
  return { name, failures: 0, notBeforeMs: 0, problem: undefined, trying: undefined, isOrdering: false };
}
