/** `postern directory`: directories of identity providers (SCIM), what they told, and one that was stopped let go on. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { DirectoryEntry } from '../protocol/directories.ts';
import { exits } from '../protocol/errors.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { action, CommandError, print, say, table } from './output.ts';

const isList = Compile(Type.Array(DirectoryEntry));

export function directoryCommand(program: Command): void {
  const directory = program
    .command('directory')
    .description('directories of identity providers, which tell of people and groups (SCIM)');
  withAdminOptions(
    directory.command('list').description('list them: what they told, and whether one is stopped'),
  )
    .option('--json', 'as one JSON object')
    .action(action(list));
  withAdminOptions(
    directory
      .command('resume <provider>')
      .description('let one that was stopped take away what it likes, for an hour'),
  ).action(action(resume));
  withAdminOptions(
    directory
      .command('revoke-token <provider> <token>')
      .description('delete a token, by its id in the list: the directory is refused from now on'),
  ).action(action(revokeToken));
}

async function list(options: AdminOptions & { json?: boolean }): Promise<void> {
  const directories = await adminCall(await adminTarget(options), 'GET', '/api/v1/directories');
  if (!isList.Check(directories))
    throw new CommandError(exits.unexpected, 'the answer is no list of directories');
  const rows = directories.flatMap((each) => [
    [
      each.name,
      each.stopped === undefined
        ? each.heard === undefined
          ? 'never heard'
          : `heard ${each.heard}`
        : 'STOPPED',
      `${each.active} of ${each.users} users active`,
      `${each.joined} joined`,
      `${each.groups} groups`,
      each.url,
    ],
    ...each.tokens.map(({ id, created, lastUsed }) => [
      '',
      id,
      `made ${created}`,
      lastUsed === undefined ? 'never used' : `used ${lastUsed}`,
    ]),
  ]);
  print(options.json === true, { schema: 'postern.directories/v1', directories }, table(rows));
  if (options.json === true) return;
  if (directories.length === 0)
    say(
      'No provider has a directory. Add directory: {} to one in postern.yaml, then: postern token create --scim PROVIDER',
    );
  const stopped = directories.find((each) => each.stopped !== undefined);
  if (stopped !== undefined)
    say(
      `${stopped.name} would have taken too much away at once. See postern audit; if it is meant: postern directory resume ${stopped.name}`,
    );
}

async function resume(provider: string, options: AdminOptions): Promise<void> {
  const path = `/api/v1/directories/${encodeURIComponent(provider)}/resume`;
  await adminCall(await adminTarget(options), 'POST', path);
  say(`For an hour ${provider} may take away what it likes. Look afterwards: postern directory list`);
}

async function revokeToken(provider: string, token: string, options: AdminOptions): Promise<void> {
  const path = `/api/v1/directories/${encodeURIComponent(provider)}/tokens/${encodeURIComponent(token)}`;
  await adminCall(await adminTarget(options), 'DELETE', path);
  say(`The token is gone. Make another: postern token create --scim ${provider}`);
}
