/** `postern status`: what a running client or connector is doing, and what it refused or lost lately. */
import type { Command } from 'commander';
import type { ClientStatus, PathShown, PeerShown } from '../client/status.ts';
import { accountOption, routeFor } from './account-option.ts';
import { formatDuration } from '../protocol/durations.ts';
import type { ConnectorStatus } from '../connector/connector-status.ts';
import { healthCodeTexts } from '../protocol/health-texts.ts';
import { checkTitles } from '../protocol/shown-posture.ts';
import { count } from './count.ts';
import { callRunning } from './local-call.ts';
import { action, print, table } from './output.ts';
import { stateOption } from './state-option.ts';

interface Options {
  state: string;
  account?: string;
  json?: boolean;
}

export function statusCommand(program: Command): void {
  program
    .command('status')
    .description('show what the client or connector on this machine is doing')
    .addOption(stateOption())
    .addOption(accountOption())
    .option('--json', 'as one JSON object')
    .action(action(run));
}

async function run({ state, account, json = false }: Options): Promise<void> {
  const status = (await callRunning(state, 'GET', routeFor('/v1/status', account))) as { schema: string };
  if (status.schema !== 'postern.status/v1') return print(json, status, serverText(status));
  const one = status as ClientStatus;
  const isAll = account === undefined && !json && (one.accounts?.length ?? 0) > 1;
  print(json, one, isAll ? await allText(state, one) : clientText(one));
}

/** Each account after the other. */
async function allText(state: string, { accounts }: ClientStatus): Promise<string> {
  const texts: string[] = [];
  for (const { account } of accounts)
    texts.push(
      clientText((await callRunning(state, 'GET', routeFor('/v1/status', account))) as ClientStatus),
    );
  return texts.join('\n\n');
}

/** The status of a client as a person reads it. */
export function clientText(status: ClientStatus): string {
  if (status.state === 'crashed') {
    return (
      'Client      crashed; the names of your organisation stay refused\n' +
      'Start it again: postern up, or give the names back: postern dns reset'
    );
  }
  const { controller, session, device, dns, proxies } = status;
  const lines = [
    ...(status.accounts.length < 2 ? [] : [line('Account', status.account)]),
    line(
      'Controller',
      controller.connected ? 'connected' : '! not connected',
      controller.url,
      `v${status.version}`,
    ),
    ...(session === undefined ? [] : [line('Session', ...sessionCells(session))]),
    ...(device === undefined
      ? []
      : [line('Device', device.name, device.approved ? 'approved' : '! not approved yet')]),
    ...postureLines(status.posture),
    ...group('News', status.news ?? [], (news) => [newsText(news, controller.url)]),
    ...(dns === undefined ? [] : [line('DNS', ...dnsCells(dns))]),
    ...(dns?.refused_zones ?? []).map((refused) => line('', refusedZoneText(refused, status.account))),
    ...(proxies.socks === undefined ? [] : [line('SOCKS5', proxies.socks)]),
    ...(proxies.http === undefined ? [] : [line('HTTP', proxies.http)]),
    ...group('Networks', status.networks, (network) => [
      network.name,
      count(network.connectors, 'connector'),
      network.connected ? pathText(network.path) : '! not connected',
      network.rtt_ms === undefined ? '' : `${network.rtt_ms} ms`,
      notDirectText(network.not_direct),
    ]),
    ...(status.peers?.reports ?? []).map((report) =>
      line('', peerText(report, status.accounts.length < 2 ? undefined : status.account)),
    ),
    ...group('Active', status.flows.slice(0, 20), (flow) => [
      `${flow.host}:${flow.port}`,
      age(flow.since),
      flow.dropped === undefined ? '' : `! ${count(flow.dropped, 'datagram')} dropped`,
    ]),
    ...group('Recent', status.recent.slice(0, 10), (incident) => [
      `${incident.host}:${incident.port}`,
      `${incident.event} ${age(incident.at)} ago`,
      incident.text,
    ]),
    ...(status.alarms ?? []).map(
      ({ text, count: times, last }) =>
        `! ${text} (${times === 1 ? 'once' : `${times} times`}, ${age(last)} ago)`,
    ),
    ...(controller.fault === undefined ? [] : [`! ${controller.fault}`]),
  ];
  return lines.join('\n');
}

/** Each check that is asked for; those for which a resource is refused first by their mark. */
function postureLines(posture: ClientStatus['posture']): string[] {
  if (posture === undefined) return [];
  const rows = posture.checks.map(({ check, value, needed_by: names, needed_by_count: number, refuses }) => [
    `${refuses.length > 0 ? '! ' : ''}${checkTitles[check]}`,
    value,
    number === 0 ? '' : `needed by ${number <= 3 ? names.join(', ') : count(number, 'resource')}`,
    refuses.length === 0 ? '' : `refuses ${refuses.length <= 3 ? refuses.join(', ') : refuses.length}`,
  ]);
  return [line('Posture', `told ${age(posture.at)} ago`), ...group('', rows, (row) => row)];
}

/** A path in words: `relay NAME` or `direct HOST:PORT`. */
export function pathText(path: PathShown | undefined): string {
  if (path === undefined) return '';
  return path.kind === 'relay' ? `relay ${path.name}` : `direct ${path.endpoint}`;
}

/** Where nobody published an endpoint nothing is amiss, and only `ping` says so. */
function notDirectText(why: string | undefined): string {
  return why === undefined || why === 'no endpoint published' ? '' : `not direct: ${why}`;
}

function line(label: string, ...cells: string[]): string {
  return `${label.padEnd(12)}${cells.join('   ')}`;
}

/** Rows of one kind, aligned among themselves, under one label. */
function group<T>(label: string, entries: readonly T[], cells: (entry: T) => string[]): string[] {
  if (entries.length === 0) return [];
  return table(entries.map(cells))
    .split('\n')
    .map((row, index) => line(index === 0 ? label : '', row));
}

function age(instant: string): string {
  return formatDuration(Date.now() - Date.parse(instant));
}

function sessionCells({
  name,
  email,
  until,
  ended,
  ends_soon: soon,
}: NonNullable<ClientStatus['session']>): string[] {
  if (ended === 'fenced')
    return [email ?? name, '! two copies of this device were seen; sign in again: postern login'];
  if (ended === 'disabled') return [email ?? name, '! ended; an administrator has disabled this account'];
  if (soon === true) {
    const left = formatDuration(Date.parse(until) - Date.now());
    return [email ?? name, `! ends in ${left}; to go on: postern login`];
  }
  if (ended !== undefined) return [email ?? name, `! ended (${ended}); sign in again: postern login`];
  return [email ?? name, `expires in ${formatDuration(Date.parse(until) - Date.now())}`];
}

/** One sentence about another device of the same person, with what to do. */
export function newsText(
  { name, what, at, address }: NonNullable<ClientStatus['news']>[number],
  controllerUrl: string,
): string {
  if (what === 'suspended') {
    return `! Two copies of the key of your device ${name} were seen; it is suspended until you sign in on it again.`;
  }
  const from = address === undefined ? '' : ` from ${address}`;
  return `! A new device of yours, ${name}, was let in ${age(at)} ago${from}. Not you? Block it: ${controllerUrl}`;
}

/** What is not as this device knows it, what it does about that, and how a person has it otherwise. */
export function peerText(
  { what, connector, network, named_key: named, known_key: known, refused }: PeerShown,
  account: string | undefined,
): string {
  const where = network === undefined ? '' : ` of ${network}`;
  const fact =
    what === 'unknown'
      ? `The connector ${connector}${where} is new to this device.`
      : `The connector ${connector}${where} has another key than this device knows (${known}).`;
  const does = refused ? 'Nothing is opened there.' : 'It is used all the same; --strict-peers refuses it.';
  const gone = network === undefined ? 'The controller names it no longer.' : does;
  return `! ${fact} ${gone} If its own postern status shows the same key: postern device accept-peer ${connector}:${named}${account === undefined ? '' : ` --account ${account}`}`;
}

/** One sentence about a zone that is not answered for here, and what to do where something can be done. */
export function refusedZoneText(
  { zone, why, by }: NonNullable<ClientStatus['dns']>['refused_zones'][number],
  account: string,
): string {
  if (why === 'unconfirmed')
    return `! The zone ${zone} is new and nobody’s in DNS; to say yes to it, sign in again: postern login --account ${account}`;
  if (why !== 'held') return `! The zone ${zone} is not taken over: ${why}`;
  return `! The zone ${zone} is held by your account ${by}; to have ${account} go before it: postern down, then postern up --prefer ${account}`;
}

function dnsCells(dns: NonNullable<ClientStatus['dns']>): string[] {
  if (!dns.in_place)
    return ['! another program has changed /etc/resolv.conf', 'run postern up again to take names over'];
  const closed = dns.fails_closed ? 'fails closed' : 'cannot fail closed after a crash on this system';
  const { hostnames } = dns;
  const names = hostnames.length === 0 ? [] : [count(hostnames.length, 'public hostname')];
  return ['ok', dns.routing, [count(dns.zones.length, 'zone'), ...names].join(', '), closed];
}

/** The status of a connector or relay: its schema names which, its fields are shown as they are, certificates and what does not answer by name. */
export function serverText(status: object): string {
  const {
    certificates = [],
    failing = [],
    ...rest
  } = status as Pick<ConnectorStatus, 'certificates' | 'failing'>;
  return [
    ...Object.entries(rest)
      .filter(([key]) => key !== 'schema')
      .map(([key, value]) => line(capitalised(key), valueText(value))),
    ...group('Failing', failing, ({ host, port, code, since }) => [
      `! ${host}:${port}`,
      healthCodeTexts[code],
      `for ${age(since)}`,
    ]),
    ...group('Hostnames', certificates, ({ host, state, from, until, problem }) => [
      host,
      `${state === 'ready' && problem === undefined ? '' : '! '}${state}`,
      from,
      until === undefined ? '' : `until ${new Date(until * 1_000).toISOString().slice(0, 10)}`,
      problem ?? '',
    ]),
  ].join('\n');
}

function capitalised(key: string): string {
  return key.slice(0, 1).toUpperCase() + key.slice(1);
}

/** Nested fields on one line: `connected`, `not connected`, `rtt_ms 3.2`; entries of a list after one another. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '! none' : value.map(valueText).join('; ');
  if (typeof value === 'number') return String(Math.round(value * 10) / 10);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, field]) => {
      if (typeof field === 'boolean') return field ? key : `! not ${key}`;
      return key === 'id' || key === 'fault' ? String(field) : `${key} ${valueText(field)}`;
    })
    .join('  ');
}
