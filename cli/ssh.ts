/** `postern ssh`: OpenSSH to a resource, captured or not. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command } from 'commander';
import type { ClientStatus, ResourceList } from '../client/status.ts';
import { exits } from '../protocol/errors.ts';
import { callLocalApi } from '../protocol/node/local-api.ts';
import { accountOption, routeFor } from './account-option.ts';
import { action, CommandError } from './output.ts';
import { stateOption } from './state-option.ts';

interface Options {
  state: string;
  account?: string;
}

export function sshCommand(program: Command): void {
  program
    .command('ssh')
    .description('run ssh to a resource, by its name or host name; whatever follows goes to ssh')
    .addOption(stateOption())
    .addOption(accountOption())
    .argument('<[user@]name>', 'resource or host name, such as bastion or alice@bastion.acme.internal')
    .argument('[options...]', 'options and command for ssh')
    .passThroughOptions()
    .action(action(run));
}

async function run(target: string, rest: string[], options: Options): Promise<void> {
  const at = target.lastIndexOf('@') + 1;
  const [user, name] = [target.slice(0, at), target.slice(at)];
  const status = await ask<ClientStatus>('/v1/status', options);
  const host = status === undefined ? name : await hostOf(name, options);
  // Where names are captured ssh finds its own way, and is as fast as anything.
  const way = status?.capture === undefined ? ['-o', `ProxyCommand=${proxyCommandOf(options)}`] : [];
  // Ssh takes options behind the host as well, up to the first word of the command.
  const child = spawn('ssh', [...way, `${user}${host}`, ...rest], { stdio: 'inherit' });
  // Ctrl-C is the remote program's; ssh passes it on and says when it has ended.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => undefined);
  child.once('error', () => undefined);
  const [code, signal] = (await Promise.race([
    once(child, 'exit'),
    once(child, 'error').then(() => {
      throw new CommandError(
        exits.unexpected,
        'ssh is not installed on this machine; install OpenSSH’s client',
      );
    }),
  ])) as [number | null, NodeJS.Signals | null];
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 255);
}

/** The host name of the resource that is called so; `name` itself where none is. */
async function hostOf(name: string, options: Options): Promise<string> {
  const list = await ask<ResourceList>('/v1/resources', options);
  const resource = list?.resources.find((each) => each.name === name);
  const host = resource?.hosts.find((each) => !each.startsWith('*.'));
  if (resource !== undefined && host === undefined)
    throw new CommandError(
      exits.usage,
      `${name} stands for many hosts; give one of ${resource.hosts.join(', ')}`,
    );
  return host ?? name;
}

async function ask<T>(route: string, { state, account }: Options): Promise<T | undefined> {
  return (await callLocalApi(state, 'GET', routeFor(route, account)).catch(() => undefined)) as T | undefined;
}

/** This very program, for the shell that ssh gives it to; `%` is ssh's. */
function proxyCommandOf({ state, account }: Options): string {
  const own = [process.execPath, process.argv[1] ?? 'postern', 'proxy', '--state', state];
  const words = [...own, ...(account === undefined ? [] : ['--account', account])];
  return `${words.map((word) => quoted(word.replaceAll('%', '%%'))).join(' ')} %h %p`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
