/**
 * The controller's side of all control channels: takes WebSockets at `/control`, keeps one channel per node, sends beats,
 * and hands on what the bus brings.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { beatIntervalMs } from '../../protocol/lease.ts';
import type { NodeId, OrganisationId } from '../../protocol/ids.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import { acceptControlChannel, controlSubprotocol } from '../../protocol/link/control-channel.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { sourceOfAddress } from '../../protocol/source-address.ts';
import { webSocketCarrier } from '../../protocol/link/websocket-carrier.ts';
import { refuseUpgrade, webSocketClosing } from '../../protocol/slow-peers.ts';
import { Fault } from '../../protocol/errors.ts';
import { Strangers } from '../../protocol/strangers.ts';
import type { ControllerContext } from '../context.ts';
import type { LoginAttempts } from '../enrolment/login-attempts.ts';
import type { LiveMessage } from '../live/bus.ts';
import { Guesses } from '../guesses.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import { callerAddress } from '../source/caller-address.ts';
import type { Admitted } from './act-for-node.ts';
import { Conversation } from './conversation.ts';
import { MissedNews } from './missed-news.ts';
import { looksOf, type Looks } from './node-looks.ts';

/** Carriers are read in pieces of this size; a larger WebSocket message is a broken peer. */
const maxPayloadBytes = 131_072;
/** Channels of which it is not known yet whose they are: handshakes, and people who are signing in. */
const maxUnknown = 1_000;
/** Different keys that are no good, from one source. */
const redemptions = { limit: 20, windowMs: 10 * 60_000 };
const goneText = 'This organisation is no more.';
/** How often `seen` is written for nodes that stay connected. */
const beatsPerTouch = 120;

/** A channel of which it is not known yet whose it is. */
interface Unknown {
  cut(): void;
}

export interface ControlServerOptions {
  readonly context: ControllerContext;
  readonly attempts: LoginAttempts;
}

export class ControlServer {
  readonly #context: ControllerContext;
  readonly #attempts: LoginAttempts;
  readonly #looks: Looks;
  readonly #sockets: WebSocketServer;
  readonly #budget: HandshakeBudget;
  readonly #redemptions: Guesses;
  readonly #all = new Set<Conversation>();
  readonly #byNode = new Map<NodeId, { conversation: Conversation; leave: () => void }>();
  /** Under which id each conversation stands in `#byNode`. */
  readonly #nodes = new Map<Conversation, NodeId>();
  readonly #unsubscribe: () => void;
  readonly #missed: MissedNews;
  readonly #unknown = new Strangers<Unknown>({ most: maxUnknown, cut: (unknown) => unknown.cut() });
  /** What each conversation that is not admitted counts as. */
  readonly #unknownOf = new Map<Conversation, Unknown>();
  #cancelBeat: () => void = () => undefined;
  #beats = 0;
  #isClosed = false;

  constructor({ context, attempts }: ControlServerOptions) {
    this.#context = context;
    this.#attempts = attempts;
    this.#looks = looksOf(context);
    this.#budget = new HandshakeBudget(context.clock, { awaitsReturn: true });
    this.#redemptions = new Guesses(context.live, 'enrolment keys', redemptions);
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      ...webSocketClosing,
      maxPayload: maxPayloadBytes,
      handleProtocols: (offered) => (offered.has(controlSubprotocol) ? controlSubprotocol : false),
    });
    this.#unsubscribe = context.bus.subscribe((organisation, message) => this.#hear(organisation, message));
    this.#missed = new MissedNews({ context, conversations: () => this.#all });
    this.#scheduleBeat();
  }

  /** Nodes with a live channel. */
  get connected(): number {
    return this.#byNode.size;
  }

  /** Takes an upgrade at the control path; anything else than our subprotocol is refused. The caller routes by path. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((text) => text.trim()) ?? [];
    // No node is a browser; a page that tries is a stranger's (SEC-J3).
    if (this.#isClosed || !offered.includes(controlSubprotocol) || request.headers.origin !== undefined) {
      return refuseUpgrade(socket, '400 Bad Request');
    }
    const address = callerAddress(request, this.#context.trustsProxy);
    if (address === undefined) return refuseUpgrade(socket, '400 Bad Request');
    const organisation = organisationAt(this.#context, request).id;
    this.#sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      this.accept(webSocketCarrier(webSocket), address, organisation);
    });
  }

  /** Begins a channel on a carrier that came from `address`, to the sign-in address of `organisation`. */
  accept(carrier: Carrier, address: string, organisation = this.#context.firstOrganisation): void {
    const { keys, clock, random, log } = this.#context;
    const source = sourceOfAddress(address);
    const unknown: Unknown = { cut: () => carrier.close(new Fault('busy')) };
    this.#unknown.add(unknown, source);
    const options = { own: keys.control, clock, random, budget: this.#budget, source };
    acceptControlChannel(carrier, options).then(
      (channel) => {
        if (this.#isClosed) return channel.close('draining');
        // It lost its place in the moment in which it had shaken hands.
        if (!this.#unknown.has(unknown)) return channel.close('busy');
        const conversation = new Conversation({
          context: this.#context,
          channel,
          organisation,
          address,
          attempts: this.#attempts,
          looks: this.#looks,
          redemptions: this.#redemptions,
          admitted: (known) => this.#admit(known),
          closed: (ended) => this.#forget(ended),
        });
        unknown.cut = () => conversation.end('busy');
        this.#unknownOf.set(conversation, unknown);
        this.#all.add(conversation);
        conversation.start();
      },
      (error: unknown) => {
        this.#unknown.remove(unknown);
        log.debug({ err: error, address }, 'a control handshake failed');
      },
    );
  }

  /** Ends every channel; nodes come back to wherever the controller is then. */
  close(): void {
    this.#isClosed = true;
    this.#cancelBeat();
    this.#unsubscribe();
    this.#missed.stop();
    for (const conversation of this.#all) conversation.end('draining');
    this.#sockets.close();
  }

  #admit(conversation: Conversation): void {
    const { admitted } = conversation;
    if (admitted === undefined) return;
    this.#forgetUnknown(conversation);
    this.#leave(conversation);
    const older = this.#byNode.get(admitted.node);
    const newest = older?.conversation.admitted;
    // Of two that came at once the one that was counted last stays, whichever is here first.
    if (newest !== undefined && newest.channel > admitted.channel)
      return conversation.yieldTo(newest.channel, newest.boot);
    const leave = this.#enter(conversation, admitted);
    this.#byNode.set(admitted.node, { conversation, leave });
    this.#nodes.set(conversation, admitted.node);
    if (older === undefined) return;
    older.leave();
    this.#nodes.delete(older.conversation);
    older.conversation.yieldTo(admitted.channel, admitted.boot);
  }

  /** It is present, and has its share of what nodes have together; returns how both end. */
  #enter(conversation: Conversation, { organisation, node, kind }: Admitted): () => void {
    const { presence, shares } = this.#context;
    const leave = presence.enter(node);
    if (kind === 'device') return leave;
    const part = shares.join({ organisation, node, kind }, (message) => conversation.send(message));
    return () => {
      leave();
      part();
    };
  }

  #forget(conversation: Conversation): void {
    this.#all.delete(conversation);
    this.#forgetUnknown(conversation);
    this.#leave(conversation);
  }

  #forgetUnknown(conversation: Conversation): void {
    const unknown = this.#unknownOf.get(conversation);
    if (unknown === undefined) return;
    this.#unknownOf.delete(conversation);
    this.#unknown.remove(unknown);
  }

  #leave(conversation: Conversation): void {
    const node = this.#nodes.get(conversation);
    if (node === undefined) return;
    this.#nodes.delete(conversation);
    this.#byNode.get(node)?.leave();
    this.#byNode.delete(node);
  }

  #hear(organisation: OrganisationId, message: LiveMessage): void {
    switch (message.kind) {
      case 'revoked':
        for (const { feed } of this.#of(organisation)) feed?.revocations?.offer(message.revocation);
        for (const { others } of this.#of(this.#context.firstOrganisation))
          others?.offer(organisation, message.revocation);
        return;
      case 'devices':
        for (const device of message.devices) {
          const conversation = this.#byNode.get(device)?.conversation;
          if (conversation?.admitted?.organisation === organisation) conversation.feed?.refresh();
        }
        return;
      case 'connectors':
        for (const { admitted, feed } of this.#of(organisation))
          if (admitted?.kind === 'connector') feed?.refresh();
        return;
      case 'servers':
        for (const { admitted, network, feed } of this.#of(organisation)) {
          const isElsewhere = admitted?.kind === 'connector' && network !== message.network;
          if (message.network === undefined || !isElsewhere) feed?.refresh();
        }
        return;
      case 'web':
      case 'acme':
        for (const conversation of this.#of(organisation)) {
          if (conversation.network !== message.network) continue;
          if (message.kind === 'web') conversation.send({ t: 'web', list: [...message.list] });
          else conversation.send({ t: 'acme', host: message.host, digest: message.digest });
        }
        return;
      case 'gone':
        for (const conversation of this.#of(organisation)) conversation.end('revoked', goneText);
        return;
      case 'login':
        for (const conversation of this.#all) conversation.loginAnswered(message.attempt);
        return;
      case 'channel':
        return this.#byNode.get(message.node)?.conversation.yieldTo(message.channel, message.boot);
      case 'ask': {
        const conversation = this.#byNode.get(message.node)?.conversation;
        if (conversation?.admitted?.organisation === organisation) conversation.send(message.message);
        return;
      }
      case 'answer':
        return;
      case 'close':
        this.#byNode.get(message.node)?.conversation.end(message.code, message.message);
    }
  }

  #of(organisation: OrganisationId): Conversation[] {
    return [...this.#byNode.values()].flatMap(({ conversation }) =>
      conversation.admitted?.organisation === organisation ? conversation : [],
    );
  }

  #scheduleBeat(): void {
    this.#cancelBeat = this.#context.clock.after(beatIntervalMs, () => {
      this.#beat().catch((error: unknown) => {
        // Without a store there is no epoch to vouch for: no beat, and verifiers count the seconds.
        this.#context.log.error({ err: error }, 'no beat was sent: the store does not answer');
      });
      this.#scheduleBeat();
    });
  }

  /** One beat to everyone: the epoch read from the store, after every revocation that it names. */
  async #beat(): Promise<void> {
    const nowMs = this.#context.now();
    const organisations = new Set(
      [...this.#byNode.values()].flatMap(({ conversation }) => conversation.admitted?.organisation ?? []),
    );
    this.#beats += 1;
    for (const organisation of organisations) {
      const { store } = this.#context.organisation(organisation);
      const epoch = await store.epoch();
      for (const conversation of this.#of(organisation)) {
        const { feed } = conversation;
        if (feed?.isStarted !== true) continue;
        const { revocations } = feed;
        if (revocations !== undefined && !revocations.covers(epoch)) {
          await revocations.catchUp();
          if (!revocations.covers(epoch)) continue;
        }
        await conversation.others?.catchUp();
        conversation.send({ t: 'beat', epoch, now: Math.floor(nowMs / 1_000) });
      }
      if (this.#beats % beatsPerTouch !== 0) continue;
      const online = this.#of(organisation).flatMap(({ admitted }) => admitted?.node ?? []);
      for (let at = 0; at < online.length; at += 500) {
        const nodes = online.slice(at, at + 500);
        // In a turn of its own: two statements that each write many rows could wait for one another.
        await store.transaction((tx) =>
          tx.update('nodes').set({ seen_ms: nowMs }).where('id', 'in', nodes).execute(),
        );
      }
    }
  }
}
