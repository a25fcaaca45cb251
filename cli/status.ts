/** `postern status`: what a running client or connector is doing, and what it refused or lost lately. */
import type { Command } from 'commander';
import type { ClientStatus } from '../client/status.ts';
import { formatDuration } from '../protocol/durations.ts';
import { callLocalApi } from '../protocol/node/local-api.ts';
import { action, print, table } from './output.ts';
import { stateOption } from './state-option.ts';

interface Options {
  state: string;
  json?: boolean;
}

export function statusCommand(program: Command): void {
  program
    .command('status')
    .description('show what the client or connector on this machine is doing')
    .addOption(stateOption())
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run({ state, json = false }: Options): Promise<void> {
  const status = (await callLocalApi(state, 'GET', '/v1/status')) as { schema: string };
  print(
    json,
    status,
    status.schema === 'postern.status/v1' ? clientText(status as ClientStatus) : otherText(status),
  );
}

/** The status of a client as a person reads it. */
export function clientText(status: ClientStatus): string {
  if (status.state === 'crashed') {
    return (
      'Client      crashed; the names of your organisation stay refused\n' +
      'Start it again: postern up, or give the names back: postern dns reset'
    );
  }
  const rows: string[][] = [
    [
      'Controller',
      status.controller.connected ? 'connected' : 'not connected',
      status.controller.url,
      `v${status.version}`,
    ],
  ];
  if (status.session !== undefined) rows.push(['Session', ...sessionCells(status.session)]);
  if (status.device !== undefined)
    rows.push(['Device', status.device.name, status.device.approved ? 'approved' : '! not approved yet']);
  if (status.dns !== undefined) rows.push(['DNS', ...dnsCells(status.dns)]);
  if (status.proxies.socks !== undefined) rows.push(['SOCKS5', status.proxies.socks]);
  if (status.proxies.http !== undefined) rows.push(['HTTP', status.proxies.http]);
  for (const [index, network] of status.networks.entries()) {
    rows.push([
      index === 0 ? 'Networks' : '',
      network.name,
      `${network.connectors} connector${network.connectors === 1 ? '' : 's'}`,
      network.connected ? 'relay' : '! not connected',
      network.rtt_ms === undefined ? '' : `${network.rtt_ms} ms`,
    ]);
  }
  for (const [index, flow] of status.flows.slice(0, 20).entries()) {
    const age = formatDuration(Date.now() - Date.parse(flow.since));
    rows.push([index === 0 ? 'Active' : '', `${flow.host}:${flow.port}`, age]);
  }
  for (const [index, incident] of status.recent.slice(0, 10).entries()) {
    const age = formatDuration(Date.now() - Date.parse(incident.at));
    rows.push([
      index === 0 ? 'Recent' : '',
      `${incident.host}:${incident.port}`,
      `${incident.event} ${age} ago`,
      incident.text,
    ]);
  }
  const fault = status.controller.fault;
  return `${table(rows)}${fault === undefined ? '' : `\n! ${fault}`}`;
}

function sessionCells({ name, email, until, ended }: NonNullable<ClientStatus['session']>): string[] {
  if (ended !== undefined) return [email ?? name, `! ended (${ended}); sign in again: postern login`];
  return [email ?? name, `expires in ${formatDuration(Date.parse(until) - Date.now())}`];
}

function dnsCells(dns: NonNullable<ClientStatus['dns']>): string[] {
  if (!dns.in_place)
    return ['! another program has changed /etc/resolv.conf', 'run postern up again to take names over'];
  const closed = dns.fails_closed ? 'fails closed' : 'cannot fail closed after a crash on this system';
  return ['ok', dns.routing, `${dns.zones.length} zones`, closed];
}

/** A connector's status, key by key. */
function otherText(status: object): string {
  return table(
    Object.entries(status).map(([key, value]) => [
      key,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );
}
