/**
 * One account: what this device is to one organisation. Its own keys, control channel, memory, tunnels, flows, posture and
 * warnings; nothing of it is known to the organisation of another account. `client.ts` joins accounts with the system.
 */
import { type, release } from 'node:os';
import type { Duplex } from 'node:stream';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import type { FromController } from '../../protocol/control.ts';
import { Fault, toFault } from '../../protocol/errors.ts';
import type { Name } from '../../protocol/names.ts';
import { Alarms } from '../../protocol/node/alarms.ts';
import {
  keepControl,
  type ControlConnection,
  type ControlState,
} from '../../protocol/node/control-connection.ts';
import type { Identity } from '../../protocol/node/identity.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import type { EnrolmentKey } from '../../protocol/secrets.ts';
import { DeviceKeys } from '../sign-in/device-keys.ts';
import { mayDialDirectly } from '../tunnel/direct-address.ts';
import type { AddressRange } from '../dns/address-range.ts';
import type { RefusedZone } from '../dns/zones.ts';
import type { ClientEvent } from '../events.ts';
import { Flows } from '../flows/flows.ts';
import { Hearing } from '../hearing.ts';
import { DeviceMemory } from '../memory.ts';
import type { FlowTarget } from '../flows/open-flow.ts';
import { Ping } from '../tunnel/ping.ts';
import { collectorsOf } from '../posture/collect.ts';
import type { Machine } from '../posture/machine.ts';
import { PostureReporter } from '../posture/reporter.ts';
import { ControllerQuestions } from '../controller-questions.ts';
import type { SignInPrompt } from '../sign-in/sign-in.ts';
import { SignIns } from '../sign-in/sign-ins.ts';
import type { Knowledge } from '../standing.ts';
import { relayName, type AccountParts } from '../status-report.ts';
import { KnownPeers } from '../tunnel/known-peers.ts';
import { Tunnels } from '../tunnel/tunnels.ts';
import { AccountKnowledge } from './account-knowledge.ts';
import { PersonNotices } from './person-notices.ts';

export interface AccountOptions {
  /** Of this device alone. */
  readonly id: string;
  readonly state: StateDirectory;
  /** Must hold an enrolment. */
  readonly identity: Identity;
  /** A service account's key. */
  readonly key: EnrolmentKey | undefined;
  /** Overrides the controller's address in the enrolment, never its pinned root. */
  readonly controllerUrl: string | undefined;
  /** Whether a person signs in through a browser on this machine, or types a code elsewhere. */
  readonly browser: boolean;
  /** How the device is listed. */
  readonly deviceName: string;
  readonly machine: Machine;
  /** Whether connectors that this device has not met, or that have other keys since, are refused. */
  readonly strictPeers: boolean;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
  /** The addresses that are given to names now; undefined while none are. */
  range(): AddressRange | undefined;
  /** The name that has a synthetic address now. */
  nameOf(address: string): Name | undefined;
  /** Whether names are captured as far as that was asked for. */
  isCapturing(): boolean;
  onEvent(this: void, event: ClientEvent): void;
  /** What it knows of names has changed. Rejects with a Fault when names cannot be captured. */
  changed(): Promise<void>;
}

export class Account {
  readonly id: string;
  readonly flows: Flows;
  readonly tunnels: Tunnels;
  readonly ping: Ping;
  readonly keys: DeviceKeys;
  readonly questions: ControllerQuestions;
  readonly signIns: SignIns;
  readonly #peers: KnownPeers;
  readonly #options: AccountOptions;
  readonly #identity: Identity;
  readonly #memory: DeviceMemory;
  readonly #knowledge: AccountKnowledge;
  readonly #posture: PostureReporter;
  readonly #notices: PersonNotices;
  readonly #alarms: Alarms;
  readonly #hearing: Hearing;
  readonly #ready = Promise.withResolvers<void>();
  #control: ControlConnection | undefined;
  #isStopped = false;
  /** Whether the controller has said who we are since this process started. */
  #live = false;

  constructor(options: AccountOptions) {
    const { id, identity, key, browser, machine, wallClock, onEvent } = options;
    this.id = id;
    this.#options = options;
    this.#identity = identity;
    this.#ready.promise.catch(() => undefined);
    this.#alarms = new Alarms(Date.now, (_name, text) => onEvent({ kind: 'alarm', text }));
    this.#memory = new DeviceMemory(options.state, (name) => this.#alarms.raise(name));
    this.#peers = new KnownPeers({
      state: options.state,
      isStrict: options.strictPeers,
      onReport: (report) => onEvent({ kind: 'peer', report }),
      alarm: (name) => this.#alarms.raise(name),
      wallClock,
    });
    this.#knowledge = new AccountKnowledge({
      state: options.state,
      url: () => this.url,
      snapshot: () => this.#memory.snapshot,
      onUnconfirmed: (zone) => onEvent({ kind: 'unconfirmed-zone', zone }),
      notKept: () => this.notKept(),
      wallClock,
    });
    this.keys = new DeviceKeys({
      identity,
      rotate: () => this.#control?.rotate() ?? false,
      keysS: () => this.#memory.snapshot?.device.keys,
      isIdle: () => this.flows.active().length === 0,
      rekey: () => this.tunnels.rekey(),
      clock: systemClock,
      now: wallClock,
    });
    this.flows = new Flows({
      knowledge: () => this.knowledge(),
      nameOf: (address) => options.nameOf(address),
      session: (network) => this.tunnels.session(network),
      clock: systemClock,
      wallClock,
    });
    this.tunnels = new Tunnels({
      identity,
      memory: this.#memory,
      peers: this.#peers,
      onNote: (note) => this.flows.note(note),
      mayDial: (address) => mayDialDirectly(address, options.range()),
      clock: systemClock,
      random: systemRandom,
    });
    this.ping = new Ping({
      knowledge: () => this.knowledge(),
      session: (network) => this.tunnels.session(network),
      networks: () => this.tunnels.networks(),
      lookAgain: (network) => this.tunnels.lookAgain(network),
      relayName: (relay) => relayName(this.#memory.snapshot, relay),
      open: (target) => this.open(target),
      clock: systemClock,
    });
    this.#posture = new PostureReporter({
      send: (message) => this.#control?.send(message) ?? false,
      wanted: () => this.#memory.snapshot?.posture,
      system: collectorsOf(process.platform),
      machine,
      clock: systemClock,
      wallClock,
    });
    this.#hearing = new Hearing({
      memory: this.#memory,
      alarms: this.#alarms,
      card: () => this.#control?.card,
      restart: () => this.#control?.restart(),
      changed: () => this.#snapshotChanged(),
      tickets: () => this.tunnels.refreshTickets(),
      grants: () => {
        this.keys.granted();
        this.tunnels.update();
      },
    });
    this.signIns = new SignIns({
      key,
      browser,
      control: () => this.#control,
      isEnrolled: () => identity.enrolment?.node !== undefined,
    });
    this.questions = new ControllerQuestions((message) => this.#control?.send(message) ?? false, systemClock);
    this.#notices = new PersonNotices(systemClock, wallClock, onEvent);
  }

  /** Resolves once signed in, in contact and captured; rejects with the Fault of what prevents it. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Where its controller is reached. */
  get url(): string {
    return this.#options.controllerUrl ?? this.#identity.enrolment?.url ?? '';
  }

  /** The root key that it pinned, base64url. */
  get root(): string | undefined {
    return this.#identity.enrolment?.root;
  }

  get organisation(): string | undefined {
    return this.#memory.snapshot?.organisation;
  }

  get email(): string | undefined {
    return this.#memory.snapshot?.session.email;
  }

  /** Whether it knows anything: then its zones are refused or served whatever the controller does. */
  get remembers(): boolean {
    return this.#memory.snapshot !== undefined;
  }

  /** Its zones that no device should take over, and why. */
  get unfitZones(): readonly RefusedZone[] {
    return this.#knowledge.unfitZones;
  }

  /** Reads what it remembers of an earlier process. */
  remember(): void {
    this.#readSnapshot();
  }

  /**
   * Goes to its controller, and stays in contact from then on. Rejects with the system's error where it needs a browser to come
   * back and nothing can listen for it.
   */
  async start(): Promise<void> {
    const { deviceName, controllerUrl, wallClock } = this.#options;
    const credential = await this.signIns.begin();
    if (this.#isStopped) return this.signIns.close();
    this.#control = keepControl({
      kind: 'device',
      identity: this.#identity,
      name: deviceName,
      os: `${type()} ${release()}`,
      ...(controllerUrl === undefined ? {} : { url: controllerUrl }),
      ...(credential === undefined ? {} : { credential }),
      onMessage: (message) => void this.#receive(message).catch((error: unknown) => this.#trouble(error)),
      onAlarm: (name) => this.#alarms.raise(name),
      onWelcome: (card) => {
        this.#memory.begin();
        this.#live = true;
        this.keys.welcomed();
        this.#memory.setAuthorities(card.tls);
        this.#posture.start();
        this.readyWhenComplete();
      },
      onState: (state) => this.#followControl(state),
      wallClock,
    });
  }

  /** What is known of names now, as `AccountKnowledge.now` says it. */
  knowledge(): Knowledge {
    return this.#knowledge.now();
  }

  open(target: FlowTarget): Promise<Duplex> {
    return this.flows.open(target);
  }

  /** The first prompt of a sign-in that began with `start`. Rejects with the Fault of what prevents one. */
  firstPrompt(): Promise<SignInPrompt> {
    return Promise.race([
      this.signIns.prompted,
      this.ready.then((): never => {
        throw new Fault('denied', 'somebody is signed in already');
      }),
    ]);
  }

  /** What `status` shows of it. */
  parts(): AccountParts {
    return {
      url: this.url,
      control: this.#control?.state ?? { state: 'stopped' },
      snapshot: this.#memory.snapshot,
      signingIn: this.signIns.isPending && !this.#live,
      knowledge: this.knowledge(),
      lastPosture: this.#posture.last,
      tunnels: this.tunnels,
      peers: this.#peers,
      flows: this.flows,
      alarms: this.#alarms.shown,
    };
  }

  /**
   * Ends the session at the controller and forgets it. Throws a Fault where every session of the person should end and the
   * controller cannot be told; nothing is forgotten then.
   */
  logout(everywhere: boolean): void {
    const told = this.#control?.send({ t: 'logout', ...(everywhere ? { everywhere } : {}) }) === true;
    if (!told && everywhere)
      throw new Fault(
        'out-of-contact',
        'the controller is not reachable now, so nothing was ended; try again',
      );
    this.#memory.forget();
  }

  /** The machine slept: everything that time or place may have changed is looked at now. */
  woke(): void {
    this.#control?.check();
    this.tunnels.woke();
    this.#posture.woke();
    this.#tellPerson();
  }

  /** Something that `ready` waits for may have come about. */
  readyWhenComplete(): void {
    if (this.#live && this.#knowledge.contact === 'known' && this.#options.isCapturing())
      this.#ready.resolve();
  }

  /** Takes a connector's key as its own from here on. @param peer `CONNECTOR:KEY`; throws a Fault where it is not named so now */
  acceptPeer(peer: string): ReturnType<KnownPeers['accept']> {
    const accepted = this.#peers.accept(peer);
    this.tunnels.update();
    return accepted;
  }

  /** Raises the alarm that something could not be written down. */
  notKept(): void {
    this.#alarms.raise('not-kept');
  }

  /** For good; its flows end. */
  stop(): void {
    this.#isStopped = true;
    this.#posture.stop();
    this.#notices.stop();
    this.signIns.close();
    this.tunnels.stop();
    this.#control?.stop();
    this.#ready.reject(new Fault('cancelled'));
  }

  #followControl(state: ControlState): void {
    if (state.state === 'connecting' && state.fault !== undefined) {
      // Before the first contact the address or key is as likely wrong as the network: say so instead of waiting.
      if (this.#identity.enrolment?.node === undefined) this.#ready.reject(state.fault);
      else this.#options.onEvent({ kind: 'trouble', fault: state.fault });
    }
    if (state.state !== 'refused') return;
    this.#options.onEvent({ kind: 'refused', fault: state.fault });
    this.#knowledge.end();
    this.tunnels.retire();
    this.signIns.refused(state.fault);
    this.#ready.reject(state.fault);
  }

  async #receive(message: FromController): Promise<void> {
    if (this.#isStopped) return undefined;
    if (this.questions.receive(message)) return undefined;
    const prompt = this.signIns.receive(message);
    if (prompt !== undefined) return this.#options.onEvent({ kind: 'prompt', prompt });
    return this.#hearing.take(message);
  }

  async #snapshotChanged(): Promise<void> {
    const before = this.#knowledge.contact;
    this.#readSnapshot();
    this.#tellPerson();
    const session = this.#memory.snapshot?.session;
    const ended = session?.ended;
    if (ended !== undefined) {
      if (before === 'known') this.#options.onEvent({ kind: 'session-ended', code: ended });
      await this.#options.changed().catch((error: unknown) => this.#trouble(error));
      return this.signIns.renew();
    }
    this.signIns.signedIn(session);
    if (before === 'ended') this.#options.onEvent({ kind: 'signed-in' });
    try {
      await this.#options.changed();
      this.readyWhenComplete();
    } catch (error) {
      this.#ready.reject(this.#trouble(error));
    }
  }

  /** Says what went wrong; this account, and others, go on. */
  #trouble(error: unknown): Fault {
    const fault = toFault(error);
    this.#options.onEvent({ kind: 'trouble', fault });
    return fault;
  }

  /** What a person should hear of without asking. */
  #tellPerson(): void {
    const { snapshot } = this.#memory;
    if (snapshot === undefined) return;
    this.keys.look();
    this.#notices.follow(snapshot);
  }

  /** Makes what is known from what is remembered. */
  #readSnapshot(): void {
    const { snapshot } = this.#memory;
    if (snapshot === undefined) return;
    this.#knowledge.read(snapshot);
    this.#peers.follow(snapshot);
    this.tunnels.update();
    this.#posture.follow();
  }
}
