/**
 * The connector's half of the web door: takes browsers' TLS connections from the relay and those of devices from their
 * sessions, signs people in, decides, and passes requests on to the applications of its network. Composes the parts of this
 * folder; the connector feeds it what it hears.
 */
import type { Clock, Random } from '../../protocol/clock.ts';
import type { FromController, FromNode } from '../../protocol/control.ts';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { WebCaller } from '../../protocol/hop.ts';
import { parseId } from '../../protocol/ids.ts';
import type { Lease } from '../../protocol/lease.ts';
import type { LiveFlow } from '../../protocol/live-flows.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import type { AlarmName } from '../../protocol/node/alarms.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import type { Card } from '../../protocol/tokens.ts';
import type { HostCertificate } from '../../protocol/web-messages.ts';
import type { Resolve } from '../dial/resolve.ts';
import { Assertions } from './assertion.ts';
import { AcmeCertificates, type AcmeCertificatesOptions } from './certificates/acme-certificates.ts';
import { answerValidation } from './certificates/answer-validation.ts';
import { BuiltInCertificates } from './certificates/built-in.ts';
import { CertificateFiles } from './certificates/certificate-files.ts';
import { Certificates } from './certificates/certificates.ts';
import { Challenges } from './certificates/challenges.ts';
import type { PeerAnswer } from './certificates/peer-messages.ts';
import { ControllerCalls } from './controller-calls.ts';
import type { DeviceFlow } from './device-flow.ts';
import { OpenExchanges } from './exchange.ts';
import { Gate, type Asked, type Verdict } from './gate.ts';
import { HttpsEndpoint } from './https-endpoint.ts';
import { OriginHealth } from './origin-health.ts';
import { Identities } from './identities.ts';
import { Openings } from './openings.ts';
import { createProxy } from './proxy.ts';
import type { WatchRequest } from './passed-request.ts';
import type { RawRequest } from './request-target.ts';
import { ServedHosts } from './served-hosts.ts';
import { askSignOut, SignIn, signInNeeded, type Answer } from './sign-in.ts';
import { isWebSocket, passUpgrade, refuseMalformed, refuseUpgrade } from './upgrade.ts';
import { Upstreams } from './upstreams.ts';
import { WebSessions } from './web-sessions.ts';
import { WrongPasses } from './wrong-passes.ts';
import { WebRecords } from './web-records.ts';

export interface WebDoorOptions {
  readonly state: StateDirectory;
  readonly lease: Lease;
  snapshot(): ConnectorSnapshot | undefined;
  card(): Card | undefined;
  /** False while there is no contact with the controller. */
  send(message: FromNode): boolean;
  record(entry: Omit<FlowRecord, 'seq'>): void;
  alarm(name: AlarmName): void;
  readonly resolve: Resolve;
  readonly onRequest?: WatchRequest;
  /** A folder of certificates. */
  readonly certificates?: string;
  /** The CA that orders go to; without one the controller's built-in authority issues what no file has. */
  readonly acme?: Pick<AcmeCertificatesOptions, 'settings' | 'peers' | 'goesBefore' | 'log'>;
  readonly clock: Clock;
  readonly random: Random;
}

type Own = Extract<Verdict, { verdict: 'own' }>;

export interface WebDoor {
  /** A browser's TLS connection: accepts it, or leaves it to the next connector. */
  take(stream: MuxStream, caller: WebCaller): void;
  /**
   * What another connector of the network, with this node key, is told of the certificate of a hostname or `*.suffix`;
   * undefined for a name of no resource.
   */
  certificateFor(name: string, peerKey: Buffer): PeerAnswer | undefined;
  /** What each hostname is served with. */
  readonly certificates: readonly HostCertificate[];
  /** A device's TLS connection to a public hostname; false when there is no room for another one. */
  takeFlow(stream: MuxStream, device: DeviceFlow): boolean;
  /** A message that concerns the door; false for any other. */
  receive(message: FromController): boolean;
  /** A key of the controller is no longer on its card: what it signed counts no more. */
  forgetSigned(): void;
  /** The controller welcomed this connector. */
  welcomed(): void;
  /** A snapshot is remembered: certificates are looked after before the controller says anything. */
  resume(): void;
  /** The snapshot came or changed. */
  follow(): void;
  /** Ends what nothing covers any more; the instant (epoch milliseconds) at which time alone ends the next. */
  recheck(): number;
  /** Requests and upgrades that are open by no flow of a device; `cutFlow` ends one of them. */
  liveFlows(): LiveFlow[];
  cutFlow(id: string): boolean;
  close(): Promise<void>;
}

export async function openWebDoor(options: WebDoorOptions): Promise<WebDoor> {
  const { state, clock, random } = options;
  const assertions = await Assertions.open({
    state,
    clock,
    random,
    nowMs: () => options.lease.nowMs(),
    replaced: () => door.tellKeys(),
    notKept: () => options.alarm('not-kept'),
  });
  const door = new ConnectorWebDoor(options, assertions);
  await door.start();
  return door;
}

class ConnectorWebDoor implements WebDoor {
  readonly #options: WebDoorOptions;
  readonly #assertions: Assertions;
  readonly #hosts: ServedHosts;
  readonly #sessions: WebSessions;
  readonly #calls: ControllerCalls;
  readonly #challenges: Challenges;
  readonly #certificates: Certificates;
  readonly #gate: Gate;
  readonly #signIn: SignIn;
  readonly #upstreams: Upstreams;
  readonly #health: OriginHealth;
  readonly #endpoint: HttpsEndpoint;
  readonly #records: WebRecords;
  readonly #openings: Openings;
  readonly #open = new OpenExchanges();
  #app: { close(): Promise<void> } | undefined;
  #reported = '';

  constructor(options: WebDoorOptions, assertions: Assertions) {
    this.#options = options;
    this.#assertions = assertions;
    const { state, lease, clock, random } = options;
    const nowMs = (): number => lease.nowMs();
    this.#hosts = new ServedHosts(() => options.snapshot());
    this.#calls = new ControllerCalls((message) => options.send(message), clock);
    this.#sessions = new WebSessions({
      state,
      lease,
      card: () => options.card(),
      network: () => parseId('net', options.snapshot()?.network.id),
      refused: () => options.alarm('grant-not-valid'),
    });
    this.#challenges = new Challenges({
      send: (message) => options.send(message),
      serves: (host) => this.#hosts.resourceFor(host) !== undefined,
      clock,
      nowMs,
    });
    this.#certificates = this.#openCertificates();
    this.#gate = new Gate({
      resourceAt: (host) => this.#hosts.at(host),
      passes: () => options.snapshot()?.passes ?? {},
      sessions: this.#sessions,
      lease,
      wrongPasses: new WrongPasses(clock),
    });
    this.#signIn = new SignIn({
      calls: this.#calls,
      sessions: this.#sessions,
      random,
      nowMs,
      start: () => options.snapshot()?.web?.url,
    });
    this.#upstreams = new Upstreams(clock, options.resolve);
    this.#health = new OriginHealth(clock, options.resolve);
    this.#records = new WebRecords((entry) => options.record(entry), random, nowMs);
    this.#openings = new Openings({
      hosts: this.#hosts,
      health: this.#health,
      identities: new Identities(assertions),
      open: this.#open,
      records: this.#records,
      lease,
      clock,
      jwks: () => options.snapshot()?.jwks ?? [],
      ...(options.onRequest === undefined ? {} : { onRequest: options.onRequest }),
    });
    this.#endpoint = new HttpsEndpoint({
      clock,
      contextFor: (name) => this.#certificates.contextFor(name),
      upgrade: (request, socket, head) => {
        const asked = this.#asked(request, true);
        const verdict = isWebSocket(request)
          ? this.#gate.judge(asked)
          : ({ verdict: 'malformed', status: 400 } as const);
        switch (verdict.verdict) {
          case 'malformed':
            return refuseMalformed(socket, verdict.status);
          case 'notice':
            return refuseUpgrade(request, socket, verdict.notice);
          case 'pass':
            socket.on('error', () => socket.destroy());
            void Promise.resolve(this.#openings.open(verdict, asked, () => socket.destroy())).then((opened) =>
              passUpgrade(opened, { request, socket, head }, options.resolve),
            );
            return undefined;
          default:
            return refuseUpgrade(request, socket, signInNeeded);
        }
      },
    });
  }

  async start(): Promise<void> {
    this.#app = await createProxy(
      {
        asked: (raw) => this.#asked(raw, false),
        judge: (asked) => this.#gate.judge(asked),
        signIn: ({ target, cookies, fresh }) =>
          this.#signIn.begin(target, cookies, fresh === undefined ? {} : { fresh }),
        own: (verdict, asked) => this.#own(verdict, asked),
        open: (verdict, asked, cut) => this.#openings.open(verdict, asked, cut),
        upstreams: this.#upstreams,
        health: this.#health,
        failed: (exchange, code) => this.#records.failed(exchange, code),
      },
      (handler) => this.#endpoint.serve(handler),
    );
    await this.#sessions.take([]);
  }

  take(stream: MuxStream, caller: WebCaller): void {
    if (this.#hosts.resourceFor(caller.sni) === undefined) return stream.reset('no-peer');
    const challenge = this.#challenges.contextFor(caller.sni);
    if (challenge !== undefined) {
      stream.accept();
      return void answerValidation(stream, challenge, this.#options.clock).then((isAnswered) => {
        if (!isAnswered && !this.#endpoint.take(stream, { address: caller.addr })) stream.reset('busy');
      });
    }
    if (!this.#endpoint.take(stream, { address: caller.addr })) return stream.reset('busy');
    return stream.accept();
  }

  certificateFor(name: string, peerKey: Buffer): PeerAnswer | undefined {
    return this.#certificates.answer(name, peerKey);
  }

  get certificates(): readonly HostCertificate[] {
    return this.#certificates.report();
  }

  takeFlow(stream: MuxStream, device: DeviceFlow): boolean {
    return this.#endpoint.take(stream, { device });
  }

  receive(message: FromController): boolean {
    if (this.#calls.receive(message)) return true;
    if (message.t === 'acme') {
      this.#challenges.receive(message.host, message.digest);
      return true;
    }
    if (message.t !== 'web') return false;
    void this.#sessions.take(message.list).then(() => this.recheck());
    return true;
  }

  forgetSigned(): void {
    void this.#sessions.forgetUnsigned().then(() => this.recheck());
  }

  welcomed(): void {
    this.#reported = '';
    this.tellKeys();
  }

  tellKeys(): void {
    this.#options.send({ t: 'assertion-keys', keys: this.#assertions.jwks });
  }

  resume(): void {
    this.#certificates.watch(this.#hosts.hostnames());
  }

  follow(): void {
    void this.#sessions.take([]).then(() => this.recheck());
    this.#hosts.checkOrigins(this.#health);
    void this.#certificates.follow(this.#hosts.hostnames()).then(() => this.#report());
  }

  recheck(): number {
    this.#sessions.tidy();
    return this.#open.recheck((exchange, code) => this.#records.cut(exchange, code));
  }

  liveFlows(): LiveFlow[] {
    return this.#open.list().flatMap(([flow, exchange]) => {
      const { right, resource, target, device, sinceMs } = exchange.options;
      // A device's own flow is listed where it was accepted.
      if (device !== undefined && right?.door !== 'web') return [];
      const port = Number(/:(\d+)$/.exec(target.authority)?.[1] ?? 443);
      const whose = right === undefined ? {} : { subject: right.sub };
      const kind = 'web' as const;
      return { flow, since: sinceMs, ...whose, resource: resource.id, host: target.host, port, kind };
    });
  }

  cutFlow(id: string): boolean {
    const [, exchange] = this.#open.list().find(([each]) => each === id) ?? [];
    if (exchange === undefined) return false;
    this.#records.cut(exchange, 'revoked');
    exchange.cut();
    return true;
  }

  async close(): Promise<void> {
    this.#open.cutAll();
    this.#certificates.close();
    this.#endpoint.close();
    this.#upstreams.close();
    this.#health.close();
    this.#sessions.tidy();
    this.#assertions.close();
    await this.#app?.close();
  }

  #openCertificates(): Certificates {
    const { state, lease, clock, random, acme, certificates } = this.#options;
    const shared = { state, nowMs: () => lease.nowMs(), changed: () => this.#report() };
    return new Certificates({
      nowMs: shared.nowMs,
      files:
        certificates === undefined ? undefined : new CertificateFiles(certificates, clock, shared.changed),
      acme:
        acme === undefined
          ? undefined
          : new AcmeCertificates({
              ...shared,
              ...acme,
              challenges: this.#challenges,
              clock,
              random,
            }),
      builtIn: new BuiltInCertificates({ ...shared, calls: this.#calls }),
      served: (host) => this.#hosts.served(host),
    });
  }

  #report(): void {
    const list = this.#certificates.report();
    const text = JSON.stringify(list);
    if (text !== this.#reported && this.#options.send({ t: 'certificates', list })) this.#reported = text;
  }

  #asked(raw: RawRequest, isUpgrade: boolean): Asked {
    const connection = this.#endpoint.connectionOf(raw);
    const source = connection?.source;
    return {
      raw,
      servername: connection?.servername,
      address: source !== undefined && 'address' in source ? source.address : undefined,
      device: source !== undefined && 'device' in source ? source.device : undefined,
      isUpgrade,
    };
  }

  async #own(
    { page, target, cookies, session }: Own,
    { raw, address }: Asked,
  ): Promise<Answer | { json: string }> {
    if (page === 'jwks') return { json: JSON.stringify({ keys: this.#jwks() }) };
    if (page === 'callback') {
      if (raw.method !== 'GET') return { notice: signInNeeded, cookies: [] };
      return this.#signIn.finish(target, cookies, address);
    }
    if (raw.method !== 'POST') return { notice: askSignOut, cookies: [] };
    // A foreign page may post here, but not with this word.
    const isOwn = raw.headers.origin === `https://${target.authority}`;
    if (!isOwn) return { notice: { ...askSignOut, status: 403, error: 'foreign-origin' }, cookies: [] };
    return this.#signIn.end(session, new URLSearchParams(target.query).has('everywhere'));
  }

  #jwks(): object[] {
    const all = [...this.#assertions.jwks, ...(this.#options.snapshot()?.jwks ?? [])];
    const byId = new Map(all.map((key) => [key.kid, key]));
    return [...byId.values()].map((key) => ({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', ...key }));
  }
}
