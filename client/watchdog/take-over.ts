/** The start of `postern up` after a crash: the watchdog that still answers for the zones, or restores, makes way. */
import { Fault } from '../../protocol/errors.ts';
import { callLocalApi } from '../../protocol/node/local-api.ts';
import type { ClientStatus } from '../status.ts';

const triesMs = 25;
const mostTries = 40;

/**
 * Has the watchdog of a crashed predecessor stop answering, so that this process can; what it holds stays in place. Does
 * nothing where there is none.
 */
export async function takeOverFromWatchdog(path: string): Promise<void> {
  const status = await callLocalApi(path, 'GET', '/v1/status').catch(() => undefined);
  if ((status as ClientStatus | undefined)?.state !== 'crashed') return;
  await callLocalApi(path, 'POST', '/v1/handover').catch(() => undefined);
  for (let tried = 0; tried < mostTries; tried += 1) {
    const answered = await callLocalApi(path, 'GET', '/v1/status').catch(() => undefined);
    if (answered === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, triesMs));
  }
}

/** How often the lock is tried: for five seconds, in which a watchdog undoes whatever a crash left. */
const lockTries = 200;

/** Waits until no watchdog changes this system any more, and keeps it so until released. Throws a Fault when one stays. */
export async function lockSystemFromWatchdog(path: string): Promise<() => void> {
  // Loaded only by a client that captures: it brings the C library's interface along.
  const { lockSystem } = await import('../system/system-lock.ts');
  for (let tried = 0; tried < lockTries; tried += 1) {
    const release = lockSystem(path);
    if (release !== undefined) return release;
    await takeOverFromWatchdog(path);
    await new Promise((resolve) => setTimeout(resolve, triesMs));
  }
  throw new Fault(
    'busy',
    `another process changes this system for ${path}; see: postern status --state ${path}`,
  );
}
