/** `download.web.caddy`: one gigabyte to one browser by HTTP/1.1, signed in, beside Caddy; GB/s, more is better. */
import type { Measurement, Round } from '../comparison.ts';
import { cpuSeconds } from '../cpu-time.ts';
import { openWebSite, type WebSite, type WebWay } from './web-site.ts';

const name = 'download.web.caddy';
const unit = 'GB/s';
const bytes = 1_000_000_000;

export const downloadCaddy: Measurement = {
  name,
  async run({ rounds: count, progress }) {
    const site = await openWebSite();
    try {
      const rounds: Round[] = [];
      for (let index = 0; index < count; index += 1) {
        const order = index % 2 === 0 ? (['ours', 'caddy'] as const) : (['caddy', 'ours'] as const);
        const figures = { ours: 0, caddy: 0 };
        const costs: string[] = [];
        for (const way of order) {
          const before = cpuSeconds(site[way].pids);
          figures[way] = await download(site, site[way]);
          const spent = cpuSeconds(site[way].pids) - before;
          costs.push(`${way} ${figures[way].toFixed(3)} ${unit}, ${spent.toFixed(2)} s of processor`);
        }
        rounds.push({ ours: figures.ours, peer: figures.caddy, reference: undefined });
        progress(`  round ${index + 1}: ${costs.join('; ')}`);
      }
      return { kind: 'ratio', name, unit, rounds };
    } finally {
      await site.close();
    }
  },
};

async function download({ place }: WebSite, { host, port, cookie }: WebWay): Promise<number> {
  const { code, stdout, stderr } = await place.run(
    'curl',
    [
      ...['-sSk', '--http1.1', '--fail', '-o', '/dev/null', '-w', '%{size_download} %{time_total}'],
      ...['--resolve', `${host}:${port}:127.0.0.1`],
      ...(cookie === undefined ? [] : ['-b', cookie]),
      `https://${host}:${port}/bytes?n=${bytes}`,
    ],
    { timeoutMs: 300_000 },
  );
  const [size, seconds] = stdout.split(' ').map(Number);
  if (code !== 0 || size !== bytes || seconds === undefined)
    throw new Error(`curl through ${port} ended with ${code} after ${stdout}: ${stderr}`);
  return bytes / 1e9 / seconds;
}
