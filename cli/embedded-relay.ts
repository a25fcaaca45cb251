/** Joins the relay with the controller's process: the same blind relay, given an id, the card and a lease. */
import { Counts, type Metric } from '../protocol/metrics.ts';
import { tellRelayLoad } from './relay-load.ts';
import { relayMetrics } from './relay-metrics.ts';
import type { Logger } from 'pino';
import type { ControllerContext } from '../controller/context.ts';
import { openEmbeddedRelay, removeEmbeddedRelay, type EmbeddedRelay } from '../controller/embedded-relay.ts';
import type { UpgradeHandler } from '../controller/listener.ts';
import { hopPath } from '../protocol/hop.ts';
import type { Front } from '../protocol/fed-server.ts';
import { createRelay, type Relay } from '../relay/relay.ts';
import type { WebDoor } from '../relay/web-door.ts';

type Upgrades = Readonly<Record<string, UpgradeHandler>>;

export interface Embedding {
  /** Opens the relay; what the controller's listener routes to it. */
  open(context: ControllerContext): Promise<Upgrades>;
  /** For a controller without a relay: takes an earlier one off the list. */
  leaveOut(context: ControllerContext): Promise<Upgrades>;
  /** What Prometheus is told of the relay; nothing without one. */
  metrics(): Metric[];
  /** Tells nodes to move their circuits to another relay, and waits for it as `Relay.drain` says. */
  drain(): Promise<void>;
  /** Where browsers' connections go; undefined without a relay. */
  door(): WebDoor | undefined;
  /** For the one port: what is for a connector's hostname is passed on. */
  front(): Front | undefined;
  close(): void;
}

/** @param browsersOfSource as `RelayOptions` has it */
export function embedRelay(log: Logger, browsersOfSource?: number): Embedding {
  let relay: Relay | undefined;
  let embedded: EmbeddedRelay | undefined;
  const events = new Counts();
  let leave: () => void = () => undefined;
  return {
    async open(context) {
      const given = await openEmbeddedRelay(context, () => relay?.recheck());
      embedded = given;
      relay = createRelay({
        relayId: given.id,
        card: () => given.card(),
        lease: given.lease,
        clock: context.clock,
        random: context.random,
        ...(browsersOfSource === undefined ? {} : { browsersOfSource }),
        log: (event) => {
          events.add(event.event);
          log.debug({ relay: event }, event.event);
        },
      });
      const opened = relay;
      const node = { organisation: context.firstOrganisation, node: given.id, kind: 'relay' } as const;
      const part = context.shares.join(node, (message) => {
        if (message.t === 'shares') opened.give(new Map(Object.entries(message.rates ?? {})));
      });
      const stopTelling = tellRelayLoad({
        relay: () => opened,
        isHeard: () => true,
        say: (load) => context.shares.hear(given.id, load),
        nowMs: () => context.clock.nowMs(),
      });
      leave = () => {
        stopTelling();
        part();
      };
      return { [hopPath]: (request, socket, head) => opened.handleUpgrade(request, socket, head) };
    },
    async leaveOut(context) {
      await removeEmbeddedRelay(context);
      return {};
    },
    metrics: () => (relay === undefined ? [] : relayMetrics(relay, events)),
    async drain() {
      await relay?.drain();
    },
    door: () => relay?.door,
    front() {
      const opened = relay;
      return opened === undefined ? undefined : (socket, own) => opened.door.take(socket, own);
    },
    close() {
      leave();
      embedded?.stop();
      relay?.close();
    },
  };
}
