/** `postern resources`: what this person may use and whether it answered, and what would be theirs if a condition held. */
import type { Command } from 'commander';
import type { ResourceList } from '../client/status.ts';
import { formatDuration } from '../protocol/durations.ts';
import { healthCodeTexts } from '../protocol/health-texts.ts';
import { accountOption, routeFor } from './account-option.ts';
import { callRunning } from './local-call.ts';
import { action, print, table } from './output.ts';
import { stateOption } from './state-option.ts';

type Shown = ResourceList['resources'][number];

interface Options {
  state: string;
  account?: string;
  json?: boolean;
}

export function resourcesCommand(program: Command): void {
  program
    .command('resources')
    .description('list what you may use, by name, and whether it answered when this device last tried')
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
  const rows = resources.map(({ name, hosts, urls, ports, state: decision, reasons, reached = [] }) => [
    decision === 'granted' ? '✓' : '✗',
    name,
    [...hosts, ...urls].join(' '),
    ports.join(' '),
    decision === 'granted' ? reachedText(reached, Date.now()) : reasons.join('; '),
  ]);
  return `${table(rows)}\nWhy: postern why NAME --state ${state}`;
}

/** What this device's last flows found; empty where it has tried none. */
export function reachedText(reached: NonNullable<Shown['reached']>, nowMs: number): string {
  const failing = reached.filter(({ answers }) => !answers);
  if (failing.length === 0) return reached.length === 0 ? '' : 'answers';
  return failing
    .map(({ port, code, at }) => {
      const why = code === undefined ? '' : `: ${healthCodeTexts[code]}`;
      return `port ${port} did not answer ${formatDuration(nowMs - Date.parse(at))} ago${why}`;
    })
    .join('; ');
}
