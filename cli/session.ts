/** `postern session`: open sessions in browsers and on devices, listed and ended. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { parseId } from '../protocol/ids.ts';
import { SessionEntry } from '../protocol/inventory.ts';
import { formatDuration } from '../protocol/durations.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { action, CommandError, print, say, table } from './output.ts';

const isList = Compile(Type.Array(SessionEntry));

export function sessionCommand(program: Command): void {
  const session = program.command('session').description('open sessions, in browsers and on devices');
  withAdminOptions(session.command('list').description('list them'))
    .option('--json', 'as one JSON object')
    .action(action(list));
  withAdminOptions(
    session.command('end <session>').description('end one at once, with everything that is open under it'),
  ).action(action(end));
}

async function list(options: AdminOptions & { json?: boolean }): Promise<void> {
  const sessions = await adminCall(await adminTarget(options), 'GET', '/api/v1/sessions');
  if (!isList.Check(sessions)) throw new CommandError(exits.unexpected, 'the answer is no list of sessions');
  const rows = sessions.map(({ id, kind, subjectName, deviceName, address, until }) => [
    subjectName,
    kind === 'browser' ? 'browser' : (deviceName ?? 'device'),
    address,
    `ends in ${formatDuration(Date.parse(until) - Date.now())}`,
    id,
  ]);
  print(options.json === true, { schema: 'postern.sessions/v1', sessions }, table(rows));
  if (sessions.length === 0 && options.json !== true) say('Nobody is signed in.');
}

async function end(id: string, options: AdminOptions): Promise<void> {
  if (parseId('ses', id) === undefined)
    throw new CommandError(exits.usage, `"${id}" is no session; take the id from: postern session list`);
  await adminCall(await adminTarget(options), 'DELETE', `/api/v1/sessions/${id}`);
  say('The session has ended.');
}
