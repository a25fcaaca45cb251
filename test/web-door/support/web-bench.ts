/**
 * The web door from the browser's TCP connection to the origin's: a real relay and a connector's half of the door, whose
 * controller is the test, which signs sessions and answers what the connector asks. Whoever uses it closes it.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { systemClock, systemRandom } from '../../../protocol/clock.ts';
import type { FromController, FromNode } from '../../../protocol/control.ts';
import { Fault } from '../../../protocol/errors.ts';
import type { FlowRecord } from '../../../protocol/flow-record.ts';
import type { ConnectorSnapshot } from '../../../protocol/snapshot.ts';
import { newId } from '../../../protocol/ids.ts';
import { encodeKey, newSigningKey } from '../../../protocol/keys.ts';
import { Lease } from '../../../protocol/lease.ts';
import { attachToRelay, type Attachment } from '../../../protocol/link/attachment.ts';
import { parseName } from '../../../protocol/names.ts';
import { openStateDirectory } from '../../../protocol/node/state-directory.ts';
import { tokenSigner, type Card } from '../../../protocol/tokens.ts';
import { signWebSession, type WebSession } from '../../../protocol/web.ts';
import type { ConnectorWeb } from '../../../protocol/web-resource.ts';
import type { DeviceFlow } from '../../../connector/flows/device-flow.ts';
import type { WebDoor } from '../../../connector/web/door.ts';
import { webDoorWhenNeeded } from '../../../connector/web/web-door-when-needed.ts';
import { listenForBrowsers, type WebListener } from '../../../relay/web-listener.ts';
import { createAuthority } from '../../support/authority.ts';
import { muxPair } from '../../support/mux-pair.ts';
import { labConnector, RelayLab } from '../../support/relay-lab.ts';

export const wiki = 'wiki.acme.example';
export const git = 'git.acme.example';
const id = systemRandom;
const signer = await tokenSigner(newSigningKey());
const network = newId('net', id(16));
const issuer = 'https://access.acme.example';
const card: Card = {
  iss: issuer,
  keys: { [signer.kid]: encodeKey(signer.key.publicKey) },
  ctl: encodeKey(Buffer.alloc(32)),
  tls: [],
  iat: 0,
  exp: 0xffff_ffff,
};

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly host?: string;
  readonly method?: string;
  readonly cookie?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** Names of people, each with a session of their own at a host. */
export interface SignedIn {
  readonly cookie: string;
  readonly session: WebSession;
}

export class WebBench {
  readonly records: Omit<FlowRecord, 'seq'>[] = [];
  readonly sent: FromNode[] = [];
  /** Names that were looked up for a connection to an origin. */
  readonly resolved: string[] = [];
  /** What became of every dial to an origin. */
  readonly dialled: { readonly port: number; readonly error: unknown }[] = [];
  /** A port that the connector itself listens on. */
  ownListener: number | undefined;
  /** Why the controller took ids away, as its connector remembers. */
  readonly causes = new Map<string, string>();
  /** Whether the connector has contact with its controller. */
  isConnected = true;
  /** Whether the connector's log has room for what strangers cause. */
  hasRoom = true;
  /** Whether nothing could be recorded any more. */
  isLogFull = false;
  readonly lease = new Lease(Date.now);
  /** As the connector knows it now. */
  card = card;
  resources: ConnectorSnapshot['resources'] = {};
  /** The other connectors of the network. */
  peers: ConnectorSnapshot['peers'] = {};
  /** Replaced, never changed, as a snapshot's are. */
  passes: Readonly<NonNullable<ConnectorSnapshot['passes']>> = {};
  readonly folder: string;
  readonly ca: string;
  /** Answers what the connector asks of its controller. */
  controller: (message: FromNode) => FromController | undefined = () => undefined;
  /** What is closed after it. */
  readonly closing: (() => Promise<void>)[] = [];
  #door: WebDoor | undefined;
  #listener: WebListener | undefined;
  #attachment: Attachment | undefined;
  readonly #relays = new RelayLab();

  private constructor(folder: string) {
    this.folder = folder;
    const authority = createAuthority(folder);
    for (const host of [wiki, git, '_.apps.acme.example'])
      authority.issue([host.replace(/^_/, '*')].map((name) => name));
    this.ca = readFileSync(authority.caFile, 'utf8');
  }

  static async start(origins: Readonly<Record<string, readonly string[]>>): Promise<WebBench> {
    const bench = new WebBench(await mkdtemp(join(tmpdir(), 'postern-web-')));
    for (const [host, list] of Object.entries(origins)) bench.publish(host, list);
    await bench.#run();
    return bench;
  }

  get door(): WebDoor {
    if (this.#door === undefined) throw new Error('the door is closed');
    return this.#door;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get relay(): RelayLab {
    return this.#relays;
  }

  /** Makes `host` lead to `origins`, replacing what it led to. */
  publish(host: string, origins: readonly string[], changes: Partial<ConnectorWeb> = {}): void {
    const known = Object.values(this.resources).find(({ web }) => web?.hostnames[0] === host);
    const resource = known?.id ?? newId('res', id(16));
    const published: ConnectorSnapshot['resources'][string] = {
      id: resource,
      hosts: [],
      address: 'localhost',
      ports: [],
      within: [],
      outage: 3_600,
      web: {
        hostnames: [host],
        origins: [...origins],
        host: 'origin',
        headers: {},
        audience: resource,
        rules: [],
        allowOrigins: [],
        bySource: false,
        ...changes,
      },
    };
    this.resources = { ...this.resources, [resource]: published };
  }

  resourceOf(host: string): string {
    const found = Object.values(this.resources).find(({ web }) => web?.hostnames[0] === host);
    if (found === undefined) throw new Error(`${host} is not published`);
    return found.id;
  }

  /** A session as the controller would sign it, not yet known to the connector. */
  async session(
    host: string,
    ch: string,
    changes: Partial<WebSession> = {},
  ): Promise<{ session: WebSession; jws: string }> {
    const nowS = Math.floor(Date.now() / 1_000);
    const name = parseName(host);
    if (name === undefined) throw new Error(`${host} is no name`);
    const session: WebSession = {
      iss: issuer,
      aud: name,
      jti: newId('tok', id(16)),
      org: newId('org', id(16)),
      net: network,
      res: this.resourceOf(host) as WebSession['res'],
      sub: newId('usr', id(16)),
      ses: newId('ses', id(16)),
      ch,
      who: { name: 'Alice', email: 'alice@acme.example', groups: ['staff'] },
      amr: ['pwd'],
      auth_time: nowS,
      cav: { until: nowS + 3_600, out: 3_600 },
      iat: nowS,
      exp: nowS + 3_600,
      ...changes,
    };
    return { session, jws: await signWebSession(signer, session) };
  }

  /** Somebody who is signed in at `host`. */
  async signIn(host: string, changes: Partial<WebSession> = {}): Promise<SignedIn> {
    const { createHash } = await import('node:crypto');
    const secret = systemRandom(32);
    const ch = createHash('sha256').update(secret).digest('base64url');
    const { session, jws } = await this.session(host, ch, changes);
    this.door.receive({ t: 'web', list: [jws] });
    const cookie = `__Host-postern=${secret.toString('base64url')}`;
    // Taken once what a page of another site asks for is refused as that, and no longer for want of a session. One that does not hold
    // is never seen to be taken.
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' };
    for (let round = 0; round < 50; round++) {
      const { status } = await this.ask('/signed-in-yet', { host, cookie, headers });
      if (status !== 401) break;
    }
    return { cookie, session };
  }

  /** One request over a connection of its own. */
  ask(
    path: string,
    { host = wiki, method = 'GET', cookie, headers = {}, body }: Ask = {},
  ): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const asked = request({
        host: '127.0.0.1',
        port: this.port,
        servername: host,
        ca: this.ca,
        method,
        path,
        agent: false,
        headers: {
          host: `${host}:${this.port}`,
          ...(cookie === undefined ? {} : { cookie }),
          ...headers,
        } as Record<string, string>,
      });
      asked.once('error', reject);
      asked.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
      asked.end(body);
    });
  }

  /** A TLS connection of a device's flow to `host`, as its connector gives it to the door; `sni`: another name in its TLS. */
  device(flow: DeviceFlow, sni: string = flow.host): TLSSocket {
    const { dialler } = muxPair({
      handlers: {
        stream: (stream) => {
          if (this.door.takeFlow(stream, flow)) stream.accept();
          else stream.reset('busy');
        },
      },
    });
    const stream = dialler.mux.openStream(Buffer.from('{}'));
    stream.on('error', () => undefined);
    const socket = connectTls({ socket: stream, servername: sni, ca: this.ca, ALPNProtocols: ['http/1.1'] });
    socket.on('error', () => undefined);
    return socket;
  }

  /** A TLS connection to write by hand on, of a browser at `localAddress`. */
  raw(host: string = wiki, alpn: string = 'http/1.1', localAddress: string = '127.0.0.1'): TLSSocket {
    const socket = connectTls({
      socket: connectTcp({ host: '127.0.0.1', port: this.port, localAddress }),
      servername: host,
      ca: this.ca,
      ALPNProtocols: [alpn],
    });
    socket.on('error', () => undefined);
    return socket;
  }

  async close(): Promise<void> {
    this.#attachment?.close();
    await this.#door?.close('draining');
    await this.#listener?.close();
    await this.#relays.stop();
    await rm(this.folder, { recursive: true });
    for (const each of this.closing) await each();
  }

  async #run(): Promise<void> {
    this.lease.beat(1);
    this.#door = await webDoorWhenNeeded({
      state: openStateDirectory(join(this.folder, 'state')),
      lease: this.lease,
      snapshot: () => this.#snapshot(),
      card: () => this.card,
      send: (message) => this.#hear(message),
      record: (entry) => this.records.push(entry),
      hasRoom: () => this.hasRoom,
      isLogFull: () => this.isLogFull,
      causeOf: (ids) => ids.map((each) => this.causes.get(each)).find((cause) => cause !== undefined),
      alarm: (name) => {
        throw new Error(`alarm: ${name}`);
      },
      dialling: {
        resolve: (name) => {
          this.resolved.push(name);
          if (name === 'slow.acme.internal') return Promise.reject(new Fault('timeout'));
          return Promise.resolve(name === 'localhost' ? ['127.0.0.1'] : []);
        },
        noteDial: (_resource, port, error) => this.dialled.push({ port, error }),
        isOwnListener: (_address, port) => port === this.ownListener,
      },
      certificates: this.folder,
      clock: systemClock,
      random: systemRandom,
    });
    await this.#relays.start();
    const { door } = this;
    this.#attachment = await attachToRelay({
      ...(await this.#relays.attachOptions(labConnector(), { hosts: [wiki, git, '*.apps.acme.example'] })),
      onWeb: (stream, caller) => door.take(stream, caller),
    });
    this.#listener = await listenForBrowsers({
      address: '127.0.0.1',
      port: 0,
      clock: systemClock,
      door: () => this.#relays.relay.door,
    });
    door.follow();
  }

  #hear(message: FromNode): boolean {
    if (!this.isConnected) return false;
    this.sent.push(message);
    const answer = this.controller(message);
    if (answer !== undefined) setImmediate(() => this.#door?.receive(answer));
    return true;
  }

  #snapshot(): ConnectorSnapshot {
    return {
      kind: 'connector',
      network: { id: network, name: 'hq' },
      relays: {},
      peers: this.peers,
      resources: this.resources,
      web: { url: `${issuer}/web/start`, port: this.port || 443 },
      passes: this.passes,
      jwks: [],
    };
  }
}

export function portOf(server: { address(): AddressInfo | string | null }): number {
  return (server.address() as AddressInfo).port;
}
