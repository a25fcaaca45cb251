/** `throughput.eight-flows.one-flow`: eight flows at once against one, both ours and over one session. */
import { openLab } from '../../test/support/lab/lab.ts';
import type { Measurement, Round } from '../comparison.ts';
import { throughput } from '../iperf.ts';
import { iperfPort, layPath } from './path.ts';

const flows = 8;
const unit = 'Gbit/s';

export const eightFlows: Measurement = {
  name: 'throughput.eight-flows.one-flow',
  async run({ rounds: count, seconds, progress }) {
    const lab = await openLab();
    try {
      const { ours } = await layPath(lab);
      const measure = async (parallel: number): Promise<number> =>
        (await throughput(lab.laptop, ours.host, ours.port(iperfPort), seconds, parallel)).gigabitsPerSecond;
      const rounds: Round[] = [];
      for (let index = 0; index < count; index += 1) {
        const figures = { ours: 0, peer: 0 };
        // Who goes first changes from round to round.
        for (const way of index % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const))
          figures[way] = await measure(way === 'ours' ? flows : 1);
        rounds.push({ ...figures, reference: undefined });
        progress(
          `  round ${index + 1}: eight ${figures.ours.toFixed(3)}, one ${figures.peer.toFixed(3)} ${unit}`,
        );
      }
      return { kind: 'ratio', name: this.name, unit, rounds };
    } finally {
      await lab.close();
    }
  },
};
