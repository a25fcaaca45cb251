/**
 * `throughput.direct-tcp.ssh-forward`: one flow, the geometric mean of both directions, from the laptop to an application
 * in the private network by name, captured by nftables, over plain TCP to a port that hq's NAT lets in to the connector;
 * beside it the same through `ssh -L`, whose port the NAT lets in too, and by plain TCP.
 */
import { openLab, type Lab } from '../../test/support/lab/lab.ts';
import { eventually } from '../../test/support/eventually.ts';
import { Client } from '../../test/support/organisation/client.ts';
import { Organisation } from '../../test/support/organisation/organisation.ts';
import { labSite } from '../../test/support/organisation/site.ts';
import { judgePeer, type Measurement, type Round } from '../comparison.ts';
import { serveThroughput, throughput } from '../iperf.ts';
import { sshForwardShare, startSshForward } from '../peers/ssh-forward.ts';
import { letIn } from '../peers/ssh-jump.ts';

const name = 'throughput.direct-tcp.ssh-forward';
const unit = 'Gbit/s';
const iperfPort = 5_201;
const directPort = 7_443;
const host = 'measured.acme.internal';

interface Way {
  readonly host: string;
  readonly port: number;
}

export const throughputDirect: Measurement = {
  name,
  async run({ rounds: count, seconds, progress }) {
    const lab = await openLab();
    try {
      const { client, ours, sshForward, kernel } = await lay(lab);
      const measure = async ({ host: to, port }: Way, forS = seconds): Promise<number> =>
        (await throughput(lab.laptop, to, port, forS)).gigabitsPerSecond;
      const rounds: Round[] = [];
      for (let index = 0; index < count; index += 1) {
        const figures = { ours: 0, peer: 0 };
        // Who goes first changes from round to round.
        for (const way of index % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const))
          figures[way] = await measure(way === 'ours' ? ours : sshForward);
        await runsDirectly(client);
        const reference = await measure(kernel);
        rounds.push({ ...figures, reference });
        progress(
          `  round ${index + 1}: ours ${figures.ours.toFixed(3)}, ssh -L ${figures.peer.toFixed(3)}, kernel ${reference.toFixed(3)} ${unit}`,
        );
      }
      const taken = [];
      for (let index = 0; index < 3; index += 1)
        taken.push({ peer: await measure(sshForward, 2), kernel: await measure(kernel, 2) });
      judgePeer(taken, 'ssh -L', sshForwardShare);
      return { kind: 'ratio', name, unit, rounds };
    } finally {
      await lab.close();
    }
  },
};

async function lay(lab: Lab): Promise<{ client: Client; ours: Way; sshForward: Way; kernel: Way }> {
  const { addresses, servers, privateDns } = lab;
  await serveThroughput(servers, addresses.wiki, iperfPort);
  privateDns.set(host, [{ type: 'A', data: addresses.wiki }]);
  const organisation = await Organisation.start(labSite(lab), {
    adapt: (document) => ({
      ...document,
      resources: [
        ...(document.resources ?? []),
        { name: 'measured', network: 'hq', address: host, ports: [`tcp/${iperfPort}`] },
      ],
    }),
    connectorArgs: ['--direct', String(directPort), '--direct-endpoint', `${addresses.hqNat}:${directPort}`],
  });
  await letIn(lab, [
    { port: iperfPort, to: addresses.wiki },
    { port: directPort, to: addresses.connector },
    { port: 22, to: addresses.bastion },
  ]);
  const client = new Client(lab.laptop, 'postern');
  client.up(['--key-file', await organisation.serviceKey('ci')]);
  await client.ready();
  await runsDirectly(client);
  const forward = await startSshForward(lab, host, [iperfPort]);
  return {
    client,
    ours: { host, port: iperfPort },
    sshForward: { host: '127.0.0.1', port: forward.localPort(iperfPort) },
    kernel: { host: addresses.hqNat, port: iperfPort },
  };
}

/** A figure of another path would be none. */
function runsDirectly(client: Client): Promise<true> {
  return eventually('a session that runs directly', async () => {
    const { networks } = await client.status();
    return networks.some(({ path }) => path?.kind === 'direct') ? true : undefined;
  });
}
