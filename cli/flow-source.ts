/** Flows for commands that carry some by themselves: through the client that runs, or by one of this process. */
import { Duplex } from 'node:stream';
import type { Command } from 'commander';
import type { ClientStatus } from '../client/status.ts';
import { AccountFolders } from '../client/accounts/account-folders.ts';
import { exits, Fault, type CodeName } from '../protocol/errors.ts';
import { callLocalApi, connectLocalApi } from '../protocol/node/local-api.ts';
import { openStateDirectory } from '../protocol/node/state-directory.ts';
import { decodeEnrolmentKey } from '../protocol/secrets.ts';
import { chosenFolder } from './account-choice.ts';
import { accountOption, routeFor } from './account-option.ts';
import { callRunning } from './local-call.ts';
import { CommandError, say } from './output.ts';
import { readSecret } from './secret.ts';
import { untilSignal } from './signals.ts';
import { exitOfStart } from './start-exit.ts';
import { stateOption } from './state-option.ts';

export interface FlowOptions {
  state: string;
  account?: string;
  key?: string;
  keyFile?: string;
}

/** Where flows come from. */
export interface FlowSource {
  /** Rejects with a Fault. One that is cut later fails with the reason. */
  open(host: string, port: number): Promise<Duplex>;
  stop(): Promise<void>;
}

/** The options that `flowSource` takes. */
export function withFlowOptions(command: Command): Command {
  return command
    .addOption(stateOption())
    .addOption(accountOption())
    .option('--key <sk_…>', 'key of a service account, where no client is running (also POSTERN_KEY)')
    .option('--key-file <file>', 'file that holds the key (also POSTERN_KEY_FILE; - for standard input)');
}

/** Throws a CommandError when `text` is no port. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new CommandError(exits.usage, `"${text}" is no port; give a number from 1 to 65535`);
  return port;
}

/** The client that runs on this state directory, or one that is started here and stopped again. */
export async function flowSource(options: FlowOptions): Promise<FlowSource> {
  if (await isRunning(options.state)) {
    // By the name it goes by there, whatever it was called here.
    const at = async (): Promise<string | undefined> =>
      options.account === undefined
        ? undefined
        : ((await callRunning(options.state, 'GET', routeFor('/v1/status', options.account))) as ClientStatus)
            .account;
    const account = await at();
    return {
      open: (host, port) => openThroughClient({ state: options.state, account }, host, port),
      stop: () => Promise.resolve(),
    };
  }
  const text = await readSecret('key', options.key, options.keyFile);
  const key = text === undefined ? undefined : decodeEnrolmentKey('sk', text);
  if (text !== undefined && key === undefined)
    throw new CommandError(exits.usage, 'the key is mistyped or is no sk_ key; copy it whole');
  const state = openStateDirectory(options.state);
  const folder =
    key === undefined ? chosenFolder(new AccountFolders(state).list(), options.account) : undefined;
  if (key === undefined && folder === undefined) {
    throw new CommandError(
      exits.notSignedIn,
      `nobody is signed in on ${options.state}; sign in with postern login, or give --key sk_…`,
    );
  }
  const { startClient } = await import('../client/client.ts');
  const client = await startClient({
    state,
    ...(key === undefined ? {} : { key }),
    ...(folder === undefined ? {} : { account: folder.id, isAlone: true }),
    browser: false,
    uids: [],
    onEvent: (event) => {
      if (event.kind === 'trouble') say(`! ${event.fault.message}; trying again`);
    },
  });
  try {
    await Promise.race([client.ready, untilSignal()]);
  } catch (error) {
    await client.stop();
    if (!(error instanceof Fault)) throw error;
    throw new CommandError(exitOfStart(error), error.message);
  }
  return {
    open: (host, port) => client.open({ host, port }),
    stop: async () => void (await client.stop()),
  };
}

/** The running client, and of which of its accounts where one was named. */
interface Through {
  readonly state: string;
  readonly account: string | undefined;
}

/** A flow of the running client; one that was cut there fails here too, with the reason. */
async function openThroughClient(through: Through, host: string, port: number): Promise<Duplex> {
  const sinceMs = Date.now();
  const { state, account } = through;
  const raw = await connectLocalApi(state, `${account === undefined ? '' : `${account}@`}${host}:${port}`);
  const flow = new Duplex({
    allowHalfOpen: true,
    read: () => void raw.resume(),
    write: (bytes: Buffer, _encoding, done) => void raw.write(bytes, done),
    final: (done) => void raw.end(done),
    destroy(error, done) {
      raw.destroy();
      done(error);
    },
  });
  raw.on('data', (bytes: Buffer) => {
    if (!flow.push(bytes)) raw.pause();
  });
  raw.once('error', () => flow.destroy(new Fault('cancelled', 'the client on this machine has ended')));
  // A local socket ends in the same way whether the application ended or the flow was cut: the client knows which.
  raw.once('end', () => {
    void whyEnded(through, host, port, sinceMs).then((fault) => {
      if (fault === undefined) flow.push(null);
      else flow.destroy(fault);
    });
  });
  return flow;
}

/** The incident in which a flow to there ended since then; undefined when its application just ended it. */
async function whyEnded(
  { state, account }: Through,
  host: string,
  port: number,
  sinceMs: number,
): Promise<Fault | undefined> {
  const statusOf = async (name: string | undefined): Promise<ClientStatus | undefined> =>
    (await callLocalApi(state, 'GET', routeFor('/v1/status', name)).catch(() => undefined)) as
      ClientStatus | undefined;
  const status = await statusOf(account);
  if (status === undefined) return new Fault('cancelled', 'the client on this machine has ended');
  // Whose name it is the client knew; what came of it stands with that account.
  const others =
    account === undefined ? status.accounts.filter((each) => each.account !== status.account) : [];
  const statuses = [status, ...(await Promise.all(others.map((each) => statusOf(each.account))))];
  const cut = statuses
    .flatMap((each) => each?.recent ?? [])
    .find(
      (incident) =>
        incident.event === 'ended' &&
        incident.host === host &&
        incident.port === port &&
        Date.parse(incident.at) >= sinceMs,
    );
  return cut === undefined ? undefined : new Fault(cut.code as CodeName, cut.text);
}

async function isRunning(state: string): Promise<boolean> {
  try {
    await callLocalApi(state, 'GET', '/v1/status');
    return true;
  } catch {
    return false;
  }
}
