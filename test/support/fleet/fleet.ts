/** Many devices of the service account `ci` on the laptop, without capture, and flows through each to the origin. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../lab/lab.ts';
import type { Program } from '../lab/program.ts';
import { eventually } from '../eventually.ts';
import type { Origin, OriginEnd } from './origin.ts';

export interface FleetSize {
  readonly devices: number;
  readonly flowsPerDevice: number;
}

/** One flow's end, as its device and as the origin saw it. */
export interface FlowEnd extends OriginEnd {
  /** The name of a code of `protocol/errors.ts`; `end` for an end without one. */
  readonly code: string;
  /** Epoch milliseconds. */
  readonly deviceEndedAt: number;
}

export class Fleet {
  readonly #program: Program;
  readonly #origin: Origin;
  readonly #size: FleetSize;

  private constructor(program: Program, origin: Origin, size: FleetSize) {
    this.#program = program;
    this.#origin = origin;
    this.#size = size;
  }

  /** Enrols the devices with the key in `keyFile` and waits until all are up. `name` names their folder. */
  static async start(
    lab: Lab,
    { origin, keyFile, size, name }: { origin: Origin; keyFile: string; size: FleetSize; name: string },
  ): Promise<Fleet> {
    const script = fileURLToPath(new URL('./fleet-clients.ts', import.meta.url));
    const args = [join(lab.dir, name), keyFile, String(size.devices), origin.host, String(origin.port)];
    const program = lab.laptop.spawn('node', [script, ...args], { name });
    await program.waitFor(/^ready$/m, { timeoutMs: 60_000 });
    return new Fleet(program, origin, size);
  }

  /** Opens every flow under the name of a round, and waits until the origin has them all. */
  async open(round: string): Promise<void> {
    this.#program.stdin.write(`open ${round} ${this.#size.flowsPerDevice}\n`);
    await this.#program.waitFor(new RegExp(`^opened ${round}$`, 'm'), { timeoutMs: 60_000 });
    await eventually(`all flows of ${round} at the origin`, () =>
      this.#origin.open(`${round}.`).length === this.#flows ? true : undefined,
    );
  }

  /** Waits until every flow of the round is over at both ends. */
  async ended(round: string, timeoutMs = 20_000): Promise<FlowEnd[]> {
    return eventually(
      `the end of every flow of ${round}`,
      () => {
        const atOrigin = this.#origin.ends(`${round}.`);
        const ends = [...this.#program.output.matchAll(/^end (\S+) (\d+) (\d+) (\d+) (\S+)$/gm)].flatMap(
          ([, of, device = '', flow = '', at, code = '']) => {
            const origin = of === round ? atOrigin.get(`${round}.${device}.${flow}`) : undefined;
            return origin === undefined ? [] : [{ ...origin, code, deviceEndedAt: Number(at) }];
          },
        );
        return ends.length === this.#flows ? ends : undefined;
      },
      { timeoutMs },
    );
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }

  get #flows(): number {
    return this.#size.devices * this.#size.flowsPerDevice;
  }
}
