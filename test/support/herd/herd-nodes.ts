/**
 * Thousands of connectors in one process, as far as they meet controller and relay: real keys, control channels and
 * attachments, each from an address of its own. Takes one JSON object a line on its input (`HerdCommand`) and answers with one
 * (`HerdCount`).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';
import { parseId, type RelayId } from '../../../protocol/ids.ts';
import { newAgreementKey, newSigningKey } from '../../../protocol/keys.ts';
import { Attachments } from '../../../protocol/link/attachments.ts';
import { keepAttached, type KeptAttachment } from '../../../protocol/link/keep-attached.ts';
import { keepControl } from '../../../protocol/node/control-connection.ts';
import type { Enrolment, Identity } from '../../../protocol/node/identity.ts';
import type { Credential } from '../../../protocol/node/introduction.ts';
import type { Begin, HerdCommand, HerdCount, HerdMixed } from './herd.ts';
import { Order } from './order.ts';

type Door = 'control' | 'relay';

/** What is told of a dial: whoever it is for is known where it is made. */
const dialling = new AsyncLocalStorage<() => void>();

/** Each socket that is dialled takes the address of the node that dials, as if each were a machine of its own. */
let place = 0;
// oxlint-disable-next-line typescript/unbound-method -- called below with its own `this`
const connect = Socket.prototype.connect as (this: Socket, ...given: unknown[]) => Socket;
Socket.prototype.connect = function (this: Socket, ...given: unknown[]): Socket {
  const [list] = given as [unknown];
  const options = (Array.isArray(list) ? list[0] : list) as { port?: number; localAddress?: string };
  place += 1;
  if (options.port !== undefined) options.localAddress = addressOf(place);
  dialling.getStore()?.();
  this.once('connect', () => (taken += 1));
  return connect.apply(this, given);
};

function addressOf(node: number): string {
  return `127.${1 + (Math.floor(node / 62_500) & 63)}.${Math.floor(node / 250) & 255}.${1 + (node % 250)}`;
}

const nodes: Herded[] = [];
let isMarked = false;
let refused = 0;
/** Connections that the system took for whoever listens, accepted or not. */
let taken = 0;
let reached = { control: 0, relay: 0 };
let order = { control: new Order<Herded>(), relay: new Order<Herded>() };

/** What a connector still has when its program is started again. */
interface Remembered {
  readonly identity: Identity;
  readonly ticket: string | undefined;
  readonly urls: Urls;
}

type Urls = Readonly<Record<string, { readonly url: string }>>;

class Herded {
  readonly #identity: Identity;
  readonly #relays: Attachments;
  /** It was removed and comes all the same: what it asks is counted nowhere. */
  readonly #isRemoved: boolean;
  #hasControl = false;
  #hasRelay = false;
  #ticket: string | undefined;
  #urls: Urls = {};
  backMs: number | undefined;
  /** Where it was told that it is no connector any more. */
  readonly refusedBy = new Set<Door>();

  constructor(begin: Begin | Remembered) {
    this.#isRemoved = 'identity' in begin;
    this.#identity = 'identity' in begin ? begin.identity : memoryIdentity(begin);
    this.#relays = new Attachments((relayId: RelayId) =>
      dialling.run(
        () => order.relay.came(this),
        () => this.#attach(relayId),
      ),
    );
    if ('identity' in begin) {
      this.#ticket = begin.ticket;
      this.#serve(begin.urls);
    }
    dialling.run(
      () => order.control.came(this),
      () => this.#keep('secret' in begin ? { secret: begin.secret } : undefined),
    );
  }

  get id(): string {
    return this.#identity.enrolment?.node ?? '';
  }

  get isBack(): boolean {
    return this.#hasControl && this.#hasRelay;
  }

  /** The same connector in a program that has just begun, which knows what this one knew. */
  again(): Herded {
    return new Herded({ identity: this.#identity, ticket: this.#ticket, urls: this.#urls });
  }

  #attach(relayId: RelayId): KeptAttachment {
    return keepAttached({
      relayId,
      url: () => this.#urls[relayId]?.url ?? '',
      ticket: () => this.#ticket,
      machineKey: this.#identity.machineKey,
      onCircuit: (carrier) => carrier.close(),
      onState: (state) => {
        const wasUp = this.#hasRelay;
        this.#hasRelay = state.state === 'up';
        if (this.#hasRelay) this.#count('relay');
        else if (wasUp) order.relay.left(this);
        if (state.state === 'dialling' && state.fault !== undefined) this.#failed(state.fault.code, 'relay');
        this.#look();
      },
      clock: systemClock,
      random: systemRandom,
    });
  }

  #keep(credential: Credential | undefined): void {
    keepControl({
      kind: 'connector',
      identity: this.#identity,
      ...(credential === undefined ? {} : { credential }),
      name: 'connector',
      os: 'linux',
      onMessage: (message) => {
        if (message.t === 'tickets') [this.#ticket] = message.list;
        if (message.t === 'snapshot' && message.snapshot.kind === 'connector') {
          this.#hasControl = true;
          this.#serve(message.snapshot.relays);
        }
        for (const relay of this.#relays.values()) relay.refresh();
        this.#look();
      },
      onState: (state) => {
        if (state.state === 'up') return this.#count('control');
        if (this.#hasControl) order.control.left(this);
        this.#hasControl = false;
        if (state.state === 'connecting' && state.fault !== undefined)
          this.#failed(state.fault.code, 'control');
        if (state.state === 'refused') this.#refuse('control');
        return this.#look();
      },
    });
  }

  #serve(urls: Urls): void {
    this.#urls = urls;
    this.#relays.update(Object.keys(urls).flatMap((id) => parseId('rly', id) ?? []));
  }

  #failed(code: string, at: Door): void {
    if (code === 'revoked') this.#refuse(at);
    if (!isMarked) return;
    // Nothing listened: that cost the controller nothing.
    if (code === 'unreachable') refused += 1;
    else this.#count(at);
  }

  #refuse(by: Door): void {
    this.refusedBy.add(by);
    // One that was just removed ends; one that comes all the same asks until the relay has said so too.
    if (!this.#isRemoved || by === 'relay') this.#relays.stop();
  }

  #count(at: Door): void {
    if (!this.#isRemoved) reached[at] += 1;
  }

  #look(): void {
    if (!this.isBack) this.backMs = undefined;
    else this.backMs ??= Date.now();
  }
}

function memoryIdentity(begin: Begin): Identity {
  const keys = { machineKey: newSigningKey(), nodeKey: newAgreementKey() };
  let enrolment: Enrolment = { schema: 'postern.enrolment/v1', url: begin.url, root: begin.root };
  return {
    ...keys,
    next: undefined,
    get enrolment() {
      return enrolment;
    },
    enrol: (given) => {
      enrolment = given;
    },
    prepareNext: () => keys,
    adoptNext: () => true,
    dropNext: () => true,
  };
}

function counted(): HerdCount {
  const refusedBy = (door: Door): string[] =>
    nodes.filter((node) => node.refusedBy.has(door)).map(({ id }) => id);
  return {
    back: nodes.filter(({ isBack }) => isBack).length,
    backMs: nodes.flatMap(({ backMs }) => backMs ?? []),
    ...reached,
    dials: reached.control + reached.relay + refused,
    taken,
    refusedBy: { control: refusedBy('control'), relay: refusedBy('relay') },
  };
}

function mixed(): HerdMixed {
  return { control: order.control.mixed(), relay: order.relay.mixed() };
}

for await (const line of createInterface(process.stdin)) {
  const command = JSON.parse(line) as HerdCommand;
  if (command.begin !== undefined) {
    // Enrolled a few at a time: it is their return that is looked at.
    for (let made = 0; made < command.begin.count; made += 1) {
      nodes.push(new Herded(command.begin));
      while (nodes.length - nodes.filter(({ isBack }) => isBack).length > 32)
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  if (command.mark === true) {
    isMarked = true;
    refused = 0;
    taken = 0;
    reached = { control: 0, relay: 0 };
    order = { control: new Order(), relay: new Order() };
  }
  if (command.again === true)
    for (const [place, node] of nodes.entries()) if (node.refusedBy.size > 0) nodes[place] = node.again();
  process.stdout.write(`${JSON.stringify(command.mixed === true ? mixed() : counted())}\n`);
}
process.exit(0);
