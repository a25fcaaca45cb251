/**
 * A laptop for tests: a network and mount namespace of its own with its own /etc and, where asked for, systemd-resolved,
 * in which a program captures names and an ordinary resolver answers everything else. Needs root; gone with its first
 * process.
 */
import { execFile, spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { findProgram } from '../../../scripts/programs.ts';
import { resolvedEnvironment, resolvedSetUp } from './resolved.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program of a laptop: prints lines of JSON, ends in order when its input ends. */
export interface Capturing {
  readonly process: ChildProcess;
  readonly ready: Record<string, unknown>;
  /** Ends in order; resolves with its last word. */
  stop(): Promise<Record<string, unknown>>;
  /** Ends as a crash does. */
  kill(): Promise<void>;
}

export class Laptop {
  readonly folder: string;
  readonly #init: ChildProcess;
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(folder: string, init: ChildProcess, environment: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.#init = init;
    this.#environment = environment;
  }

  /**
   * Boots one whose resolv.conf has this text; `setUp` are further commands for it. With `resolved` Debian's
   * systemd-resolved runs on a bus of the laptop's own and asks 192.0.2.53, as a network would have told it.
   */
  static async boot(
    t: TestContext,
    options: { resolvConf?: string; setUp?: string; resolved?: boolean } = {},
  ): Promise<Laptop> {
    const folder = mkdtempSync(join(tmpdir(), 'postern-laptop-'));
    for (const name of ['etc', 'etc-work']) mkdirSync(join(folder, name));
    const ordinary = 'search acme.example\nnameserver 127.0.0.1\noptions timeout:2\n';
    writeFileSync(
      join(folder, 'etc', 'resolv.conf'),
      options.resolvConf ?? (options.resolved === true ? 'nameserver 127.0.0.53\n' : ordinary),
    );
    const script = [
      'set -e',
      'ip link set lo up',
      // With loopback alone glibc takes the machine for offline and asks nobody (AI_ADDRCONFIG).
      'ip link add lan0 type bridge && ip addr add 192.0.2.10/24 dev lan0 && ip addr add 192.0.2.53/24 dev lan0',
      'ip link set lan0 up',
      // What is written below /etc stays in the laptop's folder, and a file can be replaced there by a rename.
      `mount -t overlay overlay -o lowerdir=/etc,upperdir=${folder}/etc,workdir=${folder}/etc-work /etc`,
      'mount -t tmpfs none /run',
      ...(options.resolved === true ? resolvedSetUp(folder) : []),
      options.setUp ?? ':',
      'echo booted',
      'exec sleep infinity',
    ].join('\n');
    const environment = {
      ...process.env,
      ...resolvedEnvironment,
      PATH: `${dirname(findProgram('resolvectl'))}:${process.env['PATH'] ?? ''}`,
    };
    const init = spawn('unshare', ['--net', '--mount', '--propagation', 'private', 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: environment,
    });
    t.after(() => {
      init.kill('SIGKILL');
      endProgramsOf(folder);
      rmSync(folder, { recursive: true, force: true });
    });
    const ended = once(init, 'exit').then(() => Promise.reject(new Error('the laptop did not boot')));
    await Promise.race([once(init.stdout, 'data'), ended]);
    ended.catch(() => undefined);
    return new Laptop(folder, init, environment);
  }

  resolvConf(): string {
    return readFileSync(this.resolvConfFile, 'utf8');
  }

  /** The laptop's /etc/resolv.conf as a file of the test's own machine. */
  get resolvConfFile(): string {
    return join(this.folder, 'etc', 'resolv.conf');
  }

  /** The state directory of the capturing program. */
  get state(): string {
    return join(this.folder, 'state');
  }

  /** Runs a command there, as root unless `uid` says otherwise. */
  async run(program: string, args: readonly string[], uid = 0): Promise<CommandResult> {
    const as = uid === 0 ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    return new Promise((resolve) => {
      execFile(
        'nsenter',
        [...this.#enter(), ...as, program, ...args],
        { timeout: 15_000, env: this.#environment },
        (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      );
    });
  }

  /** Everything that capturing changes, as one text: routes, rules, links, resolv.conf. */
  async fingerprint(): Promise<string> {
    const parts = await Promise.all([
      this.run('ip', ['-4', 'route', 'show', 'table', 'all']),
      this.run('ip', ['-br', 'link']),
      this.run('nft', ['list', 'ruleset']),
      this.run('cat', ['/etc/resolv.conf']),
    ]);
    return parts.map(({ stdout }) => stdout).join('---\n');
  }

  /** Starts the capturing program and waits for its first line. */
  async capture(t: TestContext, args: readonly string[] = []): Promise<Capturing> {
    const program = join(import.meta.dirname, 'capturing-program.ts');
    const child = this.spawn(t, process.execPath, [program, this.state, ...args]);
    child.stderr.pipe(process.stderr);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<Record<string, unknown>> => {
      const line = await lines.next();
      if (line.done === true) throw new Error('the capturing program ended early');
      return JSON.parse(line.value) as Record<string, unknown>;
    };
    return {
      process: child,
      ready: await next(),
      async stop() {
        child.stdin.end();
        const last = await next();
        await once(child, 'exit');
        return last;
      },
      async kill() {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }

  /** Starts a program there; ended with the test. */
  spawn(
    t: TestContext,
    program: string,
    args: readonly string[],
    env: Record<string, string> = {},
  ): ChildProcessWithoutNullStreams {
    const child = spawn('nsenter', [...this.#enter(), program, ...args], {
      stdio: 'pipe',
      env: { ...this.#environment, ...env },
    });
    t.after(() => child.kill('SIGKILL'));
    return child;
  }

  #enter(): string[] {
    return ['--target', String(this.#init.pid), '--net', '--mount', '--'];
  }
}

/** Ends whatever was started with this laptop's own folder in its command line, and what noted its id there. */
function endProgramsOf(folder: string): void {
  const noted = readdirSync(folder).filter((name) => name.endsWith('.pid'));
  const own = new Set(noted.map((name) => readFileSync(join(folder, name), 'utf8').trim()));
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    try {
      const isOurs = own.has(pid) || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
      if (isOurs) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
}
