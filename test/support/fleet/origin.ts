/** The application whose connections tell when they end (`origin-server.ts`), running in the private network of a lab. */
import { fileURLToPath } from 'node:url';
import type { Lab } from '../lab/lab.ts';
import type { Program } from '../lab/program.ts';
import type { OrganisationFile } from '../organisation/acme-document.ts';

const host = 'origin.acme.internal';
const port = 7_000;

/** When a connection to the origin was over, in epoch milliseconds. */
export interface OriginEnd {
  readonly lastByteAt: number;
  readonly endedAt: number;
}

export class Origin {
  readonly host = host;
  readonly port = port;
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  /** Starts it beside the lab's applications, with a name of its own in the private network's DNS. */
  static async start({ servers, addresses, privateDns }: Lab): Promise<Origin> {
    const script = fileURLToPath(new URL('./origin-server.ts', import.meta.url));
    const program = servers.spawn('node', [script, addresses.wiki, String(port)], { name: 'origin' });
    await program.waitFor(/^ready$/m);
    privateDns.set(host, [{ type: 'A', data: addresses.wiki }]);
    return new Origin(program);
  }

  /** The labels of connections that began with `prefix` and go on. */
  open(prefix: string): string[] {
    const ended = this.ends(prefix);
    const opened = this.#program.output.matchAll(/^open (\S+)$/gm);
    return [...opened]
      .map(([, label = '']) => label)
      .filter((label) => label.startsWith(prefix) && !ended.has(label));
  }

  /** Those with this prefix that are over, by label. */
  ends(prefix: string): Map<string, OriginEnd> {
    const lines = this.#program.output.matchAll(/^end (\S+) (\d+) (\d+)$/gm);
    return new Map(
      [...lines].flatMap(([, label = '', last, end]) =>
        label.startsWith(prefix)
          ? [[label, { lastByteAt: Number(last), endedAt: Number(end) }] as const]
          : [],
      ),
    );
  }
}

/** The document with the origin as a resource, which the group `automation` may use, and the bastion with it. */
export function withOrigin(document: OrganisationFile): OrganisationFile {
  return {
    ...document,
    resources: [
      ...(document.resources ?? []),
      { name: 'origin', network: 'hq', address: host, ports: [`tcp/${port}`] },
    ],
    policies: [
      ...(document.policies ?? []).filter(({ name }) => name !== 'ci-checks'),
      {
        name: 'automation-origin',
        allow: { groups: ['automation'] },
        to: { resources: ['origin', 'bastion'] },
      },
    ],
  };
}
