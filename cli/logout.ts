/** `postern logout`: ends this device's session and gives the names back. */
import type { Command } from 'commander';
import { exits, Fault } from '../protocol/errors.ts';
import { callLocalApi } from '../protocol/node/local-api.ts';
import { openStateDirectory } from '../protocol/node/state-directory.ts';
import { action, CommandError, print } from './output.ts';
import { stateOption } from './state-option.ts';
import { givenBack } from './up.ts';

interface Options {
  state: string;
  everywhere?: boolean;
  json?: boolean;
}

export function logoutCommand(program: Command): void {
  program
    .command('logout')
    .description('end the session of this device; the system gets its names back')
    .addOption(stateOption())
    .option('--everywhere', 'end every session of the person, on all devices and in browsers')
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run({ state, everywhere = false, json = false }: Options): Promise<void> {
  const dns = await endSession(state, everywhere);
  const done = everywhere ? '✓ Signed out everywhere.' : '✓ Signed out.';
  print(json, { schema: 'postern.logout/v1', dns }, `${done} ${givenBack(dns).slice(2)}`);
}

async function endSession(state: string, everywhere: boolean): Promise<'restored' | 'kept' | 'untouched'> {
  try {
    const { dns } = (await callLocalApi(state, 'POST', '/v1/logout', { everywhere })) as { dns: 'restored' };
    return dns;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'unreachable') throw error;
  }
  const { openIdentity } = await import('../protocol/node/identity.ts');
  const directory = openStateDirectory(state);
  if (openIdentity(directory).enrolment?.node === undefined)
    throw new CommandError(exits.notSignedIn, `nobody is signed in on ${state}; sign in: postern login`);
  const { startClient } = await import('../client/client.ts');
  const client = await startClient({ state: directory, browser: false, uids: [], onEvent: () => undefined });
  try {
    await client.ready;
    await callLocalApi(state, 'POST', '/v1/logout', { everywhere });
    await client.ended;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new CommandError(exits.controllerUnreachable, `${error.message}. The session is still open there.`);
  } finally {
    await client.stop();
  }
  return 'untouched';
}
