/**
 * One control channel as the controller leads it (WIRE A4): first hello or enrol, then what the kind of node may say. Takes
 * messages one after the other; knows neither sockets nor other channels.
 */
import { Compile } from 'typebox/compile';
import {
  FromNode,
  type Enrol,
  type FromController,
  type Hello,
  type Rotate,
} from '../../protocol/control.ts';
import { Fault, toFault, type CodeName } from '../../protocol/errors.ts';
import type { ConnectorId, DeviceId, NetworkId, NodeId, OrganisationId } from '../../protocol/ids.ts';
import type { ControlChannel } from '../../protocol/link/control-channel.ts';
import type { ControllerContext } from '../context.ts';
import type { TokenIds } from '../decisions/device-view.ts';
import type { LoginAttempts } from '../enrolment/login-attempts.ts';
import { lastWordMs } from '../exposures/end-exposures.ts';
import type { NodeKind } from '../store/tables/nodes.ts';
import { networkOf } from '../web/act-for-connector.ts';
import type { Guesses } from '../guesses.ts';
import { actForNode, type Admitted } from './act-for-node.ts';
import { admitNode } from './admit-node.ts';
import { nextChannel } from './channels.ts';
import { Feed, type View } from './feed.ts';
import { Joining, lockedOut } from './joining.ts';
import type { Looks } from './node-looks.ts';
import { noticeOlderData } from './older-data.ts';
import type { TellsNarrowed } from './revocation-feed.ts';
import { RevocationsOfOthers } from './revocations-of-others.ts';
import { rotateKeys } from './rotate-keys.ts';
import { writtenPatch } from './written-patch.ts';

const messages = Compile(FromNode);
/** A node that says nothing for so long after the handshake is let go. */
const firstMessageMs = 10_000;
/** Each may have 16 KiB, and a message 4 MiB. */
const webTokensPerMessage = 200;
/** So many messages may wait for their turn. */
const maxWaiting = 256;

export interface ConversationOptions {
  readonly context: ControllerContext;
  readonly channel: ControlChannel;
  /** Whose sign-in address it came to: a node that is not known by its keys joins there. */
  readonly organisation: OrganisationId;
  /** The address the channel came from. */
  readonly address: string;
  readonly attempts: LoginAttempts;
  readonly looks: Looks;
  /** Keys that were no good, by the source that showed them. */
  readonly redemptions: Guesses;
  /** The node is known now, or is another one than before. */
  readonly admitted: (conversation: Conversation) => void;
  readonly closed: (conversation: Conversation) => void;
}

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #joining: Joining;
  #state: 'open' | 'closed' = 'open';
  #admitted: Admitted | undefined;
  #boot = '';
  #understandsNarrowed = false;
  #keepsGrants = false;
  #feed: Feed | undefined;
  #network: NetworkId | undefined;
  #others: RevocationsOfOthers | undefined;
  #waiting = 0;
  #turn: Promise<void> = Promise.resolve();
  /** Of whatever ends it in a while. */
  #cancelTimer: () => void = () => undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    const { context, channel, address, attempts, redemptions } = options;
    this.#joining = new Joining({
      ...{ context, channel, address, attempts, redemptions },
      send: (message) => this.send(message),
      end: (code, message) => this.end(code, message),
      enter: (organisation, node, kind) => this.#enter(organisation, node, kind),
    });
  }

  /** Begins to take messages; once. */
  start(): void {
    const { channel, context } = this.#options;
    this.#cancelTimer = context.clock.after(firstMessageMs, () => this.end('timeout'));
    channel.start({
      message: (message) => this.#enqueue(message),
      closed: () => this.#close(),
    });
  }

  get admitted(): Admitted | undefined {
    return this.#admitted;
  }

  /** A connector's. */
  get network(): NetworkId | undefined {
    return this.#network;
  }

  /** What a relay that serves all organisations hears of the others. */
  get others(): RevocationsOfOthers | undefined {
    return this.#others;
  }

  get feed(): Feed | undefined {
    return this.#feed;
  }

  send(message: FromController): void {
    if (this.#state === 'closed') return;
    try {
      const { channel } = this.#options;
      if (message.t === 'patch') channel.sendWritten(writtenPatch(message));
      else channel.send(message);
    } catch (error) {
      this.#options.context.log.error({ err: error, node: this.#admitted?.node }, 'a message was not sent');
      this.end(toFault(error).code);
    }
  }

  /** Ends the channel with a fault; `message` is a sentence for the person at the node. */
  end(code: CodeName, message?: string): void {
    if (this.#state === 'closed') return;
    this.send({ t: 'fault', code, ...(message === undefined ? {} : { message }) });
    this.close(code);
  }

  /** Ends the channel without a word. */
  close(code: CodeName = 'cancelled'): void {
    if (this.#state === 'closed') return;
    this.#close();
    this.#options.channel.close(code);
  }

  /** An attempt was answered; ours, when the node waits for it. */
  loginAnswered(attempt: string): void {
    if (this.#joining.attempt !== attempt) return;
    this.#take(() => this.#joining.answer(attempt));
  }

  #enqueue(message: Record<string, unknown>): void {
    if (this.#waiting >= maxWaiting) return this.end('limit');
    this.#take(async () => this.#receive(message));
  }

  /** Runs `step` after those before it; a step that throws ends the channel. */
  #take(step: () => Promise<void>): void {
    this.#waiting += 1;
    this.#turn = this.#turn
      .then(async () => {
        if (this.#state === 'open') await step();
      })
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  #failed(error: unknown): void {
    const fault = toFault(error);
    if (!(error instanceof Fault)) {
      this.#options.context.log.error({ err: error, node: this.#admitted?.node }, 'a control channel failed');
    }
    this.end(fault.code, error instanceof Fault ? fault.message : undefined);
  }

  async #receive(message: Record<string, unknown>): Promise<void> {
    // An unknown type is a newer node's and is ignored; a known type in a wrong form is a broken peer.
    if (!knownTypes.has(String(message['t']))) return;
    if (!messages.Check(message)) throw new Fault('protocol', 'a control message does not have its form');
    if (this.#admitted === undefined) this.#cancelTimer();
    switch (message.t) {
      case 'hello':
        return this.#hello(message);
      case 'enrol':
        return this.#enrol(message);
      case 'login':
        return this.#joining.login(message);
      case 'rotate':
        return this.#rotate(message);
      case 'bye':
        return this.close();
      default:
        if (this.#admitted === undefined) throw new Fault('protocol', 'a node speaks before it is known');
        return actForNode(this.#options.context, this.#admitted, message, (answer) => this.send(answer));
    }
  }

  async #hello(hello: Hello): Promise<void> {
    const { context, channel, address } = this.#options;
    if (this.#admitted !== undefined) throw new Fault('protocol', 'hello comes once');
    const { peerKey, handshakeHash } = channel;
    const admission = await admitNode(context, hello, { peerKey, handshakeHash, address });
    if (admission.state === 'unknown') {
      throw new Fault('revoked', 'The controller does not know this node any more; enrol it again.');
    }
    if (admission.state === 'blocked') throw lockedOut('blocked');
    const { organisation, id, kind, network } = admission.node;
    this.#boot = hello.boot;
    this.#understandsNarrowed = hello.narrowed === true;
    this.#keepsGrants = hello.keeps === true;
    if (kind !== 'device')
      await noticeOlderData(context, context.organisation(organisation), id, hello.epoch);
    await this.#enter(organisation, id, kind, { channel: admission.channel, network });
  }

  #enrol(enrol: Enrol): Promise<void> {
    this.#boot = enrol.boot;
    this.#understandsNarrowed = enrol.narrowed === true;
    this.#keepsGrants = enrol.keeps === true;
    // A device that is known signs in where it belongs, whatever address it dials.
    return this.#joining.enrol(enrol, this.#admitted?.organisation ?? this.#options.organisation);
  }

  async #rotate(message: Rotate): Promise<void> {
    const { context, channel } = this.#options;
    if (this.#admitted?.kind !== 'device') throw new Fault('protocol', 'only a known device takes new keys');
    return rotateKeys(context, this.#admitted, message, channel.handshakeHash, (answer) => this.send(answer));
  }

  /** The node is in: welcome, then everything it is told. */
  async #enter(
    organisation: OrganisationId,
    node: NodeId,
    kind: NodeKind,
    known?: { readonly channel: number; readonly network: NetworkId | null },
  ): Promise<void> {
    const { context, admitted } = this.#options;
    this.#feed?.stop();
    const { token } = await context.card();
    const { store, reads } = context.organisation(organisation);
    const channel = known?.channel ?? (await nextChannel(store, node));
    const network = kind === 'connector' ? (known?.network ?? (await networkOf(store, node))) : undefined;
    // It may have gone while it waited, and is here no more.
    if (this.#state === 'closed') return;
    this.#network = network;
    this.#admitted = { organisation, node, kind, boot: this.#boot, channel };
    this.send({ t: 'welcome', node, org: organisation, card: token });
    this.#feed = new Feed({
      store,
      reads,
      look: (had) => this.#look(organisation, node, kind, had),
      send: (message) => this.send(message),
      gone: () => this.#gone(kind),
      failed: (error) => this.#failed(error),
      verifier: this.#verifier(kind),
      now: context.now,
      clock: context.clock,
    });
    this.#others =
      kind === 'relay' && organisation === context.firstOrganisation
        ? new RevocationsOfOthers(context, (message) => this.send(message))
        : undefined;
    admitted(this);
    // After it is listed, so that none that is made meanwhile is missed; one that comes twice is the same.
    await this.#tellWebSessions();
    // Before the snapshot, with which it may begin to let anybody in.
    await this.#others?.catchUp();
    this.#feed?.refresh();
    context.bus.publish(organisation, { kind: 'channel', node, channel, boot: this.#boot });
  }

  /** Ends this channel when the node has begun a newer one, of this number, with that boot id. */
  yieldTo(newest: number, boot: string | undefined): void {
    if (this.#admitted === undefined || this.#admitted.channel >= newest) return;
    // The same process came back before its old channel was seen to be dead; another one takes over.
    if (this.#admitted.boot === boot) this.close();
    else this.end('fenced', 'A newer process of this node took over.');
  }

  /** News may have been missed: everything that they may have brought is looked at anew. */
  lookAnew(): void {
    const pending = this.#joining.attempt;
    if (pending !== undefined) this.loginAnswered(pending);
    if (this.#feed === undefined) return;
    this.#take(() => this.#tellWebSessions());
    this.#feed.refresh();
  }

  async #tellWebSessions(): Promise<void> {
    const { context } = this.#options;
    if (this.#network === undefined || this.#admitted === undefined) return;
    const { reads } = context.organisation(this.#admitted.organisation);
    const tokens = await reads.webTokens(this.#network);
    for (let at = 0; at < tokens.length; at += webTokensPerMessage)
      this.send({ t: 'web', list: tokens.slice(at, at + webTokensPerMessage) });
  }

  #verifier(kind: NodeKind): { readonly narrowed: TellsNarrowed } | undefined {
    if (kind === 'device') return undefined;
    if (kind === 'relay') return { narrowed: 'not' };
    return { narrowed: this.#understandsNarrowed ? 'as-it-is' : 'as-ids' };
  }

  #look(
    organisation: OrganisationId,
    node: NodeId,
    kind: NodeKind,
    had: TokenIds | undefined,
  ): Promise<View | undefined> {
    const { looks } = this.#options;
    if (kind === 'device') {
      const given = had === undefined ? undefined : { ...had, keeps: this.#keepsGrants };
      return looks.devices.look(organisation, node as DeviceId, given);
    }
    if (kind === 'connector') return looks.connectors.look(organisation, node as ConnectorId);
    return Promise.resolve({ snapshot: { kind: 'relay' } });
  }

  /** There is nothing to tell it any more. A connector first hands in what it has cut, and may hear why from who ended it. */
  #gone(kind: NodeKind): void {
    const end = (): void =>
      this.end('revoked', 'The controller does not know this node any more; enrol it again.');
    if (kind === 'connector') this.#cancelTimer = this.#options.context.clock.after(2 * lastWordMs, end);
    else end();
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelTimer();
    this.#joining.stop();
    this.#feed?.stop();
    this.#options.closed(this);
  }
}

const knownTypes = new Set(FromNode.anyOf.map((schema) => schema.properties.t.const as string));
