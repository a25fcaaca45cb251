/**
 * `requests.web.http-proxy` and `requests.web.caddy`: requests a second through the web door, signed in, beside each peer;
 * more is better. `web.p99.ms`: how long all but one in a hundred of ours take under that load; less is better.
 */
import type { Measurement, Round } from '../comparison.ts';
import { load } from './load.ts';
import { openWebSite } from './web-site.ts';

const unit = 'requests/s';
const warmUpSeconds = 5;

export const requestsHttpProxy = beside('requests.web.http-proxy', 'httpProxy');
export const requestsCaddy = beside('requests.web.caddy', 'caddy');

export const webP99: Measurement = {
  name: 'web.p99.ms',
  async run({ rounds, seconds, progress }) {
    const site = await openWebSite();
    try {
      await load(site.ours, warmUpSeconds);
      const values: number[] = [];
      for (let index = 0; index < rounds; index += 1) {
        const { p99Ms, perSecond } = await load(site.ours, seconds);
        values.push(p99Ms);
        progress(`  round ${index + 1}: ${p99Ms} ms at ${perSecond.toFixed(0)} ${unit}`);
      }
      return { kind: 'figure', name: this.name, unit: 'ms', values };
    } finally {
      await site.close();
    }
  },
};

/** Each round has programs of its own: two of one build differ by a tenth for as long as they run. */
function beside(name: string, peer: 'httpProxy' | 'caddy'): Measurement {
  return {
    name,
    async run({ rounds: count, seconds, progress }) {
      const rounds: Round[] = [];
      for (let index = 0; index < count; index += 1) {
        // Who goes first changes from round to round.
        const order = index % 2 === 0 ? (['ours', peer] as const) : ([peer, 'ours'] as const);
        const site = await openWebSite();
        try {
          for (const way of order) await load(site[way], warmUpSeconds);
          const figures = { ours: 0, peer: 0 };
          const costs: string[] = [];
          for (const way of order) {
            const { perSecond, cpuPer10k } = await load(site[way], seconds);
            figures[way === 'ours' ? 'ours' : 'peer'] = perSecond;
            costs.push(`${way} ${perSecond.toFixed(0)}/s, ${cpuPer10k.toFixed(2)} s of processor for 10,000`);
          }
          rounds.push({ ...figures, reference: undefined });
          progress(`  round ${index + 1}: ${costs.join('; ')}`);
        } finally {
          await site.close();
        }
      }
      return { kind: 'ratio', name, unit, rounds };
    },
  };
}
