/** `postern administrator`: who administers the organisation, and as what. */
import { Option, type Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Administrators } from '../protocol/administrators.ts';
import { Invitations, Invited } from '../protocol/invitations.ts';
import { exits } from '../protocol/errors.ts';
import { PersonEntry } from '../protocol/inventory.ts';
import { roles } from '../protocol/roles.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions, type AdminTarget } from './admin-options.ts';
import { action, CommandError, print, say, table } from './output.ts';

const isList = Compile(Administrators);
const isPeople = Compile(Type.Array(PersonEntry));
type Person = Pick<PersonEntry, 'id' | 'name' | 'email'>;

const isInvited = Compile(Invited);
const isInvitations = Compile(Invitations);

export function administratorCommand(program: Command): void {
  const administrator = program.command('administrator').description('who administers, and as what');
  withAdminOptions(
    administrator
      .command('add <who>')
      .description('give a person who has signed in a role, or another; by e-mail address, name or id')
      .addOption(new Option('--role <role>', 'what they may do').choices(roles).makeOptionMandatory()),
  ).action(action(add));
  withAdminOptions(
    administrator
      .command('invite <email>')
      .description('invite somebody who has never signed in: by mail, or by a link to hand over')
      .addOption(new Option('--role <role>', 'what they may do').choices(roles).makeOptionMandatory())
      .option('--for <duration>', 'how long the invitation is good, such as 12h; 3d unless said')
      .option('--link', 'print the link instead of mailing it'),
  )
    .option('--json', 'as one JSON object')
    .action(action(invite));
  withAdminOptions(administrator.command('invitations').description('list invitations that nobody has taken'))
    .option('--json', 'as one JSON object')
    .action(action(invitations));
  withAdminOptions(
    administrator
      .command('uninvite <email>')
      .description('take an invitation back: its link is good no more'),
  ).action(action(uninvite));
  withAdminOptions(administrator.command('list').description('list people with a role'))
    .option('--json', 'as one JSON object')
    .action(action(list));
  withAdminOptions(
    administrator.command('remove <who>').description('take a person’s role; by e-mail address, name or id'),
  ).action(action(remove));
}

async function add(who: string, options: AdminOptions & { role: string }): Promise<void> {
  const target = await adminTarget(options);
  const people: unknown = await adminCall(target, 'GET', '/api/v1/people');
  if (!isPeople.Check(people)) throw new CommandError(exits.unexpected, 'the answer is no list of people');
  const person = chosen(people, who, 'a person administers once they have signed in for the first time');
  await adminCall(target, 'PUT', `/api/v1/administrators/${person.id}`, { role: options.role });
  say(
    `${labelOf(person)} has the role ${options.role} from their next sign-in on. See: postern administrator list`,
  );
}

async function invite(
  email: string,
  options: AdminOptions & { role: string; for?: string; link?: true; json?: boolean },
): Promise<void> {
  const answer = await adminCall(await adminTarget(options), 'POST', '/api/v1/administrators/invitations', {
    email,
    role: options.role,
    ...(options.for === undefined ? {} : { for: options.for }),
    ...(options.link === true ? { link: true } : {}),
  });
  if (!isInvited.Check(answer)) throw new CommandError(exits.unexpected, 'the answer is no invitation');
  const text = answer.link ?? `A mail with the link goes to ${email}.`;
  print(options.json === true, { schema: 'postern.invitation/v1', ...answer }, text);
  if (options.json !== true)
    say(
      `Whoever signs in as ${email} takes the role ${options.role} by it, once, until ${answer.expires}. See: postern administrator invitations`,
    );
}

async function invitations(options: AdminOptions & { json?: boolean }): Promise<void> {
  const answer = await waiting(await adminTarget(options));
  const rows = answer.invitations.map(({ email, role, expires }) => [email, role, `until ${expires}`]);
  print(options.json === true, { schema: 'postern.invitations/v1', ...answer }, table(rows));
  if (rows.length === 0 && options.json !== true)
    say('Nobody is invited. Next: postern administrator invite EMAIL --role admin');
}

async function uninvite(email: string, options: AdminOptions): Promise<void> {
  const target = await adminTarget(options);
  const found = (await waiting(target)).invitations.find((each) => each.email === email.toLowerCase());
  if (found === undefined)
    throw new CommandError(
      exits.usage,
      `nobody is invited as "${email}"; see: postern administrator invitations`,
    );
  await adminCall(target, 'DELETE', `/api/v1/administrators/invitations/${found.id}`);
  say(`The invitation of ${email} is good no more.`);
}

async function waiting(target: AdminTarget): Promise<Invitations> {
  const answer = await adminCall(target, 'GET', '/api/v1/administrators/invitations');
  if (!isInvitations.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer is no list of invitations');
  return answer;
}

async function list(options: AdminOptions & { json?: boolean }): Promise<void> {
  const answer = await adminCall(await adminTarget(options), 'GET', '/api/v1/administrators');
  if (!isList.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer is no list of administrators');
  const rows = answer.administrators.map((each) => [
    labelOf(each),
    each.role,
    each.disabled ? '! disabled' : (each.provider ?? 'no provider'),
    each.since === null ? '' : `since ${each.since}`,
    each.id,
  ]);
  print(options.json === true, { schema: 'postern.administrators/v1', ...answer }, table(rows));
  if (rows.length === 0 && options.json !== true)
    say('Nobody has a role yet. Next: postern administrator add EMAIL --role owner');
}

async function remove(who: string, options: AdminOptions): Promise<void> {
  const target = await adminTarget(options);
  const answer = await adminCall(target, 'GET', '/api/v1/administrators');
  if (!isList.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer is no list of administrators');
  const person = chosen(answer.administrators, who, 'see: postern administrator list');
  await adminCall(target, 'DELETE', `/api/v1/administrators/${person.id}`);
  say(
    `${labelOf(person)} has no role any more. To end their sessions too: postern person sign-out ${person.id}`,
  );
}

function labelOf({ name, email }: Person): string {
  return email ?? name;
}

function chosen(people: readonly Person[], who: string, remedy: string): Person {
  const found = people.filter(
    ({ id, name, email }) => id === who || name === who || email === who.toLowerCase(),
  );
  const [person] = found;
  if (person !== undefined && found.length === 1) return person;
  throw new CommandError(
    exits.usage,
    person === undefined
      ? `nobody is "${who}"; ${remedy}`
      : `several are "${who}"; give the id: ${found.map(({ id }) => id).join(', ')}`,
  );
}
