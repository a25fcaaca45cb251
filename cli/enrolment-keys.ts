/** `postern token keys|delete-key`: enrolment keys that were made, by which servers and service accounts join. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { KeyEntry } from '../protocol/inventory.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions, type AdminTarget } from './admin-options.ts';
import { count } from './count.ts';
import { action, CommandError, print, say, table } from './output.ts';

const isList = Compile(Type.Array(KeyEntry));

/** Adds both to `token`, whose `create` makes such keys. */
export function enrolmentKeyCommands(token: Command): void {
  withAdminOptions(token.command('keys').description('list the enrolment keys, without their text'))
    .option('--json', 'as one JSON object')
    .action(action(list));
  withAdminOptions(
    token
      .command('delete-key <key>')
      .description(
        'delete an enrolment key: nothing joins by it any more, and sessions that a service key began end; by id, or by whom it is for where it is alone',
      ),
  ).action(action(remove));
}

async function list(options: AdminOptions & { json?: boolean }): Promise<void> {
  const keys = await keysOf(await adminTarget(options));
  const rows = keys.map(({ id, purpose, name, usesLeft, expires, created, createdBy }) => [
    purpose === 'connector' ? 'connector of' : purpose === 'relay' ? 'relay' : 'service account',
    name,
    usesOf(usesLeft),
    endOf(expires),
    `made ${created} by ${createdBy}`,
    id,
  ]);
  print(options.json === true, { schema: 'postern.keys/v1', keys }, table(rows));
  if (keys.length === 0 && options.json !== true)
    say('There are none; make one: postern token create --connector NETWORK');
}

function usesOf(left: number | null): string {
  if (left === null) return 'any number of uses';
  return left === 0 ? 'used up' : `${count(left, 'use')} left`;
}

function endOf(expires: string | null): string {
  if (expires === null) return 'does not expire';
  return `${Date.parse(expires) <= Date.now() ? '! expired' : 'until'} ${expires}`;
}

async function remove(which: string, options: AdminOptions): Promise<void> {
  const target = await adminTarget(options);
  const { id, purpose, name } = chosen(await keysOf(target), which);
  await adminCall(target, 'DELETE', `/api/v1/enrolment-keys/${id}`);
  say(
    purpose === 'service'
      ? `The key of the service account ${name} (${id}) is deleted: nobody signs in with it, and the sessions it began have ended.`
      : `The key for a ${purpose} ${purpose === 'relay' ? name : `of ${name}`} (${id}) is deleted: nothing joins by it. What has joined stays; to end that: postern ${purpose} remove.`,
  );
}

async function keysOf(target: AdminTarget): Promise<KeyEntry[]> {
  const answer = await adminCall(target, 'GET', '/api/v1/enrolment-keys');
  if (!isList.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer is no list of enrolment keys');
  return answer;
}

function chosen(keys: readonly KeyEntry[], which: string): KeyEntry {
  const found = keys.filter(({ id, name }) => id === which || name === which);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  throw new CommandError(
    exits.usage,
    first === undefined
      ? `there is no enrolment key "${which}"; see: postern token keys`
      : `${found.length} enrolment keys are for "${which}"; give the id: ${found.map(({ id }) => id).join(' ')}`,
  );
}
