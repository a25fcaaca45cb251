/**
 * The client: follows its controller, answers names, carries flows, and serves the command line on a socket. Composes the
 * parts of this folder; `postern up` starts it and prints what it reports.
 */
import { hostname, release, type } from 'node:os';
import { systemClock, systemRandom } from '../protocol/clock.ts';
import type { DeviceNews, FromController } from '../protocol/control.ts';
import { Fault, toFault } from '../protocol/errors.ts';
import { encodeKey } from '../protocol/keys.ts';
import { parseName } from '../protocol/names.ts';
import {
  keepControl,
  type ControlConnection,
  type ControlState,
} from '../protocol/node/control-connection.ts';
import { Alarms } from '../protocol/node/alarms.ts';
import { openIdentity, type Identity } from '../protocol/node/identity.ts';
import { serveLocalApi, type LocalApi } from '../protocol/node/local-api.ts';
import type { StateDirectory } from '../protocol/node/state-directory.ts';
import type { EnrolmentKey } from '../protocol/secrets.ts';
import type { AddressRange } from './dns/address-range.ts';
import { DeviceNewsReader } from './device-news.ts';
import { mayDialDirectly } from './direct-address.ts';
import { acceptedZones, type RefusedZone } from './dns/zones.ts';
import { Flows } from './flows.ts';
import { Hearing } from './hearing.ts';
import { DeviceMemory } from './memory.ts';
import { mayCapture, NameCapture } from './name-capture.ts';
import type { FlowTarget } from './open-flow.ts';
import { Ping } from './ping.ts';
import { collectorsOf } from './posture/collect.ts';
import { machineAt } from './posture/machine.ts';
import { PostureReporter } from './posture/reporter.ts';
import { DeviceKeys } from './device-keys.ts';
import { serveProxy, type ProxyServer } from './proxies/proxy-server.ts';
import { ControllerQuestions } from './controller-questions.ts';
import { SessionWarnings } from './session-warnings.ts';
import type { SignInPrompt } from './sign-in.ts';
import { SignIns } from './sign-ins.ts';
import { nothingKnown, readKnowledge, type Knowledge } from './standing.ts';
import type { ClientStatus } from './status.ts';
import { relayName, reportStatus } from './status-report.ts';
import type { Undone } from './system/journal.ts';
import { Tunnels } from './tunnels.ts';
import { takeOverFromWatchdog } from './watchdog/take-over.ts';
import { explain, listResources } from './why.ts';

/** An address and port of loopback. */
export interface Listen {
  readonly address: string;
  readonly port: number;
}

export interface ClientOptions {
  readonly state: StateDirectory;
  /** A service account's key; needed until enrolled, and whenever its session has ended. */
  readonly key?: EnrolmentKey;
  /** Overrides the controller's address in the enrolment, never its pinned root. */
  readonly controllerUrl?: string;
  /** Undefined: names are not captured. */
  readonly capture?: { readonly range: AddressRange; readonly uids: readonly number[] };
  readonly socks?: Listen;
  readonly httpProxy?: Listen;
  /** Whether a person signs in through a browser on this machine, or types a code elsewhere. */
  readonly browser: boolean;
  /** Whose connections the proxies serve. */
  readonly uids: readonly number[];
  readonly name?: string;
  /** Epoch milliseconds. */
  readonly wallClock?: () => number;
  onEvent(event: ClientEvent): void;
}

/** What a person at the terminal wants to know as it happens. */
export type ClientEvent =
  | { readonly kind: 'prompt'; readonly prompt: SignInPrompt }
  /** Something failed that is tried again. */
  | { readonly kind: 'trouble'; readonly fault: Fault }
  /** Something that cannot be right was heard and left aside; in full sentences. */
  | { readonly kind: 'alarm'; readonly text: string }
  /** The controller lets this device in no more; names of the zones are refused from now on. */
  | { readonly kind: 'refused'; readonly fault: Fault }
  | { readonly kind: 'session-ended'; readonly code: string }
  | { readonly kind: 'signed-in' }
  /** The session of a person ends in so many milliseconds. */
  | { readonly kind: 'session-ending'; readonly leftMs: number }
  /** Another device of the same person was let in, or is suspended. */
  | { readonly kind: 'device-news'; readonly news: DeviceNews };

export interface Client {
  /** Resolves once signed in and, where asked for, capturing; rejects with the Fault of what prevents it. */
  readonly ready: Promise<ClientStatus>;
  /** Resolves when `postern down` or `logout` asked for the end; everything is given back by then. */
  readonly ended: Promise<Undone>;
  status(): ClientStatus;
  open(target: FlowTarget): ReturnType<Flows['open']>;
  /** Gives names, rules and routes back to the system and ends. Calling it twice is the same as once. */
  stop(): Promise<Undone>;
}

/** Starts the client. Rejects with a Fault when it cannot, and then nothing on the system has changed. */
export async function startClient(options: ClientOptions): Promise<Client> {
  if (options.capture !== undefined && !mayCapture())
    throw new Fault('denied', 'capturing needs CAP_NET_ADMIN on Linux');
  const identity = openIdentity(options.state);
  if (options.key !== undefined) enrolByKey(identity, options.key, options.state.path);
  if (identity.enrolment === undefined) throw new Error('a client needs an enrolment or a key');
  await takeOverFromWatchdog(options.state.path);
  const client = new RunningClient(options, identity);
  try {
    await client.start();
  } catch (error) {
    await client.stop();
    throw error;
  }
  return client;
}

/** Takes controller and root from the key, unless this device has joined already: then they must be the same. */
function enrolByKey(identity: Identity, { url, root }: EnrolmentKey, path: string): void {
  const { enrolment } = identity;
  if (enrolment?.node === undefined)
    identity.enrol({ schema: 'postern.enrolment/v1', url, root: encodeKey(root) });
  else if (enrolment.root !== encodeKey(root))
    throw new Fault('denied', `${path} belongs to another controller than this key; choose another --state`);
}

class RunningClient implements Client {
  readonly #options: ClientOptions;
  readonly #wallClock: () => number;
  readonly #identity: Identity;
  readonly #memory: DeviceMemory;
  readonly #flows: Flows;
  readonly #tunnels: Tunnels;
  readonly #ping: Ping;
  readonly #posture: PostureReporter;
  readonly #warnings: SessionWarnings;
  readonly #news = new DeviceNewsReader();
  readonly #alarms: Alarms;
  readonly #keys: DeviceKeys;
  readonly #hearing: Hearing;
  readonly #signIns: SignIns;
  readonly #questions: ControllerQuestions;
  readonly #ready = Promise.withResolvers<ClientStatus>();
  readonly #ended = Promise.withResolvers<Undone>();
  #control: ControlConnection | undefined;
  #api: LocalApi | undefined;
  #capture: NameCapture | undefined;
  #captureStarting = false;
  #proxies: { socks?: ProxyServer; http?: ProxyServer } = {};
  #knowledge: Knowledge;
  #refusedZones: readonly RefusedZone[] = [];
  #stopping: Promise<Undone> | undefined;
  /** Whether the controller has said who we are since this process started. */
  #live = false;

  constructor(options: ClientOptions, identity: Identity) {
    this.#options = options;
    this.#wallClock = options.wallClock ?? Date.now;
    this.#identity = identity;
    this.#ready.promise.catch(() => undefined);
    this.#alarms = new Alarms(Date.now, (_name, text) => options.onEvent({ kind: 'alarm', text }));
    this.#memory = new DeviceMemory(options.state, (name) => this.#alarms.raise(name));
    this.#keys = new DeviceKeys({
      identity,
      rotate: () => this.#control?.rotate() ?? false,
      keysS: () => this.#memory.snapshot?.device.keys,
      isIdle: () => this.#flows.active().length === 0,
      rekey: () => this.#tunnels.rekey(),
      clock: systemClock,
      now: this.#wallClock,
    });
    this.#knowledge = nothingKnown([], new Set());
    this.#flows = new Flows({
      knowledge: () => this.knowledge(),
      nameOf: (address) => this.#capture?.nameOf(address),
      session: (network) => this.#tunnels.session(network),
      clock: systemClock,
      wallClock: this.#wallClock,
    });
    this.#tunnels = new Tunnels({
      identity,
      memory: this.#memory,
      onNote: (note) => this.#flows.note(note),
      mayDial: (address) => mayDialDirectly(address, this.#capture?.changes.range),
      clock: systemClock,
      random: systemRandom,
    });
    this.#ping = new Ping({
      knowledge: () => this.knowledge(),
      session: (network) => this.#tunnels.session(network),
      networks: () => this.#tunnels.networks(),
      lookAgain: (network) => this.#tunnels.lookAgain(network),
      relayName: (relay) => relayName(this.#memory.snapshot, relay),
      open: (target) => this.open(target),
      clock: systemClock,
    });
    this.#posture = new PostureReporter({
      send: (message) => this.#control?.send(message) ?? false,
      wanted: () => this.#memory.snapshot?.posture,
      system: collectorsOf(process.platform),
      machine: machineAt('', options.capture?.uids ?? options.uids),
      clock: systemClock,
      wallClock: this.#wallClock,
    });
    this.#hearing = new Hearing({
      memory: this.#memory,
      alarms: this.#alarms,
      card: () => this.#control?.card,
      restart: () => this.#control?.restart(),
      changed: () => this.#snapshotChanged(),
      tickets: () => this.#tunnels.refreshTickets(),
      grants: () => {
        this.#keys.granted();
        this.#tunnels.update();
      },
    });
    const { key, browser } = options;
    this.#signIns = new SignIns({ key, browser, control: () => this.#control });
    this.#questions = new ControllerQuestions(
      (message) => this.#control?.send(message) ?? false,
      systemClock,
    );
    this.#warnings = new SessionWarnings({
      clock: systemClock,
      now: this.#wallClock,
      warn: (leftMs) => options.onEvent({ kind: 'session-ending', leftMs }),
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
      serveLocalApi(path, this.#routes(), (target) => this.open(parseTarget(target)));
    // The watchdog of a crash just now may have begun to answer since it was asked.
    this.#api = await serveApi().catch(async () => {
      await takeOverFromWatchdog(path);
      return serveApi();
    });
    const { socks, httpProxy, uids } = this.#options;
    const serve = (kind: 'socks' | 'http', listen: Listen): Promise<ProxyServer> =>
      serveProxy({ kind, ...listen, uids: new Set(uids), openFlow: (target) => this.open(target) });
    if (socks !== undefined) this.#proxies.socks = await serve('socks', socks);
    if (httpProxy !== undefined) this.#proxies.http = await serve('http', httpProxy);
    this.#readSnapshot();
    // A restart finds the zones of the last run and refuses or serves them at once, whatever the controller does.
    if (this.#memory.snapshot !== undefined) await this.#startCapture();
    const credential = await this.#signIns.begin();
    this.#control = keepControl({
      kind: 'device',
      identity: this.#identity,
      name: (this.#options.name ?? hostname()).slice(0, 64),
      os: `${type()} ${release()}`,
      ...(this.#options.controllerUrl === undefined ? {} : { url: this.#options.controllerUrl }),
      ...(credential === undefined ? {} : { credential }),
      onMessage: (message) => void this.#receive(message),
      onAlarm: (name) => this.#alarms.raise(name),
      onWelcome: (card) => {
        this.#memory.begin();
        this.#live = true;
        this.#keys.welcomed();
        this.#memory.setAuthorities(card.tls);
        this.#posture.start();
        this.#readyWhenComplete();
      },
      onState: (state) => this.#followControl(state),
      wallClock: this.#wallClock,
    });
  }

  /** What is known now; a session whose time has passed is over, whether or not the controller could say so. */
  knowledge(): Knowledge {
    const until = this.#memory.snapshot?.session.until;
    const over =
      this.#knowledge.contact === 'known' && until !== undefined && until * 1_000 <= this.#wallClock();
    return over ? { ...this.#knowledge, contact: 'ended' } : this.#knowledge;
  }

  open(target: FlowTarget): ReturnType<Flows['open']> {
    return this.#flows.open(target);
  }

  status(): ClientStatus {
    return reportStatus({
      url: this.#options.controllerUrl ?? this.#identity.enrolment?.url ?? '',
      control: this.#control?.state ?? { state: 'stopped' },
      snapshot: this.#memory.snapshot,
      signingIn: this.#signIns.isPending && !this.#live,
      knowledge: this.knowledge(),
      refusedZones: this.#refusedZones,
      capture:
        this.#capture === undefined
          ? undefined
          : {
              changes: this.#capture.changes,
              resolver: this.#capture.resolver,
              uids: this.#options.capture?.uids ?? [],
            },
      socksPort: this.#proxies.socks?.port,
      httpPort: this.#proxies.http?.port,
      lastPosture: this.#posture.last,
      tunnels: this.#tunnels,
      flows: this.#flows,
      alarms: this.#alarms.shown,
    });
  }

  stop(): Promise<Undone> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<Undone> {
    const undone = (await this.#capture?.stop()) ?? { resolvConf: 'untouched' };
    this.#proxies.socks?.close();
    this.#proxies.http?.close();
    this.#posture.stop();
    this.#warnings.stop();
    this.#signIns.close();
    this.#tunnels.stop();
    this.#control?.stop();
    await this.#api?.close();
    this.#ready.reject(new Fault('cancelled'));
    return undone;
  }

  #followControl(state: ControlState): void {
    if (state.state === 'connecting' && state.fault !== undefined) {
      // Before the first contact the address or key is as likely wrong as the network: say so instead of waiting.
      if (this.#identity.enrolment?.node === undefined) this.#ready.reject(state.fault);
      else this.#options.onEvent({ kind: 'trouble', fault: state.fault });
    }
    if (state.state !== 'refused') return;
    this.#options.onEvent({ kind: 'refused', fault: state.fault });
    this.#knowledge = { ...this.#knowledge, contact: 'ended' };
    this.#tunnels.retire();
    this.#signIns.refused(state.fault);
    this.#ready.reject(state.fault);
  }

  async #receive(message: FromController): Promise<void> {
    if (this.#stopping !== undefined) return undefined;
    if (this.#questions.receive(message)) return undefined;
    const prompt = this.#signIns.receive(message);
    if (prompt !== undefined) return this.#options.onEvent({ kind: 'prompt', prompt });
    return this.#hearing.take(message);
  }

  async #snapshotChanged(): Promise<void> {
    const before = this.#knowledge.contact;
    this.#readSnapshot();
    this.#tellPerson();
    const ended = this.#memory.snapshot?.session.ended;
    if (ended !== undefined) {
      if (before === 'known') this.#options.onEvent({ kind: 'session-ended', code: ended });
      await this.#capture?.update();
      return this.#signIns.renew();
    }
    this.#signIns.signedIn();
    if (before === 'ended') this.#options.onEvent({ kind: 'signed-in' });
    try {
      await this.#startCapture();
      await this.#capture?.update();
      this.#readyWhenComplete();
    } catch (error) {
      const fault = toFault(error);
      this.#options.onEvent({ kind: 'trouble', fault });
      this.#ready.reject(fault);
    }
  }

  /** What a person should hear of without asking: the end of their session, and news of their other devices. */
  #tellPerson(): void {
    const { snapshot } = this.#memory;
    if (snapshot === undefined) return;
    const { id, kind, until, ended } = snapshot.session;
    const renewable = kind === 'person' && ended === undefined;
    this.#warnings.follow(renewable ? { id, untilMs: until * 1_000 } : undefined);
    this.#keys.look();
    for (const news of this.#news.unread(snapshot.news ?? []))
      this.#options.onEvent({ kind: 'device-news', news });
  }

  /** Welcomed, told what there is, and capturing where that was asked for: in whichever order they came. */
  #readyWhenComplete(): void {
    const complete =
      this.#live &&
      this.#knowledge.contact === 'known' &&
      (this.#options.capture === undefined || this.#capture !== undefined);
    if (complete) this.#ready.resolve(this.status());
  }

  /** Makes what is known from what is remembered. */
  #readSnapshot(): void {
    const { snapshot } = this.#memory;
    if (snapshot === undefined) return;
    const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : '');
    const controllerHost = hostOf(this.#options.controllerUrl ?? this.#identity.enrolment?.url ?? '');
    const hosts = [controllerHost, ...Object.values(snapshot.relays).map(({ url }) => hostOf(url))];
    const { accepted, refused } = acceptedZones(snapshot.zones, controllerHost);
    this.#refusedZones = refused;
    const exempt = new Set(hosts.flatMap((host) => parseName(host) ?? []));
    this.#knowledge = readKnowledge(snapshot, accepted, exempt);
    this.#tunnels.update();
    this.#posture.follow();
  }

  async #startCapture(): Promise<void> {
    const { capture, state } = this.#options;
    if (capture === undefined || this.#captureStarting || this.#stopping !== undefined) return;
    this.#captureStarting = true;
    this.#capture = await NameCapture.start({
      state,
      ...capture,
      knowledge: () => this.knowledge(),
      exists: (name, resource) => this.#flows.exists(name, resource),
      openFlow: (target) => this.open(target),
      openDatagrams: (target) => this.#flows.openDatagrams(target),
      notKept: () => this.#alarms.raise('not-kept'),
    });
  }

  #routes(): Parameters<typeof serveLocalApi>[1] {
    return {
      'GET /v1/status': () => this.status(),
      'GET /v1/resources': () => listResources(this.knowledge()),
      'GET /v1/why': (query) => explain(query.get('resource') ?? '', this.knowledge()),
      'POST /v1/ping': (query) => this.#ping.once(query.get('resource') ?? '', query.get('look') === '1'),
      'POST /v1/ping/target': (query) => {
        const port = query.get('port');
        return this.#ping.target(query.get('resource') ?? '', port === null ? undefined : Number(port));
      },
      'POST /v1/login': (_query, body) => {
        const wanted = (body as { for?: unknown } | undefined)?.for;
        return this.#signIns.login(typeof wanted === 'string' ? wanted : undefined);
      },
      'POST /v1/logout': async (_query, body) => {
        const everywhere = (body as { everywhere?: unknown } | undefined)?.everywhere === true;
        if (
          this.#control?.send({ t: 'logout', ...(everywhere ? { everywhere } : {}) }) !== true &&
          everywhere
        )
          throw new Fault(
            'out-of-contact',
            'the controller is not reachable now, so nothing was ended; try again',
          );
        this.#memory.forget();
        return this.#down();
      },
      'POST /v1/request': (_query, body) => this.#questions.ask('request', body),
      'POST /v1/expose': (_query, body) => this.#questions.ask('expose', body),
      'POST /v1/rotate': async () => ({ nodeKey: await this.#keys.rotate() }),
      'POST /v1/down': () => this.#down(),
    };
  }

  /** Gives everything back, then ends once the answer is on its way. */
  async #down(): Promise<{ dns: Undone['resolvConf']; captured: boolean }> {
    const captured = this.#capture !== undefined;
    const undone = (await this.#capture?.stop()) ?? ({ resolvConf: 'untouched' } as const);
    this.#capture = undefined;
    setImmediate(() => {
      void this.stop().then(() => this.#ended.resolve(undone));
    });
    return { dns: undone.resolvConf, captured };
  }
}

/** `name:port` as CONNECT has it; what is no port becomes 0, which no resource lists. */
function parseTarget(target: string): FlowTarget {
  const match = /^([^:]{1,253}):(\d{1,5})$/.exec(target);
  return { host: match?.[1] ?? '', port: Number(match?.[2] ?? 0) };
}
