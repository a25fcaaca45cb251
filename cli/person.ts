/** `postern person`: people and service accounts, listed, disabled and enabled, signed out everywhere. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { PersonEntry, ServiceAccountEntry } from '../protocol/inventory.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions, type AdminTarget } from './admin-options.ts';
import { count } from './count.ts';
import { action, CommandError, print, say, table } from './output.ts';

type Account = ServiceAccountEntry & Partial<PersonEntry>;
const isPeople = Compile(Type.Array(PersonEntry));
const isServiceAccounts = Compile(Type.Array(ServiceAccountEntry));
const isEnded = Compile(Type.Object({ ended: Type.Integer() }));

export function personCommand(program: Command): void {
  const person = program.command('person').description('people and service accounts');
  withAdminOptions(person.command('list').description('list them'))
    .option('--json', 'as one JSON object')
    .action(action(list));
  const which = 'by e-mail address, name or id';
  for (const [name, description, run] of [
    ['disable', 'end every session at once and let them in no more', disable],
    ['enable', 'let them in again', enable],
    ['sign-out', 'end every session of a person, in browsers and on devices', signOut],
  ] as const) {
    withAdminOptions(person.command(`${name} <who>`).description(`${description}; ${which}`)).action(
      action(async (who: string, options: AdminOptions) => run(await adminTarget(options), who)),
    );
  }
}

async function list(options: AdminOptions & { json?: boolean }): Promise<void> {
  const accounts = await accountsOf(await adminTarget(options));
  const rows = accounts.map(({ id, name, email, groups, disabled, sessions, provider }) => [
    email ?? name,
    id.startsWith('svc_') ? 'service account' : (provider ?? 'no provider'),
    groups.join(','),
    disabled ? '! disabled' : count(sessions, 'session'),
    id,
  ]);
  print(options.json === true, { schema: 'postern.people/v1', people: accounts }, table(rows));
  if (accounts.length === 0 && options.json !== true) say('Nobody has signed in yet.');
}

async function disable(target: AdminTarget, who: string): Promise<void> {
  const account = chosen(await accountsOf(target), who);
  await adminCall(target, 'POST', `${pathOf(account)}/disable`);
  say(`${shown(account)} is disabled; every session has ended. To undo: postern person enable ${account.id}`);
}

async function enable(target: AdminTarget, who: string): Promise<void> {
  const account = chosen(await accountsOf(target), who);
  await adminCall(target, 'POST', `${pathOf(account)}/enable`);
  say(`${shown(account)} is enabled and may sign in again.`);
}

async function signOut(target: AdminTarget, who: string): Promise<void> {
  const account = chosen(await accountsOf(target), who);
  if (account.id.startsWith('svc_')) {
    throw new CommandError(
      exits.usage,
      `${account.name} is a service account and would sign in again at once; disable it: postern person disable ${account.name}`,
    );
  }
  const answer = await adminCall(target, 'DELETE', `${pathOf(account)}/sessions`);
  if (!isEnded.Check(answer)) throw new CommandError(exits.unexpected, 'the answer says nothing of sessions');
  say(`${shown(account)} is signed out everywhere (${count(answer.ended, 'session')}).`);
}

function pathOf({ id }: Account): string {
  return `/api/v1/${id.startsWith('svc_') ? 'service-accounts' : 'people'}/${id}`;
}

function shown({ name, email }: Account): string {
  return email ?? name;
}

async function accountsOf(target: AdminTarget): Promise<Account[]> {
  const [people, serviceAccounts] = await Promise.all([
    adminCall(target, 'GET', '/api/v1/people'),
    adminCall(target, 'GET', '/api/v1/service-accounts'),
  ]);
  if (!isPeople.Check(people) || !isServiceAccounts.Check(serviceAccounts))
    throw new CommandError(exits.unexpected, 'the answer is no list of people');
  return [...people, ...serviceAccounts];
}

function chosen(accounts: readonly Account[], who: string): Account {
  const found = accounts.filter(
    ({ id, name, email }) => id === who || name === who || email === who.toLowerCase(),
  );
  const [account] = found;
  if (account !== undefined && found.length === 1) return account;
  throw new CommandError(
    exits.usage,
    account === undefined
      ? `nobody is "${who}"; see: postern person list`
      : `several are "${who}"; give the id: ${found.map(({ id }) => id).join(', ')}`,
  );
}
