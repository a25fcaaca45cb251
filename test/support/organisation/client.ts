/** A Postern client that runs in a place: `postern up` in the background, and the other commands about it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { ClientStatus, WhyAnswer } from '../../../client/status.ts';
import { eventually } from '../eventually.ts';
import type { Place, Ran } from '../lab/place.ts';
import type { Program } from '../lab/program.ts';

export class Client {
  readonly place: Place;
  /** Its state directory, which outlives the process. */
  readonly state: string;
  #program: Program | undefined;

  /** Nothing runs before `up`. `name` names its state directory below the place's home. */
  constructor(place: Place, name: string) {
    this.place = place;
    this.state = join(place.home, name);
  }

  /** Starts `postern up` with further `args` and `env`; it need not be ready, or signed in, when this returns. */
  up(args: readonly string[] = [], env: Record<string, string> = {}): Program {
    assert.ok(!this.isRunning, `${this.state} is in use`);
    const program = this.place.spawn('bin/postern', ['up', '--state', this.state, ...args], {
      name: 'client',
      env: { BROWSER: 'none', ...env },
    });
    this.#program = program;
    void program.ended.then(() => {
      if (this.#program === program) this.#program = undefined;
    });
    return program;
  }

  get isRunning(): boolean {
    return this.#program !== undefined;
  }

  /** The process of `up`; throws when there is none. */
  get program(): Program {
    if (this.#program === undefined) throw new Error(`nothing runs on ${this.state}`);
    return this.#program;
  }

  /** Runs another command about this client to its end. */
  async run(command: string, ...args: string[]): Promise<Ran> {
    return this.place.run('bin/postern', [command, ...args, '--state', this.state]);
  }

  async status(): Promise<ClientStatus> {
    const { code, stdout, stderr } = await this.run('status', '--json');
    assert.equal(code, 0, `postern status: ${stderr}`);
    return JSON.parse(stdout) as ClientStatus;
  }

  /** What `postern why` says of a resource or name, with its exit code. */
  async why(what: string): Promise<WhyAnswer & { exit: number | null }> {
    const { code, stdout, stderr } = await this.run('why', what, '--json');
    assert.ok(stdout.startsWith('{'), `postern why ${what}: ${stderr}`);
    return { ...(JSON.parse(stdout) as WhyAnswer), exit: code };
  }

  /** Waits until it is signed in, in contact, and can dial every network it has been told of. */
  async ready(): Promise<ClientStatus> {
    const { program } = this;
    await program.waitFor(/./, { timeoutMs: 20_000 });
    return eventually(
      `a client that is up (it printed: ${program.output})`,
      async () => {
        assert.ok(this.isRunning, `the client ended:\n${program.output}`);
        const { code, stdout } = await this.run('status', '--json');
        if (code !== 0) return undefined;
        const status = JSON.parse(stdout) as ClientStatus;
        return status.state === 'up' && status.controller.connected ? status : undefined;
      },
      { timeoutMs: 20_000 },
    );
  }

  /** `postern down`, and waits for the end of `up`. */
  async down(): Promise<void> {
    const { program } = this;
    const { code, stderr } = await this.run('down');
    assert.equal(code, 0, `postern down: ${stderr}`);
    await program.ended;
  }
}
