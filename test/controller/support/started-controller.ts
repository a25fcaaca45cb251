/**
 * A controller that really runs: its port, its TLS, its embedded relay, its sign-in. Reached over sockets alone, from any
 * address of loopback.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { embedRelay, type Embedding } from '../../../cli/embedded-relay.ts';
import { createApiToken } from '../../../controller/api-tokens.ts';
import { startController, type RunningController } from '../../../controller/controller.ts';
import type { LoginAttempts } from '../../../controller/enrolment/login-attempts.ts';
import { login } from '../../../controller/login/login.ts';
import { recordSignIn } from '../../../controller/login/record-sign-in.ts';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';
import { controlPath, controlSubprotocol } from '../../../protocol/discovery.ts';
import { decodeChallenge, encodeAttach, hopPath, hopSubprotocol, signAttach } from '../../../protocol/hop.ts';
import type { SigningKey } from '../../../protocol/keys.ts';
import type { Carrier } from '../../../protocol/link/carrier.ts';
import type { TrustsProxy } from '../../../protocol/proxied-port.ts';
import type { PeerBounds } from '../../../protocol/slow-peers.ts';
import { webSocketCarrier } from '../../../protocol/link/websocket-carrier.ts';
import { freePort } from '../../support/servers/free-port.ts';
import type { AfterTest } from './controller.ts';
import { acmeDocument } from './document.ts';
import { TestNode, type NodeHost } from './node.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

export class StartedController implements NodeHost {
  readonly running: RunningController;
  readonly relay: Embedding;
  readonly attempts: LoginAttempts;
  readonly time = { clock: systemClock };
  readonly url: URL;
  /** The PEM of its authority. */
  readonly ca: string;
  readonly admin: string;
  /** Its data. */
  readonly directory: string;

  private constructor(
    running: RunningController,
    relay: Embedding,
    attempts: LoginAttempts,
    { url, admin, directory }: { url: URL; admin: string; directory: string },
  ) {
    this.running = running;
    this.relay = relay;
    this.attempts = attempts;
    this.url = url;
    this.admin = admin;
    this.directory = directory;
    this.ca = running.context.authority?.pem ?? '';
  }

  /** Starts one, over TLS unless said, with the organisation of the tests; the end of the test stops and removes it. */
  static async start(
    test: AfterTest,
    options: {
      readonly bounds?: PeerBounds;
      readonly tls?: boolean;
      readonly trustsProxy?: TrustsProxy;
    } = {},
  ): Promise<StartedController> {
    const { tls = true, bounds, trustsProxy } = options;
    const directory = await mkdtemp(join(tmpdir(), 'postern-started-'));
    const log = pino({ level: process.env['POSTERN_TEST_LOG'] ?? 'silent' });
    const port = await freePort();
    const url = new URL(`${tls ? 'https' : 'http'}://access.localhost:${port}`);
    const relay = embedRelay(log);
    let attempts: LoginAttempts | undefined;
    const running = await startController({
      directory,
      publicUrl: url,
      listen: { host: '127.0.0.1', port },
      now: Date.now,
      clock: systemClock,
      random: systemRandom,
      log,
      extend: (context, given) => {
        attempts = given;
        return login(context, given);
      },
      upgrades: (context) => relay.open(context),
      ...(trustsProxy === undefined ? {} : { trustsProxy, front: () => relay.front() }),
      ...(bounds === undefined ? {} : { bounds }),
    });
    test.after(async () => {
      relay.close();
      await running.stop();
      await rm(directory, { recursive: true });
    });
    if (attempts === undefined) throw new Error('the controller made no login attempts');
    const { context } = running;
    const { store } = context.organisation(context.firstOrganisation);
    const made = { nowMs: Date.now(), random: systemRandom, who: 'test' };
    const admin = (await createApiToken(store, 'admin', made)).text;
    const started = new StartedController(running, relay, attempts, { url, admin, directory });
    const applied = await started.call('PUT', '/api/v1/document', acmeDocument());
    if (applied.status !== 200) throw new Error(applied.body);
    return started;
  }

  get context() {
    return this.running.context;
  }

  get control() {
    return this.running.control;
  }

  /** One HTTPS request over a connection of its own. */
  async ask(
    method: string,
    path: string,
    { headers = {}, body, from }: { headers?: Record<string, string>; body?: string; from?: string } = {},
  ): Promise<Answer> {
    const request = (this.url.protocol === 'https:' ? httpsRequest : httpRequest)({
      host: '127.0.0.1',
      port: this.url.port,
      servername: this.url.hostname,
      ca: this.ca,
      method,
      path,
      agent: false,
      headers: { host: this.url.host, ...headers },
      ...(from === undefined ? {} : { localAddress: from }),
    });
    request.end(body);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: await readText(answer) };
  }

  /** A call of the API as an administrator. */
  call(method: string, path: string, payload?: object): Promise<Answer> {
    return this.ask(method, path, {
      headers: {
        authorization: `Bearer ${this.admin}`,
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
    });
  }

  /** The text of a new enrolment key. */
  async key(purpose: 'connector' | 'relay' | 'service', name: string, more: object = {}): Promise<string> {
    const { status, body } = await this.call('POST', '/api/v1/enrolment-keys', { purpose, name, ...more });
    if (status !== 201) throw new Error(body);
    return (JSON.parse(body) as { key: string }).key;
  }

  node(kind: 'device' | 'connector' | 'relay'): TestNode {
    return new TestNode(this, kind);
  }

  /** A control carrier over a WebSocket from `address`, which is one of loopback. */
  async dial(address: string): Promise<Carrier> {
    return webSocketCarrier(await this.#webSocket(controlPath, controlSubprotocol, address));
  }

  /** Attaches to the embedded relay: `attached`, or the close code of the refusal. */
  async attach(ticket: string, machineKey: SigningKey): Promise<'attached' | number> {
    const socket = await this.#webSocket(hopPath, hopSubprotocol, '127.0.0.1');
    const closed = once(socket, 'close').then(([code]) => code as number);
    const [first] = (await once(socket, 'message')) as [Buffer];
    const challenge = decodeChallenge(first.toString());
    if (challenge === undefined) throw new Error('the relay sent no challenge');
    socket.send(encodeAttach({ ticket, sig: signAttach(machineKey, challenge, ticket) }));
    const verdict = await Promise.race([once(socket, 'message').then(() => 'attached' as const), closed]);
    socket.terminate();
    return verdict;
  }

  /** The cookie of a person who has just signed in. */
  async cookie(subject = 'a1'): Promise<string> {
    const { context } = this;
    const signedIn = await recordSignIn(context, context.organisation(context.firstOrganisation), {
      issuer: 'https://idp.acme.example',
      provider: 'corp',
      identity: {
        subject,
        name: `Person ${subject}`,
        email: 'alice@acme.example',
        groups: ['staff'],
        authMs: Date.now(),
        amr: ['pwd'],
      },
      address: '127.0.0.1',
    });
    return signedIn.cookie;
  }

  /** A call of the portal as its own pages make it. */
  portal(cookie: string, method: string, path: string, payload?: object, from?: string): Promise<Answer> {
    return this.ask(method, `/api/v1/${path}`, {
      headers: {
        cookie: `__Host-postern-session=${cookie}`,
        origin: this.url.origin,
        'sec-fetch-site': 'same-origin',
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
      ...(from === undefined ? {} : { from }),
    });
  }

  async #webSocket(path: string, subprotocol: string, from: string): Promise<WebSocket> {
    const socket = new WebSocket(`wss://127.0.0.1:${this.url.port}${path}`, subprotocol, {
      ca: this.ca,
      localAddress: from,
      perMessageDeflate: false,
    });
    // What is said before somebody listens waits.
    socket.once('open', () => socket.pause());
    await once(socket, 'open');
    socket.resume();
    return socket;
  }
}
