/** The start of `postern up` after a crash: the watchdog that still answers for the zones makes way. */
import { callLocalApi } from '../../protocol/node/local-api.ts';
import type { ClientStatus } from '../status.ts';

const triesMs = 25;
const mostTries = 40;

/** Has the watchdog of a crashed predecessor stop answering, so that this process can; what it holds stays in place. */
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
