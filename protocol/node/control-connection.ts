/**
 * Keeps one control channel to the controller: discovers its card, dials, says hello or enrols, hands every message on,
 * and dials again when the channel or its beats are lost. Used by client, connector and relay; knows none of them.
 */
import { Value } from 'typebox/value';
import { systemClock, systemRandom, type Clock, type Random } from '../clock.ts';
import {
  FromController,
  type FromController as Message,
  type FromControllerOf,
  type FromNode,
} from '../control.ts';
import { Fault, codes, toFault, type CodeName } from '../errors.ts';
import { decodeKey, encodeKey } from '../keys.ts';
import { parseId } from '../ids.ts';
import { beatIntervalMs, contactMs } from '../lease.ts';
import { controlDelayMs } from '../link/backoff.ts';
import type { ControlChannel } from '../link/control-channel.ts';
import { rotateMessage, type NodeKeys } from '../rotation.ts';
import type { Card } from '../tokens.ts';
import { verifyCard } from '../tokens.ts';
import type { AlarmName } from './alarms.ts';
import { dialControl } from './dial-control.ts';
import type { Identity } from './identity.ts';
import { enrolMessage, helloMessage, type Credential, type NodeSelf } from './introduction.ts';

export type ControlState =
  | { readonly state: 'connecting'; readonly attempt: number; readonly fault?: Fault }
  | { readonly state: 'up'; readonly sinceMs: number }
  /** The controller refused this node; trying again does not help until something changes. A device asks now and then. */
  | { readonly state: 'refused'; readonly fault: Fault }
  | { readonly state: 'stopped' };

export interface ControlOptions extends NodeSelf {
  /** Must hold an enrolment with `url` and `root`; its node id is filled in on the first welcome. */
  readonly identity: Identity;
  /** Overrides the URL of the enrolment, never its root. */
  readonly url?: string;
  /** Used while the identity has no node id yet. */
  readonly credential?: Credential;
  /** Every message but `welcome`, `beat` handling included: the owner keeps its lease. */
  onMessage(message: Message): void;
  onWelcome?(card: Card, welcome: FromControllerOf<'welcome'>): void;
  onState?(state: ControlState): void;
  /** Something that cannot be right was heard and left aside. */
  onAlarm?(name: AlarmName): void;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Epoch milliseconds. */
  readonly wallClock?: () => number;
}

export interface ControlConnection {
  readonly state: ControlState;
  /** The card last verified, also while not connected. */
  readonly card: Card | undefined;
  /** Sends when up, and a `login` as soon as there is a channel; false, and nothing is kept, while it is not. */
  send(message: FromNode): boolean;
  /** Says `enrol` on the open channel, for a device whose session ended. False while not up. */
  signIn(credential: Credential): boolean;
  /** Asks the controller to take the identity's next keys, made where there are none. False while not up. */
  rotate(): boolean;
  /** The machine slept: dials again at once when waiting, and when up waits for the next beat no longer than that takes. */
  check(): void;
  /** Closes the channel and dials anew, for an owner that lost track of the snapshot. */
  restart(): void;
  /** Says bye and stops for good. */
  stop(): void;
}

/** A typed code is good for five minutes, and the controller says so when they are over. */
const signInMs = 330_000;
/** The next beat comes within this, where the channel still leads anywhere. */
const nextBeatMs = beatIntervalMs + 1_500;

/** Faults of the controller after which the same attempt would only be refused again. */
const final = new Set<CodeName>(['denied', 'revoked', 'expired', 'fenced', 'limit']);

/** A device that is refused asks again now and then: what an administrator disabled they may enable. */
const firstAskAgainMs = 2_000;
const longestAskAgainMs = 60_000;
/** After so long without a refusal the next is the first again. */
const refusalsForgottenMs = 300_000;

const knownTypes = new Set<unknown>(FromController.anyOf.map((schema) => schema.properties.t.const));

export function keepControl(options: ControlOptions): ControlConnection {
  const { identity, clock = systemClock, random = systemRandom, wallClock = Date.now } = options;
  const boot = random(16).toString('base64url');
  let state: ControlState = { state: 'connecting', attempt: 0 };
  let card: Card | undefined;
  let channel: ControlChannel | undefined;
  let cancelTimer = (): void => undefined;
  let attempt = 0;
  /** Refusals in a row, and when the last one came. */
  let refusals = 0;
  let refusedMs = Number.NEGATIVE_INFINITY;
  /** Which keys the channel is opened with: new ones first, for whether the controller knows them a crash may hide. */
  let trying: 'next' | 'current' = 'next';
  /** The keys of the channel at hand, until its first welcome. */
  let keys: NodeKeys | undefined;
  /** What came after a welcome that is still being checked. */
  let behindWelcome: Message[] | undefined;
  /** What the disk takes of this node's enrolment is older than what is known of it. */
  let isUnkept = false;

  void dial();
  return {
    get state() {
      return state;
    },
    get card() {
      return card;
    },
    send(message) {
      // The end of a sign-in comes before the welcome that it brings about.
      if (channel === undefined || (state.state !== 'up' && message.t !== 'login')) return false;
      channel.send(message);
      return true;
    },
    signIn(credential) {
      if (state.state !== 'up' || channel === undefined) return false;
      channel.send(enrolMessage(options, credential, { boot, handshakeHash: channel.handshakeHash }));
      return true;
    },
    rotate() {
      const controlKey = card === undefined ? undefined : decodeKey(card.ctl);
      if (state.state !== 'up' || channel === undefined || controlKey === undefined) return false;
      const { handshakeHash } = channel;
      // Keys that the disk does not take must not be told: after a restart this device could not come back.
      if (!kept(() => identity.prepareNext()) || identity.next === undefined) return false;
      const message = rotateMessage(identity, identity.next, { handshakeHash, controlKey });
      if (message !== undefined) channel.send(message);
      return message !== undefined;
    },
    check() {
      if (state.state === 'connecting' && channel === undefined) {
        cancelTimer();
        attempt = 0;
        void dial();
      } else if (state.state === 'up') {
        const opened = channel;
        cancelTimer();
        cancelTimer = clock.after(nextBeatMs, () => opened?.close('timeout'));
      }
    },
    restart() {
      channel?.close('cancelled');
    },
    stop() {
      if (state.state === 'up') channel?.send({ t: 'bye' });
      cancelTimer();
      enter({ state: 'stopped' });
      channel?.close();
      channel = undefined;
    },
  };

  function enter(next: ControlState): void {
    state = next;
    options.onState?.(next);
  }

  async function dial(): Promise<void> {
    attempt += 1;
    enter({
      state: 'connecting',
      attempt,
      ...(state.state === 'connecting' && state.fault ? { fault: state.fault } : {}),
    });
    const mine = attempt;
    try {
      const opened = await openChannel();
      if (state.state === 'stopped' || mine !== attempt) return opened.close();
      channel = opened;
      converse(opened);
    } catch (error) {
      if (state.state !== 'stopped' && mine === attempt) lost(toFault(error));
    }
  }

  async function openChannel(): Promise<ControlChannel> {
    keys = keysToTry();
    return dialControl({
      identity,
      url: options.url,
      nodeKey: keys.nodeKey,
      foundCard: (found) => (card = found),
      onAlarm: (name) => options.onAlarm?.(name),
      clock,
      random,
      wallClock,
    });
  }

  function keysToTry(): NodeKeys {
    const { machineKey, nodeKey, next, enrolment } = identity;
    return trying === 'next' && enrolment?.node !== undefined && next !== undefined
      ? next
      : { machineKey, nodeKey };
  }

  function converse(opened: ControlChannel): void {
    const watch = (): void => {
      cancelTimer();
      // Beats come once the controller has welcomed this node; before, a person may be signing in.
      const signingIn = state.state !== 'up' && identity.enrolment?.node === undefined;
      cancelTimer = clock.after(signingIn ? signInMs : contactMs, () => opened.close('timeout'));
    };
    behindWelcome = undefined;
    opened.start({
      message(raw) {
        if (channel !== opened) return;
        watch();
        if (Value.Check(FromController, raw)) receive(opened, raw);
        // Of a type that is unknown it is a newer controller's.
        else if (knownTypes.has(raw['t'])) options.onAlarm?.('message-not-valid');
      },
      closed(fault) {
        if (channel !== opened) return;
        channel = undefined;
        if (fault.code === 'protocol') options.onAlarm?.('message-not-valid');
        lost(fault);
      },
    });
    watch();
    opened.send(firstMessage(opened));
  }

  /** Nothing overtakes a welcome: what follows it is meant for a node that holds its card and knows its id. */
  function receive(opened: ControlChannel, message: Message): void {
    if (behindWelcome !== undefined) return void behindWelcome.push(message);
    if (message.t === 'welcome') {
      const waiting: Message[] = [];
      behindWelcome = waiting;
      const checked = welcome(message).catch(() => opened.close('internal'));
      void checked.finally(() => {
        if (behindWelcome === waiting) behindWelcome = undefined;
        for (const next of waiting) if (channel === opened) receive(opened, next);
      });
      return;
    }
    if (message.t === 'fault') {
      const code = (message.code in codes ? message.code : 'internal') as CodeName;
      const fault = new Fault(code, message.message);
      if (code === 'revoked' && trying === 'next' && identity.next !== undefined && state.state !== 'up') {
        // It knows nothing of the new keys: with the old ones, then, before that is taken for its last word.
        trying = 'current';
        channel = undefined;
        opened.close();
        cancelTimer();
        return void dial();
      }
      if (final.has(code)) {
        channel = undefined;
        opened.close();
        cancelTimer();
        enter({ state: 'refused', fault });
        if (code === 'denied') askAgainLater();
      }
      options.onMessage(message);
      return;
    }
    if (message.t === 'rotated') return rotated(message);
    options.onMessage(message);
  }

  /** The new keys count from here on; the channel is opened anew with them. */
  function rotated({ mk, nk }: FromControllerOf<'rotated'>): void {
    const { next } = identity;
    const isOurs =
      next !== undefined &&
      encodeKey(next.machineKey.publicKey) === mk &&
      encodeKey(next.nodeKey.publicKey) === nk;
    if (!isOurs) return;
    if (!identity.adoptNext()) options.onAlarm?.('not-kept');
    const opened = channel;
    channel = undefined;
    cancelTimer();
    opened?.close();
    attempt = 0;
    void dial();
  }

  async function welcome(message: FromControllerOf<'welcome'>): Promise<void> {
    const { enrolment } = identity;
    const root = enrolment === undefined ? undefined : decodeKey(enrolment.root);
    const org = parseId('org', message.org);
    if (enrolment === undefined || root === undefined || org === undefined) return;
    const shown = await verifyCard(message.card, root, Math.floor(wallClock() / 1_000));
    if (shown === undefined) {
      options.onAlarm?.('card-not-valid');
      return channel?.close('cancelled');
    }
    if (channel === undefined) return;
    card = shown;
    // The first welcome of a channel settles which keys the controller knows: those the channel was opened with.
    if (keys !== undefined && identity.next !== undefined) {
      const isKept = keys === identity.next ? identity.adoptNext() : identity.dropNext();
      if (!isKept) options.onAlarm?.('not-kept');
    }
    keys = undefined;
    trying = 'next';
    if (isUnkept || enrolment.node !== message.node)
      isUnkept = !kept(() => identity.enrol({ ...enrolment, node: message.node, org }));
    attempt = 0;
    enter({ state: 'up', sinceMs: wallClock() });
    options.onWelcome?.(shown, message);
  }

  /** Whether the disk took what `write` writes; otherwise it is an alarm, and this process goes on with what it has. */
  function kept(write: () => unknown): boolean {
    try {
      write();
      return true;
    } catch {
      options.onAlarm?.('not-kept');
      return false;
    }
  }

  function firstMessage(opened: ControlChannel): FromNode {
    const node = identity.enrolment?.node;
    if (node !== undefined) {
      const { machineKey } = keys ?? identity;
      return helloMessage(options, { node, boot, machineKey, handshakeHash: opened.handshakeHash });
    }
    if (options.credential === undefined) throw new Error('a node that has not enrolled needs a credential');
    return enrolMessage(options, options.credential, { boot, handshakeHash: opened.handshakeHash });
  }

  /** Each time twice as long, half of it drawn: thousands that were refused together do not come back together. */
  function askAgainLater(): void {
    if (options.kind !== 'device' || identity.enrolment?.node === undefined) return;
    const nowMs = wallClock();
    refusals = Math.abs(nowMs - refusedMs) < refusalsForgottenMs ? refusals + 1 : 0;
    refusedMs = nowMs;
    const ceiling = Math.min(longestAskAgainMs, firstAskAgainMs * 2 ** Math.min(refusals, 10));
    const fraction = random(4).readUInt32BE() / 2 ** 32;
    cancelTimer = clock.after((ceiling * (1 + fraction)) / 2, () => void dial());
  }

  function lost(fault: Fault): void {
    cancelTimer();
    if (state.state === 'stopped' || state.state === 'refused') return;
    enter({ state: 'connecting', attempt, fault });
    cancelTimer = clock.after(controlDelayMs(attempt, random, fault.code === 'busy'), () => void dial());
  }
}
