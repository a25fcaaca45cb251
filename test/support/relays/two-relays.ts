/**
 * A lab with an organisation that has two relays, a client, and an application for flows of numbered blocks: where relays
 * are killed, silenced, stopped and drained under load. The tests and `npm run soak` run the same scenarios on it.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';
import { openLab, type Lab } from '../lab/lab.ts';
import type { Program } from '../lab/program.ts';
import type { OrganisationFile } from '../organisation/acme-document.ts';
import { Client } from '../organisation/client.ts';
import { Organisation } from '../organisation/organisation.ts';
import { labSite } from '../organisation/site.ts';
import type { BlockReport } from './block-client.ts';

const host = 'blocks.acme.internal';
const port = 7_000;

/** A relay as the scenarios handle it. */
export interface RelayHandle {
  readonly address: string;
  readonly program: Program;
  /** Starts it anew on its old state. */
  start(): Promise<void>;
  /** Packets to and from it vanish, or pass again. */
  silence(isSilent: boolean): Promise<void>;
}

export class TwoRelays {
  readonly lab: Lab;
  readonly organisation: Organisation;
  readonly client: Client;
  readonly relays: readonly [RelayHandle, RelayHandle];

  private constructor(lab: Lab, organisation: Organisation, client: Client, second: SecondRelay) {
    this.lab = lab;
    this.organisation = organisation;
    this.client = client;
    const first: RelayHandle = {
      address: lab.addresses.relay,
      get program() {
        return organisation.relay;
      },
      start: async () => void (await organisation.startRelay()),
      silence: (isSilent) => silence(lab, lab.addresses.relay, isSilent),
    };
    this.relays = [first, second];
  }

  /** About ten seconds. */
  static async open(): Promise<TwoRelays> {
    const lab = await openLab();
    try {
      return await TwoRelays.#furnish(lab);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  static async #furnish(lab: Lab): Promise<TwoRelays> {
    const script = fileURLToPath(new URL('./block-server.ts', import.meta.url));
    const server = lab.servers.spawn('node', [script, lab.addresses.wiki, String(port)], { name: 'blocks' });
    await server.waitFor(/^ready$/m);
    lab.privateDns.set(host, [{ type: 'A', data: lab.addresses.wiki }]);
    await lab.internet.run('nft', ['-f', '-'], { input: silenceRules });
    const organisation = await Organisation.start(labSite(lab), { adapt: withBlocks });
    const second = await SecondRelay.start(lab, organisation);
    const client = new Client(lab.laptop, 'ci');
    client.up(['--key-file', await organisation.serviceKey('ci')]);
    await client.ready();
    const world = new TwoRelays(lab, organisation, client, second);
    await world.bothAttached();
    return world;
  }

  /** Waits until client and connector are attached to both relays. */
  async bothAttached(): Promise<void> {
    const { lab, client } = this;
    const connector = join(lab.dir, 'connector');
    await eventually(
      'client and connector attached to both relays',
      async () => {
        const { stdout } = await lab.hq.run('bin/postern', ['status', '--state', connector, '--json']);
        const far = JSON.parse(stdout || '{}') as { relays?: { connected: boolean }[] };
        const near = await client.status();
        const isWhole = (relays: readonly { connected: boolean }[] = []): boolean =>
          relays.length === 2 && relays.every(({ connected }) => connected);
        return isWhole(far.relays) && isWhole(near.relays) ? true : undefined;
      },
      { timeoutMs: 30_000 },
    );
  }

  /** The relay that the client's session runs through. */
  async relayInUse(): Promise<RelayHandle> {
    const { networks } = await this.client.status();
    const path = networks[0]?.path;
    assert.equal(path?.kind, 'relay');
    return path.name === 'relay.acme.example' ? this.relays[0] : this.relays[1];
  }

  /** Waits until the session runs through the other. */
  async movedFrom(relay: RelayHandle): Promise<void> {
    await eventually(
      'a session that has moved',
      async () => {
        const { networks } = await this.client.status();
        const isMoved = networks[0]?.connected === true && (await this.relayInUse()) !== relay;
        return isMoved ? true : undefined;
      },
      { timeoutMs: 15_000 },
    );
  }

  /** Starts so many flows; each sends a block every so often. Resolves once all of them have carried one. */
  async flows(count: number, everyMs: number): Promise<Flows> {
    const script = fileURLToPath(new URL('./block-client.ts', import.meta.url));
    const program = this.lab.laptop.spawn(
      'node',
      [script, host, String(port), String(count), String(everyMs)],
      { name: 'block-client' },
    );
    await program.waitFor(/^ready$/m, { timeoutMs: 30_000 });
    return {
      program,
      async end() {
        program.stdin.end();
        const [line] = await program.waitFor(/^\{.*\}$/m, { timeoutMs: 30_000 });
        return JSON.parse(line) as BlockReport;
      },
    };
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}

export interface Flows {
  readonly program: Program;
  end(): Promise<BlockReport>;
}

/** A relay beside the organisation's first, at an address of its own. */
export class SecondRelay implements RelayHandle {
  readonly address: string;
  readonly #lab: Lab;
  readonly #organisation: Organisation;
  readonly #isWebDoor: boolean;
  #program: Program | undefined;

  private constructor(lab: Lab, organisation: Organisation, isWebDoor: boolean) {
    this.address = `198.18.${lab.number}.13`;
    this.#isWebDoor = isWebDoor;
    this.#lab = lab;
    this.#organisation = organisation;
  }

  /** `isWebDoor`: it takes browsers, too, on port 443. */
  static async start(
    lab: Lab,
    organisation: Organisation,
    { isWebDoor = false }: { isWebDoor?: boolean } = {},
  ): Promise<SecondRelay> {
    const relay = new SecondRelay(lab, organisation, isWebDoor);
    await lab.internet.run('ip', ['addr', 'add', `${relay.address}/24`, 'dev', 'net0']);
    lab.publicDns.set('relay2.acme.example', [{ type: 'A', data: relay.address }]);
    const key = join(lab.dir, 'relay-2.key');
    writeFileSync(key, await organisation.admin('token', 'create', '--relay', 'relay-2'), { mode: 0o600 });
    await relay.#spawn(['--key-file', key]);
    return relay;
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('the second relay does not run');
    return this.#program;
  }

  start(): Promise<void> {
    return this.#spawn([]);
  }

  silence(isSilent: boolean): Promise<void> {
    return silence(this.#lab, this.address, isSilent);
  }

  async #spawn(more: readonly string[]): Promise<void> {
    const url = 'https://relay2.acme.example:8444';
    this.#program = this.#lab.internet.spawn(
      'bin/postern',
      [
        ...['relay', '--listen', `${this.address}:8444`, '--public-url', url],
        ...['--controller', this.#organisation.url, '--state', join(this.#lab.dir, 'relay-2'), ...more],
        ...(this.#isWebDoor ? ['--web-listen', `${this.address}:443`] : []),
      ],
      { name: 'relay-2' },
    );
    await this.#program.waitFor(/listening for nodes/, { timeoutMs: 20_000 });
  }
}

const silenceRules = `
table ip silence {
  set silent { type ipv4_addr; }
  chain input { type filter hook input priority 0; ip daddr @silent drop; }
  chain output { type filter hook output priority 0; ip saddr @silent drop; }
}
`;

async function silence(lab: Lab, address: string, isSilent: boolean): Promise<void> {
  const verb = isSilent ? 'add' : 'delete';
  const { code, stderr } = await lab.internet.run('nft', [
    verb,
    'element',
    'ip silence silent',
    `{ ${address} }`,
  ]);
  assert.equal(code, 0, stderr);
}

function withBlocks(document: OrganisationFile): OrganisationFile {
  return {
    ...document,
    resources: [
      ...(document.resources ?? []),
      { name: 'blocks', network: 'hq', address: host, ports: [`tcp/${port}`] },
    ],
    policies: [
      ...(document.policies ?? []).filter(({ name }) => name !== 'ci-checks'),
      {
        name: 'automation-blocks',
        allow: { groups: ['automation'] },
        to: { resources: ['blocks', 'bastion', 'wiki'] },
      },
    ],
  };
}
