/**
 * Which labs exist on this machine: each open lab holds one number, which is in the names of its namespaces and in its
 * addresses, so that several run at once. Also removes a lab, by its number alone and without waiting for an event
 * loop, so that the same few lines serve `close()`, a failed start, a signal and the leftovers of a dead process.
 */
import { spawnSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** One lab: its number (1 … 254), its folder, and the process that holds it. */
export interface Run {
  number: number;
  dir: string;
  pid: number;
  /** Start time of the process in kernel ticks, since process ids are used again. */
  started: string;
}

const registry = '/run/postern-lab';
const namespaces = '/run/netns';

/** The name of a namespace of a run. */
export function namespaceName(number: number, place: string): string {
  return `postern${number}-${place}`;
}

/** Removes what dead processes left, then claims the lowest free number for a lab with its folder at `dir`. */
export function claimRun(dir: string): Run {
  mkdirSync(registry, { recursive: true });
  removeDeadRuns();
  const started = startTime(process.pid);
  if (started === undefined) throw new Error('this process is not in /proc');
  for (let number = 1; number < 255; number += 1) {
    const run = { number, dir, pid: process.pid, started };
    // Only a link that appears whole is a claim: nobody ever reads half a record.
    const draft = join(registry, `draft.${process.pid}`);
    writeFileSync(draft, JSON.stringify(run));
    try {
      linkSync(draft, recordFile(number));
      return run;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    } finally {
      rmSync(draft);
    }
  }
  throw new Error('254 labs are open on this machine');
}

/** Ends every process in the run's namespaces, and deletes them, their files in /etc/netns, its folder, its record. */
export function removeRun(run: Run): void {
  const names = namespacesOf(run.number);
  endProcesses(names);
  for (const name of names) {
    spawnSync('ip', ['netns', 'del', name]);
    rmSync(join('/etc/netns', name), { recursive: true, force: true });
  }
  rmSync(run.dir, { recursive: true, force: true });
  rmSync(recordFile(run.number), { force: true });
}

/** The namespaces of a run that exist now. */
export function namespacesOf(number: number): string[] {
  const prefix = namespaceName(number, '');
  try {
    return readdirSync(namespaces).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}

/** The processes whose network is one of the namespaces `names`. */
export function processesIn(names: readonly string[]): number[] {
  const wanted = new Set(names.map((name) => `net:[${statSync(join(namespaces, name)).ino}]`));
  const numbers = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return numbers.filter((pid) => wanted.has(networkOf(pid))).map(Number);
}

/** As the kernel names it; empty for a process that is gone or ended. */
function networkOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

/** Interrupts, waits up to two seconds (a database needs a moment to give back shared memory), then kills. */
function endProcesses(names: readonly string[]): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    for (const pid of processesIn(names)) send(pid, signal);
    const until = Date.now() + 2_000;
    while (Date.now() < until && processesIn(names).length > 0) Atomics.wait(pause, 0, 0, 10);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

function removeDeadRuns(): void {
  for (const name of readdirSync(registry).filter((each) => /^\d+$/.test(each))) {
    if (!isDead(readRun(Number(name)))) continue;
    // Two sweepers at once must not both remove: by then the second might hit a new lab of the same number.
    const lock = join(registry, `${name}.sweep`);
    if (!takeLock(lock)) continue;
    const run = readRun(Number(name));
    if (run !== undefined && isDead(run)) removeRun(run);
    rmSync(lock, { force: true });
  }
}

function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    // A sweeper that died holding it: the next lab to open sweeps.
    if (startTime(Number(readFileSync(lock, 'utf8'))) === undefined) rmSync(lock, { force: true });
    return false;
  }
}

function readRun(number: number): Run | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(number), 'utf8')) as Run;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isDead(run: Run | undefined): boolean {
  return run !== undefined && startTime(run.pid) !== run.started;
}

function recordFile(number: number): string {
  return join(registry, String(number));
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Field 22 of /proc/PID/stat; undefined where there is no such process. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
