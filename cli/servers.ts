/** `postern connector list|drain|resume|remove`, `postern relay list|remove`: what administrators do about servers that have joined. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { ServerEntry } from '../protocol/inventory.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions, type AdminTarget } from './admin-options.ts';
import { action, CommandError, print, say, table } from './output.ts';

const isList = Compile(Type.Array(ServerEntry));

export type ServerKind = 'connector' | 'relay';

/** Adds both to `parent`, the command that runs such a server. */
export function serverCommands(parent: Command, kind: ServerKind): void {
  const purpose = kind === 'connector' ? 'connectors of all networks' : 'relays';
  withAdminOptions(parent.command('list').description(`list the ${purpose} that have joined`))
    .option('--json', 'as one JSON object')
    .action(action((options: AdminOptions & { json?: boolean }) => list(kind, options)));
  withAdminOptions(
    parent
      .command(`remove <${kind}>`)
      .description(
        'forget one: its keys are refused from now on, and what passes through it ends; by id, or by name where it is alone',
      ),
  ).action(action((which: string, options: AdminOptions) => remove(kind, which, options)));
  if (kind === 'relay') return;
  withAdminOptions(
    parent
      .command('drain <connector>')
      .description('keep new flows and browsers away from one; what is open there goes on until it ends'),
  ).action(action((which: string, options: AdminOptions) => setDrained('drain', which, options)));
  withAdminOptions(parent.command('resume <connector>').description('take one back that was drained')).action(
    action((which: string, options: AdminOptions) => setDrained('resume', which, options)),
  );
}

async function list(kind: ServerKind, options: AdminOptions & { json?: boolean }): Promise<void> {
  const servers = await serversOf(await adminTarget(options), kind);
  const rows = servers.map(({ id, name, network, url, version, online, seen, drained, embedded }) => [
    name,
    (kind === 'connector' ? network : url) ?? '–',
    online ? (drained === undefined ? 'online' : `drained ${drained}`) : `seen ${seen}`,
    version === '' ? '–' : version,
    ...(embedded === true ? [`${id} (part of the controller)`] : [id]),
  ]);
  const value =
    kind === 'connector'
      ? ({ schema: 'postern.connectors/v1', connectors: servers } as const)
      : ({ schema: 'postern.relays/v1', relays: servers } as const);
  print(options.json === true, value, table(rows));
  if (servers.length === 0 && options.json !== true)
    say(`No ${kind} has joined yet; make a key for one: ${keyFor(kind)}`);
}

async function remove(kind: ServerKind, which: string, options: AdminOptions): Promise<void> {
  const target = await adminTarget(options);
  const { id, name, network } = chosen(await serversOf(target, kind), kind, which);
  await adminCall(target, 'DELETE', `/api/v1/${kind}s/${id}`);
  say(
    `${name} is removed: its keys are refused, and what passed through it ends. It comes back with a new key and an empty --state: ${keyFor(kind, kind === 'connector' ? network : name)}`,
  );
}

async function setDrained(step: 'drain' | 'resume', which: string, options: AdminOptions): Promise<void> {
  const target = await adminTarget(options);
  const all = await serversOf(target, 'connector');
  const { id, name, network } = chosen(all, 'connector', which);
  await adminCall(target, 'POST', `/api/v1/connectors/${id}/${step}`);
  if (step === 'resume') return say(`${name} takes new flows again.`);
  const others = all.filter(
    (each) => each.id !== id && each.network === network && each.online && each.drained === undefined,
  );
  say(
    others.length === 0
      ? `${name} takes no new flows, and no other connector of ${network ?? 'its network'} is there to take them: nobody reaches anything new there. Take it back with: postern connector resume ${name}`
      : `${name} takes no new flows; they go to ${others.map((each) => each.name).join(', ')}. What is open there: postern flow list. Take it back with: postern connector resume ${name}`,
  );
}

function keyFor(kind: ServerKind, name = kind === 'connector' ? 'NETWORK' : 'NAME'): string {
  return `postern token create --${kind} ${name}`;
}

async function serversOf(target: AdminTarget, kind: ServerKind): Promise<ServerEntry[]> {
  const answer = await adminCall(target, 'GET', `/api/v1/${kind}s`);
  if (!isList.Check(answer)) throw new CommandError(exits.unexpected, `the answer is no list of ${kind}s`);
  return answer;
}

function chosen(servers: readonly ServerEntry[], kind: ServerKind, which: string): ServerEntry {
  const found = servers.filter(({ id, name }) => id === which || name === which);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  throw new CommandError(
    exits.usage,
    first === undefined
      ? `there is no ${kind} "${which}"; see: postern ${kind} list`
      : `${found.length} ${kind}s are called "${which}"; give the id: ${found.map(({ id }) => id).join(' ')}`,
  );
}
