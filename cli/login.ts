/** `postern login`: signs a person in, through the running client or for the next `up`. */
import type { Command } from 'commander';
import type { SignInPrompt } from '../client/sign-in/sign-in.ts';
import type { AccountSummary, ClientStatus } from '../client/status.ts';
import { AccountFolders } from '../client/accounts/account-folders.ts';
import { exits, Fault } from '../protocol/errors.ts';
import { callLocalApi } from '../protocol/node/local-api.ts';
import { openStateDirectory } from '../protocol/node/state-directory.ts';
import { chosenFolder } from './account-choice.ts';
import { accountOption, routeFor } from './account-option.ts';
import { callRunning } from './local-call.ts';
import { action, CommandError, print, say } from './output.ts';
import { enrolAt, enrolPerson, rootOfNew, type ControllerOptions } from './person-enrolment.ts';
import { showPrompt } from './sign-in-prompt.ts';
import { exitOfStart } from './start-exit.ts';
import { stateOption } from './state-option.ts';

interface Options extends ControllerOptions {
  state: string;
  account?: string;
  browser: boolean;
  for?: string;
  json?: boolean;
}

/** As long as a typed code is valid. */
const patienceMs = 300_000;

export function loginCommand(program: Command): void {
  program
    .command('login')
    .description('sign in, or renew a session that has ended')
    .argument('[address]', 'the controller to sign in to; another than before adds an account to this device')
    .option('--controller <url>', 'the same, at the first sign-in (POSTERN_CONTROLLER)')
    .option('--ca <file>', 'PEM file of the authority behind the controller’s certificate')
    .option('--pin <root>', 'the controller’s root key')
    .addOption(stateOption())
    .addOption(accountOption())
    .option('--no-browser', 'sign in with a code typed elsewhere')
    .option('--for <resource>', 'sign in again as this resource asks: more recently, or with a second factor')
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run(address: string | undefined, options: Options): Promise<void> {
  if (address !== undefined && options.for !== undefined)
    throw new CommandError(exits.usage, 'give an address or --for; with --for name the account by --account');
  const status = await runningStatus(options.state);
  if (options.for !== undefined && !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(options.for)) {
    throw new CommandError(exits.usage, `"${options.for}" is no resource; see: postern resources`);
  }
  if (options.for !== undefined && status === undefined) {
    throw new CommandError(
      exits.notSignedIn,
      `nothing runs on ${options.state}; start it with postern up --state ${options.state}, then sign in for a resource`,
    );
  }
  const done =
    status === undefined ? await loginAlone(address, options) : await loginThrough(address, options);
  const who = done.session?.email ?? done.session?.name ?? 'unknown';
  print(
    options.json ?? false,
    { schema: 'postern.login/v1', session: done.session },
    `✓ Signed in as ${who}\n${status === undefined ? `Reach your applications: postern up --state ${options.state}` : ''}`,
  );
}

/** Asks the running client to sign in again and waits until it has. */
async function loginThrough(named: string | undefined, options: Options): Promise<ClientStatus> {
  const { state, account, for: resource } = options;
  // An account that nobody is signed in to does not run, and is started by the address that it was joined at.
  const address = named ?? (account !== undefined && resource === undefined ? joinedAt(options) : undefined);
  const { browserCommand, openBrowser } = await import('../client/browser.ts');
  const root =
    address === undefined ? undefined : await rootOfNew(openStateDirectory(state), address, options);
  const before = new Map((await runningStatuses(state)).map((each) => [each.account, each.session?.until]));
  const prompt = (await callRunning(state, 'POST', routeFor('/v1/login', account), {
    ...(resource === undefined ? {} : { for: resource }),
    ...(address === undefined ? {} : { url: address }),
    ...(root === undefined ? {} : { root }),
  })) as SignInPrompt & { readonly account: string };
  showPrompt(prompt);
  const browser = browserCommand(process.env, process.platform);
  if (prompt.kind === 'open' && browser !== undefined) openBrowser(browser, prompt.url);
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const status = await runningStatus(state, prompt.account);
    if (status === undefined) break;
    if (status.state === 'up' && status.session?.until !== before.get(status.account)) return status;
  }
  throw new CommandError(exits.timeout, 'nobody signed in within five minutes; run postern login again');
}

/** Signs in without a running client: a client that captures nothing, until it is ready. */
async function loginAlone(address: string | undefined, options: Options): Promise<ClientStatus> {
  const { startClient } = await import('../client/client.ts');
  const { browserCommand, openBrowser } = await import('../client/browser.ts');
  const state = openStateDirectory(options.state);
  const controller = options.controller ?? process.env['POSTERN_CONTROLLER'];
  const named =
    address === undefined
      ? await enrolPerson(state, { ...options, ...(controller === undefined ? {} : { controller }) })
      : await enrolAt(state, address, options);
  const id = named?.id ?? chosenFolder(new AccountFolders(state).list(), options.account)?.id;
  const browser = options.browser ? browserCommand(process.env, process.platform) : undefined;
  const client = await startClient({
    state,
    ...(id === undefined ? {} : { account: id }),
    ...(named?.movedTo === undefined ? {} : { controllerUrl: named.movedTo }),
    isAlone: true,
    browser: browser !== undefined,
    uids: [],
    onEvent(event) {
      if (event.kind === 'trouble') say(`! ${event.fault.message}`);
      if (event.kind !== 'prompt') return;
      showPrompt(event.prompt);
      if (event.prompt.kind === 'open' && browser !== undefined) openBrowser(browser, event.prompt.url);
    },
  });
  try {
    return await client.ready;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new CommandError(exitOfStart(error), `${error.message} Run postern login again.`);
  } finally {
    await client.stop();
  }
}

function joinedAt({ state, account }: Options): string | undefined {
  return chosenFolder(new AccountFolders(openStateDirectory(state)).list(), account)?.enrolment?.url;
}

/** Each account that runs, in short. */
async function runningStatuses(state: string): Promise<readonly AccountSummary[]> {
  return (await runningStatus(state))?.accounts ?? [];
}

async function runningStatus(state: string, account?: string): Promise<ClientStatus | undefined> {
  try {
    return (await callLocalApi(state, 'GET', routeFor('/v1/status', account))) as ClientStatus;
  } catch {
    return undefined;
  }
}
