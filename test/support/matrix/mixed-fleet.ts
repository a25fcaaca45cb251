/** Devices of one person, or of a service account, with flows of every kind through each (`mixed-clients.ts`). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClientStatus } from '../../../client/status.ts';
import type { OriginEnd } from '../fleet/origin.ts';
import type { Lab } from '../lab/lab.ts';
import type { Program } from '../lab/program.ts';
import { eventually } from '../eventually.ts';
import type { Kind, Settings } from './mixed-clients.ts';
import type { MixedOrigin } from './mixed-origin.ts';

/** One flow's end, as its device and as the origin saw it. */
export interface MixedEnd extends OriginEnd {
  readonly label: string;
  readonly device: number;
  readonly kind: Kind;
  /** The name of a code of `protocol/errors.ts`; `end` for an end without one. */
  readonly code: string;
  /** Epoch milliseconds. */
  readonly deviceEndedAt: number;
}

export interface FleetOptions extends Omit<Settings, 'folder'> {
  readonly origin: MixedOrigin;
  readonly flowsPerDevice: number;
  /** Lets a device in by the code that it shows. */
  approve?(code: string): Promise<void>;
}

export class MixedFleet {
  readonly #program: Program;
  readonly #options: FleetOptions;
  readonly #folder: string;
  #approved = 0;

  private constructor(program: Program, options: FleetOptions, folder: string) {
    this.#program = program;
    this.#options = options;
    this.#folder = folder;
  }

  /** Starts the devices and waits until all are up, letting each in that asks. */
  static async start({ dir, laptop }: Lab, options: FleetOptions): Promise<MixedFleet> {
    const folder = join(dir, options.name);
    const { name, devices, hosts, controller, caFile, keyFile } = options;
    const settings: Settings = {
      ...{ folder, name, devices, hosts, controller, caFile },
      ...(keyFile === undefined ? {} : { keyFile }),
    };
    const file = `${folder}.json`;
    writeFileSync(file, JSON.stringify(settings));
    const script = fileURLToPath(new URL('./mixed-clients.ts', import.meta.url));
    const program = laptop.spawn('node', [script, file], { name });
    const fleet = new MixedFleet(program, options, folder);
    await fleet.#ready(0);
    return fleet;
  }

  get flows(): number {
    return this.#options.devices * this.#options.flowsPerDevice;
  }

  /** The ids of its devices, in order. */
  ids(): string[] {
    return Array.from({ length: this.#options.devices }, (_, index) => {
      const enrolment = readFileSync(join(this.#folder, `device-${index}`, 'enrolment.json'), 'utf8');
      return (JSON.parse(enrolment) as { node: string }).node;
    });
  }

  /** Opens every flow under the name of a round, and waits until the origin has heard from them all. */
  async open(round: string): Promise<void> {
    const { origin, flowsPerDevice } = this.#options;
    this.#program.stdin.write(`open ${round} ${flowsPerDevice}\n`);
    await this.#program.waitFor(new RegExp(`^opened ${round}$`, 'm'), { timeoutMs: 60_000 });
    await eventually(`all flows of ${round} at the origin`, () =>
      origin.opened(`${round}.`).length === this.flows ? true : undefined,
    );
  }

  /** Those of the round that are over at both ends. */
  ends(round: string): MixedEnd[] {
    const atOrigin = this.#options.origin.ends(`${round}.`);
    const lines = this.#program.output.matchAll(/^end ((\S+?)\.(\d+)\.\d+\.([a-z-]+)\.\S+) (\d+) (\S+)\n/gm);
    return [...lines].flatMap(([, label = '', of, device, kind, at, code = '']) => {
      const origin = of === round ? atOrigin.get(label) : undefined;
      if (origin === undefined) return [];
      return [
        { ...origin, label, device: Number(device), kind: kind as Kind, code, deviceEndedAt: Number(at) },
      ];
    });
  }

  /** Waits until every flow of the round is over at both ends. */
  async ended(round: string): Promise<MixedEnd[]> {
    return eventually(
      `the end of every flow of ${round}`,
      () => {
        const ends = this.ends(round);
        return ends.length === this.flows ? ends : undefined;
      },
      { timeoutMs: 30_000 },
    );
  }

  /** Ends the flows of a round from here. */
  close(round: string): void {
    this.#program.stdin.write(`close ${round}\n`);
  }

  /** What each device's `status` says of flows that ended, newest first. */
  async recent(round: string): Promise<ClientStatus['recent'][]> {
    this.#program.stdin.write(`recent ${round}\n`);
    const pattern = new RegExp(`^recent ${round} (\\d+) (.*)\\n`, 'gm');
    return eventually(`what the devices of ${round} say`, () => {
      const found = [...this.#program.output.matchAll(pattern)];
      return found.length === this.#options.devices
        ? found.map(([, , json = '']) => JSON.parse(json) as ClientStatus['recent'])
        : undefined;
    });
  }

  /** Stops every client and starts it again on its state, signing in where that is asked for. */
  async restart(): Promise<void> {
    const from = this.#program.output.length;
    this.#program.stdin.write('restart\n');
    await this.#ready(from);
  }

  async #ready(from: number): Promise<void> {
    let isReady = false;
    const ready = this.#program.waitFor(/^ready$/m, { from, timeoutMs: 60_000 }).finally(() => {
      isReady = true;
    });
    ready.catch(() => undefined);
    await eventually(
      `${this.#options.name} up`,
      async () => {
        const codes = [...this.#program.output.matchAll(/^code \d+ (\S+)\n/gm)].slice(this.#approved);
        this.#approved += codes.length;
        await Promise.all(codes.map(async ([, code = '']) => this.#options.approve?.(code)));
        return isReady ? true : undefined;
      },
      { timeoutMs: 60_000, everyMs: 20 },
    );
    await ready;
  }
}
