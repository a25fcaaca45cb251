/**
 * REL-10 at a lab: flows whose readers are slow beside one that is fast, and many short ones; what each program holds for
 * them, and what the fast one loses by them. The test runs it briefly, `npm run soak -- slow-readers` at full length.
 */
import { readFileSync } from 'node:fs';
import { quantile } from '../../bench/comparison.ts';
import { openLab } from './lab/lab.ts';
import { openShort, readFast, readSlowly, serveFireHose } from './lab/fire-hose.ts';
import { Client } from './organisation/client.ts';
import { Organisation } from './organisation/organisation.ts';
import { labSite } from './organisation/site.ts';

export interface SlowReaders {
  /** Slow flows, each reading 64 kB/s. */
  readonly flows: number;
  /** How long the fast one runs, alone and beside them; and memory is watched, idle and under load. */
  readonly seconds: number;
  readonly idleSeconds: number;
  readonly short: number;
}

export interface SlowReadersFound {
  /** The most that each program held above its median when idle, in bytes. */
  readonly growth: Readonly<Record<ProgramOf, number>>;
  /** The fast flow's speed beside the slow ones, as a share of its speed alone. */
  readonly fastShare: number;
  /** Of the short flows, how many were answered. */
  readonly answered: number;
  /** What each program holds more after the second half of the short flows than after the first, in bytes. */
  readonly leaked: Readonly<Record<ProgramOf, number>>;
  /** Whether a slow flow was lost. */
  readonly lost: string;
}

type ProgramOf = 'client' | 'relay' | 'connector';

const host = 'hose.acme.internal';
const port = 7_100;
const fillMs = 4_000;

export async function slowReaders(
  { flows, seconds, idleSeconds, short }: SlowReaders,
  tell: (line: string) => void = () => undefined,
): Promise<SlowReadersFound> {
  const lab = await openLab();
  try {
    await serveFireHose(lab.servers, lab.addresses.wiki, port);
    lab.privateDns.set(host, [{ type: 'A', data: lab.addresses.wiki }]);
    const organisation = await Organisation.start(labSite(lab), {
      adapt: (document) => ({
        ...document,
        resources: [
          ...(document.resources ?? []),
          { name: 'hose', network: 'hq', address: host, ports: [`tcp/${port}`] },
        ],
      }),
    });
    const client = new Client(lab.laptop, 'postern');
    client.up(['--key-file', await organisation.serviceKey('ci')]);
    await client.ready();
    const pids = {
      client: client.program.pid,
      relay: organisation.relay.pid,
      connector: organisation.connector.pid,
    };
    // Whatever is loaded and compiled at first use has been by now.
    await readFast(lab.laptop, host, port, 1);
    const idle = await watch(pids, wait(idleSeconds * 1_000));
    let alone = 0;
    const loadedAlone = await watch(
      pids,
      readFast(lab.laptop, host, port, seconds).then((bytes) => (alone = bytes)),
    );
    const readers = await readSlowly(lab.laptop, host, port, { flows, bytesPerSecond: 64_000 });
    // The system's own buffers in front of slow readers fill at full speed first.
    await wait(fillMs);
    let beside = 0;
    const loaded = await watch(
      pids,
      readFast(lab.laptop, host, port, seconds).then((bytes) => (beside = bytes)),
    );
    await readers.stop('SIGKILL');
    tell(`fast alone ${alone / seconds / 1e6} MB/s, beside them ${beside / seconds / 1e6} MB/s`);
    for (const name of ['client', 'relay', 'connector'] as const) {
      const [was, most, loadedMost] = [
        quantile(idle[name], 0.5),
        Math.max(...loadedAlone[name]),
        Math.max(...loaded[name]),
      ].map((bytes) => Math.round(bytes / 1e6));
      tell(`${name}: idle ${was} MB, fast alone up to ${most} MB, beside slow ones up to ${loadedMost} MB`);
    }
    const half = { flows: short / 2, atOnce: 50 };
    const first = await openShort(lab.laptop, host, port, half);
    const before = await settled(pids);
    const second = await openShort(lab.laptop, host, port, half);
    const after = await settled(pids);
    return {
      growth: each((name) => Math.max(...loaded[name]) - quantile(idle[name], 0.5)),
      fastShare: beside / alone,
      answered: first + second,
      leaked: each((name) => after[name] - before[name]),
      lost: /lost: .*/.exec(readers.output)?.[0] ?? '',
    };
  } finally {
    await lab.close();
  }
}

function each<T>(of: (name: ProgramOf) => T): Record<ProgramOf, T> {
  return { client: of('client'), relay: of('relay'), connector: of('connector') };
}

/** What each program holds, once a second until `done` settles. */
async function watch(
  pids: Record<ProgramOf, number>,
  done: Promise<unknown>,
): Promise<Record<ProgramOf, number[]>> {
  const samples = each((): number[] => []);
  const look = (): void => {
    for (const name of ['client', 'relay', 'connector'] as const)
      samples[name].push(residentBytes(pids[name]));
  };
  look();
  const timer = setInterval(look, 1_000);
  await done.finally(() => clearInterval(timer));
  look();
  return samples;
}

/** The least that each holds within some seconds: what is collected is collected by then. */
async function settled(pids: Record<ProgramOf, number>): Promise<Record<ProgramOf, number>> {
  const samples = await watch(pids, wait(3_000));
  return each((name) => Math.min(...samples[name]));
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;
}
