/** `postern down`: ends the running client and gives names, rules and routes back. */
import type { Command } from 'commander';
import { callRunning } from './local-call.ts';
import { action, print } from './output.ts';
import { stateOption } from './state-option.ts';
import { givenBack } from './up.ts';

interface Options {
  state: string;
  json?: boolean;
}

export function downCommand(program: Command): void {
  program
    .command('down')
    .description('stop reaching your applications; the system gets its names back')
    .addOption(stateOption())
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run({ state, json = false }: Options): Promise<void> {
  const { dns } = (await callRunning(state, 'POST', '/v1/down')) as {
    dns: 'restored' | 'kept' | 'untouched';
  };
  print(
    json,
    { schema: 'postern.down/v1', dns },
    `${givenBack(dns)}\nStart again: postern up --state ${state}`,
  );
}
