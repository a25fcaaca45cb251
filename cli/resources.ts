/** `postern resources`: what this person may use, and what would be theirs if a condition held. */
import type { Command } from 'commander';
import type { ResourceList } from '../client/status.ts';
import { accountOption, routeFor } from './account-option.ts';
import { callRunning } from './local-call.ts';
import { action, print, table } from './output.ts';
import { stateOption } from './state-option.ts';

interface Options {
  state: string;
  account?: string;
  json?: boolean;
}

export function resourcesCommand(program: Command): void {
  program
    .command('resources')
    .description('list what you may use, by name')
    .addOption(stateOption())
    .addOption(accountOption())
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run({ state, account, json = false }: Options): Promise<void> {
  const list = (await callRunning(state, 'GET', routeFor('/v1/resources', account))) as ResourceList;
  print(json, list, text(list, state));
}

function text({ resources }: ResourceList, state: string): string {
  if (resources.length === 0)
    return 'No resources are granted to you. Ask an administrator, and see: postern status';
  const rows = resources.map(({ name, hosts, urls, ports, state: decision, reasons }) => [
    decision === 'granted' ? '✓' : '✗',
    name,
    [...hosts, ...urls].join(' '),
    ports.join(' '),
    reasons.join('; '),
  ]);
  return `${table(rows)}\nWhy: postern why NAME --state ${state}`;
}
