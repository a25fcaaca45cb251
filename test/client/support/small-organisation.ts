/**
 * A whole organisation on loopback for tests of the client: real relay, real connectors, and a controller that says what
 * the test tells it to, so that a test can also make it say what no controller should.
 */
import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import { startConnector, type Connector, type ConnectorOptions } from '../../../connector/connector.ts';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';
import { Fault } from '../../../protocol/errors.ts';
import type { ConnectorSnapshot, DeviceSnapshot, Snapshot } from '../../../protocol/snapshot.ts';
import { controlPath, discoveryPath } from '../../../protocol/discovery.ts';
import { hopPath } from '../../../protocol/hop.ts';
import { newId, type DeviceId, type Id, type IdKind, type NodeId } from '../../../protocol/ids.ts';
import { encodeKey, newAgreementKey, newSigningKey, type SigningKey } from '../../../protocol/keys.ts';
import { Lease } from '../../../protocol/lease.ts';
import { ControlChannel } from '../../../protocol/link/control-channel.ts';
import { controlPrologue } from '../../../protocol/link/handshake-messages.ts';
import { acceptSecureChannel, type SecureChannel } from '../../../protocol/link/secure-channel.ts';
import { HandshakeBudget } from '../../../protocol/link/handshake-budget.ts';
import { webSocketCarrier } from '../../../protocol/link/websocket-carrier.ts';
import { openStateDirectory, type StateDirectory } from '../../../protocol/node/state-directory.ts';
import { decodeEnrolmentKey, encodeEnrolmentKey, type EnrolmentKey } from '../../../protocol/secrets.ts';
import { signCard, signGrant, signTicket, tokenSigner, type Card } from '../../../protocol/tokens.ts';
import { createRelay, type Relay } from '../../../relay/relay.ts';

const id = <K extends IdKind>(kind: K): Id<K> => newId(kind, systemRandom(16));
const nowS = (): number => Math.floor(Date.now() / 1_000);

/** A node as the controller knows it, while its channel is open. */
interface Node {
  readonly id: NodeId;
  readonly kind: 'device' | 'connector' | 'relay';
  mk: string;
  nk: string;
  channel: ControlChannel | undefined;
  /** Below the channel, for bytes that it would never send. */
  raw: SecureChannel | undefined;
  version: number;
  /** What it published. */
  direct: string[];
}

export class SmallOrganisation {
  readonly org = id('org');
  readonly network = id('net');
  readonly wiki = id('res');
  readonly databases = id('res');
  readonly locked = id('res');
  /** Messages from devices, in the order they came. */
  readonly heard: Record<string, unknown>[] = [];
  /** What a device's snapshot says; change it and call `push`. */
  device: Pick<DeviceSnapshot, 'organisation' | 'zones' | 'resources' | 'session' | 'device' | 'news'>;
  /** Ports and address of the wiki behind the connectors. */
  wikiPort = 0;
  /** The same by UDP, where it has one. */
  wikiUdpPort: number | undefined;
  /** Host names of further relays that devices are told of. */
  relayHosts: readonly string[] = [];
  /** Connectors that an administrator drained. */
  drained: ReadonlySet<string> = new Set();
  /** Node keys that devices are told instead of connectors' own, by id: what a dishonest controller would. */
  readonly invented = new Map<string, string>();
  /** Whether connectors are told as well; devices always are. */
  tellsDrained = true;
  epoch = 1;
  readonly #root: SigningKey = newSigningKey();
  readonly #signing: SigningKey = newSigningKey();
  readonly #control = newAgreementKey();
  readonly #channels = new Set<ControlChannel>();
  readonly #guests: (() => unknown)[] = [];
  readonly #nodes = new Map<string, Node>();
  readonly #relayId = id('rly');
  readonly #zone: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'postern-org-'));
  readonly #lease = new Lease(Date.now);
  readonly #connectors: Connector[] = [];
  #card: Card | undefined;
  #cardToken = '';
  #server: Server | undefined;
  #relayServer: Server | undefined;
  #relay: Relay | undefined;
  #port = 0;
  #relayPort = 0;
  #beats: NodeJS.Timeout | undefined;

  private constructor(zone: string) {
    this.#zone = zone;
    this.device = {
      zones: [zone],
      resources: {
        [this.wiki]: this.#resource(this.wiki, 'wiki', [`wiki.${zone}`], ['tcp/1-65535']),
        [this.databases]: this.#resource(this.databases, 'databases', [`*.db.${zone}`], ['tcp/5432']),
        [this.locked]: {
          ...this.#resource(this.locked, 'locked', [`locked.${zone}`], ['tcp/80']),
          state: 'refused',
          reasons: [{ name: 'mfa-missing', policy: 'prod-needs' }],
        },
      },
      session: {
        id: id('ses'),
        subject: id('svc'),
        kind: 'service',
        name: 'ci',
        until: nowS() + 3_600,
      },
      device: { name: 'laptop', approved: true },
    };
  }

  /** Starts controller, relay and one connector, which may also listen directly. */
  static async start(
    t: Pick<TestContext, 'after'>,
    direct?: ConnectorOptions['direct'],
    zone = 'acme.internal',
  ): Promise<SmallOrganisation> {
    const organisation = new SmallOrganisation(zone);
    const { kid } = await tokenSigner(organisation.#signing);
    organisation.#card = {
      iss: 'https://access.acme.example',
      keys: { [kid]: encodeKey(organisation.#signing.publicKey) },
      ctl: encodeKey(organisation.#control.publicKey),
      tls: [],
      iat: nowS(),
      exp: nowS() + 3_600,
    };
    organisation.#cardToken = await signCard(await tokenSigner(organisation.#root), organisation.#card);
    t.after(() => organisation.stop());
    await organisation.startController();
    await organisation.startRelay();
    await organisation.addConnector(direct);
    return organisation;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** A key for a service account, as the controller would print it. */
  key(): EnrolmentKey {
    const text = encodeEnrolmentKey({
      kind: 'sk',
      root: this.#root.publicKey,
      secret: systemRandom(32),
      url: this.url,
    });
    return decodeEnrolmentKey('sk', text) as EnrolmentKey;
  }

  get pin(): string {
    return encodeKey(this.#root.publicKey);
  }

  /** A new state directory; gone with the organisation. */
  state(name: string): StateDirectory {
    return openStateDirectory(join(this.#folder, name));
  }

  async startController(): Promise<void> {
    const sockets = new WebSocketServer({ noServer: true });
    const budget = new HandshakeBudget(systemClock);
    const server = createServer((request, response) => {
      if (request.url !== discoveryPath) return void response.writeHead(404).end();
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          schema: 'postern.configuration/v1',
          issuer: 'https://access.acme.example',
          root: this.pin,
          card: this.#cardToken,
          protocols: [1],
        }),
      );
      return undefined;
    });
    server.on('upgrade', (request, socket, head) => {
      if (request.url !== controlPath) return void socket.destroy();
      sockets.handleUpgrade(request, socket, head, (ws) => {
        this.#converse(ws, budget).catch((error: unknown) => {
          // Whoever hangs up in the middle of the handshake was stopped, as tests do.
          if (!(error instanceof Fault)) throw error;
        });
      });
      return undefined;
    });
    await listen(server, this.#port);
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#beats = setInterval(() => this.beat(), 1_000);
  }

  async stopController(): Promise<void> {
    clearInterval(this.#beats);
    for (const channel of this.#channels) channel.close('draining');
    await close(this.#server);
  }

  async startRelay(): Promise<void> {
    this.#lease.beat(this.epoch);
    const relay = createRelay({
      relayId: this.#relayId,
      card: () => this.#card,
      lease: this.#lease,
      clock: systemClock,
      random: systemRandom,
    });
    const server = createServer((_request, response) => response.writeHead(404).end());
    server.on('upgrade', (request, socket, head) => {
      if (request.url === hopPath) relay.handleUpgrade(request, socket, head);
      else socket.destroy();
    });
    await listen(server, this.#relayPort);
    this.#relayPort = (server.address() as AddressInfo).port;
    this.#relayServer = server;
    this.#relay = relay;
  }

  async stopRelay(): Promise<void> {
    this.#relay?.close();
    await close(this.#relayServer);
  }

  async addConnector(
    direct?: ConnectorOptions['direct'],
    state = this.state(`connector-${this.#connectors.length}`),
  ): Promise<Connector> {
    const connector = await startConnector({
      state,
      key: { ...this.key(), kind: 'pk' },
      log: pino({ level: 'silent' }),
      ...(direct === undefined ? {} : { direct }),
    });
    this.#connectors.push(connector);
    while (connector.status().state !== 'ready') await new Promise((resolve) => setTimeout(resolve, 10));
    await this.push();
    return connector;
  }

  /** @param index in the order they were added */
  connector(index: number): Connector {
    const connector = this.#connectors[index];
    if (connector === undefined) throw new Error('there is no such connector');
    return connector;
  }

  /** Sends everybody what they should know now. */
  async push(): Promise<void> {
    for (const node of this.#nodes.values()) await this.#inform(node);
  }

  beat(): void {
    this.#lease.beat(this.epoch);
    this.#tell('device', { t: 'beat', epoch: this.epoch, now: nowS() });
    this.#tell('connector', { t: 'beat', epoch: this.epoch, now: nowS() });
    this.#tell('relay', { t: 'beat', epoch: this.epoch, now: nowS() });
  }

  /** Takes a resource away from the device: revocation at the connectors first, then the snapshot, as the wire says. */
  async takeAway(resource: string, reason: string): Promise<void> {
    this.epoch += 1;
    this.#tell('connector', { t: 'revoke', epoch: this.epoch, ids: [resource], reason });
    const { [resource]: _gone, ...resources } = this.device.resources;
    this.device = { ...this.device, resources };
    await this.push();
  }

  /** Says anything at all to every node of a kind. */
  tell(kind: Node['kind'], message: object): void {
    this.#tell(kind, message);
  }

  /** Sends bytes as the framing of a control channel never would. */
  tellRaw(kind: Node['kind'], bytes: Buffer): void {
    for (const node of this.#nodes.values()) if (node.kind === kind) node.raw?.send(bytes);
  }

  /** The one node of a kind, with the version of its last snapshot. */
  node(kind: Node['kind']): {
    readonly id: NodeId;
    readonly nk: string;
    readonly mk: string;
    readonly version: number;
  } {
    const found = [...this.#nodes.values()].find((node) => node.kind === kind);
    if (found === undefined) throw new Error(`there is no ${kind}`);
    return found;
  }

  /** What the one node of a kind would be told now. */
  snapshotOf(kind: Node['kind']): Snapshot {
    if (kind === 'relay') return { kind };
    return kind === 'device' ? this.#deviceSnapshot() : this.#connectorSnapshot('');
  }

  /** The card as its root signed it, or another one. */
  async card(root: SigningKey = this.#root): Promise<string> {
    if (this.#card === undefined) throw new Error('there is no card yet');
    return signCard(await tokenSigner(root), this.#card);
  }

  /** Says anything at all to every device. */
  tellDevices(message: object): void {
    this.#tell('device', message);
  }

  /** Ends a test's own node, whose state lies in this organisation's folder, before the folder goes. */
  ends(guest: () => unknown): void {
    this.#guests.push(guest);
  }

  async stop(): Promise<void> {
    for (const end of this.#guests.toReversed()) await end();
    for (const connector of this.#connectors) await connector.stop();
    await this.stopRelay();
    await this.stopController();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #tell(kind: Node['kind'], message: object): void {
    for (const node of this.#nodes.values()) if (node.kind === kind) node.channel?.send(message);
  }

  async #converse(ws: WebSocket, budget: HandshakeBudget): Promise<void> {
    const secure = await acceptSecureChannel(webSocketCarrier(ws), {
      prologue: controlPrologue,
      kem: true,
      own: this.#control,
      clock: systemClock,
      random: systemRandom,
      budget,
      source: 'test',
    });
    const channel = new ControlChannel(secure);
    let node: Node | undefined;
    this.#channels.add(channel);
    channel.start({
      closed: () => {
        this.#channels.delete(channel);
        if (node?.channel === channel) node.channel = undefined;
      },
      message: (message) => {
        const t = message['t'];
        if (node === undefined || node.kind === 'device') this.heard.push(message);
        if (t === 'hello') node = this.#nodes.get(String(message['node']));
        if (t === 'enrol') {
          if (message['loopback'] !== undefined)
            return channel.send({ t: 'open', url: `${this.url}/device/confirm`, state: 'attempt-1' });
          if (message['code'] !== undefined)
            return channel.send({
              t: 'code',
              user_code: 'HXTR-MFST',
              url: `${this.url}/device`,
              expires: nowS() + 300,
            });
          node = this.#enrol(message);
        }
        if (t === 'login') {
          const enrol = this.heard.findLast((said) => said['t'] === 'enrol' && said['kind'] === 'device');
          if (enrol !== undefined) node = this.#enrol(enrol);
        }
        if (t === 'rotate' && node !== undefined) {
          const { mk, nk } = message as { mk: string; nk: string };
          [node.mk, node.nk] = [mk, nk];
          channel.send({ t: 'rotated', mk, nk });
        }
        if (t === 'publish' && node !== undefined) {
          node.direct = message['direct'] as string[];
          return void this.push();
        }
        if (node === undefined || !['hello', 'enrol', 'login'].includes(String(t))) return undefined;
        node.channel = channel;
        node.raw = secure;
        return this.#welcome(node);
      },
    });
  }

  #enrol(message: Record<string, unknown>): Node {
    const kind = message['kind'] as Node['kind'];
    const known = [...this.#nodes.values()].find(({ nk }) => nk === message['nk']);
    const node: Node = known ?? {
      id: id(({ device: 'dev', connector: 'con', relay: 'rly' } as const)[kind]),
      kind,
      mk: String(message['mk']),
      nk: String(message['nk']),
      channel: undefined,
      raw: undefined,
      version: 0,
      direct: [],
    };
    this.#nodes.set(node.id, node);
    return node;
  }

  #welcome(node: Node): void {
    node.channel?.send({ t: 'welcome', node: node.id, org: this.org, card: this.#cardToken });
    node.channel?.send({ t: 'beat', epoch: this.epoch, now: nowS() });
    void this.#inform(node);
  }

  async #inform(node: Node): Promise<void> {
    if (node.kind === 'relay') {
      node.version += 1;
      const snapshot = { kind: 'relay' };
      return node.channel?.send({ t: 'snapshot', v: node.version, epoch: this.epoch, snapshot, revoked: [] });
    }
    const signer = await tokenSigner(this.#signing);
    const ticket = await signTicket(signer, {
      iss: 'https://access.acme.example',
      jti: id('tok'),
      org: this.org,
      sub: node.id,
      role: node.kind === 'device' ? 'client' : 'connector',
      mk: node.mk,
      meet: [this.network],
      out: 3_600,
      iat: nowS(),
      exp: nowS() + 3_600,
    });
    node.version += 1;
    const snapshot = node.kind === 'device' ? this.#deviceSnapshot() : this.#connectorSnapshot(node.id);
    node.channel?.send({ t: 'tickets', list: [ticket] });
    if (node.kind === 'device') node.channel?.send({ t: 'grants', list: await this.#grants(signer, node) });
    return node.channel?.send({ t: 'snapshot', v: node.version, epoch: this.epoch, snapshot, revoked: [] });
  }

  async #grants(signer: Awaited<ReturnType<typeof tokenSigner>>, node: Node): Promise<string[]> {
    const granted = Object.values(this.device.resources).filter(({ state }) => state === 'granted');
    if (granted.length === 0 || this.device.session.ended !== undefined) return [];
    return [
      await signGrant(signer, {
        iss: 'https://access.acme.example',
        aud: this.network,
        jti: id('tok'),
        org: this.org,
        sub: this.device.session.subject as Id<'svc'>,
        dev: node.id as DeviceId,
        ses: this.device.session.id as Id<'ses'>,
        nk: node.nk,
        who: { name: 'ci', groups: [] },
        cav: [{ until: nowS() + 3_600, out: 3_600 }],
        res: Object.fromEntries(granted.map((resource) => [resource.id, 0])),
        iat: nowS(),
        exp: nowS() + 3_600,
      }),
    ];
  }

  #deviceSnapshot(): DeviceSnapshot {
    const connectors = [...this.#nodes.values()]
      .filter(({ kind, channel }) => kind === 'connector' && channel !== undefined)
      .map(({ id: connector, nk, direct }) => ({
        id: connector,
        nk: this.invented.get(connector) ?? nk,
        relays: [this.#relayId],
        direct,
        ...(this.drained.has(connector) ? { drained: true as const } : {}),
      }));
    return {
      kind: 'device',
      networks: { [this.network]: { id: this.network, name: 'hq', pq: true, connectors } },
      relays: {
        [this.#relayId]: { id: this.#relayId, url: `http://127.0.0.1:${this.#relayPort}` },
        ...Object.fromEntries(
          this.relayHosts.map((host) => {
            const relay = id('rly');
            return [relay, { id: relay, url: `https://${host}` }];
          }),
        ),
      },
      ...this.device,
    };
  }

  #connectorSnapshot(connector: string): ConnectorSnapshot {
    const serve = (
      resource: Id<'res'>,
      hosts: string[],
      address: string,
      ports: string[],
    ): ConnectorSnapshot['resources'][string] => ({
      id: resource,
      hosts,
      address,
      ports,
      within: ['10.0.0.0/8'],
      outage: 3_600,
    });
    return {
      kind: 'connector',
      network: { id: this.network, name: 'hq' },
      relays: { [this.#relayId]: { id: this.#relayId, url: `http://127.0.0.1:${this.#relayPort}` } },
      peers: {},
      drained: this.tellsDrained && this.drained.has(connector),
      resources: Object.fromEntries(
        [
          serve(this.wiki, [`wiki.${this.#zone}`], '127.0.0.1', [
            `tcp/${Math.max(1, this.wikiPort)}`,
            ...(this.wikiUdpPort === undefined ? [] : [`udp/${this.wikiUdpPort}`]),
          ]),
          serve(this.databases, [`*.db.${this.#zone}`], `*.db.${this.#zone}`, ['tcp/5432']),
        ]
          .filter(({ id: resource }) => Object.hasOwn(this.device.resources, resource))
          .map((resource) => [resource.id, resource]),
      ),
    };
  }

  #resource(
    resource: Id<'res'>,
    name: string,
    hosts: string[],
    ports: string[],
  ): DeviceSnapshot['resources'][string] {
    return { id: resource, net: this.network, name, hosts, ports, state: 'granted', reasons: [] };
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

async function close(server: Server | undefined): Promise<void> {
  if (server?.listening !== true) return;
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}
