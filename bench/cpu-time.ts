/** Processor time of programs, read from the kernel: what moving bytes costs, whoever does it. */
import { readFileSync, readdirSync } from 'node:fs';

/** The kernel counts in hundredths of a second (USER_HZ) whatever its own tick is. */
const ticksPerSecond = 100;

interface Stat {
  readonly parent: number;
  readonly seconds: number;
}

/** Seconds of processor time that `pids` and what descends from them and still runs have used, user and system. */
export function cpuSeconds(pids: readonly number[]): number {
  const processes = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat !== undefined) processes.set(Number(name), stat);
  }
  const belongs = (pid: number): boolean => {
    if (pids.includes(pid)) return true;
    const parent = processes.get(pid)?.parent;
    return parent !== undefined && parent > 1 && belongs(parent);
  };
  return [...processes].reduce((sum, [pid, { seconds }]) => sum + (belongs(pid) ? seconds : 0), 0);
}

/** proc(5), `/proc/PID/stat`: parent is field 4, utime and stime are 14 and 15. */
function statOf(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It ended meanwhile.
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), seconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond };
}
