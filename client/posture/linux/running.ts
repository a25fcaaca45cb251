/** Names of the programs that run, by /proc. Undefined where this process may not see those of others (hidepid). */
import type { Machine } from '../machine.ts';

/** More processes than a machine has in earnest. */
const maxProcesses = 65_536;

export async function runningPrograms(machine: Machine): Promise<Set<string> | undefined> {
  if ((await machine.text('/proc/1/comm')) === undefined) return undefined;
  const pids = ((await machine.names('/proc')) ?? []).filter((name) => /^\d+$/.test(name));
  const running = new Set<string>();
  for (const pid of pids.slice(0, maxProcesses)) {
    for (const name of await namesOf(machine, pid)) running.add(name);
  }
  return running;
}

/** As the kernel calls it, cut to 15 characters, and as it was started. */
async function namesOf(machine: Machine, pid: string): Promise<string[]> {
  const comm = (await machine.text(`/proc/${pid}/comm`))?.trim() ?? '';
  const command = (await machine.text(`/proc/${pid}/cmdline`)) ?? '';
  // A thread of the kernel has no command line, and is no program.
  if (command === '') return [];
  const started = command.split('\0')[0]?.split('/').at(-1) ?? '';
  return [comm, started].filter((name) => name !== '');
}

/** Who a process belongs to; undefined when it is gone. */
export async function ownerOf(machine: Machine, pid: string): Promise<number | undefined> {
  const uid = /^Uid:\s+(\d+)/m.exec((await machine.text(`/proc/${pid}/status`)) ?? '')?.[1];
  return uid === undefined ? undefined : Number(uid);
}
