/** `postern pass`: service tokens and device passes, by which programs come through the web door without a browser. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { parseDuration } from '../protocol/durations.ts';
import { exits } from '../protocol/errors.ts';
import { parseId } from '../protocol/ids.ts';
import { MadePass, PassEntry } from '../protocol/passes.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions } from './admin-options.ts';
import { action, CommandError, print, say, table } from './output.ts';

interface CreateOptions extends AdminOptions {
  service: string;
  resource: string;
  name?: string;
  expires?: string;
  json?: boolean;
}

const isMade = Compile(MadePass);
const isList = Compile(Type.Array(PassEntry));

export function passCommand(program: Command): void {
  const pass = program
    .command('pass')
    .description('service tokens and device passes: public hostnames without a browser');
  withAdminOptions(
    pass
      .command('create')
      .description('make a service token for the public hostnames of one resource; its secret is shown once')
      .requiredOption('--service <name>', 'the service account that it speaks for')
      .requiredOption('--resource <name>', 'the resource that it opens')
      .option('--name <name>', 'what it is for; the service account unless said')
      .option('--expires <duration>', 'for example 30d; never unless said'),
  )
    .option('--json', 'as one JSON object')
    .action(action(create));
  withAdminOptions(pass.command('list').description('list service tokens, and the device passes of people'))
    .option('--json', 'as one JSON object')
    .action(action(list));
  withAdminOptions(
    pass.command('revoke <id>').description('revoke one: what is open under it ends at once'),
  ).action(action(revoke));
}

async function create(options: CreateOptions): Promise<void> {
  const { service, resource, name = service, expires } = options;
  if (expires !== undefined && parseDuration(expires) === undefined)
    throw new CommandError(exits.usage, `"${expires}" is no duration; write 1h, 7d or 30d`);
  const made = await adminCall(await adminTarget(options), 'POST', '/api/v1/passes', {
    name,
    resource,
    serviceAccount: service,
    ...(expires === undefined ? {} : { expires }),
  });
  if (!isMade.Check(made)) throw new CommandError(exits.unexpected, 'the answer holds no service token');
  const text = `Postern-Client-Id: ${made.id}\nPostern-Client-Secret: ${made.secret}`;
  print(options.json === true, { schema: 'postern.pass/v1', ...made }, text);
  say('Send both headers with every request. The secret is not shown again.');
}

async function list(options: AdminOptions & { json?: boolean }): Promise<void> {
  const passes = await adminCall(await adminTarget(options), 'GET', '/api/v1/passes');
  if (!isList.Check(passes)) throw new CommandError(exits.unexpected, 'the answer is no list of passes');
  const rows = passes.map(({ id, kind, name, subjectName, resource, created, expires }) => [
    name,
    kind === 'service' ? 'service token' : 'device pass',
    subjectName,
    resource,
    expires === null ? 'does not expire' : `until ${expires}`,
    `made ${created}`,
    id,
  ]);
  print(options.json === true, { schema: 'postern.passes/v1', passes }, table(rows));
  if (passes.length === 0 && options.json !== true) say('There are none; make one with: postern pass create');
}

async function revoke(id: string, options: AdminOptions): Promise<void> {
  if (parseId('tok', id) === undefined)
    throw new CommandError(exits.usage, `"${id}" is no pass; take the id from: postern pass list`);
  await adminCall(await adminTarget(options), 'DELETE', `/api/v1/passes/${id}`);
  say('It is revoked: whoever bears it is refused from now on.');
}
