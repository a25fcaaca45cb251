/** `postern logout`: ends this device's session and gives the names back. */
import type { Command } from 'commander';
import { AccountFolders } from '../client/accounts/account-folders.ts';
import { exits, Fault } from '../protocol/errors.ts';
import { callLocalApi } from '../protocol/node/local-api.ts';
import { openStateDirectory } from '../protocol/node/state-directory.ts';
import { chosenFolder } from './account-choice.ts';
import { accountOption, routeFor } from './account-option.ts';
import { action, CommandError, print } from './output.ts';
import { stateOption } from './state-option.ts';
import { givenBack } from './up.ts';

interface Options {
  state: string;
  account?: string;
  everywhere?: boolean;
  json?: boolean;
}

export function logoutCommand(program: Command): void {
  program
    .command('logout')
    .description('end the session of this device; the system gets its names back')
    .addOption(stateOption())
    .addOption(accountOption())
    .option('--everywhere', 'end every session of the person, on all devices and in browsers')
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run({ state, account, everywhere = false, json = false }: Options): Promise<void> {
  const { dns, others } = await endSession(state, account, everywhere);
  const done = everywhere ? '✓ Signed out everywhere.' : '✓ Signed out.';
  const rest = others ? 'The other accounts of this device go on: postern status' : givenBack(dns).slice(2);
  print(json, { schema: 'postern.logout/v1', dns }, `${done} ${rest}`);
}

interface Ended {
  readonly dns: 'restored' | 'kept' | 'untouched';
  /** Whether other accounts go on. */
  readonly others?: boolean;
}

async function endSession(state: string, account: string | undefined, everywhere: boolean): Promise<Ended> {
  try {
    return (await callLocalApi(state, 'POST', routeFor('/v1/logout', account), { everywhere })) as Ended;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === 'protocol') throw new CommandError(exits.usage, error.message);
    if (error.code !== 'unreachable') throw error;
  }
  const directory = openStateDirectory(state);
  const joined = new AccountFolders(directory)
    .list()
    .filter(({ enrolment }) => enrolment?.node !== undefined);
  const folder = chosenFolder(joined, account);
  if (folder === undefined)
    throw new CommandError(exits.notSignedIn, `nobody is signed in on ${state}; sign in: postern login`);
  const { startClient } = await import('../client/client.ts');
  const client = await startClient({
    state: directory,
    account: folder.id,
    isAlone: true,
    browser: false,
    uids: [],
    onEvent: () => undefined,
  });
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
  return { dns: 'untouched' };
}
