/** A node over a carrier in memory: real keys, real control channel, and a record of everything the controller said. */
import { encodeKey, newAgreementKey, newSigningKey, sign } from '../../../protocol/keys.ts';
import type { Enrol, FromController, FromControllerOf, FromNode, Hello } from '../../../protocol/control.ts';
import type { Snapshot } from '../../../protocol/snapshot.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import type { Fault } from '../../../protocol/errors.ts';
import { openControlChannel, type ControlChannel } from '../../../protocol/link/control-channel.ts';
import { applyPatch } from '../../../protocol/snapshot-patch.ts';
import { memoryCarriers } from '../../support/memory-carrier.ts';
import type { Clock } from '../../../protocol/clock.ts';
import type { AgreementKey } from '../../../protocol/keys.ts';
import type { Carrier } from '../../../protocol/link/carrier.ts';

type Type = FromController['t'];

/** What a node needs of a controller: its control key, a clock, and a way to its control server. */
export interface NodeHost {
  readonly context: { readonly keys: { readonly control: AgreementKey } };
  readonly time: { readonly clock: Clock };
  /** In memory, unless there is a way that travels. */
  readonly control: { accept(carrier: Carrier, address: string): void };
  dial?(address: string): Promise<Carrier>;
}

type Kind = 'device' | 'connector' | 'relay';
type Purpose = 'connector' | 'relay' | 'service';
type KeyedHost = NodeHost & { key(purpose: Purpose, name: string): Promise<string> };

const keyed: Readonly<Record<Kind, [purpose: Purpose, name: string]>> = {
  connector: ['connector', 'hq'],
  relay: ['relay', 'r1'],
  device: ['service', 'ci'],
};

export class TestNode {
  readonly machineKey = newSigningKey();
  nodeKey = newAgreementKey();
  readonly heard: FromController[] = [];
  closed: Fault | undefined;
  boot = systemRandom(16).toString('base64url');
  /** The id of the last welcome. */
  id = '';
  readonly #kind: Kind;
  readonly #controller: NodeHost;
  #channel: ControlChannel | undefined;
  #wake: () => void = () => undefined;

  /** One that has enrolled by a key of the name that its kind has in the tests' document. */
  static async enrolled(controller: KeyedHost, kind: Kind): Promise<TestNode> {
    const node = new TestNode(controller, kind);
    await node.enrol({ secret: await controller.key(...keyed[kind]) });
    return node;
  }

  constructor(controller: NodeHost, kind: Kind) {
    this.#controller = controller;
    this.#kind = kind;
  }

  /** Opens a channel from `address`; what was heard before is forgotten. */
  async connect(address = '192.0.2.1'): Promise<void> {
    const { context, time } = this.#controller;
    const right = await this.#carrier(address);
    this.#channel = undefined;
    this.heard.length = 0;
    this.closed = undefined;
    const channel = await openControlChannel(right, {
      own: this.nodeKey,
      peer: context.keys.control.publicKey,
      clock: time.clock,
      random: systemRandom,
    });
    this.#channel = channel;
    channel.start({
      message: (message) => {
        if (this.#channel !== channel) return;
        const heard = message as FromController;
        this.heard.push(heard);
        if (heard.t === 'welcome') this.id = heard.node;
        this.#wake();
      },
      closed: (fault) => {
        if (this.#channel !== channel) return;
        this.closed = fault;
        this.#wake();
      },
    });
  }

  send(message: FromNode | Record<string, unknown>): void {
    this.#channel?.send(message);
  }

  /** Opens a channel and enrols with this credential; resolves at the snapshot or the fault. */
  async enrol(credential: Partial<Enrol>, address?: string): Promise<void> {
    await this.connect(address);
    this.send(this.enrolMessage(credential));
    await this.until((message) => message.t === 'snapshot' || message.t === 'fault');
  }

  enrolMessage(credential: Partial<Enrol>): Enrol {
    const nk = this.nodeKey.publicKey;
    return {
      t: 'enrol',
      kind: this.#kind,
      name: 'laptop',
      os: 'linux',
      boot: this.boot,
      version: '0.1.0',
      mk: encodeKey(this.machineKey.publicKey),
      nk: encodeKey(nk),
      sig: sign(this.machineKey, 'enrol', [this.handshakeHash, nk]).toString('base64url'),
      ...(this.#kind === 'relay' ? { url: 'https://relay.acme.example:8444' } : {}),
      ...credential,
    };
  }

  /** Opens a channel and says hello; resolves at the snapshot or the fault. */
  async hello(changes: Partial<Hello> = {}, address?: string): Promise<void> {
    await this.connect(address);
    this.send(this.helloMessage(changes));
    await this.until((message) => message.t === 'snapshot' || message.t === 'fault');
  }

  helloMessage(changes: Partial<Hello> = {}): Hello {
    return {
      t: 'hello',
      kind: this.#kind,
      node: this.id,
      boot: this.boot,
      version: '0.1.0',
      mk: encodeKey(this.machineKey.publicKey),
      sig: sign(this.machineKey, 'control', [this.handshakeHash]).toString('base64url'),
      ...changes,
    };
  }

  close(): void {
    this.#channel?.close();
  }

  all<T extends Type>(type: T): FromControllerOf<T>[] {
    return this.heard.filter((message): message is FromControllerOf<T> => message.t === type);
  }

  last<T extends Type>(type: T): FromControllerOf<T> | undefined {
    return this.all(type).at(-1);
  }

  /** Of the last fault that it was told on this channel. */
  faultCode(): string | undefined {
    return this.last('fault')?.code;
  }

  /** Resolves with the first message, heard already or to come, that fits; rejects when the channel ends before. */
  async until(fits: (message: FromController) => boolean): Promise<FromController> {
    const limit = Date.now() + 5_000;
    for (;;) {
      const found = this.heard.find(fits);
      if (found !== undefined) return found;
      if (this.closed !== undefined) throw new Error(`the channel ended: ${this.closed.code}`);
      if (Date.now() > limit) throw new Error(`not heard; heard ${this.heard.map(({ t }) => t).join()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Resolves when the node's picture, patches applied, fits. */
  async untilSnapshot<S extends Snapshot>(fits: (snapshot: S) => boolean): Promise<S> {
    await this.until(() => this.snapshot !== undefined && fits(this.snapshot as S));
    return this.snapshot as S;
  }

  /** The snapshot with every patch applied. */
  get snapshot(): Snapshot | undefined {
    let current: Snapshot | undefined;
    let version = 0;
    for (const message of this.heard) {
      if (message.t === 'snapshot') [current, version] = [message.snapshot, message.v];
      if (message.t !== 'patch' || current === undefined) continue;
      if (message.from !== version) throw new Error('a patch does not follow the version before');
      [current, version] = [applyPatch(current, message.set), message.v];
    }
    return current;
  }

  async #carrier(address: string): Promise<Carrier> {
    if (this.#controller.dial !== undefined) return this.#controller.dial(address);
    const { left, right } = memoryCarriers();
    this.#controller.control.accept(left, address);
    return right;
  }

  get handshakeHash(): Buffer {
    if (this.#channel === undefined) throw new Error('not connected');
    return this.#channel.handshakeHash;
  }
}
