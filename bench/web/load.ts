/** Load as the web rows put it on: autocannon with 32 kept connections over TLS and HTTP/1.1, asking for a small answer. */
import autocannon from 'autocannon';
import { cpuSeconds } from '../cpu-time.ts';
import type { WebWay } from './web-site.ts';

const connections = 32;

export interface Loaded {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Processor seconds of all programs of the way for ten thousand requests. */
  readonly cpuPer10k: number;
}

/** Asks for `seconds`. Rejects when any answer was other than 200, because then something else was measured. */
export async function load({ host, port, cookie, pids }: WebWay, seconds: number): Promise<Loaded> {
  const before = cpuSeconds(pids);
  const found = await autocannon({
    url: `https://127.0.0.1:${port}/`,
    servername: host,
    headers: { host: `${host}:${port}`, ...(cookie === undefined ? {} : { cookie }) },
    connections,
    duration: seconds,
  });
  const answered = found['2xx'];
  if (answered === 0 || found.non2xx > 0 || found.errors > 0)
    throw new Error(`${answered} answers, ${found.non2xx} others, ${found.errors} errors`);
  return {
    perSecond: answered / found.duration,
    p99Ms: found.latency.p99,
    cpuPer10k: ((cpuSeconds(pids) - before) / answered) * 10_000,
  };
}
