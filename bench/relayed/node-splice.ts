/**
 * `throughput.relayed.node-splice` and `cpu.relayed.node-splice`: ours beside the floor, three plain splices in Node on the
 * same path. What the ratio leaves to one is what TLS, sealing, frames and resuming cost; none is expected to reach it.
 */
import { openLab } from '../../test/support/lab/lab.ts';
import type { Measurement, Round } from '../comparison.ts';
import { cpuSeconds } from '../cpu-time.ts';
import { throughput } from '../iperf.ts';
import { startNodeSplice } from '../peers/node-splice.ts';
import { iperfPort, layPath } from './path.ts';

type Figure = (crossed: { gigabitsPerSecond: number; gigabytes: number }, usedS: number) => number;

/** One flow, the geometric mean of both directions. More is better. */
export const throughputSplice = besideSplice(
  'throughput.relayed.node-splice',
  'Gbit/s',
  ({ gigabitsPerSecond }) => gigabitsPerSecond,
);

/** Processor time for a gigabyte at full speed, of the three programs that carry it. Less is better. */
export const cpuSplice = besideSplice(
  'cpu.relayed.node-splice',
  's/GB',
  ({ gigabytes }, usedS) => usedS / gigabytes,
);

function besideSplice(name: string, unit: string, figure: Figure): Measurement {
  return {
    name,
    async run({ rounds: count, seconds, progress }) {
      const lab = await openLab();
      try {
        const { ours: own } = await layPath(lab);
        const ways = {
          ours: { ...own, port: own.port(iperfPort) },
          peer: await startNodeSplice(lab, iperfPort),
        };
        const rounds: Round[] = [];
        for (let index = 0; index < count; index += 1) {
          const figures = { ours: 0, peer: 0 };
          // Who goes first changes from round to round.
          for (const way of index % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)) {
            const { host, port, pids } = ways[way];
            const before = cpuSeconds(pids);
            const crossed = await throughput(lab.laptop, host, port, seconds);
            figures[way] = figure(crossed, cpuSeconds(pids) - before);
          }
          rounds.push({ ...figures, reference: undefined });
          progress(
            `  round ${index + 1}: ours ${figures.ours.toFixed(3)}, splice ${figures.peer.toFixed(3)} ${unit}`,
          );
        }
        return { kind: 'ratio', name, unit, rounds };
      } finally {
        await lab.close();
      }
    },
  };
}
