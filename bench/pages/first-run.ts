/**
 * `first-run.s`: from the setup link to an application that was opened, refused and given back, with everything a person
 * reads on the way at their pace: 230 words a minute, and two seconds to find each next button.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { firstRun, openFirstRun } from '../../test/web/support/first-run.ts';
import type { Measurement } from '../comparison.ts';

const wordsPerSecond = 230 / 60;
const findS = 2;

export const firstRunS: Measurement = {
  name: 'first-run.s',
  async run({ rounds, progress }) {
    const values: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const run = await openFirstRun();
      try {
        const begunMs = performance.now();
        const seconds = (): string => ((performance.now() - begunMs) / 1_000).toFixed(1);
        const steps: string[] = [];
        await firstRun(
          run,
          (step) => void steps.push(`${step} ${seconds()}`),
          (words) => pause((words / wordsPerSecond + findS) * 1_000),
        );
        values.push((performance.now() - begunMs) / 1_000);
        progress(`  round ${round + 1}: ${steps.join(', ')}`);
      } finally {
        await run.close();
      }
    }
    return { kind: 'figure', name: this.name, unit: 's', values };
  },
};
