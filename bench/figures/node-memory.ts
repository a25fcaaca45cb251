/**
 * `node.kB` and `node.behind-tls.kB`: what a relay holds for each node that is attached and idle, in kilobytes, over `wss` and where
 * a proxy in front of it ends TLS.
 */
import { kilobytesPerNode } from '../../test/support/resident-memory.ts';
import type { Measurement } from '../comparison.ts';

export const nodeMemory = perNode('node.kB', false);
export const nodeMemoryBehindTls = perNode('node.behind-tls.kB', true);

function perNode(name: string, isBehindTls: boolean): Measurement {
  return {
    name,
    async run({ rounds, progress }) {
      const values: number[] = [];
      for (let index = 0; index < rounds; index += 1) {
        values.push(await kilobytesPerNode({ isBehindTls }));
        progress(`  round ${index + 1}: ${values.at(-1)?.toFixed(1)} kB`);
      }
      return { kind: 'figure', name, unit: 'kB', values };
    },
  };
}
