/**
 * Somewhere programs run, with a home folder of their own and nothing of the environment of the tests. A place of the
 * lab is a network namespace: what runs there sees its addresses, resolv.conf and hosts. Made by `openLab`; without
 * root the demo makes places that are this machine itself.
 */
import { mkdirSync, statSync, utimesSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from './program.ts';
import { execFile } from 'node:child_process';

/** What a program that ran to its end answered. `code` is null where a signal ended it. */
export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Added to the place's environment. */
  env?: Record<string, string>;
  /** Default: the root of the repository. */
  cwd?: string;
}

const repository = fileURLToPath(new URL('../../../', import.meta.url));
/**
 * The system bus is laid over with nothing: a program that configures DNS by the bus would reach the host's resolver,
 * which is not in the namespace.
 */
const withoutBus = '[ -d /run/dbus ] && mount -t tmpfs none /run/dbus; exec "$@"';

export class Place {
  /** Its address, as the place itself sees it. */
  readonly address: string;
  /** What the place is called; outside the lab only its folder and logs are. */
  readonly namespace: string;
  /** The home folder of what runs here. */
  readonly home: string;
  readonly #env: Record<string, string>;
  readonly #logs: string;
  readonly #isThisMachine: boolean;
  readonly #programs: Program[] = [];
  #runs = 0;

  /** `isThisMachine`: there is no such namespace, programs run on the machine as it is. */
  constructor(options: {
    namespace: string;
    address: string;
    dir: string;
    env: Record<string, string>;
    isThisMachine?: boolean;
  }) {
    this.namespace = options.namespace;
    this.#isThisMachine = options.isThisMachine ?? false;
    this.address = options.address;
    this.home = join(options.dir, 'home', options.namespace);
    this.#logs = join(options.dir, 'logs');
    mkdirSync(this.home, { recursive: true, mode: 0o700 });
    mkdirSync(this.#logs, { recursive: true });
    this.#env = {
      PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}:/usr/sbin:/sbin`,
      HOME: this.home,
      USER: userInfo().username,
      LANG: 'C.UTF-8',
      ...options.env,
    };
  }

  /** The command line that runs `command` here, for a caller that starts processes by itself. */
  commandLine(command: readonly [string, ...string[]]): [string, ...string[]] {
    if (this.#isThisMachine) return [...command];
    return ['ip', 'netns', 'exec', this.namespace, 'sh', '-c', withoutBus, 'sh', ...command];
  }

  /** The whole environment of what runs here. */
  environment(more: Record<string, string> = {}): Record<string, string> {
    return { ...this.#env, ...more };
  }

  /**
   * Runs a command to its end. An exit code is an answer, not an error; rejects with an Error that quotes the output
   * only when it cannot start, prints over 64 MiB or runs longer than `timeoutMs` (default 30 s), which kills it.
   */
  async run(
    command: string,
    args: readonly string[] = [],
    options: RunOptions & { input?: string | Buffer; timeoutMs?: number } = {},
  ): Promise<Ran> {
    const { input, timeoutMs = 30_000 } = options;
    const [file, ...rest] = this.commandLine([command, ...args]);
    const { promise, resolve, reject } = Promise.withResolvers<Ran>();
    const child = execFile(
      file,
      rest,
      {
        env: this.environment(options.env),
        cwd: options.cwd ?? repository,
        maxBuffer: 64 << 20,
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
      },
      (error, stdout, stderr) => {
        if (error !== null && (typeof error.code === 'string' || error.killed === true))
          reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`));
        else resolve({ code: child.exitCode, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => {
      // It ended without reading its input; its exit code says why.
    });
    child.stdin?.end(input);
    return promise;
  }

  /** Starts a program in the background; its log lies in the lab's folder under `name` (default: the command). */
  spawn(
    command: string,
    args: readonly string[] = [],
    options: RunOptions & { name?: string } = {},
  ): Program {
    this.#runs += 1;
    const name = options.name ?? command.slice(command.lastIndexOf('/') + 1);
    const program = new Program(name, this.commandLine([command, ...args]), {
      env: this.environment(options.env),
      cwd: options.cwd ?? repository,
      logFile: join(this.#logs, `${this.namespace}.${this.#runs}.${name}.log`),
    });
    this.#programs.push(program);
    return program;
  }

  /**
   * Tells programs that watch the system's name settings to read them again. In the lab resolv.conf is a mount of its own,
   * which is written in place, and whoever watches its folder is not told; on a machine a new file takes its place.
   */
  tellResolverChanged(): void {
    const { atime, mtime } = statSync('/etc/resolv.conf');
    utimesSync('/etc/resolv.conf', atime, mtime);
  }

  /** Every program that was spawned here, ended ones too. */
  get programs(): readonly Program[] {
    return this.#programs;
  }
}
