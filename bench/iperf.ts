/** Throughput by iperf3 between places of the lab: a server inside the private network, and clients anywhere. */
import { findProgram } from '../scripts/programs.ts';
import { eventually } from '../test/support/eventually.ts';
import type { Place } from '../test/support/lab/place.ts';

/** Starts a server on `port` of `address` and waits until it listens. */
export async function serveThroughput(place: Place, address: string, port: number): Promise<void> {
  const args = ['-s', '-B', address, '-p', String(port), '--forceflush'];
  await place.spawn(findProgram('iperf3'), args, { name: 'iperf3' }).waitFor(/Server listening/);
}

/** What crossed in both directions, `seconds` each, as the receiver counted, all flows together. */
export interface Crossed {
  /** The geometric mean of both directions. */
  readonly gigabitsPerSecond: number;
  readonly gigabytes: number;
}

export async function throughput(
  place: Place,
  host: string,
  port: number,
  seconds: number,
  flows = 1,
): Promise<Crossed> {
  const parallel = ['-P', String(flows)];
  const there = await oneWay(place, host, port, seconds, parallel);
  const back = await oneWay(place, host, port, seconds, [...parallel, '-R']);
  return {
    gigabitsPerSecond: Math.sqrt(there.bits_per_second * back.bits_per_second) / 1e9,
    gigabytes: (there.bytes + back.bytes) / 1e9,
  };
}

interface Received {
  bits_per_second: number;
  bytes: number;
}

interface Report {
  error?: string;
  end?: { sum_received?: Received };
}

async function oneWay(
  place: Place,
  host: string,
  port: number,
  seconds: number,
  more: string[],
): Promise<Received> {
  const args = ['-c', host, '-p', String(port), '-t', String(seconds), '-J', ...more];
  return eventually(`iperf3 to ${host}:${port}`, async () => {
    const { stdout, stderr } = await place.run(findProgram('iperf3'), args, {
      timeoutMs: (seconds + 20) * 1_000,
    });
    const report = JSON.parse(stdout === '' ? '{}' : stdout) as Report;
    const received = report.end?.sum_received;
    if (received !== undefined && received.bytes > 0 && report.error === undefined) return received;
    // The server takes one client at a time and needs a moment between two.
    if (report.error?.includes('busy') === true) return undefined;
    throw new Error(`iperf3 to ${host}:${port} failed: ${report.error ?? stderr}`);
  });
}
