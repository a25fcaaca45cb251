/** The web application of the lab, running in a place: where it is and what it was asked. */
import { fileURLToPath } from 'node:url';
import type { Place } from './place.ts';
import type { Program } from './program.ts';

export class Wiki {
  /** What its first page is called. */
  readonly title: string;
  readonly program: Program;

  private constructor(title: string, program: Program) {
    this.title = title;
    this.program = program;
  }

  /** Starts it on `ports` of `address` and waits until it listens. */
  static async start(
    place: Place,
    options: { name: string; title: string; address: string; ports: readonly number[] },
  ): Promise<Wiki> {
    const script = fileURLToPath(new URL('./wiki-server.ts', import.meta.url));
    const args = [script, options.title, options.address, ...options.ports.map(String)];
    const program = place.spawn('node', args, { name: options.name });
    await program.waitFor(/^ready$/m);
    return new Wiki(options.title, program);
  }

  /** Every request so far, as `METHOD PATH from ADDRESS`. */
  requests(): string[] {
    return [...this.program.output.matchAll(/^request (.*)$/gm)].map((match) => match[1] ?? '');
  }
}
