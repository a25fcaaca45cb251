/** `postern open`: a resource in the browser. */
import type { Command } from 'commander';
import { browserCommand, openBrowser } from '../client/browser.ts';
import type { ResourceList } from '../client/status.ts';
import { exits } from '../protocol/errors.ts';
import { accountOption, routeFor } from './account-option.ts';
import { callRunning } from './local-call.ts';
import { action, CommandError, print, say } from './output.ts';
import { stateOption } from './state-option.ts';

interface Options {
  state: string;
  account?: string;
  json?: boolean;
}

type Listed = ResourceList['resources'][number];

/** Ports that browsers are pointed at, the likeliest first. */
const webPorts = [443, 80, 8443, 8080] as const;

export function openCommand(program: Command): void {
  program
    .command('open')
    .description('open a resource in the browser')
    .argument('<resource>', 'its name or host name')
    .addOption(stateOption())
    .addOption(accountOption())
    .option('--json', 'print the address as one JSON object, and open nothing')
    .action(action(run));
}

async function run(name: string, { state, account, json = false }: Options): Promise<void> {
  const list = (await callRunning(state, 'GET', routeFor('/v1/resources', account))) as ResourceList;
  const resource = list.resources.find((each) => each.name === name || each.hosts.includes(name));
  if (resource === undefined)
    throw new CommandError(exits.usage, `there is no resource "${name}" for you; see: postern resources`);
  if (resource.state !== 'granted')
    throw new CommandError(
      exits.denied,
      `you may not use ${resource.name}; see: postern why ${resource.name}`,
    );
  const url = addressOf(resource);
  if (url === undefined)
    throw new CommandError(
      exits.usage,
      `${resource.name} is no web page: it has ${resource.ports.join(', ')}; see: postern resources`,
    );
  print(json, { schema: 'postern.open/v1', resource: resource.name, url }, url);
  if (json) return;
  const command = browserCommand(process.env, process.platform);
  if (command === undefined) say('No browser can be opened from here; open the address above.');
  else openBrowser(command, url);
}

/** Its public hostname where it has one: that opens with the client and without. */
function addressOf({ urls, hosts, ports }: Pick<Listed, 'urls' | 'hosts' | 'ports'>): string | undefined {
  const host = hosts.find((each) => !each.startsWith('*.'));
  const port = webPorts.find((each) => ports.some((text) => covers(text, each)));
  if (urls[0] !== undefined || host === undefined || port === undefined) return urls[0];
  const scheme = port === 443 || port === 8443 ? 'https' : 'http';
  return `${scheme}://${host}${port === 443 || port === 80 ? '' : `:${port}`}/`;
}

function covers(text: string, port: number): boolean {
  const [, low = '', high = low] = /^tcp\/(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  return low !== '' && Number(low) <= port && port <= Number(high);
}
