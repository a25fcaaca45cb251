/**
 * The connector: dials out to controller and relays, accepts the sessions that clients open through them, and serves the
 * resources of its network. Composes the parts of this folder; the command line starts it.
 */
import { hostname, release, type } from 'node:os';
import type { Logger } from 'pino';
import { systemClock, systemRandom } from '../protocol/clock.ts';
import type { ConnectorSnapshot } from '../protocol/snapshot.ts';
import { Fault } from '../protocol/errors.ts';
import { parseId, type RelayId } from '../protocol/ids.ts';
import { Attachments } from '../protocol/link/attachments.ts';
import { keepAttached, type KeptAttachment } from '../protocol/link/keep-attached.ts';
import {
  keepControl,
  type ControlConnection,
  type ControlState,
} from '../protocol/node/control-connection.ts';
import { Alarms, type AlarmName } from '../protocol/node/alarms.ts';
import { dialOptions } from '../protocol/node/dial-options.ts';
import { openIdentity, type Identity } from '../protocol/node/identity.ts';
import { serveLocalApi } from '../protocol/node/local-api.ts';
import type { StateDirectory } from '../protocol/node/state-directory.ts';
import type { EnrolmentKey } from '../protocol/secrets.ts';
import { encodeEnrolmentKey } from '../protocol/secrets.ts';
import { encodeKey } from '../protocol/keys.ts';
import { FlowLog } from './flows/flow-log.ts';
import { FlowQuota } from './flows/flow-quota.ts';
import { LoadTeller } from './flows/tell-load.ts';
import { HandIn } from './flows/hand-in.ts';
import { connectorStatus, type ConnectorStatus } from './connector-status.ts';
import { Hearing } from './hearing.ts';
import { ConnectorMemory } from './memory.ts';
import { keepNames } from './dial/name-cache.ts';
import { systemRecords, type ResolveRecords } from './dial/records.ts';
import { systemResolve, type Resolve } from './dial/resolve.ts';
import { networkPeers } from './network-peers.ts';
import { servedPart, type Serves } from './served.ts';
import { AcceptedSessions } from './sessions/accepted-sessions.ts';
import { listenDirectly } from './sessions/direct-listener.ts';
import { TargetHealth } from './dial/target-health.ts';
import { TargetTests } from './dial/target-tests.ts';
import type { AcmeSettings } from './web/certificates/acme-account.ts';
import { answerPeer } from './web/certificates/answer-peer.ts';
import type { WatchRequest } from './web/passed-request.ts';
import { webDoorWhenNeeded } from './web/web-door-when-needed.ts';

export interface ConnectorOptions {
  readonly state: StateDirectory;
  /** Needed only until the state directory holds an enrolment. */
  readonly key?: EnrolmentKey;
  /** Overrides the controller's address in the key, never its pinned root. */
  readonly controllerUrl?: string;
  readonly name?: string;
  /** Listens for clients that come without a relay. */
  readonly direct?: {
    /** Undefined: every address of this machine. */
    readonly address: string | undefined;
    readonly port: number;
    /** Where clients reach this port, as `formatEndpoint` writes it; told to the controller. */
    readonly endpoints: readonly string[];
  };
  readonly log: Logger;
  /** A folder with certificates for public hostnames. */
  readonly webCertificates?: string;
  /** The CA for those that are not there; without one the controller's built-in authority issues them. */
  readonly acme?: AcmeSettings;
  readonly resolve?: Resolve;
  readonly resolveRecords?: ResolveRecords;
  /** Serves what this takes and nothing else, whatever the controller says. */
  readonly serves?: Serves;
  /** Is told of every request that is passed on through the web door. */
  readonly onRequest?: WatchRequest;
  /** Epoch milliseconds. */
  readonly wallClock?: () => number;
}

export interface Connector {
  status(): ConnectorStatus;
  /**
   * Takes no new flows and no new browsers, so that they go to another connector, and leaves open flows, requests and
   * WebSockets time to end. Resolves once there are none, at the latest after the grace (default 30 s); `stop` is to follow.
   */
  drain(graceMs?: number): Promise<void>;
  /**
   * Ends sessions and connections in order.
   * @param handInMs how long it waits until the controller has the record of every flow; what it has not got is kept
   *   for the next process on this state, unless there is none
   */
  stop(handInMs?: number): Promise<void>;
  /** Settles at the first contact with the controller. */
  readonly welcomed: Promise<void>;
  /** Rejects with the Fault of a controller that refused this connector for good. */
  readonly refused: Promise<never>;
}

/** Rights end with time as well as by message: open flows are looked at when the first ends, and at least this often. */
const recheckMs = 1_000;

/** While it drains: how long open flows have, and how often it looks whether there are any. */
const drainMs = 30_000;
const drainCheckMs = 100;
/** What clients are told last has so long to get through the relays. */
const partingMs = 250;

/** Starts a connector. Rejects with a Fault when it has neither an enrolment nor a key, or already runs. */
export async function startConnector(options: ConnectorOptions): Promise<Connector> {
  const { state, log, wallClock = Date.now } = options;
  const identity = openIdentity(state);
  enrol(identity, options);
  const listener =
    options.direct === undefined
      ? undefined
      : await listenDirectly({
          ...options.direct,
          own: identity.nodeKey,
          clock: systemClock,
          onCarrier: (carrier, source, welcome) => void sessions.accept(carrier, source, welcome),
        });
  const alarms = new Alarms(Date.now, (name, text) => log.error({ alarm: name }, text));
  const memory = new ConnectorMemory(state, wallClock, (name) => alarms.raise(name));
  const served = servedPart(options.serves);
  const snapshot = (): ConnectorSnapshot | undefined => served(memory.snapshot);
  const flows = new FlowLog({ state, clock: systemClock, alarm: () => alarms.raise('flows-not-kept') });
  const relays = new Attachments(attachTo);
  const { isPeer, goesBefore, peers } = networkPeers(identity, snapshot, relays);
  const resolve = options.resolve ?? keepNames(systemClock);
  const health = new TargetHealth(wallClock);
  const quota = new FlowQuota();
  const sessions = new AcceptedSessions({
    own: identity.nodeKey,
    network: () => parseId('net', snapshot()?.network.id),
    serving: {
      alarm: (name: AlarmName) => alarms.raise(name),
      lease: memory.lease,
      flows,
      quota,
      snapshot,
      card: () => memory.card,
      causeOf: (ids) => memory.causeOf(ids),
      peer: (stream, payload, key) =>
        answerPeer(stream, payload, {
          isPeer: isPeer(key),
          certificateFor: (name) => web.certificateFor(name, key),
        }),
      resolve,
      noteDial: health.note,
      resolveRecords: options.resolveRecords ?? systemRecords,
      takeWeb: (stream, device) => web.takeFlow(stream, device),
      ...(listener === undefined ? {} : { isOwnListener: listener.isAt }),
      clock: systemClock,
      wallClock,
    },
    log,
    clock: systemClock,
    random: systemRandom,
  });
  const web = await webDoorWhenNeeded({
    state,
    lease: memory.lease,
    snapshot,
    card: () => memory.card,
    send: (message) => control.send(message),
    record: (entry) => flows.record(entry),
    causeOf: (ids) => memory.causeOf(ids),
    hasRoom: () => flows.hasRoom,
    isLogFull: () => flows.full,
    alarm: (name) => alarms.raise(name),
    dialling: {
      resolve,
      noteDial: health.note,
      ...(listener === undefined ? {} : { isOwnListener: listener.isAt }),
    },
    ...(options.onRequest === undefined ? {} : { onRequest: options.onRequest }),
    ...(options.webCertificates === undefined ? {} : { certificates: options.webCertificates }),
    ...(options.acme === undefined ? {} : { acme: { settings: options.acme, log, peers, goesBefore } }),
    clock: systemClock,
    random: systemRandom,
  });
  const targetTests = new TargetTests({
    resolve: options.resolve ?? systemResolve,
    isOwnListener: listener?.isAt,
    send: (answer) => control.send(answer),
    found: (...found) => health.found(...found),
    clock: systemClock,
  });
  const { promise: refused, reject: refuse } = Promise.withResolvers<never>();
  refused.catch(() => undefined);
  const { promise: welcomed, resolve: welcome } = Promise.withResolvers<void>();
  let isLeaving = false;
  let isStopped = false;

  const api = await serveLocalApi(state.path, { 'GET /v1/status': () => status() }).catch(
    (error: unknown) => {
      listener?.close();
      throw error;
    },
  );
  let timer = setTimeout(recheck, recheckMs);
  const control: ControlConnection = keepControl({
    kind: 'connector',
    identity,
    name: options.name ?? hostname(),
    os: `${type()} ${release()}`,
    ...(options.controllerUrl === undefined ? {} : { url: options.controllerUrl }),
    ...(options.key === undefined ? {} : { credential: { secret: encodeEnrolmentKey(options.key) } }),
    onMessage(message) {
      // Of one that ends nothing is begun again; which records the controller has it still wants to know.
      if (!isStopped || message.t === 'received') hearing.take(message);
    },
    onAlarm: (name) => alarms.raise(name),
    onWelcome(card) {
      hearing.welcome(card);
      welcome();
      web.welcomed();
      // Also where there is nothing to publish: what was published before is over then.
      control.send({ t: 'publish', direct: [...(options.direct?.endpoints ?? [])] });
      // At once, before somebody else is given what is open here.
      load.restart();
      load.tell(systemClock.nowMs());
      handIn.restart();
    },
    onState: followControl,
    epoch: () => memory.lease.epoch,
    wallClock,
  });
  const handIn = new HandIn({ flows, send: (message) => control.send(message), clock: systemClock });
  const load = new LoadTeller({
    quota,
    isLimited: () => (memory.snapshot?.flows ?? null) !== null,
    send: (message) => control.send(message),
  });
  const hearing = new Hearing({
    quota,
    memory,
    alarms,
    sessions,
    web,
    targetTests,
    health,
    handIn,
    send: (message) => control.send(message),
    restart: () => control.restart(),
    attach,
    followDrained,
    refreshTickets() {
      for (const attachment of relays.values()) attachment.refresh();
    },
    recheck,
  });
  attach();
  followDrained();
  web.resume();

  return {
    status,
    welcomed,
    refused,
    async drain(graceMs = drainMs) {
      isLeaving = true;
      sessions.drain();
      web.drain();
      log.info({ flows: sessions.openFlows, requests: web.openExchanges }, 'draining');
      const untilMs = systemClock.nowMs() + graceMs;
      while (sessions.flowsToWaitFor + web.openExchanges > 0 && systemClock.nowMs() < untilMs)
        await new Promise<void>((resolve) => systemClock.after(drainCheckMs, resolve));
    },
    async stop(handInMs = 0) {
      isStopped = true;
      clearTimeout(timer);
      // One that the controller knows no more does not come back.
      const code = control.state.state === 'refused' ? 'connector-lost' : 'draining';
      const ended = sessions.close(code) + (await web.close(code));
      // Their last word must pass the relays before we leave those.
      if (ended > 0) await new Promise<void>((resolve) => systemClock.after(partingMs, resolve));
      listener?.close();
      relays.stop();
      flows.tend(true);
      await handIn.finish(handInMs, () => control.state.state === 'up');
      handIn.stop();
      control.stop();
      memory.keepLease();
      flows.close();
      await api.close();
    },
  };

  function followControl(next: ControlState): void {
    if (next.state === 'up') log.info('in contact with the controller');
    if (next.state === 'connecting' && next.fault !== undefined) {
      log.warn({ attempt: next.attempt, code: next.fault.code }, next.fault.message);
    }
    if (next.state !== 'refused') return;
    log.error({ code: next.fault.code }, next.fault.message);
    refuse(next.fault);
  }

  /** Attaches to the relays of the snapshot and leaves those it no longer names. */
  function attach(): void {
    const named = Object.keys(snapshot()?.relays ?? {});
    relays.update(named.flatMap((id) => parseId('rly', id) ?? []));
  }

  /** An administrator drained it, or took it back; one that is about to end takes nothing more in either case. */
  function followDrained(): void {
    const isDrained = snapshot()?.drained === true;
    if (isLeaving || isDrained === sessions.isDraining) return;
    log.info({ flows: sessions.openFlows }, isDrained ? 'drained by an administrator' : 'taken back');
    if (isDrained) sessions.drain();
    else sessions.resume();
    web.setDrained(isDrained);
  }

  function attachTo(relayId: RelayId): KeptAttachment {
    return keepAttached({
      relayId,
      url: () => snapshot()?.relays[relayId]?.url ?? '',
      ticket: () => memory.ticket,
      machineKey: identity.machineKey,
      onCircuit: (carrier, from) => void sessions.accept(carrier, from),
      onWeb: (stream, caller) => web.take(stream, caller),
      onState: (next) => {
        const fault = next.state === 'dialling' ? next.fault : undefined;
        if (fault === undefined) log.info({ relay: relayId, state: next.state }, 'relay attachment');
        else log.warn({ relay: relayId, state: next.state, code: fault.code }, fault.message);
        relays.changed(relayId);
      },
      connect: () => dialOptions(memory.card?.tls ?? []),
      clock: systemClock,
      random: systemRandom,
    });
  }

  function recheck(): void {
    clearTimeout(timer);
    if (isStopped) return;
    memory.keepTime();
    flows.tend();
    load.tell(systemClock.nowMs());
    const leftMs = Math.min(sessions.recheck(), web.recheck()) - memory.lease.nowMs();
    timer = setTimeout(recheck, Math.ceil(Math.min(Math.max(leftMs, 1), recheckMs)));
  }

  function status(): ConnectorStatus {
    return connectorStatus({
      id: identity.enrolment?.node,
      key: encodeKey(identity.nodeKey.publicKey),
      snapshot: snapshot(),
      control: control.state,
      relays: relays.entries(),
      direct:
        listener === undefined
          ? undefined
          : {
              port: listener.port,
              endpoints: options.direct?.endpoints ?? [],
              sessions: sessions.direct,
            },
      sessions: sessions.size,
      streams: sessions.openFlows,
      requests: web.openExchanges,
      failing: health.failing,
      isDraining: sessions.isDraining,
      isBehind: hearing.isBehind,
      certificates: web.certificates,
      alarms: alarms.shown,
    });
  }
}

/** Takes controller and root from the key, unless this state belongs to a controller already. */
function enrol(identity: Identity, { state, key }: ConnectorOptions): void {
  if (identity.enrolment !== undefined) return;
  if (key === undefined) throw new Fault('denied', `${state.path} holds no enrolment; give --key pk_…`);
  identity.enrol({ schema: 'postern.enrolment/v1', url: key.url, root: encodeKey(key.root) });
}
