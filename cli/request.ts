/**
 * `postern request`: asks for a resource, and answers what others ask for. For the person at this machine through the
 * running client; with an API token, for an administrator.
 */
import { Option, type Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { formatDuration } from '../protocol/durations.ts';
import { exits, type ExitCode } from '../protocol/errors.ts';
import { parseId } from '../protocol/ids.ts';
import type { RequestCall } from '../protocol/request-messages.ts';
import {
  AccessRequests,
  MyApprovals,
  MyRequests,
  RequestState,
  type AccessRequest,
  type Requestable,
} from '../protocol/requests.ts';
import { accountOption, routeFor } from './account-option.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, withAdminOptions, type AdminOptions, type AdminTarget } from './admin-options.ts';
import { isAdministrator, askRunning, unreadable } from './ask-running.ts';
import { action, CommandError, print, say, table } from './output.ts';
import { stateOption } from './state-option.ts';

interface Common extends AdminOptions {
  state: string;
  account?: string;
  json?: boolean;
}
interface AskOptions {
  state: string;
  account?: string;
  for: string;
  reason: string;
  breakGlass?: boolean;
  json?: boolean;
}

const isMade = Compile(Type.Object({ id: Type.String() }));
const isState = Compile(Type.Object({ state: RequestState }));
const isMine = Compile(Type.Object({ ...MyRequests.properties, ...MyApprovals.properties }));
const isAll = Compile(AccessRequests);

export function requestCommand(program: Command): void {
  const request = program
    .command('request')
    .description('ask for a resource that you may not use, and answer what others ask for');
  request
    .command('ask <resource>', { isDefault: true })
    .description('ask for a resource, by its name or a host name that leads to it')
    .requiredOption('--for <duration>', 'for how long, such as 30m, 4h or 2d')
    .requiredOption('--reason <text>', 'why; whoever approves reads it')
    .option('--break-glass', 'let me in at once, approved by nobody: everybody is told')
    .addOption(stateOption())
    .addOption(accountOption())
    .option('--json', 'as one JSON object')
    .action(action(ask));
  withBoth(
    request
      .command('list')
      .description('what you asked for, may ask for and may approve; as an administrator, every request'),
  ).action(action(list));
  withBoth(
    request
      .command('approve <request>')
      .description('approve what somebody else asks for')
      .option('--for <duration>', 'for a shorter time than was asked')
      .addOption(
        new Option('--waive <policy...>', 'requires that need not be met, of those that list shows'),
      ),
  ).action(action(approve));
  withBoth(
    request
      .command('deny <request>')
      .description('deny it; the person reads why')
      .requiredOption('--reason <text>', 'why'),
  ).action(action(deny));
  withBoth(
    request
      .command('withdraw <request>')
      .description('take a request back, or end what was approved: open flows end at once'),
  ).action(action(withdraw));
}

function withBoth(command: Command): Command {
  return withAdminOptions(command.addOption(stateOption()).addOption(accountOption())).option(
    '--json',
    'as one JSON object',
  );
}

async function ask(resource: string, options: AskOptions): Promise<void> {
  const { for: length, reason, breakGlass = false, json = false } = options;
  const wanted = { resource, for: length, reason, ...(breakGlass ? { breakGlass: true as const } : {}) };
  const made = await call(options, { what: 'ask', wanted }, exits.denied);
  if (!isMade.Check(made)) throw unreadable();
  const { id } = made;
  const standing = breakGlass ? 'approved' : 'pending';
  print(json, { schema: 'postern.request/v1', id, state: standing }, id);
  if (json) return;
  say(
    breakGlass
      ? `You may use it for ${length}, and everybody who watches over it was told.\nGive it back early: postern request withdraw ${id}`
      : `Those who approve it see it now.\nLook whether they have: postern request list   Take it back: postern request withdraw ${id}`,
  );
}

async function list(options: Common): Promise<void> {
  const { json = false } = options;
  if (isAdministrator(options)) {
    const requests = await allRequests(await adminTarget(options));
    print(json, { schema: 'postern.requests/v1', requests }, table(requests.map(row)));
    if (requests.length === 0 && !json) say('Nobody has asked for anything.');
    return;
  }
  const mine = await call(options, { what: 'list' });
  if (!isMine.Check(mine)) throw unreadable();
  const parts = [
    part('Waiting for you', mine.waiting.map(row)),
    ...mine.waiting.map(waivable),
    part('You asked', mine.requests.map(row)),
    part('You may ask for', mine.requestable.map(requestableRow)),
    part('Answered', mine.answered.map(row)),
  ].filter((text) => text !== '');
  print(json, { schema: 'postern.requests/v1', ...mine }, parts.join('\n'));
  if (json) return;
  if (parts.length === 0) say('There is nothing that you may ask for or approve.');
  const [first] = mine.waiting;
  if (first !== undefined)
    say(`Answer: postern request approve ${first.id}, or deny ${first.id} --reason "…"`);
}

/** All of them, page by page. */
async function allRequests(target: AdminTarget): Promise<AccessRequest[]> {
  // What came to its end between two pages is on both.
  const requests = new Map<string, AccessRequest>();
  let before: string | undefined;
  do {
    const cursor = before === undefined ? '' : `?before=${encodeURIComponent(before)}`;
    const page = await adminCall(target, 'GET', `/api/v1/requests${cursor}`);
    if (!isAll.Check(page)) throw unreadable();
    for (const request of page.requests) requests.set(request.id, request);
    before = page.next;
  } while (before !== undefined);
  return [...requests.values()];
}

async function approve(id: string, options: Common & { for?: string; waive?: string[] }): Promise<void> {
  const { for: length, waive } = options;
  const approving = {
    ...(length === undefined ? {} : { for: length }),
    ...(waive === undefined ? {} : { waives: waive }),
  };
  const state = await answer(id, options, 'approve', approving, { what: 'approve', request: id, approving });
  if (options.json === true) return;
  say(
    state === 'approved'
      ? `It is approved. End it early: postern request withdraw ${id}`
      : 'Your approval counts; another one is still needed.',
  );
}

async function deny(id: string, options: Common & { reason: string }): Promise<void> {
  const denying = { text: options.reason };
  await answer(id, options, 'deny', denying, { what: 'deny', request: id, denying });
  if (options.json !== true) say('It is denied; the person reads why.');
}

async function withdraw(id: string, options: Common): Promise<void> {
  requireId(id);
  if (isAdministrator(options))
    await adminCall(await adminTarget(options), 'POST', `/api/v1/requests/${id}/withdraw`);
  else await call(options, { what: 'withdraw', request: id });
  print(options.json === true, { schema: 'postern.request/v1', id, state: 'withdrawn' }, '');
  if (options.json !== true) say('It is withdrawn; what was open under it has ended.');
}

async function answer(
  id: string,
  options: Common,
  verb: 'approve' | 'deny',
  body: object,
  local: RequestCall['call'],
): Promise<RequestState> {
  requireId(id);
  const answered = isAdministrator(options)
    ? await adminCall(await adminTarget(options), 'POST', `/api/v1/requests/${id}/${verb}`, body)
    : await call(options, local);
  if (!isState.Check(answered)) throw unreadable();
  print(options.json === true, { schema: 'postern.request/v1', id, state: answered.state }, '');
  return answered.state;
}

function call(
  { state, account }: Pick<Common, 'state' | 'account'>,
  what: RequestCall['call'],
  hidden?: ExitCode,
): Promise<unknown> {
  return askRunning(state, routeFor('/v1/request', account), what, hidden);
}

function requireId(id: string): void {
  if (parseId('req', id) === undefined)
    throw new CommandError(exits.usage, `"${id}" is no request; take the id from: postern request list`);
}

function part(title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `${title}\n${table(rows.map((cells) => ['', ...cells]))}`;
}

function row({ id, state, resource, person, reason, forMs, until, answers }: AccessRequest): string[] {
  const denied = answers.find(({ answer: said }) => said === 'deny')?.text;
  return [
    resource,
    state === 'approved' && until !== undefined ? `approved until ${until}` : state,
    person.email ?? person.name,
    `for ${formatDuration(forMs)}`,
    denied === undefined ? reason : `${reason} (denied: ${denied})`,
    id,
  ];
}

/** What an approval of it may waive, and what each of these asks for. */
function waivable({ id, waivable: list = [] }: AccessRequest): string {
  return list
    .map(({ policy, needs }) => `  ${id} may waive ${policy} (${needs.join(', ')}): --waive ${policy}`)
    .join('\n');
}

function requestableRow({ resource, longestMs, quorum, breakGlass }: Requestable): string[] {
  const how = breakGlass ? 'at once, with --break-glass' : `${quorum} must approve`;
  return [resource, `for ${formatDuration(longestMs)} at most`, how];
}
