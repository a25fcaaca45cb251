/**
 * `throughput.rtt80.kernel-tcp`: one flow over a link of 80 ms round trip and 200 Mbit/s between the laptop and its NAT,
 * ours by name and relayed, beside plain TCP over the same link. What the windows have to grow to is not known beforehand.
 */
import { openLab } from '../../test/support/lab/lab.ts';
import { slowLaptop } from '../../test/support/lab/slow-link.ts';
import type { Measurement, Round } from '../comparison.ts';
import { throughput } from '../iperf.ts';
import { iperfPort, layPath } from './path.ts';

const unit = 'Gbit/s';

export const rtt80: Measurement = {
  name: 'throughput.rtt80.kernel-tcp',
  async run({ rounds: count, seconds, progress }) {
    const lab = await openLab();
    try {
      await slowLaptop(lab, { oneWayMs: 40, mbit: 200 });
      const path = await layPath(lab);
      const measure = async (way: 'ours' | 'kernel'): Promise<number> => {
        const { host, port } = path[way];
        return (await throughput(lab.laptop, host, port(iperfPort), seconds)).gigabitsPerSecond;
      };
      const rounds: Round[] = [];
      for (let index = 0; index < count; index += 1) {
        const figures = { ours: 0, kernel: 0 };
        // Who goes first changes from round to round.
        for (const way of index % 2 === 0 ? (['ours', 'kernel'] as const) : (['kernel', 'ours'] as const))
          figures[way] = await measure(way);
        rounds.push({ ours: figures.ours, peer: figures.kernel, reference: undefined });
        progress(
          `  round ${index + 1}: ours ${figures.ours.toFixed(3)}, kernel ${figures.kernel.toFixed(3)} ${unit}`,
        );
      }
      return { kind: 'ratio', name: this.name, unit, rounds };
    } finally {
      await lab.close();
    }
  },
};
