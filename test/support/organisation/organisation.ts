/**
 * A whole organisation at a site: controller, relay and connector, each a process of the built program, and an identity
 * provider, with a document applied. Used by the demo, the end-to-end tests and the bench; it uses the same commands as
 * a person would.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApplyResult } from '../../../protocol/document-revisions.ts';
import { eventually } from '../eventually.ts';
import { IdentityProvider } from '../identity-provider.ts';
import type { Ran } from '../lab/place.ts';
import type { Program } from '../lab/program.ts';
import { acmeDocument, clientSecretVariable, toYaml, type OrganisationFile } from './acme-document.ts';
import type { Endpoint, Site } from './site.ts';

/** One entry of `postern audit --json`. */
export interface AuditEntry {
  seq: number;
  time: string;
  who: string;
  what: string;
  resource?: string;
  result: string;
  reasons: string[];
  cause?: string;
  detail: unknown;
}

export class Organisation {
  readonly site: Site;
  /** The controller's public URL. */
  readonly url: string;
  readonly relayUrl: string;
  readonly provider: IdentityProvider;
  /** What is applied first, and what changes start from. */
  readonly document: OrganisationFile;
  /** The file that is applied. */
  readonly documentFile: string;
  /** The authority inside the controller: what people and browsers trust its certificate by. */
  readonly caFile: string;
  /** Holds the administrator's API token. */
  readonly tokenFile: string;
  readonly #controllerArgs: readonly string[];
  readonly #connectorArgs: readonly string[];
  #controller: Program;
  #relay: Program | undefined;
  #connector: Program | undefined;

  private constructor(options: {
    site: Site;
    url: string;
    provider: IdentityProvider;
    controller: Program;
    tokenFile: string;
    document: OrganisationFile;
    controllerArgs: readonly string[];
    connectorArgs: readonly string[];
  }) {
    this.site = options.site;
    this.#controllerArgs = options.controllerArgs;
    this.#connectorArgs = options.connectorArgs;
    this.url = options.url;
    this.provider = options.provider;
    this.#controller = options.controller;
    this.tokenFile = options.tokenFile;
    this.document = options.document;
    this.documentFile = join(options.site.dir, 'postern.yaml');
    this.caFile = join(dataFolder(options.site), 'ca.pem');
    this.relayUrl = urlOf(options.site.relay);
  }

  /**
   * Starts everything and waits until relay and connector serve. `adapt` makes a site's own document of Acme's.
   * `progress` is told what comes next.
   */
  static async start(
    site: Site,
    {
      adapt = (document) => document,
      controllerArgs = [],
      recordsArgs = [],
      connectorArgs = [],
      progress = () => undefined,
    }: {
      adapt?: (document: OrganisationFile) => OrganisationFile;
      /** What the controller and the connector are started with each time, beside what they need. */
      controllerArgs?: readonly string[];
      /** Where its records are, for what is done beside its data; in the data unless said. */
      recordsArgs?: readonly string[];
      connectorArgs?: readonly string[];
      progress?: (what: string) => void;
    } = {},
  ): Promise<Organisation> {
    const { dir, authority, internet } = site;
    const url = urlOf(site.controller);
    progress('identity provider and controller');
    const provider = await IdentityProvider.start(internet, {
      ...site.provider,
      dir,
      authority,
      redirectUris: [`${url}/oidc/corp/callback`],
      logout: {
        signedOutUris: [`${url}/oidc/corp/signed-out`],
        backChannelUri: `${url}/oidc/corp/back-channel-logout`,
      },
    });
    const controller = spawnController(site, controllerArgs);
    await answering(site, controller, url);
    const beside = ['--data', dataFolder(site), ...recordsArgs];
    const token = await internet.run('bin/postern', ['token', 'create', ...beside, '--role', 'admin']);
    assert.equal(token.code, 0, `postern token create: ${token.stderr}`);
    const tokenFile = join(dir, 'admin.token');
    writeFileSync(tokenFile, token.stdout, { mode: 0o600 });
    const document = adapt(acmeDocument({ issuer: provider.issuer, caFile: provider.caFile }));
    const given = { site, url, provider, controller, tokenFile, document, controllerArgs, connectorArgs };
    const organisation = new Organisation(given);
    await organisation.apply();
    progress('relay and connector');
    await organisation.startRelay();
    await organisation.startConnector();
    return organisation;
  }

  get controller(): Program {
    return this.#controller;
  }

  get relay(): Program {
    if (this.#relay === undefined) throw new Error('no relay was started');
    return this.#relay;
  }

  get connector(): Program {
    if (this.#connector === undefined) throw new Error('no connector was started');
    return this.#connector;
  }

  /** What an administrator's commands find in their environment. */
  get adminEnvironment(): Record<string, string> {
    return {
      POSTERN_CONTROLLER: this.url,
      POSTERN_TOKEN_FILE: this.tokenFile,
      [clientSecretVariable]: this.provider.client.secret,
    };
  }

  /** Runs a command as an administrator, whatever its exit code. */
  async tryAdmin(command: string, ...args: string[]): Promise<Ran> {
    return this.site.internet.run('bin/postern', [command, ...args, '--ca', this.caFile], {
      env: this.adminEnvironment,
    });
  }

  /** As `tryAdmin`, and throws when it fails. Answers what it printed. */
  async admin(command: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryAdmin(command, ...args);
    assert.equal(code, 0, `postern ${command} ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Puts the document, as `change` makes it from the first one, into force. */
  async apply(change: (document: OrganisationFile) => void = () => undefined): Promise<ApplyResult> {
    const document = structuredClone(this.document);
    change(document);
    writeFileSync(this.documentFile, toYaml(document));
    return JSON.parse(await this.admin('apply', '-f', this.documentFile, '--json')) as ApplyResult;
  }

  /** The audit log from the first entry on, of one kind. */
  async audit(what: string): Promise<AuditEntry[]> {
    const { entries } = JSON.parse(await this.admin('audit', '--json', '--what', what)) as {
      entries: AuditEntry[];
    };
    return entries;
  }

  /** A file with a new `sk_` key for a service account. */
  async serviceKey(name: string): Promise<string> {
    return this.#keyFile('--service', name);
  }

  /** What a person gives `postern up`. */
  get personArgs(): string[] {
    return ['--controller', this.url, '--ca', this.caFile];
  }

  /** Starts the controller on the data of its last run, and waits until it answers. When it did not yet, as below. */
  async startController(): Promise<number> {
    this.#controller = spawnController(this.site, this.#controllerArgs);
    return answering(this.site, this.#controller, this.url);
  }

  /**
   * Starts the relay on the state of its last run, and waits until it listens. Answers when it did not yet, as
   * `performance.now()`, so that what is measured from there on is never flattered.
   */
  async startRelay(): Promise<number> {
    const { dir, internet, relay, webDoor } = this.site;
    const first = this.#relay === undefined;
    const key = first ? ['--key-file', await this.#keyFile('--relay', 'relay-1')] : [];
    this.#relay = internet.spawn(
      'bin/postern',
      [
        'relay',
        ...flags({ listen: `${relay.address}:${relay.port}`, 'public-url': this.relayUrl }),
        ...flags({ controller: this.url, state: join(dir, 'relay') }),
        ...(webDoor === undefined ? [] : flags({ 'web-listen': `${webDoor.address}:${webDoor.port}` })),
        ...key,
      ],
      { name: 'relay' },
    );
    return answering(this.site, this.#relay, this.relayUrl);
  }

  /**
   * Starts the connector on the state of its last run, and waits until it is ready; `degraded` is what it is while the
   * controller is gone.
   */
  async startConnector(wanted: 'ready' | 'degraded' = 'ready'): Promise<void> {
    const { dir, hq } = this.site;
    const state = join(dir, 'connector');
    const first = this.#connector === undefined;
    const key = first ? ['--key-file', await this.#keyFile('--connector', 'hq')] : [];
    const connector = hq.spawn(
      'bin/postern',
      ['connector', '--state', state, '--name', 'hq-1', ...key, ...this.#connectorArgs],
      { name: 'connector' },
    );
    this.#connector = connector;
    await eventually(
      `a connector that is ${wanted}`,
      async () => {
        const { code, stdout } = await hq.run('bin/postern', ['status', '--state', state, '--json']);
        if (code !== 0) return undefined;
        return (JSON.parse(stdout) as { state: string }).state === wanted ? true : undefined;
      },
      { timeoutMs: 20_000 },
    ).catch((error: Error) => {
      throw new Error(`${error.message}; it printed:\n${connector.output}`);
    });
  }

  async #keyFile(kind: '--relay' | '--connector' | '--service', name: string): Promise<string> {
    const file = join(this.site.dir, `${kind.slice(2)}-${name}.key`);
    writeFileSync(file, await this.admin('token', 'create', kind, name), { mode: 0o600 });
    return file;
  }
}

function spawnController(site: Site, args: readonly string[]): Program {
  const { address, port } = site.controller;
  return site.internet.spawn(
    'bin/postern',
    [
      'controller',
      ...flags({ roles: 'controller', listen: `${address}:${port}`, 'public-url': urlOf(site.controller) }),
      ...flags({ data: dataFolder(site) }),
      ...(site.webDoor === undefined ? [] : flags({ 'web-port': String(site.webDoor.port) })),
      ...args,
    ],
    { name: 'controller' },
  );
}

/** As a command line has them. */
function flags(values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
}

function dataFolder({ dir }: Site): string {
  return join(dir, 'controller');
}

function urlOf({ host, port }: Endpoint): string {
  return `https://${host}:${port}`;
}

/**
 * Waits until a server answers over TLS, whatever it says; when it last did not, as `performance.now()`. Rejects with its
 * output when it ends or stays silent.
 */
async function answering({ internet }: Site, server: Program, url: string): Promise<number> {
  let hasEnded = false;
  void server.ended.then(() => {
    hasEnded = true;
  });
  // Whose certificate it is does not matter here: who uses the server checks it.
  const probe = ['-sk', '-o', '/dev/null', '--max-time', '2', url];
  let silentAt = performance.now();
  return eventually(
    `${server.name} answering at ${url}`,
    async () => {
      if (hasEnded) throw new Error(`${server.name} ended`);
      const askedAt = performance.now();
      if ((await internet.run('curl', probe)).code === 0) return silentAt;
      silentAt = askedAt;
      return undefined;
    },
    { timeoutMs: 20_000, everyMs: 10 },
  ).catch((error: Error) => {
    throw new Error(`${error.message}; it printed:\n${server.output}`);
  });
}
