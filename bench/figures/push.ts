/**
 * `push.s`: a change that takes 100 of 200 resources from 2,000 connected devices, until the last of them has its patch,
 * counted from the moment the document was sent; the connectors of both networks hear of the revocations before any
 * device is patched, or the run is void. Controller, connectors and devices are three processes over loopback: in one with
 * thousands of devices, connectors would hear when their turn among those came, and not when they were told.
 *
 * POSTERN_PUSH_DEVICES and POSTERN_PUSH_PROFILE (flags of node for the controller, such as --cpu-prof) are for finding out
 * where the time goes; the figure is that of 2,000 devices.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../test/support/eventually.ts';
import { cpuSeconds } from '../cpu-time.ts';
import type { Measurement } from '../comparison.ts';
import { pushDocument, touchedCount } from './push-organisation.ts';

const deviceCount = Number(process.env['POSTERN_PUSH_DEVICES'] ?? 2_000);

interface Heard {
  readonly patched: number;
  readonly resources: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly revokedMs: number;
  readonly revokedIds: number;
}

export const pushS: Measurement = {
  name: 'push.s',
  async run({ rounds, progress }) {
    const values: number[] = [];
    const directory = await mkdtemp(join(tmpdir(), 'postern-push-'));
    const controller = new Child('push-controller.ts', [directory]);
    const connectors = new Child('push-nodes.ts', []);
    const devices = new Child('push-nodes.ts', []);
    try {
      const { port, token, control } = (await controller.answer()) as {
        port: number;
        token: string;
        control: string;
      };
      const call = async (method: string, path: string, body: object): Promise<Record<string, unknown>> => {
        const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        if (!answer.ok) throw new Error(await answer.text());
        return (await answer.json()) as Record<string, unknown>;
      };
      await call('PUT', 'document', pushDocument(true));
      const enrol = async (nodes: Child, kind: string, body: object, count: number): Promise<void> => {
        const { key } = await call('POST', 'enrolment-keys', body);
        await nodes.ask({ enrol: { port, control, kind, secret: key, count } });
      };
      await enrol(connectors, 'connector', { purpose: 'connector', name: 'hq' }, 1);
      await enrol(connectors, 'connector', { purpose: 'connector', name: 'lab' }, 1);
      await enrol(devices, 'device', { purpose: 'service', name: 'ci', uses: 100_000 }, deviceCount);
      progress(`  ${deviceCount} devices are connected`);
      for (let round = 0; round < rounds; round += 1) {
        const [close, open] = [await change(false), await change(true)];
        values.push(close.s);
        progress(`  round ${round + 1}: taken away in ${close.text}; given back in ${open.text}`);
      }

      async function change(isOpen: boolean): Promise<{ s: number; text: string }> {
        // What the change before left to do is done when nothing more is heard of it.
        for (const nodes of [connectors, devices]) await nodes.ask({ begin: true });
        const cpuBefore = cpuSeconds([controller.pid]);
        const sentMs = Date.now();
        const answered = call('PUT', 'document', pushDocument(isOpen)).then(() => Date.now());
        answered.catch(() => undefined);
        const heard = await eventually(
          'a patch for every device',
          async () => {
            const now = (await devices.ask({ heard: true })) as Heard;
            return now.patched === deviceCount && now.resources >= touchedCount ? now : undefined;
          },
          { timeoutMs: 120_000, everyMs: 20 },
        );
        const cpu = cpuSeconds([controller.pid]) - cpuBefore;
        const answeredMs = await answered;
        const told = (await connectors.ask({ heard: true })) as Heard;
        if (!isOpen && (told.revokedIds === 0 || told.revokedMs > heard.firstMs))
          throw new Error(
            `void: a device was patched ${told.revokedMs - heard.firstMs} ms before all was revoked`,
          );
        const seconds = (ms: number): string => ((ms - sentMs) / 1_000).toFixed(2);
        const revoked = isOpen ? '' : `, all revoked after ${seconds(told.revokedMs)}`;
        return {
          s: (heard.lastMs - sentMs) / 1_000,
          text: `${seconds(heard.lastMs)} s (answered after ${seconds(answeredMs)}${revoked}, ${cpu.toFixed(2)} s of processor)`,
        };
      }
    } finally {
      connectors.end();
      devices.end();
      controller.end();
      await controller.ended;
      await rm(directory, { recursive: true, force: true });
    }
    return { kind: 'figure', name: this.name, unit: 's', values };
  },
};

/** A program beside this file that speaks one JSON object a line. */
class Child {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly ended: Promise<void>;

  constructor(file: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const flags = (process.env['POSTERN_PUSH_PROFILE'] ?? '').split(' ').filter((flag) => flag !== '');
    const own = file === 'push-controller.ts' ? flags : [];
    this.#process = spawn(process.execPath, [...own, path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
    this.ended = new Promise((resolve) => this.#process.once('exit', () => resolve()));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  ask(command: object): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
    return this.answer();
  }

  async answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('a program of the figure has ended');
    return JSON.parse(value);
  }

  end(): void {
    this.#process.stdin.end();
  }
}
