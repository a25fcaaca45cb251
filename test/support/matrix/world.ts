/**
 * What the revocation matrix is played in: an organisation in a lab with a person's twenty devices and many flows through each, a laptop of the same person that uses a name, and somebody else who uses the same application and another one
 * behind a connector of its own.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { openLab, type Lab } from '../lab/lab.ts';
import type { Program } from '../lab/program.ts';
import type { OrganisationFile } from '../organisation/acme-document.ts';
import { Client } from '../organisation/client.ts';
import { Organisation } from '../organisation/organisation.ts';
import { labSite } from '../organisation/site.ts';
import { Actor } from './actor.ts';
import type { Answer } from './actor-process.ts';
import { MixedFleet } from './mixed-fleet.ts';
import { httpPort, MixedOrigin, originHosts, rawPort } from './mixed-origin.ts';
import { putDocument } from './put-document.ts';

export const alice = 'alice@acme.example';
const devices = 20;
/** Twelve of each kind: a person has at most 1,000 flows open, so the rest of a thousand are somebody else's. */
const flowsPerDevice = 48;

/** One try of the laptop's application, at an instant in epoch milliseconds. */
export interface NameTry {
  readonly at: number;
  /** By name: what it leads to; by address: `open`. `refused` otherwise. */
  readonly answer: string;
  readonly ttl: number;
}

export class MatrixWorld {
  readonly lab: Lab;
  readonly organisation: Organisation;
  readonly origin: MixedOrigin;
  readonly actor: Actor;
  readonly fleet: MixedFleet;
  readonly bystander: MixedFleet;
  readonly laptop: Client;
  #probe: Program | undefined;

  private constructor(parts: {
    lab: Lab;
    organisation: Organisation;
    origin: MixedOrigin;
    actor: Actor;
    fleet: MixedFleet;
    bystander: MixedFleet;
  }) {
    this.lab = parts.lab;
    this.organisation = parts.organisation;
    this.origin = parts.origin;
    this.actor = parts.actor;
    this.fleet = parts.fleet;
    this.bystander = parts.bystander;
    this.laptop = new Client(parts.lab.laptop, 'laptop');
  }

  static async start(): Promise<MatrixWorld> {
    const lab = await openLab();
    try {
      const origin = await MixedOrigin.start(lab);
      const organisation = await Organisation.start(labSite(lab), { adapt: withOrigins });
      await startBranch(lab, organisation);
      const actor = await Actor.start(lab, organisation);
      await actor.signIn(alice);
      const common = { origin, controller: organisation.url, caFile: organisation.caFile };
      const fleet = await MixedFleet.start(lab, {
        ...common,
        name: 'fleet',
        devices,
        flowsPerDevice,
        hosts: [originHosts.shared],
        approve: (code) => actor.approve(code),
      });
      const bystander = await MixedFleet.start(lab, {
        ...common,
        name: 'bystander',
        devices: 1,
        flowsPerDevice,
        hosts: [originHosts.shared, originHosts.apart],
        keyFile: await organisation.serviceKey('ci'),
      });
      const world = new MatrixWorld({ lab, organisation, origin, actor, fleet, bystander });
      await world.startLaptop();
      return world;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** Starts the laptop's client, lets it in where it asks, and begins to use the name. */
  async startLaptop(): Promise<void> {
    const program = this.laptop.up(this.organisation.personArgs);
    const ready = this.laptop.ready();
    const code = program
      .waitFor(/\b[B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4}\b/, { timeoutMs: 30_000 })
      .then(([found]) => this.actor.approve(found));
    code.catch(() => undefined);
    await ready;
    const address = await eventually('the name leads somewhere', async () => {
      const { stdout } = await this.lab.laptop.run('dig', [
        '+short',
        '+time=1',
        '+tries=1',
        originHosts.shared,
      ]);
      return /^\d+\.\d+\.\d+\.\d+$/m.exec(stdout)?.[0];
    });
    const script = new URL('./name-probe.ts', import.meta.url).pathname;
    this.#probe = this.lab.laptop.spawn('node', [script, originHosts.shared, String(rawPort), address], {
      name: 'name-probe',
    });
    await this.#probe.waitFor(/^name \d+ 1[\d.]+ \d+$[^]*^address \d+ open$/m);
  }

  async restartLaptop(): Promise<void> {
    await this.#probe?.stop();
    if (this.laptop.isRunning) await this.laptop.down();
    await this.startLaptop();
  }

  /** What the laptop's application met, in the order in which it asked. */
  tries(by: 'name' | 'address'): NameTry[] {
    const lines = (this.#probe?.output ?? '').matchAll(/^(name|address) (\d+) (\S+)(?: (\d+))?\n/gm);
    return [...lines]
      .flatMap(([, what, at, answer = '', ttl]) =>
        what === by ? [{ at: Number(at), answer, ttl: Number(ttl ?? 0) }] : [],
      )
      .toSorted((a, b) => a.at - b.at);
  }

  /** The ids of the person's devices: the fleet's in order, then the laptop's. */
  ids(): string[] {
    const enrolment = JSON.parse(readFileSync(join(this.laptop.state, 'enrolment.json'), 'utf8')) as {
      node: string;
    };
    return [...this.fleet.ids(), enrolment.node];
  }

  /** Puts the organisation's document into force, changed from how it was at first. */
  apply(change: (document: OrganisationFile) => void = () => undefined): Promise<Answer> {
    return putDocument(this.actor, this.organisation, change);
  }

  /** Calls one path for each device at the same time. */
  forEachDevice(method: string, path: (device: string) => string): Promise<Answer[]> {
    return Promise.all(this.ids().map((id) => this.actor.admin(method, path(id))));
  }
}

function withOrigins(document: OrganisationFile): OrganisationFile {
  const ports = [`tcp/${rawPort}`, `tcp/${httpPort}`];
  return {
    ...document,
    networks: [...(document.networks ?? []), { name: 'branch' }],
    resources: [
      ...(document.resources ?? []),
      { name: 'origin', network: 'hq', address: originHosts.shared, ports },
      { name: 'apart', network: 'branch', address: originHosts.apart, ports },
    ],
    policies: [
      ...(document.policies ?? []).filter(({ name }) => name !== 'ci-checks'),
      { name: 'staff-origin', allow: { groups: ['staff'] }, to: { resources: ['origin'] } },
      { name: 'ci-both', allow: { serviceAccounts: ['ci'] }, to: { resources: ['origin', 'apart'] } },
    ],
  };
}

/** A second connector, on a network of its own, behind which the same application stands. */
async function startBranch({ dir, hq }: Lab, organisation: Organisation): Promise<void> {
  const keyFile = join(dir, 'branch.key');
  writeFileSync(keyFile, await organisation.admin('token', 'create', '--connector', 'branch'), {
    mode: 0o600,
  });
  const state = join(dir, 'branch');
  const args = ['connector', '--state', state, '--name', 'branch-1', '--key-file', keyFile];
  hq.spawn('bin/postern', args, { name: 'branch' });
  await eventually(
    'a connector of the branch',
    async () => {
      const { code, stdout } = await hq.run('bin/postern', ['status', '--state', state, '--json']);
      return code === 0 && (JSON.parse(stdout) as { state: string }).state === 'ready' ? true : undefined;
    },
    { timeoutMs: 20_000 },
  );
}
