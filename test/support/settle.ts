/**
 * Lets everything that waits only for the event loop happen; no time passes. Where the tests' database is a server
 * (POSTERN_TEST_DATABASE), its answers are waited for as well.
 */
import { setTimeout as pause } from 'node:timers/promises';

const serverMs = process.env['POSTERN_TEST_DATABASE'] === undefined ? undefined : 60;

/** @param most of the milliseconds that answers of a server may take, for those who settle often */
export async function settle(turns = 20, most = serverMs): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  if (serverMs !== undefined && most !== undefined) await pause(Math.min(serverMs, most));
}
