/**
 * Certificates from an ACME CA for the hostnames of a network: which are due, when they are tried again, and who orders them
 * where there are several connectors. What is valid is served whatever happens to its renewal.
 */
import type { SecureContext } from 'node:tls';
import type { Logger } from 'pino';
import type { Clock, Random } from '../../../protocol/clock.ts';
import { isWildcard, matchesPattern, parseName, type Name, type Pattern } from '../../../protocol/names.ts';
import type { StateDirectory } from '../../../protocol/node/state-directory.ts';
import type { HostCertificate } from '../../../protocol/web-messages.ts';
import { AcmeAccount, type AcmeSettings } from './acme-account.ts';
import { orderCertificate, type Answers, type Method } from './acme-order.ts';
import { AcmeProblem, problemText } from './acme-problem.ts';
import type { Peers } from './ask-peers.ts';
import { CertificateStore } from './certificate-store.ts';
import type { Challenges } from './challenges.ts';
import type { PeerAnswer } from './peer-messages.ts';
import { SeenNames } from './seen-names.ts';
import type { Pair } from './usable-certificate.ts';
import { answersByHook, answersByRelay } from './validation-answers.ts';
import { longestDelayMs, tryAgainMs, WantedName } from './wanted-name.ts';

/** Another connector orders it, or no relay is attached yet. */
const soonMs = 2_000;
/** Renewals are looked for at least this often: clocks are set, and machines sleep. */
const lookMs = 600_000;
const ordersAtOnce = 4;

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
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export class AcmeCertificates {
  readonly #options: AcmeCertificatesOptions;
  readonly #account: AcmeAccount;
  readonly #store: CertificateStore;
  readonly #seen: SeenNames;
  readonly #method: Method;
  readonly #answers: Answers;
  #listed = new Map<string, WantedName>();
  /** Wildcards whose names get a certificate each. */
  #wildcards: readonly string[] = [];
  #accountProblem: string | undefined;
  #accountFailures = 0;
  #accountNotBeforeMs = 0;
  #isLooking = false;
  /** Monotonic milliseconds before which others are not asked again for names that nobody listed. */
  #copyAgainMs = 0;
  #cancelTimer: () => void = () => undefined;
  #isClosed = false;

  constructor(options: AcmeCertificatesOptions) {
    this.#options = options;
    const { settings, state, challenges, clock } = options;
    const { dnsHook } = settings;
    this.#account = new AcmeAccount(settings, state);
    this.#store = new CertificateStore(state, () => this.#fraction());
    this.#seen = new SeenNames(clock, this.#store.ordered);
    this.#method = dnsHook === undefined ? 'tls-alpn-01' : 'dns-01';
    this.#answers = dnsHook === undefined ? answersByRelay(challenges) : answersByHook(dnsHook, clock);
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
    const isOneByOne = (name: string): boolean =>
      isWildcard(name as Pattern) && this.#method === 'tls-alpn-01';
    this.#wildcards = patterns.filter(isOneByOne);
    const names = patterns.filter((name) => !isOneByOne(name));
    this.#listed = new Map(names.map((name) => [name, this.#listed.get(name) ?? new WantedName(name)]));
    void this.#look();
  }

  /** The certificate for a name, ordered first where there is none and it may be. Never rejects. */
  async contextFor(name: string): Promise<SecureContext | undefined> {
    const { nowMs } = this.#options;
    const held = this.#valid(name);
    if (held !== undefined && nowMs() < held.renewMs) return held.context;
    const listed = this.#listed.get(name);
    const wanted = listed ?? this.#seen.look(name);
    if (wanted === undefined) return held?.context;
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
    const wanted = this.#listed.get(name) ?? this.#seen.find(name);
    if (wanted?.isOrdering === true) return { state: 'wait' };
    const isMine =
      this.#listed.has(name) && wanted?.problem === undefined && this.#options.goesBefore(peerKey);
    if (isMine) return { state: 'wait' };
    const isOneByOne = this.#wildcards.includes(name);
    return isOneByOne ? { state: 'none', names: this.#othersBelow(name as Pattern) } : { state: 'none' };
  }

  /** What is served, and what went wrong last: of names that nobody listed those that have a certificate. */
  report(): HostCertificate[] {
    const others = this.#store.names.filter((name) => !this.#listed.has(name) && this.#isBelow(name));
    const wildcards = this.#wildcards.map((host): HostCertificate => {
      const problem = this.#seen.problem ?? this.#accountProblem;
      const state = this.#othersBelow(host as Pattern).length > 0 ? 'ready' : 'waiting';
      return { ...this.#common(host), state, ...(problem === undefined ? {} : { problem }) };
    });
    return [
      ...[...this.#listed.values()].map(({ name, problem }) => this.#reportOn(name, problem)),
      ...wildcards,
      ...others.map((name) => this.#reportOn(name, this.#seen.find(name)?.problem)),
    ];
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  #reportOn(name: string, ownProblem: string | undefined): HostCertificate {
    const held = this.#valid(name);
    const problem = ownProblem ?? this.#accountProblem;
    return {
      ...this.#common(name),
      state: held !== undefined ? 'ready' : problem === undefined ? 'waiting' : 'failed',
      ...(held === undefined ? {} : { until: Math.floor(held.untilMs / 1_000), issuer: held.issuer }),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  #common(host: string): Pick<HostCertificate, 'host' | 'from' | 'method' | 'ca' | 'account'> {
    const account = this.#account.known;
    return {
      host,
      from: 'acme',
      method: this.#method,
      ...(account === undefined ? {} : { ca: account.ca, account: account.uri }),
    };
  }

  /** Whether the name on a certificate, perhaps a wildcard itself, lies in a wildcard that there is now. */
  #isBelow(name: string): boolean {
    const below = name.replace(/^\*/, '_') as Name;
    return [...this.#wildcards, ...this.#listed.keys()].some(
      (pattern) => isWildcard(pattern as Pattern) && matchesPattern(pattern as Pattern, below),
    );
  }

  /** Names below a wildcard that have a certificate each, the newest first. */
  #othersBelow(wildcard: Pattern): string[] {
    return this.#store.names
      .filter((name) => this.#valid(name) !== undefined && matchesPattern(wildcard, name as Name))
      .toReversed();
  }

  /**
   * Takes what others have for names that nobody listed: whoever takes over from one of them could not order all at once. Never
   * rejects.
   */
  async #copyOthers(): Promise<void> {
    const { peers, clock } = this.#options;
    if (!this.#isCopyDue || !peers.isAttached()) return;
    this.#copyAgainMs = clock.nowMs() + lookMs;
    const said = [...(await peers.ask(this.#wildcards)).values()].flat();
    const names = new Set(said.flatMap((answer) => (answer.state === 'none' ? (answer.names ?? []) : [])));
    const missing = [...names].filter(
      (name) => parseName(name) === name && this.#isBelow(name) && this.#valid(name) === undefined,
    );
    if (missing.length > 0) await this.#fromPeers(missing.map((name) => new WantedName(name)));
  }

  get #isCopyDue(): boolean {
    return this.#wildcards.length > 0 && this.#options.clock.nowMs() >= this.#copyAgainMs;
  }

  /** Tries what is due of what is listed, and looks again when something else is. */
  async #look(): Promise<void> {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    this.#cancelTimer();
    const due = [...this.#listed.values()].filter((wanted) => this.#dueMs(wanted) <= this.#options.nowMs());
    if (due.length > 0) await this.#tryAll(due);
    await this.#copyOthers();
    this.#isLooking = false;
    // Whoever is named in the CAA record has to have an account, also where another connector orders.
    if (this.#listed.size + this.#wildcards.length > 0) await this.#haveAccount();
    if (this.#isClosed) return;
    this.#options.changed();
    const nextMs = Math.min(...[...this.#listed.values()].map((wanted) => this.#dueMs(wanted)));
    const leftMs = Math.max(nextMs - this.#options.nowMs(), 0);
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(
      leftMs === 0 || this.#isCopyDue ? soonMs : Math.min(leftMs, lookMs),
      () => void this.#look(),
    );
  }

  #dueMs({ name, notBeforeMs }: WantedName): number {
    return Math.max(this.#valid(name)?.renewMs ?? 0, notBeforeMs);
  }

  async #tryAll(due: readonly WantedName[]): Promise<void> {
    const left = await this.#fromPeers(due);
    this.#options.changed();
    const next = left.values();
    // They share one iterator, so each takes the next that nobody has.
    const work = async (): Promise<void> => {
      for (const wanted of next) if (!this.#isClosed) await this.#order(wanted, false);
    };
    await Promise.all(Array.from({ length: ordersAtOnce }, work));
  }

  #try(wanted: WantedName, isSeen: boolean): Promise<void> {
    wanted.trying ??= (async () => {
      const [left] = await this.#fromPeers([wanted]);
      if (left !== undefined) await this.#attempt(wanted, isSeen);
    })().finally(() => this.#tried(wanted));
    return wanted.trying;
  }

  #order(wanted: WantedName, isSeen: boolean): Promise<void> {
    wanted.trying ??= this.#attempt(wanted, isSeen).finally(() => this.#tried(wanted));
    return wanted.trying;
  }

  #tried(wanted: WantedName): void {
    wanted.trying = undefined;
    if (!this.#isClosed) this.#options.changed();
  }

  /** Takes what other connectors have; those of `due` that are left are for this one to order. */
  async #fromPeers(due: readonly WantedName[]): Promise<readonly WantedName[]> {
    const { peers, nowMs } = this.#options;
    const answers = await peers.ask(due.map(({ name }) => name));
    return due.filter((wanted) => {
      const said = answers.get(wanted.name) ?? [];
      for (const answer of said) if (answer.state === 'has') this.#takeFresh(wanted.name, answer.pair);
      const isFresh = nowMs() < (this.#valid(wanted.name)?.renewMs ?? 0);
      if (isFresh) wanted.succeeded();
      else if (said.some(({ state }) => state === 'wait')) wanted.notBeforeMs = nowMs() + soonMs;
      else return true;
      return false;
    });
  }

  /** Keeps a pair of another connector when it lasts longer than what is here. */
  #takeFresh(name: string, pair: Pair): void {
    const held = this.#store.get(name);
    if (!this.#store.put(name, pair)) return;
    this.#options.log.info({ host: name }, 'a certificate came from another connector');
    if (held !== undefined && (this.#store.get(name)?.untilMs ?? 0) < held.untilMs)
      this.#store.put(name, held);
    this.#save();
  }

  /** Never rejects. */
  async #attempt(wanted: WantedName, isSeen: boolean): Promise<void> {
    const { peers, nowMs } = this.#options;
    const { name } = wanted;
    if (this.#method === 'tls-alpn-01' && !peers.isAttached()) {
      wanted.notBeforeMs = nowMs() + soonMs;
      return;
    }
    if (isSeen && !this.#seen.mayOrder(wanted, nowMs())) return;
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
      this.#options.log.info({ host: name }, 'a certificate was ordered');
      wanted.succeeded();
      // Where clocks differ a new one may look old at once.
      const lifeMs = this.#store.get(name)?.lifeMs ?? 0;
      wanted.notBeforeMs = nowMs() + Math.min(longestDelayMs, lifeMs / 3);
    } catch (error) {
      wanted.failed(error, nowMs(), this.#fraction());
      this.#options.log.warn({ host: name }, wanted.problem);
    } finally {
      wanted.isOrdering = false;
      if (isSeen) this.#seen.ended(wanted);
    }
  }

  async #orderOnce(name: string): Promise<Pair> {
    const { client } = await this.#account.open();
    return orderCertificate(client, name, this.#method, this.#answers);
  }

  /** Never rejects. */
  async #haveAccount(): Promise<void> {
    const { nowMs } = this.#options;
    if (this.#account.known === undefined && nowMs() < this.#accountNotBeforeMs) return;
    try {
      await this.#account.open();
      this.#accountProblem = undefined;
      this.#accountFailures = 0;
    } catch (error) {
      this.#accountProblem = problemText(error);
      this.#options.log.warn(this.#accountProblem);
      this.#accountNotBeforeMs = nowMs() + tryAgainMs((this.#accountFailures += 1), error, this.#fraction());
    }
  }

  #valid(name: string): ReturnType<CertificateStore['get']> {
    const held = this.#store.get(name);
    return held !== undefined && this.#options.nowMs() < held.untilMs ? held : undefined;
  }

  #save(): void {
    this.#store.save(this.#options.nowMs(), this.#seen.ordered);
  }

  #fraction(): number {
    return this.#options.random(4).readUInt32BE() / 2 ** 32;
  }
}
