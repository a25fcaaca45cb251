/** `postern dns reset`: undoes what a client that is gone left on this system. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import type { ClientStatus } from '../client/status.ts';
import { exits } from '../protocol/errors.ts';
import { callLocalApi } from '../protocol/node/local-api.ts';
import { openStateDirectory } from '../protocol/node/state-directory.ts';
import { action, CommandError, print } from './output.ts';
import { stateOption } from './state-option.ts';
import { givenBack } from './up.ts';

interface Options {
  state: string;
  json?: boolean;
}

export function dnsCommand(program: Command): void {
  const dns = program.command('dns').description('names on this system');
  dns
    .command('reset')
    .description('after a crash: give names, rules and routes back to the system')
    .addOption(stateOption())
    .option('--json', 'as one JSON object')
    .action(action(reset));
}

async function reset({ state, json = false }: Options): Promise<void> {
  const { undoLeftovers } = await import('../client/system/journal.ts');
  const { journalOfTakeover, resolvConfPath } = await import('../client/system-dns/resolv-conf.ts');
  const serving = (await callLocalApi(state, 'GET', '/v1/status').catch(() => undefined)) as
    ClientStatus | undefined;
  if (serving !== undefined && serving.state !== 'crashed') {
    throw new CommandError(
      exits.usage,
      `postern up is running on ${state} and gives the names back itself; run: postern down --state ${state}`,
    );
  }
  if (serving !== undefined) {
    const { dns } = (await callLocalApi(state, 'POST', '/v1/down')) as { dns: 'restored' };
    return print(json, { schema: 'postern.dns-reset/v1', dns }, givenBack(dns));
  }
  // The file itself says where its journal is, whichever state folder that was.
  const named = journalOfTakeover(readIfThere(resolvConfPath));
  const undone = await undoLeftovers(openStateDirectory(named === undefined ? state : dirname(named)));
  const dns = undone?.resolvConf ?? 'untouched';
  return print(
    json,
    { schema: 'postern.dns-reset/v1', dns },
    undone === undefined ? '✓ There was nothing to give back.' : givenBack(dns),
  );
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
