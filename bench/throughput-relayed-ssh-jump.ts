/**
 * `throughput.relayed.ssh-jump`: one flow by name, captured by nftables, through the relay in its own process over wss,
 * beside the same bytes through `ssh -J`.
 */
import { openLab, type Lab } from '../test/support/lab/lab.ts';
import { Client } from '../test/support/organisation/client.ts';
import { Organisation } from '../test/support/organisation/organisation.ts';
import { labSite } from '../test/support/organisation/site.ts';
import { judgePeer, type Comparison, type Round, type RunOptions } from './comparison.ts';
import { forwardThroughJumpHost, letIn } from './jump-host.ts';
import { serveThroughput, throughput } from './throughput.ts';

const host = 'iperf.acme.internal';
const port = 5_201;
/** Of kernel TCP. */
const usualShare = 0.04;

export const throughputRelayedSshJump: Comparison = {
  name: 'throughput.relayed.ssh-jump',
  async run(options) {
    const lab = await openLab();
    try {
      const rounds = await measure(lab, options);
      judgePeer(rounds, 'ssh -J', usualShare);
      return { name: this.name, unit: 'Gbit/s', rounds };
    } finally {
      await lab.close();
    }
  },
};

async function measure(lab: Lab, { rounds, seconds, progress }: RunOptions): Promise<Round[]> {
  const { laptop, addresses } = lab;
  // The application has the wiki's address and a name of its own.
  await serveThroughput(lab.servers, addresses.wiki, port);
  lab.privateDns.set(host, [{ type: 'A', data: addresses.wiki }]);
  await startOurs(lab);
  await letIn(lab, [
    { port, to: addresses.wiki },
    { port: 22, to: addresses.bastion },
  ]);
  const jumpPort = await forwardThroughJumpHost(lab, addresses.wiki, port);

  const ours = (): Promise<number> => throughput(laptop, host, port, seconds);
  const peer = (): Promise<number> => throughput(laptop, '127.0.0.1', jumpPort, seconds);
  const kernel = (): Promise<number> => throughput(laptop, addresses.hqNat, port, Math.min(seconds, 2));
  const taken: Round[] = [];
  for (let index = 0; index < rounds; index += 1) {
    // Who goes first changes, so that neither always follows the other.
    const [first, second] = index % 2 === 0 ? [ours, peer] : [peer, ours];
    const [one, other] = [await first(), await second()];
    const [our, their] = index % 2 === 0 ? [one, other] : [other, one];
    const round = { ours: our, peer: their, reference: await kernel() };
    taken.push(round);
    progress(
      `  round ${index + 1}: ours ${our.toFixed(2)}, ssh -J ${their.toFixed(2)}, kernel ${round.reference.toFixed(2)} Gbit/s`,
    );
  }
  return taken;
}

async function startOurs(lab: Lab): Promise<void> {
  const organisation = await Organisation.start(labSite(lab), {
    adapt: (document) => ({
      ...document,
      resources: [
        ...(document.resources ?? []),
        { name: 'iperf', network: 'hq', address: host, ports: [`tcp/${port}`] },
      ],
    }),
  });
  const client = new Client(lab.laptop, 'postern');
  client.up(['--key-file', await organisation.serviceKey('ci')]);
  await client.ready();
}
