/** `node.kB`: what a relay holds for each node that is attached over `wss` and idle, in kilobytes. */
import { kilobytesPerNode } from '../../test/support/resident-memory.ts';
import type { Measurement } from '../comparison.ts';

export const nodeMemory: Measurement = {
  name: 'node.kB',
  async run({ rounds, progress }) {
    const values: number[] = [];
    for (let index = 0; index < rounds; index += 1) {
      values.push(await kilobytesPerNode());
      progress(`  round ${index + 1}: ${values.at(-1)?.toFixed(1)} kB`);
    }
    return { kind: 'figure', name: this.name, unit: 'kB', values };
  },
};
