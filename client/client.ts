/**
 * The client: answers names, captures flows and serves the command line for every account of this device, each of which
 * follows a controller of its own. Composes the parts of this folder; `postern up` starts it and prints what it reports.
 */
import { hostname } from 'node:os';
import { systemClock, systemRandom } from '../protocol/clock.ts';
import { Fault } from '../protocol/errors.ts';
import { parseName, type Name } from '../protocol/names.ts';
import { isIPv4 } from 'node:net';
import { openIdentity } from '../protocol/node/identity.ts';
import { serveLocalApi, type LocalApi } from '../protocol/node/local-api.ts';
import type { StateDirectory } from '../protocol/node/state-directory.ts';
import { hiddenText } from '../protocol/reasons.ts';
import type { EnrolmentKey } from '../protocol/secrets.ts';
import { Account } from './accounts/account.ts';
import { AccountFolders, type AccountFolder } from './accounts/account-folders.ts';
import { offsetOf, type AddressRange } from './dns/address-range.ts';
import type { Existence } from './dns/connector-word.ts';
import type { ClientEvent, EventSource } from './events.ts';
import { localRoutes, parseTarget, type JoinedBy } from './local-routes.ts';
import { mayCapture, NameCapture } from './name-capture.ts';
import { KeptCapture } from './kept-capture.ts';
import { NameSharing } from './accounts/name-sharing.ts';
import { RunningAccounts } from './accounts/running-accounts.ts';
import type { FlowTarget, OpenDatagrams } from './flows/open-flow.ts';
import { machineAt, type Machine } from './posture/machine.ts';
import { OwnProxies, type Listen } from './proxies/own-proxies.ts';
import type { SignInPrompt } from './sign-in/sign-in.ts';
import type { VisibleResource } from './standing.ts';
import type { ClientStatus } from './status.ts';
import { reportStatus, type SystemParts } from './status-report.ts';
import { systemServers } from './system-dns/system-servers.ts';
import type { Undone } from './system/journal.ts';
import { suspendCounter, WakeWatch, type WakeOptions } from './wake.ts';
import { takeOverFromWatchdog } from './watchdog/take-over.ts';

export type { ClientEvent } from './events.ts';
export type { Listen } from './proxies/own-proxies.ts';

export interface ClientOptions {
  readonly state: StateDirectory;
  /** A service account's key; needed until enrolled, and whenever its session has ended. It is then the only account. */
  readonly key?: EnrolmentKey;
  /** Overrides the address of the controller of `account`, or else of the first, never its pinned root. */
  readonly controllerUrl?: string;
  /** The id of an account that starts although nobody is signed in there. */
  readonly account?: string;
  /** Whether that account alone starts. */
  readonly isAlone?: boolean;
  /** Undefined: names are not captured. */
  readonly capture?: { readonly range: AddressRange; readonly uids: readonly number[] };
  readonly socks?: Listen;
  readonly httpProxy?: Listen;
  /** Whether a person signs in through a browser on this machine, or types a code elsewhere. */
  readonly browser: boolean;
  /** Whose connections the proxies serve. */
  readonly uids: readonly number[];
  readonly name?: string;
  /** Whether connectors that this device has not met, or that have other keys since, are refused; they are not unless said. */
  readonly strictPeers?: boolean;
  /** Epoch milliseconds. */
  readonly wallClock?: () => number;
  /** How a sleep of the machine is noticed; this system's own way unless said. */
  readonly sleep?: Pick<WakeOptions, 'clock' | 'suspendedMs'>;
  onEvent(this: void, event: ClientEvent, source: EventSource): void;
}

export interface Client {
  /**
   * Resolves once somebody is signed in and, where asked for, names are captured; rejects with the Fault of what prevents
   * it, with several accounts when that holds for all of them.
   */
  readonly ready: Promise<ClientStatus>;
  /** Resolves when `postern down` or `logout` asked for the end; everything is given back by then. */
  readonly ended: Promise<Undone>;
  /** @param account which; the first unless said. Throws a Fault where it is none of this device. */
  status(account?: string): ClientStatus;
  open(target: FlowTarget): ReturnType<Account['open']>;
  /** Gives names, rules and routes back to the system and ends. Calling it twice is the same as once. */
  stop(): Promise<Undone>;
}

/** Starts the client. Rejects with a Fault when it cannot, and then nothing on the system has changed. */
export async function startClient(options: ClientOptions): Promise<Client> {
  if (options.capture !== undefined && !mayCapture())
    throw new Fault('denied', 'capturing needs CAP_NET_ADMIN on Linux');
  const client = new RunningClient(options);
  try {
    await takeOverFromWatchdog(options.state.path);
    await client.start();
  } catch (error) {
    await client.stop();
    throw error;
  }
  return client;
}

class RunningClient implements Client {
  readonly #options: ClientOptions;
  readonly #machine: Machine;
  readonly #accounts: RunningAccounts;
  readonly #sharing: NameSharing;
  readonly #wake: WakeWatch;
  readonly #ready = Promise.withResolvers<ClientStatus>();
  readonly #ended = Promise.withResolvers<Undone>();
  #isReady = false;
  #api: LocalApi | undefined;
  readonly #capture: KeptCapture<NameCapture>;
  readonly #proxies: OwnProxies;
  #stopping: Promise<Undone> | undefined;

  constructor(options: ClientOptions) {
    const { state, key, account, controllerUrl, isAlone = false, capture, wallClock = Date.now } = options;
    this.#options = options;
    this.#ready.promise.catch(() => undefined);
    this.#machine = machineAt('', capture?.uids ?? options.uids);
    this.#capture = new KeptCapture(
      capture === undefined ? undefined : () => this.#beginCapture({ state, ...capture }),
    );
    const folders = new AccountFolders(state);
    this.#accounts = new RunningAccounts({
      state,
      folders,
      key,
      account,
      controllerUrl,
      isAlone,
      make: (folder, url) => this.#newAccount(folder, url),
    });
    this.#sharing = new NameSharing({
      folders,
      accounts: () => this.#accounts.all,
      nameOf: (each) => this.#accounts.nameOf(each),
      domains: () => this.#capture.current?.changes.searchDomains ?? [],
      isKept: capture !== undefined && !isAlone,
    });
    this.#proxies = new OwnProxies({
      socks: options.socks,
      httpProxy: options.httpProxy,
      uids: options.uids,
      openFlow: (target) => this.open(target),
      openDatagrams: (target) => this.#openDatagrams(target),
      names: () => this.#sharing.names(),
      exists: (name, resource) => this.#exists(name, resource),
      upstreams: () => this.#capture.current?.changes.upstreams() ?? systemServers(),
      isSynthetic: (address) => {
        const range = this.#capture.current?.changes.range;
        return range !== undefined && offsetOf(range, address) !== undefined;
      },
      clock: systemClock,
      random: systemRandom,
    });
    this.#wake = new WakeWatch({
      clock: systemClock,
      suspendedMs: suspendCounter(systemClock, wallClock),
      ...options.sleep,
      woke: () => {
        for (const each of this.#accounts.all) each.woke();
      },
    });
  }

  get ready(): Promise<ClientStatus> {
    return this.#ready.promise;
  }

  get ended(): Promise<Undone> {
    return this.#ended.promise;
  }

  async start(): Promise<void> {
    const { path } = this.#options.state;
    const serveApi = (): Promise<LocalApi> =>
      serveLocalApi(path, this.#routes(), (target) => this.#openFor(target));
    // The watchdog of a crash just now may have begun to answer since it was asked.
    this.#api = await serveApi().catch(async () => {
      await takeOverFromWatchdog(path);
      return serveApi();
    });
    await this.#proxies.start();
    for (const account of this.#accounts.all) account.remember();
    this.#share();
    // A restart finds the zones of the last run and refuses or serves them at once, whatever the controllers do.
    if (this.#accounts.all.some((account) => account.remembers)) await this.#startCapture();
    await this.#accounts.start((account, fault) =>
      this.#options.onEvent({ kind: 'not-started', fault }, this.#accounts.sourceOf(account)),
    );
    this.#share();
    this.#followReadiness();
    this.#wake.start();
  }

  async open(target: FlowTarget): ReturnType<Account['open']> {
    return this.#accountOf(target).open(target);
  }

  status(meant?: string): ClientStatus {
    const account = meant === undefined ? this.#accounts.first : this.#accounts.choose(meant);
    if (account === undefined) throw new Error('a client has an account');
    return this.#statusOf(account);
  }

  stop(): Promise<Undone> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<Undone> {
    this.#wake.stop();
    const undone = await this.#capture.stop();
    this.#proxies.close();
    for (const account of this.#accounts.all) account.stop();
    await this.#api?.close();
    this.#ready.reject(new Fault('cancelled'));
    return undone;
  }

  #newAccount({ id, state }: AccountFolder, controllerUrl: string | undefined): Account {
    const { key, browser, name, strictPeers = false, wallClock, onEvent } = this.#options;
    const account = new Account({
      id,
      state,
      identity: openIdentity(state),
      key,
      controllerUrl,
      browser,
      deviceName: (name ?? hostname()).slice(0, 64),
      machine: this.#machine,
      strictPeers,
      wallClock: wallClock ?? Date.now,
      range: () => this.#capture.current?.changes.range,
      nameOf: (address) => this.#capture.current?.nameOf(address),
      isCapturing: () => this.#capture.isComplete,
      onEvent: (event) => onEvent(event, this.#accounts.sourceOf(account)),
      changed: () => this.#changed(),
    });
    return account;
  }

  /** Ready with the first account that is; what stands in the way of one alone is no reason to give up the others. */
  #followReadiness(): void {
    const all = this.#accounts.all.map((account) => this.#followReady(account));
    const [first] = all;
    Promise.any(all).catch(() => first?.catch((error: unknown) => this.#ready.reject(error)));
  }

  async #followReady(account: Account): Promise<void> {
    await account.ready;
    const status = this.#statusOf(account);
    if (this.#isReady)
      this.#options.onEvent({ kind: 'also-ready', status }, this.#accounts.sourceOf(account));
    this.#isReady = true;
    this.#ready.resolve(status);
  }

  /** An account knows of other names than before. Rejects with a Fault when names cannot be captured. */
  async #changed(): Promise<void> {
    this.#share();
    if (this.#accounts.all.some((account) => account.knowledge().contact === 'known'))
      await this.#startCapture();
    await this.#capture.update();
  }

  #share(): void {
    if (!this.#sharing.settle()) this.#accounts.first?.notKept();
  }

  /** Whose name or address it is; a refusal of what is nobody's is the first account's to remember. */
  #accountOf({ host, port }: FlowTarget): Account {
    const [first] = this.#accounts.all;
    if (first === undefined) throw new Fault('cancelled');
    if (this.#accounts.all.length === 1) return first;
    const name = isIPv4(host) ? this.#capture.current?.nameOf(host) : parseName(host);
    const owner = name === undefined ? undefined : this.#sharing.ownerOf(name);
    if (owner !== undefined) return owner;
    const fault = new Fault('denied', hiddenText);
    first.flows.refused({ host: name ?? host, port }, fault);
    throw fault;
  }

  async #openDatagrams(target: FlowTarget): ReturnType<OpenDatagrams> {
    return this.#accountOf(target).flows.openDatagrams(target);
  }

  async #startCapture(): Promise<void> {
    await this.#capture.start();
    // Others may have waited for it.
    for (const account of this.#accounts.all) account.readyWhenComplete();
  }

  #beginCapture(
    options: Pick<Parameters<typeof NameCapture.start>[0], 'state' | 'range' | 'uids'>,
  ): Promise<NameCapture> {
    return NameCapture.start({
      ...options,
      names: (domains) => this.#sharing.names(domains),
      connector: {
        exists: (name, resource) => this.#exists(name, resource),
        records: async (name, resource, type) =>
          (await this.#sharing.ownerOf(name)?.connectorQuestions.records(name, resource, type)) ?? 'unknown',
      },
      openFlow: (target) => this.open(target),
      openDatagrams: (target) => this.#openDatagrams(target),
      notKept: () => this.#accounts.first?.notKept(),
    });
  }

  async #exists(name: Name, resource: VisibleResource): Promise<Existence> {
    return (await this.#sharing.ownerOf(name)?.connectorQuestions.exists(name, resource)) ?? 'unknown';
  }

  #routes(): Parameters<typeof serveLocalApi>[1] {
    return localRoutes({
      accounts: () => this.#accounts.all,
      choose: (meant) => this.#accounts.choose(meant),
      nameOf: (account) => this.#accounts.nameOf(account),
      status: (account) => this.#statusOf(account),
      join: (by) => this.#join(by),
      leave: (account) => this.#leave(account),
      down: () => this.#down(),
    });
  }

  /** A flow of the command line: `name:port`, and before it the account and an @ where one was named. */
  async #openFor(text: string): ReturnType<Account['open']> {
    const at = text.lastIndexOf('@');
    const target = parseTarget(text.slice(at + 1));
    return at < 0 ? this.open(target) : this.#accounts.choose(text.slice(0, at)).open(target);
  }

  #statusOf(account: Account): ClientStatus {
    const capture = this.#capture.current;
    const system: SystemParts = {
      ...this.#sharing.heldBy(account),
      capture:
        capture === undefined
          ? undefined
          : {
              changes: capture.changes,
              resolver: capture.resolver,
              uids: this.#options.capture?.uids ?? [],
            },
      isBeginning: this.#capture.isBeginning,
      socksPort: this.#proxies.socksPort,
      httpPort: this.#proxies.httpPort,
      accounts: this.#accounts.all.map((each) => ({
        name: this.#accounts.nameOf(each),
        parts: each.parts(),
      })),
    };
    return reportStatus(this.#accounts.nameOf(account), account.parts(), system);
  }

  async #join(by: JoinedBy): Promise<{ account: Account; prompt: SignInPrompt }> {
    const joined = await this.#accounts.join(by);
    if (joined.isNew) void this.#followReady(joined.account).catch(() => undefined);
    return joined;
  }

  /** Ends one account that was signed out; its zones are given back, to another account that was refused them. */
  async #leave(account: Account): Promise<void> {
    this.#accounts.remove(account);
    await this.#changed();
  }

  /** Gives everything back, then ends once the answer is on its way. */
  async #down(): Promise<{ dns: Undone['resolvConf']; captured: boolean }> {
    const captured = this.#capture.current !== undefined;
    const undone = await this.#capture.stop();
    setImmediate(() => {
      this.stop().then(
        () => this.#ended.resolve(undone),
        (error: unknown) => this.#ended.reject(error),
      );
    });
    return { dns: undone.resolvConf, captured };
  }
}
