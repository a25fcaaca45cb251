/**
 * The way that the relayed comparisons measure: from the laptop to an application in the private network, by name,
 * captured by nftables, through the relay in its own process over `wss`; beside it the same through `ssh -J`, and by
 * plain TCP through a port that hq's NAT lets in for it.
 */
import { openLab, type Lab } from '../../test/support/lab/lab.ts';
import { Client } from '../../test/support/organisation/client.ts';
import { Organisation } from '../../test/support/organisation/organisation.ts';
import { labSite } from '../../test/support/organisation/site.ts';
import { judgePeer, type Measurement, type Round, type RunOptions } from '../comparison.ts';
import { serveEcho } from '../echo.ts';
import { serveThroughput, throughput } from '../iperf.ts';
import { letIn, sshJumpShare, startSshJump } from '../peers/ssh-jump.ts';

export const iperfPort = 5_201;
export const echoPort = 5_202;
const host = 'measured.acme.internal';

/** One of the three ways to the application. */
export interface Way {
  readonly host: string;
  readonly port: (port: number) => number;
  /** Who carries its bytes; none for the kernel. */
  readonly pids: readonly number[];
}

export interface RelayedPath {
  readonly lab: Lab;
  readonly ours: Way;
  readonly sshJump: Way;
  readonly kernel: Way;
}

/**
 * A comparison with `ssh -J` whose figure of one way `measure` takes; the same by plain TCP is the reference unless
 * `reference` is false. Who goes first changes from round to round, so that neither always follows the other.
 */
export function besideSshJump(options: {
  name: string;
  unit: string;
  measure: (lab: Lab, way: Way, options: RunOptions) => Promise<number>;
  reference?: boolean;
}): Measurement {
  const { name, unit, measure, reference = true } = options;
  return {
    name,
    async run(run) {
      const lab = await openLab();
      try {
        const path = await layPath(lab);
        const rounds: Round[] = [];
        for (let index = 0; index < run.rounds; index += 1) {
          const order = index % 2 === 0 ? (['ours', 'sshJump'] as const) : (['sshJump', 'ours'] as const);
          const figures = { ours: 0, sshJump: 0 };
          for (const way of order) figures[way] = await measure(lab, path[way], run);
          const { ours, sshJump: peer } = figures;
          const kernel = reference ? await measure(lab, path.kernel, run) : undefined;
          rounds.push({ ours, peer, reference: kernel });
          run.progress(
            `  round ${index + 1}: ours ${ours.toFixed(3)}, ssh -J ${peer.toFixed(3)}, kernel ${kernel?.toFixed(3) ?? '–'} ${unit}`,
          );
        }
        await judge(path);
        return { kind: 'ratio', name, unit, rounds };
      } finally {
        await lab.close();
      }
    },
  };
}

export async function layPath(lab: Lab): Promise<RelayedPath> {
  const { addresses, servers } = lab;
  const ports = [iperfPort, echoPort];
  // The application has the wiki's address and a name of its own.
  await serveThroughput(servers, addresses.wiki, iperfPort);
  await serveEcho(servers, addresses.wiki, echoPort);
  lab.privateDns.set(host, [{ type: 'A', data: addresses.wiki }]);
  const organisation = await Organisation.start(labSite(lab), {
    adapt: (document) => ({
      ...document,
      resources: [
        ...(document.resources ?? []),
        { name: 'measured', network: 'hq', address: host, ports: ports.map((port) => `tcp/${port}`) },
      ],
    }),
  });
  const client = new Client(lab.laptop, 'postern');
  client.up(['--key-file', await organisation.serviceKey('ci')]);
  await client.ready();
  await letIn(lab, [
    ...ports.map((port) => ({ port, to: addresses.wiki })),
    { port: 22, to: addresses.bastion },
  ]);
  const jump = await startSshJump(lab, host, ports);
  const same = (port: number): number => port;
  const pids = [client.program.pid, organisation.relay.pid, organisation.connector.pid];
  return {
    lab,
    ours: { host, port: same, pids },
    sshJump: { host: '127.0.0.1', port: jump.localPort, pids: jump.pids },
    kernel: { host: addresses.hqNat, port: same, pids: [] },
  };
}

/** Whatever was measured means something only where the peer works as it does elsewhere. */
async function judge({ lab, sshJump, kernel }: RelayedPath): Promise<void> {
  const taken = [];
  for (let index = 0; index < 3; index += 1) {
    const [peer, reference] = [
      await throughput(lab.laptop, sshJump.host, sshJump.port(iperfPort), 2),
      await throughput(lab.laptop, kernel.host, kernel.port(iperfPort), 2),
    ];
    taken.push({ peer: peer.gigabitsPerSecond, kernel: reference.gigabitsPerSecond });
  }
  judgePeer(taken, 'ssh -J', sshJumpShare);
}
