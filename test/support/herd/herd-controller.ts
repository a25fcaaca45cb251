/** A controller with its relay in a process that can be killed and started again, and its administrator. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';
import { freePort } from '../servers/free-port.ts';
import type { Herd } from './herd.ts';
import { importedBefore } from './imported-before.ts';

const repository = new URL('../../../', import.meta.url);
/** How `postern` is run: as people have it, or from the source with whatever was imported here before. */
const programs = {
  built: () => [fileURLToPath(new URL('bin/postern', repository))],
  source: () => [process.execPath, ...importedBefore(), fileURLToPath(new URL('cli/main.ts', repository))],
};

export class HerdController {
  readonly url: string;
  readonly #root: string;
  readonly #postern: readonly string[];
  #process: ChildProcess | undefined;
  #token = '';

  private constructor(program: keyof typeof programs, root: string, url: string) {
    this.#postern = programs[program]();
    this.#root = root;
    this.url = url;
  }

  /** Resolves when it is ready and has the networks. */
  static async open(program: keyof typeof programs, networks: number): Promise<HerdController> {
    const root = await mkdtemp(join(tmpdir(), 'postern-herd-'));
    const made = new HerdController(program, root, `http://127.0.0.1:${await freePort()}`);
    try {
      await made.start();
      made.#token = await made.#printed(['token', 'create', '--data', root, '--role', 'admin']);
      const list = Array.from({ length: networks }, (_, index) => ({ name: networkName(index) }));
      await made.call('PUT', 'document', { organisation: 'acme', networks: list });
    } catch (error) {
      await made.close();
      throw error;
    }
    return made;
  }

  /** Enrols `count` connectors, as many in each network, and resolves when all are there. */
  async populate(herd: Herd, count: number, networks: number, progress = (_line: string): void => undefined) {
    const answer = await fetch(`${this.url}/.well-known/postern-configuration`);
    const { root } = (await answer.json()) as { root: string };
    const each = count / networks;
    for (let index = 0; index < networks; index += 1) {
      const key = { purpose: 'connector', name: networkName(index), uses: each };
      const { key: secret } = await this.call<{ key: string }>('POST', 'enrolment-keys', key);
      await herd.tell({ begin: { url: this.url, root, secret, count: each } });
      progress(`${(await herd.count()).back} connectors are there`);
    }
    const areThere = async (): Promise<true | undefined> =>
      (await herd.count()).back === count ? true : undefined;
    await eventually('all connectors', areThere, { timeoutMs: 120_000, everyMs: 200 });
  }

  /** What the API answers; rejects with what it says where it refuses. */
  async call<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Resolves when it says that it is alive. */
  async start(): Promise<void> {
    const listen = ['--listen', new URL(this.url).host, '--public-url', this.url];
    const child = this.#spawn(['controller', '--data', this.#root, ...listen], ['ignore', 'ignore', 'pipe']);
    this.#process = child;
    // What it says is for people who run it.
    child.stderr?.resume();
    await eventually(
      'the controller',
      async () => {
        if (child.exitCode !== null) throw new Error('the controller has ended');
        return (await fetch(`${this.url}/livez`).catch(() => undefined))?.ok === true ? true : undefined;
      },
      { timeoutMs: 30_000, everyMs: 10 },
    );
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Until `goOn` it does nothing at all, and the system takes connections for it. */
  hold(): void {
    this.#process?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process?.kill('SIGCONT');
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#root, { recursive: true, force: true });
  }

  #spawn(args: readonly string[], stdio: ('ignore' | 'pipe' | 'inherit')[]): ChildProcess {
    const [command = '', ...before] = this.#postern;
    return spawn(command, [...before, ...args], { stdio });
  }

  async #printed(args: readonly string[]): Promise<string> {
    const child = this.#spawn(args, ['ignore', 'pipe', 'inherit']);
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(child, 'close');
    return text.trim();
  }
}

function networkName(index: number): string {
  return `site-${index}`;
}
