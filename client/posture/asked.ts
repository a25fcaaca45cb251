/** The programs and files that the controller asked for: yes or no for each of those, and for no others. */
import type { PostureFacts, PostureWanted } from '../../protocol/posture-facts.ts';
import { maxAsked } from '../../protocol/posture.ts';
import type { Machine } from './machine.ts';

/** @param running the names of everything that runs; a program whose name is cut by the kernel counts as well */
export function askedProcesses(
  { processes }: PostureWanted,
  running: ReadonlySet<string> | undefined,
): Partial<PostureFacts> {
  if (running === undefined) return {};
  return {
    processes: processes.slice(0, maxAsked).map((name) => ({
      name,
      running: running.has(name) || (name.length > 15 && running.has(name.slice(0, 15))),
    })),
  };
}

/** Files that this process may not look for are left out. */
export async function askedFiles(machine: Machine, { files }: PostureWanted): Promise<Partial<PostureFacts>> {
  const found: NonNullable<PostureFacts['files']> = [];
  for (const path of files.slice(0, maxAsked)) {
    const present = await machine.exists(path);
    if (present !== undefined) found.push({ path, present });
  }
  return { files: found };
}
