/**
 * One account: what this device is to one organisation. Its own keys, control channel, memory, tunnels, flows, posture and
 * warnings; nothing of it is known to the organisation of another account. `client.ts` joins accounts with the system.
 */
import { type, release } from 'node:os';
import type { Duplex } from 'node:stream';
import type { FromController } from '../../protocol/control.ts';
import { Fault, toFault } from '../../protocol/errors.ts';
import {
  keepControl,
  type ControlConnection,
  type ControlState,
} from '../../protocol/node/control-connection.ts';
import type { DeviceKeys } from '../sign-in/device-keys.ts';
import type { RefusedZone } from '../dns/zones.ts';
import type { ConnectorQuestions } from '../flows/connector-questions.ts';
import type { Flows } from '../flows/flows.ts';
import type { FlowTarget } from '../flows/open-flow.ts';
import type { Ping } from '../tunnel/ping.ts';
import type { ControllerQuestions } from '../controller-questions.ts';
import type { SignInPrompt } from '../sign-in/sign-in.ts';
import type { SignIns } from '../sign-in/sign-ins.ts';
import type { Knowledge } from '../standing.ts';
import type { AccountParts } from '../status-report.ts';
import type { KnownPeers } from '../tunnel/known-peers.ts';
import type { Tunnels } from '../tunnel/tunnels.ts';
import type { AccountOptions } from './account-options.ts';
import { assembleAccount, type AssembledAccount } from './assemble-account.ts';

export class Account {
  readonly id: string;
  readonly flows: Flows;
  readonly connectorQuestions: ConnectorQuestions;
  readonly tunnels: Tunnels;
  readonly ping: Ping;
  readonly keys: DeviceKeys;
  readonly questions: ControllerQuestions;
  readonly signIns: SignIns;
  readonly #options: AccountOptions;
  readonly #parts: AssembledAccount;
  readonly #ready = Promise.withResolvers<void>();
  #control: ControlConnection | undefined;
  #isStopped = false;
  /** Whether the controller has said who we are since this process started. */
  #live = false;

  constructor(options: AccountOptions) {
    this.id = options.id;
    this.#options = options;
    this.#ready.promise.catch(() => undefined);
    this.#parts = assembleAccount(options, {
      control: () => this.#control,
      url: () => this.url,
      snapshotChanged: () => this.#snapshotChanged(),
    });
    ({
      flows: this.flows,
      connectorQuestions: this.connectorQuestions,
      tunnels: this.tunnels,
      ping: this.ping,
      keys: this.keys,
      questions: this.questions,
      signIns: this.signIns,
    } = this.#parts);
  }

  /** Resolves once signed in, in contact and captured; rejects with the Fault of what prevents it. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Where its controller is reached. */
  get url(): string {
    return this.#options.controllerUrl ?? this.#options.identity.enrolment?.url ?? '';
  }

  /** The root key that it pinned, base64url. */
  get root(): string | undefined {
    return this.#options.identity.enrolment?.root;
  }

  get organisation(): string | undefined {
    return this.#parts.memory.snapshot?.organisation;
  }

  get email(): string | undefined {
    return this.#parts.memory.snapshot?.session.email;
  }

  /** Whether it knows anything: then its zones are refused or served whatever the controller does. */
  get remembers(): boolean {
    return this.#parts.memory.snapshot !== undefined;
  }

  /** Its zones that no device should take over, and why. */
  get unfitZones(): readonly RefusedZone[] {
    return this.#parts.knowledge.unfitZones;
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
      identity: this.#options.identity,
      name: deviceName,
      os: `${type()} ${release()}`,
      ...(controllerUrl === undefined ? {} : { url: controllerUrl }),
      ...(credential === undefined ? {} : { credential }),
      onMessage: (message) => void this.#receive(message).catch((error: unknown) => this.#trouble(error)),
      onAlarm: (name) => this.#parts.alarms.raise(name),
      onWelcome: (card) => {
        this.#parts.memory.begin();
        this.#live = true;
        this.keys.welcomed();
        this.#parts.memory.setAuthorities(card.tls);
        this.#parts.posture.start();
        this.readyWhenComplete();
      },
      onState: (state) => this.#followControl(state),
      wallClock,
    });
  }

  /** What is known of names now, as `AccountKnowledge.now` says it. */
  knowledge(): Knowledge {
    return this.#parts.knowledge.now();
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
      snapshot: this.#parts.memory.snapshot,
      signingIn: this.signIns.isPending && !this.#live,
      knowledge: this.knowledge(),
      lastPosture: this.#parts.posture.last,
      tunnels: this.tunnels,
      peers: this.#parts.peers,
      flows: this.flows,
      alarms: this.#parts.alarms.shown,
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
    this.#parts.memory.forget();
  }

  /** The machine slept: everything that time or place may have changed is looked at now. */
  woke(): void {
    this.#control?.check();
    this.tunnels.woke();
    this.#parts.posture.woke();
    this.#tellPerson();
  }

  /** Something that `ready` waits for may have come about. */
  readyWhenComplete(): void {
    if (this.#live && this.#parts.knowledge.contact === 'known' && this.#options.isCapturing())
      this.#ready.resolve();
  }

  /** Takes a connector's key as its own from here on. @param peer `CONNECTOR:KEY`; throws a Fault where it is not named so now */
  acceptPeer(peer: string): ReturnType<KnownPeers['accept']> {
    const accepted = this.#parts.peers.accept(peer);
    this.tunnels.update();
    return accepted;
  }

  /** Raises the alarm that something could not be written down. */
  notKept(): void {
    this.#parts.alarms.raise('not-kept');
  }

  /** For good; its flows end. */
  stop(): void {
    this.#isStopped = true;
    this.#parts.posture.stop();
    this.#parts.notices.stop();
    this.signIns.close();
    this.tunnels.stop();
    this.#control?.stop();
    this.#ready.reject(new Fault('cancelled'));
  }

  #followControl(state: ControlState): void {
    if (state.state === 'connecting' && state.fault !== undefined) {
      // Before the first contact the address or key is as likely wrong as the network: say so instead of waiting.
      if (this.#options.identity.enrolment?.node === undefined) this.#ready.reject(state.fault);
      else this.#options.onEvent({ kind: 'trouble', fault: state.fault });
    }
    if (state.state !== 'refused') return;
    this.#options.onEvent({ kind: 'refused', fault: state.fault });
    this.#parts.knowledge.end();
    this.tunnels.retire();
    this.signIns.refused(state.fault);
    this.#ready.reject(state.fault);
  }

  async #receive(message: FromController): Promise<void> {
    if (this.#isStopped) return undefined;
    if (this.questions.receive(message)) return undefined;
    const prompt = this.signIns.receive(message);
    if (prompt !== undefined) return this.#options.onEvent({ kind: 'prompt', prompt });
    return this.#parts.hearing.take(message);
  }

  async #snapshotChanged(): Promise<void> {
    const before = this.#parts.knowledge.contact;
    this.#readSnapshot();
    this.#tellPerson();
    const session = this.#parts.memory.snapshot?.session;
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
    const { snapshot } = this.#parts.memory;
    if (snapshot === undefined) return;
    this.keys.look();
    this.#parts.notices.follow(snapshot);
  }

  /** Makes what is known from what is remembered. */
  #readSnapshot(): void {
    const { snapshot } = this.#parts.memory;
    if (snapshot === undefined) return;
    this.#parts.knowledge.read(snapshot);
    this.#parts.peers.follow(snapshot);
    this.tunnels.update();
    this.#parts.posture.follow();
  }
}
