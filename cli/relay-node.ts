/**
 * The relay as a program of its own: enrols with the controller, keeps its lease and card, gets its certificate, and
 * runs the blind relay on one port. The composition lies here because the relay itself may not reach what speaks Noise.
 */
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { Logger } from 'pino';
import { systemClock, systemRandom } from '../protocol/clock.ts';
import type { FromController } from '../protocol/control.ts';
import { notEnrolled } from './not-enrolled.ts';
import { parseId } from '../protocol/ids.ts';
import { encodeKey } from '../protocol/keys.ts';
import { keepControl, type ControlState } from '../protocol/node/control-connection.ts';
import { Alarms } from '../protocol/node/alarms.ts';
import { openIdentity } from '../protocol/node/identity.ts';
import { KeptLease } from '../protocol/node/kept-lease.ts';
import { serveLocalApi } from '../protocol/node/local-api.ts';
import { Counts, flag, gauge, type Metric } from '../protocol/metrics.ts';
import { tellRelayLoad } from './relay-load.ts';
import { relayMetrics } from './relay-metrics.ts';
import type { TrustsProxy } from '../protocol/proxied-port.ts';
import type { StateDirectory } from '../protocol/node/state-directory.ts';
import { encodeEnrolmentKey, type EnrolmentKey } from '../protocol/secrets.ts';
import { hasLostKey, type Card } from '../protocol/tokens.ts';
import { version } from '../protocol/version.ts';
import { listenForNodes, type RelayListener, type TlsCertificate } from '../relay/listener.ts';
import { createRelay, type Relay } from '../relay/relay.ts';
import { listenForBrowsers } from '../relay/web-listener.ts';

export interface RelayNodeOptions {
  readonly address: string;
  readonly port: number;
  /** A further port for browsers alone. */
  readonly webListen?: { readonly address: string; readonly port: number };
  /** How nodes reach it; its host is the one it may ask a certificate for. */
  readonly publicUrl: URL;
  readonly state: StateDirectory;
  /** Needed only until the state directory holds an enrolment. */
  readonly key?: EnrolmentKey;
  readonly controllerUrl?: string;
  /** Instead of a certificate from the controller's built-in authority. */
  readonly tls?: TlsCertificate;
  /** The operator's balancers, by address; nobody's word counts unless given. */
  readonly trustsProxy?: TrustsProxy;
  /** TLS ends at those balancers, for nodes; public hostnames go by `webListen` alone then. */
  readonly isBehindTls?: boolean;
  readonly memoryBytes?: number;
  readonly bytesPerSecond?: number;
  readonly browsersOfSource?: number;
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly wallClock?: () => number;
}

export interface RelayNode {
  /** Tells nodes to move their circuits, and waits for it as `Relay.drain` says; `stop` is to follow. */
  drain(): Promise<void>;
  stop(): Promise<void>;
  /** What Prometheus is told. */
  metrics(): Metric[];
  /** Rejects when the controller refused this relay for good, or the port cannot be had. */
  readonly failed: Promise<never>;
}

/** A certificate is asked for anew when less than a third of its life is left. */
const renewCheckMs = 3_600_000;

export async function startRelayNode(options: RelayNodeOptions): Promise<RelayNode> {
  const { state, log, publicUrl, wallClock = Date.now } = options;
  const identity = openIdentity(state);
  if (identity.enrolment === undefined) {
    if (options.key === undefined) throw notEnrolled(state.path, '--relay NAME');
    identity.enrol({
      schema: 'postern.enrolment/v1',
      url: options.key.url,
      root: encodeKey(options.key.root),
    });
  }
  const { isBehindTls = false } = options;
  const isPlain = publicUrl.protocol === 'http:' || isBehindTls;
  const { trustsProxy } = options;
  const behind = { clock: systemClock, ...(trustsProxy === undefined ? {} : { trustsProxy }) };
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  const alarms = new Alarms(Date.now, (name, text) => log.error({ alarm: name }, text));
  const kept = new KeptLease(state, wallClock, () => alarms.raise('not-kept'));
  const { lease } = kept;
  const events = new Counts();
  let card = state.readJson('card.json') as Card | undefined;
  let relay: Relay | undefined;
  let listener: RelayListener | undefined;
  let isStopped = false;
  /** The private key of the certificate that was asked for and has not come yet. */
  let requestedKey: string | undefined;

  const api = await serveLocalApi(state.path, { 'GET /v1/status': () => status() });
  begin();
  const stored = options.tls ?? (state.readJson('tls.json') as TlsCertificate | undefined);
  if (isPlain || stored !== undefined) await listen(stored);
  const browsers =
    options.webListen === undefined
      ? undefined
      : await listenForBrowsers({ ...options.webListen, ...behind, door: () => relay?.door });
  const control = keepControl({
    kind: 'relay',
    identity,
    name: publicUrl.hostname,
    os: process.platform,
    relayUrl: publicUrl.origin,
    ...(options.controllerUrl === undefined ? {} : { url: options.controllerUrl }),
    ...(options.key === undefined ? {} : { credential: { secret: encodeEnrolmentKey(options.key) } }),
    onMessage: receive,
    onAlarm: (name) => alarms.raise(name),
    onWelcome(shown) {
      if (hasLostKey(card, shown)) relay?.forgetTickets();
      // A controller that divides nothing takes no share back either.
      relay?.give(new Map());
      card = shown;
      keep('card.json', card);
      begin();
      certify();
    },
    onState: followControl,
    epoch: () => lease.epoch,
    wallClock,
  });
  const timer = setInterval(certify, renewCheckMs);
  const stopTelling = tellRelayLoad({
    relay: () => relay,
    isHeard: () => control.state.state === 'up',
    say: (load) => void control.send({ t: 'load', ...load }),
    nowMs: () => systemClock.nowMs(),
  });

  return {
    failed,
    metrics: () => [
      flag('postern_controller_connected', 'Whether its control channel is up', control.state.state === 'up'),
      flag('postern_lease_in_contact', 'Whether it has heard a beat lately', lease.inContact()),
      gauge('postern_epoch', 'The epoch of the newest revocation that it knows', lease.epoch),
      ...(relay === undefined ? [] : relayMetrics(relay, events)),
    ],
    async drain() {
      log.info({ circuits: relay?.circuits ?? 0 }, 'draining');
      await relay?.drain();
    },
    async stop() {
      isStopped = true;
      clearInterval(timer);
      stopTelling();
      relay?.close();
      control.stop();
      kept.keep();
      await browsers?.close();
      await listener?.close();
      await api.close();
    },
  };

  /** The relay can run as soon as it knows its own id. */
  function begin(): void {
    const relayId = parseId('rly', identity.enrolment?.node);
    if (relayId === undefined || relay !== undefined) return;
    relay = createRelay({
      relayId,
      card: () => card,
      lease,
      clock: systemClock,
      random: systemRandom,
      ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
      ...(options.bytesPerSecond === undefined ? {} : { bytesPerSecond: options.bytesPerSecond }),
      ...(options.browsersOfSource === undefined ? {} : { browsersOfSource: options.browsersOfSource }),
      log: (event) => {
        events.add(event.event);
        log.info(event, event.event);
        if (event.event === 'refused' && event.code === 'denied') alarms.raise('ticket-not-valid');
      },
    });
  }

  async function listen(tls: TlsCertificate | undefined): Promise<void> {
    const { address, port } = options;
    listener = await listenForNodes({
      address,
      port,
      ...behind,
      isBehindTls,
      ...(tls === undefined || isPlain ? {} : { tls }),
      host: publicUrl.hostname,
      relay: () => relay,
      isReady: () => relay !== undefined && !relay.isDraining && card !== undefined && lease.inContact(),
    });
    if (isStopped) return listener.close();
    log.info({ address, port: listener.port }, 'listening for nodes');
  }

  /** Asks for a certificate where none came from files and the one at hand is missing or old. */
  function certify(): void {
    if (isPlain || options.tls !== undefined || control.state.state !== 'up') return;
    const held = state.readJson('tls.json') as TlsCertificate | undefined;
    if (held !== undefined && !isOld(new X509Certificate(held.cert))) return;
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    requestedKey = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    control.send({
      t: 'certify',
      key: pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64url'),
    });
  }

  async function useCertificate(cert: string): Promise<void> {
    const key = requestedKey;
    if (key === undefined || !belongs(cert, key))
      return log.error('a certificate came that was not asked for');
    requestedKey = undefined;
    const tls = { cert, key };
    keep('tls.json', tls);
    if (listener !== undefined) return listener.renew(tls);
    await listen(tls).catch(fail);
  }

  function receive(message: FromController): void {
    switch (message.t) {
      case 'beat':
        if (!kept.beat(message.epoch, message.now)) alarms.raise('older-epoch');
        return;
      case 'snapshot':
        if (message.snapshot.kind !== 'relay') alarms.raise('message-not-valid');
        if (message.epoch < lease.epoch) alarms.raise('older-epoch');
        // What it says is revoked counts whatever else is wrong with it; the lease never goes back.
        return revoke(message.epoch, message.revoked);
      case 'revoke':
        return revoke(message.epoch, message.ids);
      case 'shares':
        return relay?.give(new Map(Object.entries(message.rates ?? {})));
      case 'certificate':
        return void useCertificate(message.pem);
      default:
        return;
    }
  }

  function revoke(epoch: number, ids: readonly string[]): void {
    kept.revoke({ epoch, ids, reason: 'revoked' });
    relay?.recheck();
    // Only once that is told: the disk may be slow.
    kept.keepSoon();
  }

  /** What cannot be written down is known until this process ends. */
  function keep(file: string, value: unknown): void {
    if (!state.keepJson(file, value)) alarms.raise('not-kept');
  }

  function followControl(next: ControlState): void {
    if (next.state === 'up') log.info('in contact with the controller');
    if (next.state === 'connecting' && next.fault !== undefined) {
      log.warn({ attempt: next.attempt, code: next.fault.code }, next.fault.message);
    }
    if (next.state === 'refused') fail(next.fault);
  }

  function status(): object {
    return {
      schema: 'postern.relay/v1',
      id: identity.enrolment?.node,
      url: publicUrl.origin,
      state:
        relay?.isDraining === true
          ? 'draining'
          : listener === undefined
            ? 'enrolling'
            : lease.inContact()
              ? 'ready'
              : 'degraded',
      controller: { connected: control.state.state === 'up' },
      attached: relay?.attached ?? 0,
      circuits: relay?.circuits ?? 0,
      ...alarms.shown,
      version,
    };
  }
}

function isOld(certificate: X509Certificate): boolean {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  return to - Date.now() < (to - from) / 3;
}

function belongs(cert: string, key: string): boolean {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return new X509Certificate(cert).publicKey.export({ format: 'der', type: 'spki' }).equals(spki);
}
