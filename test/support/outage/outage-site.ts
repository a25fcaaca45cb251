/**
 * A whole organisation in this process over real sockets, each part startable and stoppable by itself, with one time of
 * day for all that the test moves: what works without the controller, and for how long.
 */
import { freePort } from '../servers/free-port.ts';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pino, type Logger } from 'pino';
import { startRelayNode, type RelayNode } from '../../../cli/relay-node.ts';
import { startClient, type Client } from '../../../client/client.ts';
import { startConnector, type Connector } from '../../../connector/connector.ts';
import { createApiToken } from '../../../controller/api-tokens.ts';
import { startController, type RunningController } from '../../../controller/controller.ts';
import { login } from '../../../controller/login/login.ts';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';
import { toFault } from '../../../protocol/errors.ts';
import { openStateDirectory } from '../../../protocol/node/state-directory.ts';
import { decodeEnrolmentKey, type EnrolmentKey } from '../../../protocol/secrets.ts';
import { eventually } from '../eventually.ts';
import { PausingProxy } from './pausing-proxy.ts';

/** Names of the resources, with how long each is honoured without the controller. */
export const outages = { lasting: undefined, brief: '5m', urgent: '0s', timed: undefined } as const;
export type ResourceName = keyof typeof outages;

/** A flow to the echo behind the connector. */
export interface EchoFlow {
  /** Says something and hears it again. Rejects when it does not come back. */
  speak(): Promise<void>;
  /** The code it ended with; undefined while it is open. */
  readonly ended: string | undefined;
  close(): void;
}

export class OutageSite {
  /** What everything was told of, one JSON object a line. */
  readonly log: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'postern-outage-'));
  readonly #logger: Logger;
  readonly #echo: Server;
  #offsetMs = 0;
  #ports = { controller: 0, relay: 0 };
  #admin = '';
  #keys: { readonly pk: EnrolmentKey; readonly relay: EnrolmentKey; readonly sk: EnrolmentKey } | undefined;
  #controller: RunningController | undefined;
  #relay: RelayNode | undefined;
  #connector: Connector | undefined;
  #client: Client | undefined;
  #connectorPath: PausingProxy | undefined;
  #clientPath: PausingProxy | undefined;

  private constructor(echo: Server) {
    this.#echo = echo;
    this.#logger = pino({ level: 'info' }, { write: (line: string) => void this.log.push(line) });
  }

  /** Starts everything; the end of the test stops and removes it. */
  static async start(test: { after(done: () => Promise<void>): void }): Promise<OutageSite> {
    const echo = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    const site = new OutageSite(echo);
    test.after(() => site.#stop());
    site.#ports = { controller: await freePort(), relay: await freePort() };
    await site.startController();
    const { context } = site.controller;
    const { store } = context.organisation(context.firstOrganisation);
    const made = { nowMs: site.now(), random: systemRandom, who: 'test' };
    site.#admin = (await createApiToken(store, 'admin', made)).text;
    await site.apply();
    site.#keys = {
      pk: await site.#key('pk', 'connector', 'hq'),
      relay: await site.#key('pk', 'relay', 'r1'),
      sk: await site.#key('sk', 'service', 'ci'),
    };
    site.#connectorPath = await PausingProxy.start(site.#ports.controller);
    site.#clientPath = await PausingProxy.start(site.#ports.controller);
    await site.startRelay();
    await site.startConnector();
    await site.startClient();
    await (await site.open('lasting')).speak();
    return site;
  }

  /** Epoch milliseconds, for every part of the site. */
  readonly now = (): number => Date.now() + this.#offsetMs;

  /** Moves the time of day ahead. */
  advance(ms: number): void {
    this.#offsetMs += ms;
  }

  get controller(): RunningController {
    if (this.#controller === undefined) throw new Error('the controller is not running');
    return this.#controller;
  }

  get connector(): Connector {
    if (this.#connector === undefined) throw new Error('the connector is not running');
    return this.#connector;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('the client is not running');
    return this.#client;
  }

  /** The ways to the controller, which can fall silent. */
  get paths(): { readonly connector: PausingProxy; readonly client: PausingProxy } {
    if (this.#connectorPath === undefined || this.#clientPath === undefined) throw new Error('not started');
    return { connector: this.#connectorPath, client: this.#clientPath };
  }

  /** Where a part keeps its state. */
  folder(part: 'controller' | 'relay' | 'connector' | 'client'): string {
    return join(this.#folder, part);
  }

  /** Copies a part's state aside, or back from there; the part must not run. */
  copy(part: 'controller' | 'client', way: 'aside' | 'back'): void {
    const [from, to] = [this.folder(part), `${this.folder(part)}.aside`];
    const [source, target] = way === 'aside' ? [from, to] : [to, from];
    rmSync(target, { recursive: true, force: true });
    cpSync(source, target, { recursive: true });
  }

  async startController(): Promise<void> {
    const url = new URL(`http://access.localhost:${this.#ports.controller}`);
    this.#controller = await startController({
      directory: this.folder('controller'),
      publicUrl: url,
      listen: { host: '127.0.0.1', port: this.#ports.controller },
      now: this.now,
      clock: systemClock,
      random: systemRandom,
      log: this.#logger.child({ program: 'controller' }),
      extend: login,
    });
  }

  async stopController(): Promise<void> {
    await this.#controller?.stop();
    this.#controller = undefined;
  }

  async startRelay(): Promise<void> {
    this.#relay = await startRelayNode({
      address: '127.0.0.1',
      port: this.#ports.relay,
      publicUrl: new URL(`http://127.0.0.1:${this.#ports.relay}`),
      state: openStateDirectory(this.folder('relay')),
      ...(this.#keys === undefined ? {} : { key: this.#keys.relay }),
      log: this.#logger.child({ program: 'relay' }),
      wallClock: this.now,
    });
  }

  async stopRelay(): Promise<void> {
    await this.#relay?.stop();
    this.#relay = undefined;
  }

  /** Waits until a relay has let it attach, unless none will. */
  async startConnector({ isAttached = true } = {}): Promise<void> {
    this.#connector = await startConnector({
      state: openStateDirectory(this.folder('connector')),
      ...(this.#keys === undefined ? {} : { key: this.#keys.pk }),
      controllerUrl: `http://access.localhost:${this.paths.connector.port}`,
      name: 'hq-1',
      log: this.#logger.child({ program: 'connector' }),
      wallClock: this.now,
    });
    if (!isAttached) return;
    await eventually('a connector at the relay', () => {
      const { relays } = this.connector.status();
      return relays.some(({ connected }) => connected) ? true : undefined;
    });
  }

  async stopConnector(): Promise<void> {
    await this.#connector?.stop();
    this.#connector = undefined;
  }

  async startClient(): Promise<void> {
    this.#client = await startClient({
      state: openStateDirectory(this.folder('client')),
      ...(this.#keys === undefined ? {} : { key: this.#keys.sk }),
      controllerUrl: `http://access.localhost:${this.paths.client.port}`,
      browser: false,
      uids: [],
      onEvent: () => undefined,
      wallClock: this.now,
    });
    await eventually('a client with a session', () => {
      const { networks } = this.client.status();
      return networks.some(({ connected }) => connected) ? true : undefined;
    });
  }

  async stopClient(): Promise<void> {
    await this.#client?.stop();
    this.#client = undefined;
  }

  /** Opens a flow. Rejects with the Fault of its refusal. */
  async open(resource: ResourceName): Promise<EchoFlow> {
    const { port } = this.#echo.address() as AddressInfo;
    const stream = await this.client.open({ host: `${resource}.acme.internal`, port });
    return echoFlow(stream);
  }

  /** The code that a new flow is refused with; `open` when it is not. */
  async outcome(resource: ResourceName): Promise<string> {
    try {
      (await this.open(resource)).close();
      return 'open';
    } catch (error) {
      return toFault(error).code;
    }
  }

  /** Puts the organisation's document into force. */
  async apply(change: (document: OrganisationDocument) => void = () => undefined): Promise<void> {
    const { port } = this.#echo.address() as AddressInfo;
    const document: OrganisationDocument = {
      organisation: 'acme',
      zones: ['acme.internal'],
      networks: [{ name: 'hq' }],
      serviceAccounts: [{ name: 'ci' }],
      resources: Object.entries(outages).map(([name, outage]) => ({
        name,
        network: 'hq',
        address: '127.0.0.1',
        alias: `${name}.acme.internal`,
        ports: [`tcp/${port}`],
        ...(outage === undefined ? {} : { outage }),
      })),
      policies: Object.keys(outages).map((name) => ({
        name: `ci-${name}`,
        allow: { serviceAccounts: ['ci'] },
        to: { resources: [name] },
      })),
    };
    change(document);
    await this.call('PUT', '/api/v1/document', document);
  }

  /** A call of the API as an administrator. Rejects unless it succeeds. */
  async call(method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, payload?: object): Promise<unknown> {
    const answer = await this.controller.app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${this.#admin}` },
      ...(payload === undefined ? {} : { payload }),
    });
    if (answer.statusCode >= 400) throw new Error(`${method} ${url}: ${answer.body}`);
    return answer.body === '' ? undefined : (answer.json() as unknown);
  }

  async #key(kind: 'pk' | 'sk', purpose: string, name: string): Promise<EnrolmentKey> {
    const { key } = (await this.call('POST', '/api/v1/enrolment-keys', { purpose, name })) as { key: string };
    const decoded = decodeEnrolmentKey(kind, key);
    if (decoded === undefined) throw new Error('the key is none');
    return decoded;
  }

  async #stop(): Promise<void> {
    await this.stopClient();
    await this.stopConnector();
    await this.stopRelay();
    await this.stopController();
    this.#connectorPath?.close();
    this.#clientPath?.close();
    this.#echo.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function echoFlow(stream: Duplex): EchoFlow {
  let ended: string | undefined;
  let said = 0;
  let heard = '';
  stream.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
  });
  stream.on('error', (error) => {
    ended = toFault(error).code;
  });
  stream.on('close', () => {
    ended ??= 'end';
  });
  return {
    get ended() {
      return ended;
    },
    async speak() {
      said += 1;
      stream.write(`${said};`);
      await eventually(
        `an echo (${ended ?? 'open'})`,
        () => (heard.endsWith(`${said};`) ? true : undefined),
        {
          everyMs: 5,
        },
      );
    },
    close: () => stream.destroy(),
  };
}
