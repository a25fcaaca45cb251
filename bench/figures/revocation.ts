/**
 * `revocation.p99.ms`: of 1,000 flows over 20 devices that lose their right at once, when 99 in 100 are over at the
 * origin, counted from the API's answer; the worst of the ways by which they can lose it.
 */
import { openLab } from '../../test/support/lab/lab.ts';
import { measureRevocation } from '../../test/support/fleet/measure-revocation.ts';
import type { Measurement } from '../comparison.ts';

export const revocationP99: Measurement = {
  name: 'revocation.p99.ms',
  async run({ rounds, progress }) {
    const values: number[] = [];
    for (let index = 0; index < rounds; index += 1) {
      const lab = await openLab();
      try {
        const measured = await measureRevocation(lab);
        values.push(measured.p99Ms);
        const ways = measured.rounds.map(
          ({ cause, lateMs, answerMs }) => `${cause} ${lateMs.at(-1) ?? 0} (answer ${answerMs})`,
        );
        progress(`  round ${index + 1}: p99 ${measured.p99Ms} ms; last of ${ways.join(', ')}`);
      } finally {
        await lab.close();
      }
    }
    return { kind: 'figure', name: this.name, unit: 'ms', values };
  },
};
