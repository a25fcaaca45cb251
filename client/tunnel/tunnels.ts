/**
 * The client's side of the tunnel: attached to every relay of the snapshot, with one session for each network that has a
 * resource this device may use.
 */
import type { Clock, Random } from '../../protocol/clock.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { Fault } from '../../protocol/errors.ts';
import { parseId, type ConnectorId, type NetworkId, type RelayId } from '../../protocol/ids.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import { Attachments } from '../../protocol/link/attachments.ts';
import { keepAttached, type KeptAttachment } from '../../protocol/link/keep-attached.ts';
import type { Session } from '../../protocol/link/session.ts';
import { dialOptions, lookupWithLocalhost } from '../../protocol/node/dial-options.ts';
import type { Identity } from '../../protocol/node/identity.ts';
import { DirectPaths } from './direct-paths.ts';
import type { DeviceMemory } from '../memory.ts';
import type { ConnectorPeer } from './connector-order.ts';
import type { KnownPeers } from './known-peers.ts';
import { NetworkSession } from './network-session.ts';
import type { Route } from './route.ts';

export interface TunnelOptions {
  readonly identity: Identity;
  readonly memory: DeviceMemory;
  /** Whom this device dials at all. */
  readonly peers: Pick<KnownPeers, 'mayMeet' | 'refusalOf'>;
  onNote(note: unknown): void;
  /** Whether an address may be dialled directly: none that this client itself gives to names. */
  mayDial(this: void, address: string): boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/** How one network is reached now. */
export interface NetworkPath {
  readonly id: string;
  readonly name: string;
  readonly connectors: number;
  readonly connected: boolean;
  readonly rttMs: number | undefined;
  /** What its session runs over, or ran over last; undefined without a session. */
  readonly route: Route | undefined;
  /** Why its session does not run directly, in words; undefined when it does, and without a session. */
  readonly notDirect: string | undefined;
}

/** Longer than the controller honours tokens of the old keys: by then it has ended what was still open. */
const drainMs = 70 * 60_000;

export class Tunnels {
  readonly #options: TunnelOptions;
  readonly #relays = new Attachments((relay) => this.#attach(relay));
  readonly #networks = new Map<NetworkId, NetworkSession>();
  /** Sessions whose flows the connector is ending, through the relays that are there. */
  readonly #retiring = new Set<NetworkSession>();
  /** Sessions under keys that were rotated away, for as long as something is open on them. */
  readonly #draining = new Set<NetworkSession>();
  /** What is followed now; undefined while there is no session of the device. */
  #followed: DeviceSnapshot | undefined;
  #isStopped = false;
  readonly #direct: DirectPaths;

  constructor(options: TunnelOptions) {
    this.#options = options;
    const { mayDial, clock, random } = options;
    this.#direct = new DirectPaths({ lookup: lookupWithLocalhost, mayDial, clock, random });
  }

  /** Follows the memory: attaches to new relays, leaves old ones, opens and ends sessions, passes new grants on. */
  update(): void {
    // Grants that were being verified come late.
    if (this.#isStopped) return;
    const { snapshot } = this.#options.memory;
    const ended = snapshot === undefined || snapshot.session.ended !== undefined;
    this.#follow(ended ? undefined : snapshot);
  }

  /** The device may use nothing any more: its flows end, each with the reason that its connector gives. */
  retire(): void {
    this.#follow(undefined);
  }

  /** This device has new keys, and grants for them: new flows take new sessions, what is open stays where it is. */
  rekey(): void {
    for (const [id, network] of this.#networks) {
      this.#networks.set(id, this.#keep(id));
      this.#draining.add(network);
      network.drain(drainMs, () => this.#draining.delete(network));
    }
  }

  /** A ticket came: relays that waited for one are dialled. */
  refreshTickets(): void {
    for (const relay of this.#relays.values()) relay.refresh();
  }

  /** The session of a network. Rejects with a Fault when there is none in time. */
  session(network: NetworkId): Promise<Session> {
    const kept = this.#networks.get(network);
    if (kept === undefined) return Promise.reject(new Fault('no-peer'));
    const refusal = this.#peerRefusal(network);
    return refusal === undefined ? kept.whenUp() : Promise.reject(refusal);
  }

  /** Looks for a better path of a network's session at once, whatever failed lately. */
  lookAgain(network: NetworkId): void {
    const state = this.#networks.get(network)?.state;
    this.#direct.forgive();
    if (state?.state === 'up') state.kept.choice.lookAgain();
  }

  /** The machine slept: what it was attached to may be gone, and it may be somewhere else. */
  woke(): void {
    this.#direct.forgive();
    for (const relay of this.#relays.values()) {
      if (relay.state.state === 'up') relay.check();
      else relay.refresh();
    }
    for (const network of this.#networks.values()) network.poke();
  }

  networks(): NetworkPath[] {
    const { snapshot } = this.#options.memory;
    return Object.values(snapshot?.networks ?? {}).map(({ id, name, connectors }) => {
      const state = this.#networks.get(id as NetworkId)?.state;
      const base = { id, name, connectors: connectors.length };
      if (state?.state !== 'up')
        return { ...base, connected: false, rttMs: undefined, route: undefined, notDirect: undefined };
      const { kept, connector } = state;
      const { session, route } = kept;
      const endpoints = connectors.find((each) => each.id === connector)?.direct ?? [];
      const notDirect = route.kind === 'direct' ? undefined : this.#direct.whyNot(connector, endpoints);
      return { ...base, connected: session.hasPath, rttMs: session.rttMs, route, notDirect };
    });
  }

  relays(): { id: string; connected: boolean }[] {
    return this.#relays.entries().map(([id, kept]) => ({ id, connected: kept.state.state === 'up' }));
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true;
    this.#followed = undefined;
    for (const network of [...this.#networks.values(), ...this.#retiring, ...this.#draining]) network.stop();
    this.#relays.stop();
    this.#networks.clear();
  }

  #follow(snapshot: DeviceSnapshot | undefined): void {
    this.#followed = snapshot;
    this.#direct.follow(snapshot);
    this.#updateNetworks(snapshot);
    if (snapshot !== undefined || this.#retiring.size === 0) this.#updateRelays(snapshot);
  }

  #retire(network: NetworkSession): void {
    this.#retiring.add(network);
    network.retire(() => {
      this.#retiring.delete(network);
      if (this.#retiring.size === 0) this.#updateRelays(this.#followed);
    });
  }

  #updateRelays(snapshot: DeviceSnapshot | undefined): void {
    const named = Object.keys(snapshot?.relays ?? {});
    this.#relays.update(named.flatMap((id) => parseId('rly', id) ?? []));
  }

  #attach(relayId: RelayId): KeptAttachment {
    const { identity, memory, clock, random } = this.#options;
    return keepAttached({
      relayId,
      url: () => memory.snapshot?.relays[relayId]?.url ?? '',
      ticket: () => memory.ticket,
      // Asked at each use: it changes when the device takes new keys.
      get machineKey() {
        return identity.machineKey;
      },
      // Asked before each dial: a restart knows the relays before the controller has shown its card again.
      connect: () => dialOptions(memory.authorities),
      onState: (state) => {
        this.#relays.changed(relayId);
        // This device may be in another network than before.
        if (state.state === 'up') this.#direct.forgive();
        if (state.state === 'up') for (const network of this.#networks.values()) network.found();
        if (state.state === 'draining') for (const network of this.#networks.values()) network.poke();
      },
      clock,
      random,
    });
  }

  #updateNetworks(snapshot: DeviceSnapshot | undefined): void {
    const used = new Set(
      Object.values(snapshot?.resources ?? {})
        .filter((resource) => resource.state === 'granted')
        .map((resource) => resource.net),
    );
    for (const [id, network] of this.#networks) {
      if (used.has(id)) continue;
      this.#networks.delete(id);
      this.#retire(network);
    }
    for (const id of used) {
      const networkId = parseId('net', id);
      if (networkId === undefined) continue;
      const known = this.#networks.get(networkId);
      if (known === undefined) this.#networks.set(networkId, this.#keep(networkId));
      else known.poke();
    }
  }

  /** Connectors that are not as this device knows them are none for it. */
  #peerRefusal(network: NetworkId): Fault | undefined {
    const { memory, peers } = this.#options;
    return peers.refusalOf(memory.snapshot?.networks[network]?.connectors ?? []);
  }

  /** Relays that were without the controller for too long honour no ticket any more. */
  #refusal(network: NetworkId): Fault | undefined {
    const refusal = this.#peerRefusal(network);
    if (refusal !== undefined) return refusal;
    const faults = this.#relays
      .values()
      .map(({ state }) => (state.state === 'dialling' ? state.fault : undefined));
    const isRefused = faults.length > 0 && faults.every((fault) => fault?.code === 'out-of-contact');
    return isRefused ? new Fault('out-of-contact') : undefined;
  }

  #keep(network: NetworkId): NetworkSession {
    const { identity, memory, clock, random } = this.#options;
    return new NetworkSession({
      network,
      own: identity.nodeKey,
      connectors: () => this.#connectors(network).map(({ id, nk, drained }) => ({ id, nk, drained })),
      grants: () => memory.grantsFor(network),
      routes: {
        to: (connector) => this.#routesTo(network, connector),
        carrier: (connector, route) => this.#carrier(connector, route),
      },
      lost: () => {
        for (const relay of this.#relays.values()) relay.check();
      },
      refusal: () => this.#refusal(network),
      onNote: (note) => this.#options.onNote(note),
      clock,
      random,
    });
  }

  #connectors(network: NetworkId): (ConnectorPeer & {
    readonly relays: readonly string[];
    readonly direct: readonly string[];
    readonly drained: boolean;
  })[] {
    const { memory, peers } = this.#options;
    const listed = memory.snapshot?.networks[network]?.connectors ?? [];
    const met = listed.filter(({ id, nk }) => peers.mayMeet(id, nk));
    return met.flatMap(({ id, nk, relays, direct = [], drained = false }) => {
      const connector = parseId('con', id);
      return connector === undefined ? [] : [{ id: connector, nk, relays, direct, drained }];
    });
  }

  /** Through the relays that are attached, the nearest first: half the way is known without asking. Then directly. */
  #routesTo(network: NetworkId, connector: ConnectorId): Route[] {
    const { relays = [], direct = [] } = this.#connectors(network).find(({ id }) => id === connector) ?? {};
    const near = relays.flatMap((relay) => {
      const state = this.#relays.get(relay)?.state;
      return state?.state === 'up' ? [{ relay, rttMs: state.attachment.rttMs ?? Infinity }] : [];
    });
    const relayed = near
      .toSorted((one, other) => one.rttMs - other.rttMs || 0)
      .map(({ relay }): Route => ({ kind: 'relay', relay }));
    const straight = this.#direct
      .worthTrying(connector, direct)
      .map((endpoint): Route => ({ kind: 'direct', endpoint }));
    return [...relayed, ...straight];
  }

  #carrier(connector: ConnectorId, route: Route): Carrier | undefined | Promise<Carrier> {
    if (route.kind === 'direct') return this.#direct.dial(connector, route.endpoint);
    const kept = this.#relays.get(route.relay);
    return kept?.state.state === 'up' ? kept.openCircuit(connector) : undefined;
  }
}
