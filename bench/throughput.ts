/** Throughput by iperf3 between places of the lab: a server inside the private network, and clients anywhere. */
import { findProgram } from '../scripts/programs.ts';
import { eventually } from '../test/support/eventually.ts';
import type { Place } from '../test/support/lab/place.ts';

/** Starts a server on `port` of `address` and waits until it listens. */
export async function serveThroughput(place: Place, address: string, port: number): Promise<void> {
  const args = ['-s', '-B', address, '-p', String(port), '--forceflush'];
  await place.spawn(findProgram('iperf3'), args, { name: 'iperf3' }).waitFor(/Server listening/);
}

/** The geometric mean of both directions, `seconds` each, in Gbit/s as the receiver counted. */
export async function throughput(place: Place, host: string, port: number, seconds: number): Promise<number> {
  const there = await oneWay(place, host, port, seconds, []);
  const back = await oneWay(place, host, port, seconds, ['-R']);
  return Math.sqrt(there * back);
}

interface Report {
  error?: string;
  end?: { sum_received?: { bits_per_second?: number } };
}

async function oneWay(
  place: Place,
  host: string,
  port: number,
  seconds: number,
  more: string[],
): Promise<number> {
  const args = ['-c', host, '-p', String(port), '-t', String(seconds), '-J', ...more];
  return eventually(`iperf3 to ${host}:${port}`, async () => {
    const { stdout, stderr } = await place.run(findProgram('iperf3'), args, {
      timeoutMs: (seconds + 20) * 1_000,
    });
    const report = JSON.parse(stdout === '' ? '{}' : stdout) as Report;
    const bits = report.end?.sum_received?.bits_per_second;
    if (bits !== undefined && bits > 0 && report.error === undefined) return bits / 1e9;
    // The server takes one client at a time and needs a moment between two.
    if (report.error?.includes('busy') === true) return undefined;
    throw new Error(`iperf3 to ${host}:${port} failed: ${report.error ?? stderr}`);
  });
}
