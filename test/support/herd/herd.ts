/** Connectors by the hundred or thousand, in a process of their own (`herd-nodes.ts`), so that they do not wait for the test. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { importedBefore } from './imported-before.ts';

export interface Begin {
  readonly url: string;
  readonly root: string;
  readonly secret: string;
  readonly count: number;
}

/** One line to the process; it answers each with one line. */
export interface HerdCommand {
  /** Enrols so many more, a few at a time. */
  readonly begin?: Begin;
  /** Counts from here on. */
  readonly mark?: true;
  /** Those that were refused start once more, with all they knew. */
  readonly again?: true;
  /** Answers with `HerdMixed`. */
  readonly mixed?: true;
}

/** What is counted since the last mark. Times are epoch ms. */
export interface HerdCount {
  readonly back: number;
  /** When each that is back was so: control channel and relay. */
  readonly backMs: readonly number[];
  /** Dials of the control channel that reached a controller that listens, and of the relay. */
  readonly control: number;
  readonly relay: number;
  /** Dials at all, the refused ones with them. */
  readonly dials: number;
  /** Connections that the system took for whoever listens, accepted or not. */
  readonly taken: number;
  /** Ids of those that were told that they are revoked. */
  readonly refusedBy: { readonly control: readonly string[]; readonly relay: readonly string[] };
}

/** How far the order in which they dialled again is another one than that in which they were lost: 0 for the same, 0.5 for any. */
export interface HerdMixed {
  readonly control: number;
  readonly relay: number;
}

const program = fileURLToPath(new URL('./herd-nodes.ts', import.meta.url));

export class Herd {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    const args = [...importedBefore(), program];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  count(): Promise<HerdCount> {
    return this.tell({});
  }

  tell(command: Omit<HerdCommand, 'mixed'>): Promise<HerdCount> {
    return this.#ask(command);
  }

  mixed(): Promise<HerdMixed> {
    return this.#ask({ mixed: true });
  }

  /** Until `goOn` none of them does anything, and `count` is not answered. */
  hold(): void {
    this.#process.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process.kill('SIGCONT');
  }

  close(): void {
    this.#process.kill('SIGKILL');
  }

  async #ask<T>(command: HerdCommand): Promise<T> {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the connectors have ended');
    return JSON.parse(value) as T;
  }
}
