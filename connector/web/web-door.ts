/**
 * The connector's half of the web door: takes browsers' TLS connections from the relay and those of devices from their
 * sessions, signs people in, decides, and passes requests on to the applications of its network. Composes the parts of this
 * folder; the connector feeds it what it hears.
 */
import type { FromController } from '../../protocol/control.ts';
import type { CodeName } from '../../protocol/errors.ts';
import type { WebCaller } from '../../protocol/hop.ts';
import { parseId } from '../../protocol/ids.ts';
import type { LiveFlow } from '../../protocol/live-flows.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import type { Name } from '../../protocol/names.ts';
import type { HostCertificate } from '../../protocol/web-messages.ts';
import { Assertions } from './assertion.ts';
import { answerValidation } from './certificates/answer-validation.ts';
import type { Certificates } from './certificates/certificates.ts';
import { Challenges } from './certificates/challenges.ts';
import { openCertificates } from './open-certificates.ts';
import type { PeerAnswer } from './certificates/peer-messages.ts';
import { ControllerCalls } from './controller-calls.ts';
import { readCookies } from './cookies.ts';
import type { DeviceFlow } from '../flows/device-flow.ts';
import type { WebDoor, WebDoorOptions } from './door.ts';
import type { WebResource } from '../flows/resource-at.ts';
import { OpenExchanges, type Exchange } from './exchange.ts';
import { liveFlowOf } from './live-exchange.ts';
import { Gate, type Asked, type Passed, type Verdict } from './gate.ts';
import { notRecordable } from './gate-notices.ts';
import { HttpsEndpoint } from './https-endpoint.ts';
import { OriginHealth } from './origin-health.ts';
import { Identities } from './identities.ts';
import { Openings } from './openings.ts';
import { OwnPages } from './own-pages.ts';
import { createProxy, type Opened } from './proxy.ts';
import type { RawRequest } from './request-target.ts';
import { Rights } from './rights.ts';
import { ServedHosts } from './served-hosts.ts';
import { SignIn } from './sign-in.ts';
import { answerUpgrade, isWebSocket, notWebSocket, type UpgradeOptions } from './upgrade.ts';
import { tlsBytes } from './tls-bytes.ts';
import { Upstreams } from './upstreams.ts';
import { WebSessions } from './web-sessions.ts';
import { whyPage } from './why-page.ts';
import { WrongPasses } from './wrong-passes.ts';
import { WebRecords } from './web-records.ts';

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

/**
 * So long what ends waits at most for sessions that came before and are being verified: the controller puts a session in the place
 * of another before it takes that away.
 */
const takenFirstMs = 100;

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
  /** Lists of sessions that are being verified. */
  #taking = 0;
  #cancelRecheck: (() => void) | undefined;
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
      notKept: () => options.alarm('not-kept'),
    });
    this.#challenges = new Challenges({
      send: (message) => options.send(message),
      serves: (host) => this.#hosts.resourceFor(host) !== undefined,
      clock,
      nowMs,
    });
    this.#certificates = openCertificates(options, {
      calls: this.#calls,
      challenges: this.#challenges,
      served: (host) => this.#hosts.served(host),
      changed: () => this.#report(),
    });
    const resourceAt = (host: Name): WebResource | undefined => this.#hosts.at(host);
    this.#gate = new Gate({
      resourceAt,
      rights: new Rights({
        resourceAt,
        passes: () => options.snapshot()?.passes ?? {},
        sessions: this.#sessions,
        lease,
      }),
      lease,
      wrongPasses: new WrongPasses(clock),
      whyNot: (host, door) => whyPage(options.snapshot()?.web?.url, host, door),
    });
    this.#signIn = new SignIn({
      calls: this.#calls,
      sessions: this.#sessions,
      random,
      nowMs,
      start: () => options.snapshot()?.web?.url,
    });
    this.#upstreams = new Upstreams(clock, options.dialling);
    this.#health = new OriginHealth(clock, options.dialling);
    this.#records = new WebRecords({
      record: (entry) => options.record(entry),
      hasRoom: () => options.hasRoom(),
      isLogFull: () => options.isLogFull(),
      nowMs,
      random,
      clock,
    });
    this.#openings = new Openings({
      standing: (passed, asked) => this.#gate.standing(passed, asked),
      health: this.#health,
      identities: new Identities(assertions),
      open: this.#open,
      records: this.#records,
      lease,
      clock,
      jwks: () => options.snapshot()?.jwks ?? [],
      ...(options.onRequest === undefined ? {} : { onRequest: options.onRequest }),
    });
    const upgrading: UpgradeOptions = {
      clock,
      dialling: options.dialling,
      health: this.#health,
      failed: (exchange, code) => this.#records.failed(exchange, code),
    };
    this.#endpoint = new HttpsEndpoint({
      clock,
      contextFor: (name) => this.#certificates.contextFor(name),
      upgrade: (request, socket, head) => {
        const asked = this.#asked(request, true);
        const verdict = isWebSocket(request) ? this.#judge(asked) : notWebSocket;
        const open = (passed: Passed): Opened | Promise<Opened> =>
          this.#openings.open(passed, asked, () => socket.destroy());
        answerUpgrade(verdict, { request, socket, head }, open, upgrading);
      },
    });
  }

  async start(): Promise<void> {
    const pages = new OwnPages({
      signIn: this.#signIn,
      jwks: () => [...this.#assertions.jwks, ...(this.#options.snapshot()?.jwks ?? [])],
    });
    this.#app = await createProxy(
      {
        asked: (raw) => this.#asked(raw, false),
        judge: (asked) => this.#judge(asked),
        signIn: ({ target, cookies, fresh }) =>
          this.#signIn.begin(target, cookies, fresh === undefined ? {} : { fresh }),
        own: (verdict, asked) => pages.answer(verdict, asked),
        open: (verdict, asked, cut) => this.#openings.open(verdict, asked, cut),
        upstreams: this.#upstreams,
        health: this.#health,
        isDraining: () => this.#endpoint.isDraining,
        failed: (exchange, code) => this.#records.failed(exchange, code),
      },
      (handler) => this.#endpoint.serve(handler),
    );
    await this.#sessions.take([]);
  }

  take(stream: MuxStream, caller: WebCaller): void {
    if (this.#hosts.resourceFor(caller.sni) === undefined) return stream.reset('no-peer');
    if (this.#endpoint.isDraining) return stream.reset('draining');
    const challenge = this.#challenges.contextFor(caller.sni);
    if (challenge !== undefined) {
      stream.accept();
      return void answerValidation(stream, challenge, this.#options.clock).then((isAnswered) => {
        if (!isAnswered && !this.#endpoint.take(tlsBytes(stream), { address: caller.addr }))
          stream.reset('busy');
      });
    }
    if (!this.#endpoint.take(tlsBytes(stream), { address: caller.addr })) return stream.reset('busy');
    return stream.accept();
  }

  certificateFor(name: string, peerKey: Buffer): PeerAnswer | undefined {
    return this.#certificates.answer(name, peerKey);
  }

  get certificates(): readonly HostCertificate[] {
    return this.#certificates.report();
  }

  takeFlow(stream: MuxStream, device: DeviceFlow): boolean {
    return this.#endpoint.take(tlsBytes(stream), { device });
  }

  receive(message: FromController): boolean {
    if (this.#calls.receive(message)) return true;
    if (message.t === 'acme') {
      this.#challenges.receive(message.host, message.digest);
      return true;
    }
    if (message.t !== 'web') return false;
    this.#take(message.list);
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
    this.#take([]);
    this.#hosts.checkOrigins(this.#health);
    void this.#certificates.follow(this.#hosts.hostnames()).then(() => this.#report());
  }

  recheck(): number {
    if (this.#taking === 0) return this.#recheckNow();
    this.#cancelRecheck ??= this.#options.clock.after(takenFirstMs, () => this.#recheckNow());
    return this.#options.lease.nowMs() + takenFirstMs;
  }

  #take(list: readonly string[]): void {
    this.#taking += 1;
    void this.#sessions.take(list).then(() => {
      this.#taking -= 1;
      return this.recheck();
    });
  }

  #recheckNow(): number {
    this.#cancelRecheck?.();
    this.#cancelRecheck = undefined;
    // Before what is over is forgotten, so that it says why.
    const endsMs = this.#open.recheck((exchange, { code, cause = this.#causeOf(exchange, code) }) =>
      this.#records.cut(exchange, { code, ...(cause === undefined ? {} : { cause }) }),
    );
    this.#sessions.tidy();
    this.#records.tidy();
    return endsMs;
  }

  liveFlows(): LiveFlow[] {
    return this.#open.list().flatMap(([flow, exchange]) => liveFlowOf(flow, exchange) ?? []);
  }

  cutFlow(id: string): boolean {
    const [, exchange] = this.#open.list().find(([each]) => each === id) ?? [];
    if (exchange === undefined) return false;
    this.#records.cut(exchange, { code: 'revoked', cause: 'ended-by-administrator' });
    exchange.cut();
    return true;
  }

  get openExchanges(): number {
    return this.#open.size;
  }

  drain(): void {
    if (Object.keys(this.#options.snapshot()?.peers ?? {}).length > 0) this.#endpoint.drain();
  }

  setDrained(isDrained: boolean): void {
    if (isDrained) this.#endpoint.drain();
    else this.#endpoint.resume();
  }

  async close(code: CodeName): Promise<number> {
    const connections = this.#endpoint.size;
    this.#open.cutAll((exchange) => this.#records.cut(exchange, { code }));
    this.#records.close();
    this.#certificates.close();
    this.#endpoint.close();
    this.#upstreams.close();
    this.#health.close();
    this.#sessions.tidy(true);
    this.#assertions.close();
    await this.#app?.close();
    return connections;
  }

  #report(): void {
    const list = this.#certificates.report();
    const text = JSON.stringify(list);
    if (text !== this.#reported && this.#options.send({ t: 'certificates', list })) this.#reported = text;
  }

  /** Why the controller took the right behind it away; undefined where it did not. */
  #causeOf({ options: { right } }: Exchange, code: CodeName): string | undefined {
    if (right === undefined || code !== 'revoked') return undefined;
    const [token, resource] = [parseId('tok', right.id), parseId('res', right.resource)];
    const narrowed =
      token === undefined || resource === undefined
        ? undefined
        : this.#options.lease.whyNarrowed(token, resource);
    return narrowed ?? this.#options.causeOf(right.ids);
  }

  #judge(asked: Asked): Verdict {
    const verdict = this.#gate.judge(asked);
    if ('refusal' in verdict && verdict.refusal !== undefined) this.#records.refused(verdict.refusal, asked);
    if (verdict.verdict === 'pass' && !this.#records.mayOpen(verdict, asked))
      return { verdict: 'notice', notice: notRecordable, target: verdict.target };
    return verdict;
  }

  #asked(raw: RawRequest, isUpgrade: boolean): Asked {
    const connection = this.#endpoint.connectionOf(raw);
    const source = connection?.source;
    const { cookie } = raw.headers;
    return {
      raw,
      cookies: connection === undefined ? readCookies(cookie) : connection.cookies.read(cookie),
      servername: connection?.servername,
      address: source !== undefined && 'address' in source ? source.address : undefined,
      device: source !== undefined && 'device' in source ? source.device : undefined,
      isUpgrade,
    };
  }
}
