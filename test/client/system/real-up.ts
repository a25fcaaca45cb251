/**
 * The built `postern up` in a test laptop, with the small organisation it belongs to: what the tests of the system's names
 * start, kill and look at.
 */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { until } from '../../support/until.ts';
import type { CommandResult, Laptop } from './laptop.ts';

/** The launcher, as a person starts it. */
export const postern = join(import.meta.dirname, '../../../bin/postern');

/** The organisation and the ordinary resolver of a laptop. */
export interface World {
  readonly key: string;
  /** The names that the ordinary resolver was asked, oldest first. */
  readonly asked: readonly string[];
}

/** Starts it; `addresses` are those the ordinary resolver answers on. */
export async function startWorld(t: TestContext, laptop: Laptop, addresses = '192.0.2.53'): Promise<World> {
  const program = join(import.meta.dirname, 'capturing-world.ts');
  const child = laptop.spawn(t, process.execPath, [program, addresses], { TMPDIR: laptop.folder });
  child.stderr.pipe(process.stderr);
  const asked: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.once('exit', () => reject(new Error('the organisation of the laptop ended')));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as { asked?: string; key?: string };
    if (said.asked !== undefined) asked.push(said.asked.toLowerCase());
    if (said.key !== undefined) resolve(said.key);
  });
  return { key: await promise, asked };
}

/** One run of `postern up`. */
export class RealUp {
  readonly process: ChildProcessWithoutNullStreams;
  /** Everything it printed on standard error. */
  said = '';
  readonly #exit: Promise<unknown[]>;

  /** Starts it; it is not ready yet. */
  constructor(t: TestContext, laptop: Laptop, key: string, args: readonly string[] = []) {
    this.process = laptop.spawn(t, postern, ['up', '--state', laptop.state, ...args], {
      POSTERN_KEY: key,
      HOME: laptop.folder,
    });
    this.#exit = once(this.process, 'exit');
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
    });
  }

  /** Waits until it says that it is ready; fails with what it said instead. */
  async ready(): Promise<void> {
    await until(() => this.said.includes('ready   try:') || this.process.exitCode !== null);
    assert.ok(this.said.includes('ready   try:'), this.said);
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#exit;
  }

  /** Its exit code, once it has ended. */
  async ended(): Promise<number | null> {
    await this.#exit;
    return this.process.exitCode;
  }
}

/** `postern down`, by its exit code and output. */
export async function down(laptop: Laptop): Promise<CommandResult> {
  return laptop.run(postern, ['down', '--state', laptop.state]);
}
