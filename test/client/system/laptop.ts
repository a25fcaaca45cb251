/**
 * A laptop for tests: a network and mount namespace of its own with its own resolv.conf, in which a program captures
 * names and an ordinary resolver answers everything else. Needs root; gone with its first process.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

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

  private constructor(folder: string, init: ChildProcess) {
    this.folder = folder;
    this.#init = init;
    this.#environment = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` };
  }

  /**
   * Boots one whose resolv.conf has this text; `setUp` are further commands for it. With `resolved` it looks as if
   * systemd-resolved ran: its runtime file is there, and a `resolvectl` that writes down what it is told.
   */
  static async boot(
    t: TestContext,
    options: { resolvConf?: string; setUp?: string; resolved?: boolean } = {},
  ): Promise<Laptop> {
    const folder = mkdtempSync(join(tmpdir(), 'postern-laptop-'));
    mkdirSync(join(folder, 'bin'));
    if (options.resolved === true) {
      const log = join(folder, 'resolvectl.log');
      writeFileSync(join(folder, 'bin', 'resolvectl'), `#!/bin/sh\necho "$@" >> ${log}\n`, { mode: 0o755 });
    }
    writeFileSync(
      join(folder, 'resolv.conf'),
      options.resolvConf ?? 'search acme.example\nnameserver 127.0.0.1\noptions timeout:2\n',
    );
    const script = [
      'set -e',
      'ip link set lo up',
      // With loopback alone glibc takes the machine for offline and asks nobody (AI_ADDRCONFIG).
      'ip link add lan0 type bridge && ip addr add 192.0.2.10/24 dev lan0 && ip link set lan0 up',
      `mount --bind ${folder}/resolv.conf /etc/resolv.conf`,
      ...(options.resolved === true
        ? [
            'mount -t tmpfs none /run',
            'mkdir -p /run/systemd/resolve',
            'touch /run/systemd/resolve/stub-resolv.conf',
          ]
        : []),
      options.setUp ?? ':',
      'echo booted',
      'exec sleep infinity',
    ].join('\n');
    const init = spawn('unshare', ['--net', '--mount', '--propagation', 'private', 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => {
      init.kill('SIGKILL');
      endProgramsOf(folder);
      rmSync(folder, { recursive: true, force: true });
    });
    await once(init.stdout, 'data');
    return new Laptop(folder, init);
  }

  resolvConf(): string {
    return readFileSync(join(this.folder, 'resolv.conf'), 'utf8');
  }

  /** What systemd-resolved was told so far, command by command. */
  resolvectl(): string[] {
    return readFileSync(join(this.folder, 'resolvectl.log'), 'utf8').trim().split('\n');
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
    const child = spawn('nsenter', [...this.#enter(), process.execPath, program, this.state, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: this.#environment,
    });
    t.after(() => child.kill('SIGKILL'));
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

  #enter(): string[] {
    return ['--target', String(this.#init.pid), '--net', '--mount', '--'];
  }
}

/** Ends whatever was started with this laptop's own folder in its command line: a watchdog outlives its program. */
function endProgramsOf(folder: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
}
