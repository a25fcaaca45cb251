/** The application of the revocation matrix (`mixed-origin-server.ts`), running in the private network of a lab. */
import { fileURLToPath } from 'node:url';
import type { OriginEnd } from '../fleet/origin.ts';
import type { Lab } from '../lab/lab.ts';
import type { Program } from '../lab/program.ts';

/** Names that all lead to it: each is a resource of its own. */
export const originHosts = { shared: 'origin.acme.internal', apart: 'apart.acme.internal' } as const;
export const rawPort = 7_000;
export const httpPort = 7_001;

export class MixedOrigin {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  /** Starts it beside the lab's applications. */
  static async start({ servers, addresses, privateDns }: Lab): Promise<MixedOrigin> {
    const script = fileURLToPath(new URL('./mixed-origin-server.ts', import.meta.url));
    const args = [script, addresses.wiki, String(rawPort), String(httpPort)];
    const program = servers.spawn('node', args, { name: 'mixed-origin' });
    await program.waitFor(/^ready$/m);
    for (const host of Object.values(originHosts))
      privateDns.set(host, [{ type: 'A', data: addresses.wiki }]);
    return new MixedOrigin(program);
  }

  /** Labels that began with `prefix`, in the order in which they came, over or not. */
  opened(prefix: string): string[] {
    return [...this.#program.output.matchAll(/^open (\S+)$/gm)]
      .map(([, label = '']) => label)
      .filter((label) => label.startsWith(prefix));
  }

  /** Those that are over, by label. */
  ends(prefix: string): Map<string, OriginEnd> {
    const lines = this.#program.output.matchAll(/^end (\S+) (\d+) (\d+)\n/gm);
    return new Map(
      [...lines].flatMap(([, label = '', last, end]) =>
        label.startsWith(prefix)
          ? [[label, { lastByteAt: Number(last), endedAt: Number(end) }] as const]
          : [],
      ),
    );
  }

  /** When each open connection with this prefix last received something, epoch milliseconds. */
  async lastBytes(prefix: string): Promise<Map<string, number>> {
    const from = this.#program.output.length;
    this.#program.stdin.write(`last ${prefix}\n`);
    const [, list = ''] = await this.#program.waitFor(
      new RegExp(`^last ${prefix.replaceAll('.', '\\.')} (.*)\\n`, 'm'),
      {
        from,
      },
    );
    const words = list.split(' ');
    return new Map(
      Array.from({ length: Math.floor(words.length / 2) }, (_, index) => [
        words[index * 2] ?? '',
        Number(words[index * 2 + 1]),
      ]),
    );
  }
}
