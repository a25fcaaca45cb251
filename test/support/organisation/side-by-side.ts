/**
 * Two organisations of one controller on this machine's loopback, with the built programs: each has a connector, an
 * application that gives back what it is sent, and a device of a service account. Controller and relay are one process.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { echoApplication } from '../../controller/support/open-flow.ts';
import type { DeviceSnapshot } from '../../../protocol/snapshot.ts';
import type { ConnectorId } from '../../../protocol/ids.ts';
import { lookupWithLocalhost } from '../../../protocol/node/dial-options.ts';
import { connectLocalApi } from '../../../protocol/node/local-api.ts';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import { eventually } from '../eventually.ts';
import { Place, type Ran } from '../lab/place.ts';
import { freePort } from '../servers/free-port.ts';
import { createAuthority } from '../authority.ts';
import { IdentityProvider } from '../identity-provider.ts';
import { Actor } from '../matrix/actor.ts';
import { clientSecretVariable } from './acme-document.ts';
import { Client } from './client.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/** One of the two, with everything of it that runs. */
export class Tenant {
  readonly name: string;
  /** Its sign-in address. */
  readonly url: URL;
  /** An administrator's. */
  readonly token: string;
  readonly document: OrganisationDocument;
  readonly client: Client;
  /** Its application's. */
  readonly port: number;
  readonly #world: SideBySide;
  readonly #keyFile: string;

  private constructor(
    world: SideBySide,
    given: { name: string; url: URL; token: string; document: OrganisationDocument; port: number },
  ) {
    this.#world = world;
    this.name = given.name;
    this.url = given.url;
    this.token = given.token;
    this.document = given.document;
    this.port = given.port;
    this.client = new Client(world.place, `${given.name}-laptop`);
    this.#keyFile = join(world.dir, `${given.name}-service.key`);
  }

  /** Applies its document and waits until its device reaches its connector. */
  static async start(
    world: SideBySide,
    given: { name: string; url: URL; token: string; port: number },
  ): Promise<Tenant> {
    const { name, port } = given;
    const document: OrganisationDocument = {
      organisation: name,
      zones: [`${name}.internal`],
      groups: ['automation'],
      networks: [{ name: 'hq' }],
      serviceAccounts: [{ name: 'ci', groups: ['automation'] }],
      resources: [
        {
          name: 'echo',
          network: 'hq',
          address: '127.0.0.1',
          alias: `echo.${name}.internal`,
          ports: [`tcp/${port}`],
        },
      ],
      policies: [
        { name: 'ci', allow: { serviceAccounts: ['ci'] }, to: { resources: ['echo'] }, doors: ['client'] },
      ],
    };
    const tenant = new Tenant(world, { ...given, document });
    const file = join(world.dir, `${name}.yaml`);
    writeFileSync(file, stringify(document));
    await tenant.admin('apply', '-f', file);
    const connectorKey = join(world.dir, `${name}-connector.key`);
    writeFileSync(connectorKey, await tenant.admin('token', 'create', '--connector', 'hq'), { mode: 0o600 });
    writeFileSync(tenant.#keyFile, await tenant.admin('token', 'create', '--service', 'ci'), { mode: 0o600 });
    world.place.spawn(
      'bin/postern',
      ['connector', '--state', tenant.connectorState, '--name', `${name}-1`, '--key-file', connectorKey],
      { name: `${name}-connector` },
    );
    await eventually(
      `a connector of ${name}`,
      async () => {
        const args = ['status', '--state', tenant.connectorState, '--json'];
        const { code, stdout } = await world.place.run('bin/postern', args);
        return code === 0 && (JSON.parse(stdout) as { state: string }).state === 'ready' ? true : undefined;
      },
      { timeoutMs: 20_000 },
    );
    await tenant.up();
    return tenant;
  }

  get connectorState(): string {
    return join(this.#world.dir, `${this.name}-connector`);
  }

  /** What its application is called. */
  get host(): string {
    return `echo.${this.name}.internal`;
  }

  /** Starts its device, again on the same state after a `down`. */
  async up(): Promise<void> {
    this.client.up(['--capture', 'none', '--key-file', this.#keyFile]);
    await this.client.ready();
  }

  /** Runs a command as its administrator; throws when it fails. Answers what it printed. */
  admin(command: string, ...args: string[]): Promise<string> {
    return this.#admin([command, ...args]);
  }

  /** Gives it an identity provider, and somebody who acts on it. */
  async withPeople(): Promise<{ provider: IdentityProvider; actor: Actor }> {
    const { dir, place, caFile } = this.#world;
    const provider = await IdentityProvider.start(place, {
      address: '127.0.0.1',
      host: 'localhost',
      port: await freePort(),
      dir,
      authority: createAuthority(dir),
      redirectUris: [`${this.url.origin}/oidc/corp/callback`],
    });
    const file = join(dir, `${this.name}-people.yaml`);
    const { issuer, caFile: ca, client } = provider;
    const secret = { env: clientSecretVariable };
    const identityProviders = [
      { name: 'corp', issuer, clientId: client.id, clientSecret: secret, groupsClaim: 'groups', ca },
    ];
    writeFileSync(file, stringify({ ...this.document, identityProviders }));
    await this.#admin(['apply', '-f', file], { [clientSecretVariable]: client.secret });
    const tokenFile = join(dir, `${this.name}.token`);
    writeFileSync(tokenFile, this.token, { mode: 0o600 });
    const on = { url: this.url.origin, caFile, tokenFile, provider };
    return { provider, actor: await Actor.start({ dir, laptop: place }, on) };
  }

  async #admin(command: readonly string[], more: Record<string, string> = {}): Promise<string> {
    const { code, stdout, stderr } = await this.#world.place.run('bin/postern', command, {
      env: {
        POSTERN_CONTROLLER: this.url.origin,
        POSTERN_TOKEN: this.token,
        POSTERN_CA: this.#world.caFile,
        ...more,
      },
    });
    assert.equal(code, 0, `postern ${command.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  /** One call of the API with its token, at its own address or another. */
  async call(method: string, path: string, at: URL = this.url): Promise<ApiAnswer> {
    const response = await this.ask(method, path, { at });
    return { status: response.statusCode ?? 0, body: await text(response) };
  }

  /** The same as it comes, for streams. */
  async ask(
    method: string,
    path: string,
    { at = this.url, headers = {} }: { at?: URL; headers?: Record<string, string> } = {},
  ): Promise<IncomingMessage> {
    const asked = httpsRequest(new URL(path, at), {
      method,
      ca: readFileSync(this.#world.caFile),
      lookup: lookupWithLocalhost,
      agent: false,
      headers: { authorization: `Bearer ${this.token}`, ...headers },
    });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  }

  /** A flow through its device. Rejects with what its person is told. */
  async open(host: string = this.host, port: number = this.port): Promise<Duplex> {
    return connectLocalApi(this.client.state, `${host}:${port}`);
  }

  /** What its device holds: the news of its controller, tickets and grants. */
  held(): { snapshot: DeviceSnapshot; tickets: string[]; grants: string[]; authorities: string[] } {
    return JSON.parse(readFileSync(join(this.client.state, 'session.json'), 'utf8')) as ReturnType<
      Tenant['held']
    >;
  }

  /** Its network and the connector there, as its device knows them. */
  connector(): { id: ConnectorId; nk: string; network: string } {
    const [network] = Object.values(this.held().snapshot.networks);
    const [connector] = network?.connectors ?? [];
    assert.ok(network !== undefined && connector !== undefined);
    return { id: connector.id as ConnectorId, nk: connector.nk, network: network.id };
  }
}

export class SideBySide {
  readonly dir: string;
  readonly place: Place;
  readonly data: string;
  readonly #applications: { close(): void }[] = [];
  #tenants: { acme: Tenant; globex: Tenant } | undefined;

  private constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'postern-apart-'));
    this.data = join(this.dir, 'controller');
    const { dir } = this;
    this.place = new Place({ namespace: 'here', address: '127.0.0.1', dir, env: {}, isThisMachine: true });
  }

  /** Starts everything; what it started ends with `close`, also where this rejects. */
  static async start(): Promise<SideBySide> {
    const world = new SideBySide();
    try {
      await world.#start();
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  /** The first organisation. */
  get acme(): Tenant {
    return this.#both.acme;
  }

  get globex(): Tenant {
    return this.#both.globex;
  }

  get caFile(): string {
    return join(this.data, 'ca.pem');
  }

  get database(): string {
    return join(this.data, 'postern.db');
  }

  /** A command of whoever runs the controller, whatever its exit code. */
  operate(...args: string[]): Promise<Ran> {
    return this.place.run('bin/postern', [...args, '--data', this.data]);
  }

  /** The same, which must succeed; what it printed. */
  async operated(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.operate(...args);
    assert.equal(code, 0, `postern ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  async close(): Promise<void> {
    await Promise.all(this.place.programs.map((program) => program.stop('SIGKILL')));
    for (const application of this.#applications) application.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  get #both(): { acme: Tenant; globex: Tenant } {
    if (this.#tenants === undefined) throw new Error('it has not started');
    return this.#tenants;
  }

  async #start(): Promise<void> {
    const port = await freePort();
    // Every system knows this name by itself; what lies below it every program of ours.
    const url = new URL(`https://localhost:${port}`);
    const controller = this.place.spawn(
      'bin/postern',
      [
        'controller',
        ...['--listen', `127.0.0.1:${port}`, '--public-url', url.origin, '--data', this.data],
        // Its identity provider is on this machine.
        ...['--egress-allow', 'public,127.0.0.0/8'],
      ],
      { name: 'controller' },
    );
    await controller.waitFor(/Next:/, { timeoutMs: 30_000 });
    const theirs = new URL(await this.operated('organisation', 'create', 'globex'));
    const tokenOf = (...which: string[]): Promise<string> =>
      this.operated('token', 'create', '--role', 'admin', ...which);
    const [ours, foreign] = [await tokenOf(), await tokenOf('--organisation', 'globex')];
    const [one, other] = await Promise.all([echoApplication(), echoApplication()]);
    this.#applications.push(one, other);
    const [acme, globex] = await Promise.all([
      Tenant.start(this, { name: 'acme', url, token: ours, port: one.port }),
      Tenant.start(this, { name: 'globex', url: theirs, token: foreign, port: other.port }),
    ]);
    this.#tenants = { acme, globex };
  }
}
