/**
 * Lets one process at a time change this system for a state directory: the client, or the watchdog of one that crashed.
 * The kernel's lock on a file in that directory, so it ends with its process however that ends, and nobody else can take it.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';

const exclusiveNow = 2 | 4;
const lockFile = 'system.lock';

const flock = koffi.load(null).func('int flock(int fd, int operation)') as unknown as (
  fd: number,
  operation: number,
) => number;

/** Takes the lock and answers how to release it; undefined while another process has it. */
export function lockSystem(stateDirectory: string): (() => void) | undefined {
  const fd = openSync(join(stateDirectory, lockFile), 'a', 0o600);
  if (flock(fd, exclusiveNow) === 0) return () => closeSync(fd);
  closeSync(fd);
  return undefined;
}
