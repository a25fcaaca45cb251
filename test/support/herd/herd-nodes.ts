/**
 * Thousands of connectors in one process, as far as they meet controller and relay: real keys, control channels and
 * attachments, each from an address of its own. Takes one JSON object a line on its input and answers with one.
 */
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';
import { parseId, type RelayId } from '../../../protocol/ids.ts';
import { newAgreementKey, newSigningKey } from '../../../protocol/keys.ts';
import { Attachments } from '../../../protocol/link/attachments.ts';
import { keepAttached } from '../../../protocol/link/keep-attached.ts';
import { keepControl } from '../../../protocol/node/control-connection.ts';
import type { Enrolment, Identity } from '../../../protocol/node/identity.ts';

interface Begin {
  readonly url: string;
  readonly root: string;
  readonly secret: string;
  readonly count: number;
}

/** What is counted since the last mark. Times are epoch ms. */
interface Counted {
  readonly back: number;
  /** When each that is back was so: control channel and relay. */
  readonly backMs: readonly number[];
  /** Dials of the control channel that reached a controller that listens, and of the relay. */
  readonly control: number;
  readonly relay: number;
  /** Dials at all, the refused ones with them. */
  readonly dials: number;
}

/** Each socket that is dialled takes the address of the node that dials, as if each were a machine of its own. */
let place = 0;
// oxlint-disable-next-line typescript/unbound-method -- called below with its own `this`
const connect = Socket.prototype.connect as (this: Socket, ...given: unknown[]) => Socket;
Socket.prototype.connect = function (this: Socket, ...given: unknown[]): Socket {
  const [list] = given as [unknown];
  const options = (Array.isArray(list) ? list[0] : list) as { port?: number; localAddress?: string };
  place += 1;
  if (options.port !== undefined) options.localAddress = addressOf(place);
  return connect.apply(this, given);
};

function addressOf(node: number): string {
  return `127.${1 + (Math.floor(node / 62_500) & 63)}.${Math.floor(node / 250) & 255}.${1 + (node % 250)}`;
}

const nodes: Herded[] = [];
let isMarked = false;
let refused = 0;
let reached = { control: 0, relay: 0 };

class Herded {
  #hasControl = false;
  #hasRelay = false;
  #ticket: string | undefined;
  #urls: Readonly<Record<string, { readonly url: string }>> = {};
  backMs: number | undefined;

  constructor({ url, root, secret }: Begin) {
    const keys = { machineKey: newSigningKey(), nodeKey: newAgreementKey() };
    const identity = memoryIdentity(keys, { schema: 'postern.enrolment/v1', url, root });
    const relays = new Attachments((relayId: RelayId) =>
      keepAttached({
        relayId,
        url: () => this.#urls[relayId]?.url ?? '',
        ticket: () => this.#ticket,
        machineKey: keys.machineKey,
        onCircuit: (carrier) => carrier.close(),
        onState: (state) => {
          if (state.state === 'up') reached.relay += 1;
          if (state.state === 'dialling' && state.fault !== undefined)
            this.#failed(state.fault.code, 'relay');
          this.#hasRelay = state.state === 'up';
          this.#look();
        },
        clock: systemClock,
        random: systemRandom,
      }),
    );
    keepControl({
      kind: 'connector',
      identity,
      credential: { secret },
      name: 'connector',
      os: 'linux',
      onMessage: (message) => {
        if (message.t === 'tickets') [this.#ticket] = message.list;
        if (message.t === 'snapshot' && message.snapshot.kind === 'connector') {
          this.#urls = message.snapshot.relays;
          relays.update(Object.keys(message.snapshot.relays).flatMap((id) => parseId('rly', id) ?? []));
          this.#hasControl = true;
        }
        for (const relay of relays.values()) relay.refresh();
        this.#look();
      },
      onState: (state) => {
        if (state.state === 'up') reached.control += 1;
        if (state.state === 'connecting' && state.fault !== undefined)
          this.#failed(state.fault.code, 'control');
        if (state.state !== 'up') {
          this.#hasControl = false;
          this.#look();
        }
      },
    });
  }

  get isBack(): boolean {
    return this.#hasControl && this.#hasRelay;
  }

  #failed(code: string, of: 'control' | 'relay'): void {
    if (!isMarked) return;
    // Nothing listened: that cost the controller nothing.
    if (code === 'unreachable') refused += 1;
    else reached[of] += 1;
  }

  #look(): void {
    if (!this.isBack) this.backMs = undefined;
    else this.backMs ??= Date.now();
  }
}

function memoryIdentity(keys: Pick<Identity, 'machineKey' | 'nodeKey'>, first: Enrolment): Identity {
  let enrolment = first;
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

function counted(): Counted {
  return {
    back: nodes.filter(({ isBack }) => isBack).length,
    backMs: nodes.flatMap(({ backMs }) => backMs ?? []),
    ...reached,
    dials: reached.control + reached.relay + refused,
  };
}

for await (const line of createInterface(process.stdin)) {
  const command = JSON.parse(line) as { begin?: Begin; mark?: true };
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
    reached = { control: 0, relay: 0 };
  }
  process.stdout.write(`${JSON.stringify(counted())}\n`);
}
process.exit(0);
