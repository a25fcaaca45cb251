/**
 * One program that a place of the lab runs in the background: its output as it comes, its log file, its end. Made by
 * `Place.spawn` only; a program that should just run and answer is `Place.run`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** How a program ended: one of the two is null. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export class Program {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Settles when the program has ended and all its output was read; never rejects. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #output = '';
  readonly #watchers = new Set<() => void>();

  /** Starts `command`, a group of its own, so that a Ctrl-C at the terminal reaches it only through its owner. */
  constructor(
    name: string,
    command: readonly [string, ...string[]],
    options: { env: NodeJS.ProcessEnv; cwd: string; logFile: string },
  ) {
    this.name = name;
    this.logFile = options.logFile;
    const log = openSync(options.logFile, 'a');
    const [file, ...args] = command;
    this.#child = spawn(file, args, { env: options.env, cwd: options.cwd, detached: true });
    const keep = (chunk: Buffer): void => {
      writeSync(log, chunk);
      this.#output += chunk.toString();
      for (const watch of this.#watchers) watch();
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => keep(Buffer.from(`${error.message}\n`)));
      this.#child.once('close', (code, signal) => {
        closeSync(log);
        resolve({ code, signal });
      });
    });
    this.pid = this.#child.pid ?? -1;
  }

  /** Everything it printed so far, both streams in the order they were read. */
  get output(): string {
    return this.#output;
  }

  get stdin(): Writable {
    if (this.#child.stdin === null) throw new Error(`${this.name} has no standard input`);
    return this.#child.stdin;
  }

  /**
   * Waits until its output, from the character `from` on, matches, and returns the match. Rejects with an Error that
   * quotes the output when the program ends first or after `timeoutMs`.
   */
  async waitFor(pattern: RegExp, { timeoutMs = 15_000, from = 0 } = {}): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      const match = pattern.exec(this.#output.slice(from));
      if (match !== null) resolve(match);
    };
    const giveUp = (why: string): void =>
      reject(new Error(`${this.name} ${why} before ${pattern}; it printed:\n${this.#output}`));
    const timer = setTimeout(() => giveUp(`ran ${timeoutMs} ms`), timeoutMs);
    this.#watchers.add(look);
    look();
    void this.ended.then(({ code, signal }) => giveUp(`ended (${code ?? signal})`));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(look);
    }
  }

  /** Sends a signal; does nothing to a program that has ended. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  /** Ends it with `signal`, after `graceMs` with SIGKILL, and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 5_000): Promise<Ended> {
    this.kill(signal);
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs);
    const ended = await this.ended;
    clearTimeout(timer);
    return ended;
  }
}
