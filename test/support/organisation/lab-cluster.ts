/**
 * Acme in a lab with two controllers, each a process, over PostgreSQL and Redis, and the shipped `deploy/haproxy.cfg` in front
 * of them. The entrance has the public address; the controllers are reached through it alone.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../../scripts/programs.ts';
import { eventually } from '../eventually.ts';
import { startDatabase } from '../lab/database.ts';
import type { Lab } from '../lab/lab.ts';
import type { Ran } from '../lab/place.ts';
import type { Program } from '../lab/program.ts';
import type { OrganisationFile } from './acme-document.ts';
import { Organisation } from './organisation.ts';
import { labSite } from './site.ts';

export type MemberName = 'a' | 'b';

const addresses: Record<MemberName, string> = { a: '127.0.0.2', b: '127.0.0.3' };
const port = 8443;

export class LabCluster {
  readonly lab: Lab;
  readonly organisation: Organisation;
  readonly #args: readonly string[];
  #second: Program | undefined;

  private constructor(lab: Lab, organisation: Organisation, args: readonly string[]) {
    this.lab = lab;
    this.organisation = organisation;
    this.#args = args;
  }

  /** Starts everything but the second controller. */
  static async start(
    lab: Lab,
    { adapt }: { readonly adapt: (document: OrganisationFile) => OrganisationFile },
  ): Promise<LabCluster> {
    const { internet } = lab;
    const records = join(lab.dir, 'records');
    mkdirSync(records);
    await startDatabase(internet, { addresses: ['127.0.0.1'], dir: records });
    const redis = internet.spawn(
      findProgram('redis-server'),
      [
        ...['--port', '6379', '--bind', '127.0.0.1'],
        ...['--save', '', '--appendonly', 'no', '--dir', records],
      ],
      { name: 'redis' },
    );
    await redis.waitFor(/Ready to accept connections/);
    await startEntrance(lab);
    const recordsArgs = ['--database', 'postgres://demo@127.0.0.1:5432/acme'];
    const args = [
      ...recordsArgs,
      ...['--redis', 'redis://127.0.0.1:6379', '--secret-key-file', join(lab.dir, 'secret.key')],
      ...['--trust-proxy', '127.0.0.1/32'],
    ];
    const site = { ...labSite(lab), controller: { host: 'access.acme.example', address: addresses.a, port } };
    const organisation = await Organisation.start(site, { adapt, controllerArgs: args, recordsArgs });
    return new LabCluster(lab, organisation, args);
  }

  /** Starts one, on its own data, and waits until it is ready and the entrance has seen it. */
  async startMember(name: MemberName): Promise<void> {
    const { lab, organisation } = this;
    if (name === 'a') await organisation.startController();
    else {
      const data = join(lab.dir, 'controller-b');
      this.#second = lab.internet.spawn(
        'bin/postern',
        [
          ...['controller', '--listen', `${addresses.b}:${port}`, '--public-url', organisation.url],
          ...['--data', data, '--web-port', '443', ...this.#args],
        ],
        { name: 'controller-b' },
      );
    }
    const ready = ['-skf', '-o', '/dev/null', '--max-time', '2', `https://${addresses[name]}:${port}/readyz`];
    await eventually(
      `controller ${name} ready`,
      async () => ((await lab.internet.run('curl', ready)).code === 0 ? true : undefined),
      { timeoutMs: 20_000 },
    );
    await this.#seen(name, 'UP');
  }

  /** SIGTERM, and waits until it has ended by itself and the entrance sends nobody to it any more. */
  async stopMember(name: MemberName): Promise<void> {
    const program = this.#program(name);
    program.kill('SIGTERM');
    const { code, signal } = await program.ended;
    if (code !== 0) throw new Error(`controller ${name} ended (${code ?? signal}):\n${program.output}`);
    await this.#seen(name, 'DOWN');
  }

  /** A call of the API as an administrator, to this controller and no other. */
  call(name: MemberName, method: string, path: string): Promise<Ran> {
    const { organisation, lab } = this;
    const token = readFileSync(organisation.tokenFile, 'utf8').trim();
    const to = `access.acme.example:${port}:${addresses[name]}`;
    return lab.internet.run('curl', [
      ...['-sSf', '--cacert', organisation.caFile, '--resolve', to, '-X', method],
      ...['-H', `authorization: Bearer ${token}`, `${organisation.url}${path}`],
    ]);
  }

  #program(name: MemberName): Program {
    const program = name === 'a' ? this.organisation.controller : this.#second;
    if (program === undefined) throw new Error(`controller ${name} was not started`);
    return program;
  }

  /** The entrance's own last word on a controller. */
  async #seen(name: MemberName, state: 'UP' | 'DOWN'): Promise<void> {
    const { lab } = this;
    await eventually(
      `the entrance to see controller ${name} ${state}`,
      async () => {
        const { stdout } = await lab.internet.run('curl', ['-s', 'http://127.0.0.1:8404/;csv']);
        const row = stdout.split('\n').find((line) => line.startsWith(`controllers,${name},`));
        return row?.split(',')[17]?.startsWith(state) === true ? true : undefined;
      },
      { timeoutMs: 20_000 },
    );
  }
}

/** The shipped file with the lab's addresses, and a page that says what the entrance sees. */
async function startEntrance(lab: Lab): Promise<void> {
  const shipped = readFileSync(
    fileURLToPath(new URL('../../../deploy/haproxy.cfg', import.meta.url)),
    'utf8',
  );
  const adapted = shipped
    .replace('bind :8443', `bind ${lab.addresses.controller}:${port}`)
    .replace('controller-a:8443', `${addresses.a}:${port}`)
    .replace('controller-b:8443', `${addresses.b}:${port}`);
  const page = `
frontend page
    mode http
    bind 127.0.0.1:8404
    stats enable
    stats uri /
`;
  const file = join(lab.dir, 'haproxy.cfg');
  writeFileSync(file, adapted + page);
  const entrance = lab.internet.spawn(findProgram('haproxy'), ['-db', '-f', file], { name: 'entrance' });
  await eventually('the entrance', async () => {
    const { code } = await lab.internet.run('curl', ['-s', '-o', '/dev/null', 'http://127.0.0.1:8404/']);
    if (code === 0) return true;
    if (/ALERT/.test(entrance.output)) throw new Error(entrance.output);
    return undefined;
  });
}
