/** `postern device`: devices of people and services, listed, named, approved, blocked, removed. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { DeviceEntry } from '../protocol/inventory.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions, type AdminTarget } from './admin-options.ts';
import { callRunning } from './local-call.ts';
import { accountOption, routeFor } from './account-option.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { deviceStandings, postureCommands, shortPosture } from './posture.ts';
import { stateOption } from './state-option.ts';

const isList = Compile(Type.Array(DeviceEntry));

/** What can be done to a device, and what is said when it is done. */
const actions = {
  approve: { description: 'approve a device', done: 'is approved' },
  unapprove: { description: 'take the approval back', done: 'is no longer approved' },
  block: { description: 'end its session and let nobody sign in on it', done: 'is blocked' },
  unblock: { description: 'let people sign in on it again', done: 'is no longer blocked' },
  remove: { description: 'end its session and forget it', done: 'is removed' },
} as const;
type Action = keyof typeof actions;

export function deviceCommand(program: Command): void {
  const device = program.command('device').description('devices of people and service accounts');
  withAdminOptions(device.command('list').description('list them'))
    .option('--json', 'as one JSON object')
    .action(action(list));
  withAdminOptions(
    device
      .command('rename <device> <name>')
      .description('name a device; by id, or by name where it is alone'),
  ).action(action(rename));
  postureCommands(device);
  device
    .command('rotate')
    .description(
      'give this very device new keys; postern up must be running (it does so by itself every 30 days)',
    )
    .addOption(stateOption())
    .addOption(accountOption())
    .option('--json', 'as one JSON object')
    .action(action(rotate));
  device
    .command('accept-peer <connector:key>')
    .description(
      'on this very device: take the key of a connector as its own from now on, both as postern status shows them',
    )
    .addHelpText('after', acceptHelp)
    .addOption(stateOption())
    .addOption(accountOption())
    .option('--json', 'as one JSON object')
    .action(action(acceptPeer));
  for (const [name, { description }] of Object.entries(actions) as [Action, (typeof actions)[Action]][]) {
    withAdminOptions(
      device.command(`${name} <device>`).description(`${description}; by id, or by name where it is alone`),
    ).action(action((which: string, options: AdminOptions) => act(name, which, options)));
  }
}

const acceptHelp = `
A connector is not the one that this device knows where it was installed anew or added, and where a controller names a key of its
own to read along. Compare the key with what the connector itself says, on its machine: postern status --state FOLDER`;

interface OwnOptions {
  state: string;
  account?: string;
  json?: boolean;
}

async function acceptPeer(peer: string, { state, account, json = false }: OwnOptions): Promise<void> {
  const accepted = (await callRunning(state, 'POST', routeFor('/v1/accept-peer', account), { peer })) as {
    connector: string;
    key: string;
  };
  const text = `✓ This device knows ${accepted.connector} by the key ${accepted.key} from now on.`;
  print(json, { schema: 'postern.accepted-peer/v1', ...accepted }, text);
}

/** Of the device this is run on, through its own client: no administrator has a part in it. */
async function rotate({ state, account, json = false }: OwnOptions): Promise<void> {
  const { nodeKey } = (await callRunning(state, 'POST', routeFor('/v1/rotate', account))) as {
    nodeKey: string;
  };
  print(json, { schema: 'postern.rotate/v1', nodeKey }, `✓ This device has new keys (${nodeKey}).`);
}

async function rename(which: string, name: string, options: AdminOptions): Promise<void> {
  if (!/^[^\p{C}\s]([^\p{C}]{0,62}[^\p{C}\s])?$/u.test(name))
    throw new CommandError(
      exits.usage,
      'a name has up to 64 characters that print, without spaces around it',
    );
  const target = await adminTarget(options);
  const device = chosen(await devicesOf(target), which);
  await adminCall(target, 'POST', `/api/v1/devices/${device.id}/rename`, { name });
  say(`${device.name} of ${device.ownerName} is now called ${name}.`);
}

async function list(options: AdminOptions & { json?: boolean }): Promise<void> {
  const target = await adminTarget(options);
  const listed = await devicesOf(target);
  const standings = await deviceStandings(target);
  const devices = listed.map((device) => ({ ...device, standing: standings.get(device.id) }));
  const rows = devices.map(({ id, name, ownerName, os, approval, state, online, seen, standing }) => [
    name,
    ownerName,
    os,
    state,
    approval === 'none' ? 'not approved' : approval,
    online ? 'online' : `seen ${seen}`,
    shortPosture(standing),
    id,
  ]);
  print(options.json === true, { schema: 'postern.devices/v1', devices }, table(rows));
  if (devices.length === 0 && options.json !== true) say('No device has signed in yet.');
}

async function act(name: Action, which: string, options: AdminOptions): Promise<void> {
  const target = await adminTarget(options);
  const device = chosen(await devicesOf(target), which);
  const path = `/api/v1/devices/${device.id}`;
  await (name === 'remove'
    ? adminCall(target, 'DELETE', path)
    : adminCall(target, 'POST', `${path}/${name}`));
  say(`${device.name} of ${device.ownerName} ${actions[name].done}.`);
}

async function devicesOf(target: AdminTarget): Promise<DeviceEntry[]> {
  const answer = await adminCall(target, 'GET', '/api/v1/devices');
  if (!isList.Check(answer)) throw new CommandError(exits.unexpected, 'the answer is no list of devices');
  return answer;
}

function chosen(devices: readonly DeviceEntry[], which: string): DeviceEntry {
  const found = devices.filter(({ id, name }) => id === which || name === which);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  throw new CommandError(
    exits.usage,
    first === undefined
      ? `there is no device "${which}"; see postern device list`
      : `${found.length} devices are called "${which}"; give the id: ${found.map(({ id }) => id).join(' ')}`,
  );
}
