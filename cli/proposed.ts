/** Changes that wait for a second administrator, as `apply` and `policy` tell of them. */
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { Proposed, ProposalList } from '../protocol/proposals.ts';
import { ProposedChanges } from '../protocol/proposed-changes.ts';
import { adminCall, ApiProblem } from './admin-call.ts';
import { adminTarget, type AdminOptions } from './admin-options.ts';
import { CommandError, print, say, table } from './output.ts';

export const isProposed = Compile(Proposed);
const isList = Compile(ProposalList);
const isChangeList = Compile(ProposedChanges);

/** Says that nothing is in force yet, and who can change that. */
export function sayProposed({ proposal }: Proposed, json: boolean, schema: string): void {
  print(json, { schema, proposal }, proposal);
  if (!json)
    say(
      'Nothing is in force yet: a second administrator has to approve it, on the page Proposals. See: postern policy proposals',
    );
}

export async function listProposals(options: AdminOptions & { json?: boolean }): Promise<void> {
  const target = await adminTarget(options);
  const answer = await adminCall(target, 'GET', '/api/v1/document/proposals');
  const beside = await adminCall(target, 'GET', '/api/v1/proposals');
  if (!isList.Check(answer) || !isChangeList.Check(beside))
    throw new CommandError(exits.unexpected, 'the answer is no list of proposals');
  const rows = answer.proposals.map(({ id, who, created, from, stale, changes }) => [
    id,
    stale ? `! revision ${from} is not in force` : `from revision ${from}`,
    `by ${who}`,
    created,
    changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`).join(', '),
  ]);
  for (const { id, who, created, state, stale, what, path, after } of beside.proposals)
    rows.push([
      id,
      state === 'done' ? 'done: see what came of it' : stale ? '! what it is about has changed' : 'open',
      `by ${who}`,
      created,
      `${what}: ${path}${after === null ? '' : ` ${JSON.stringify(after)}`}`,
    ]);
  const all = { ...answer, changes: beside.proposals };
  print(options.json === true, { schema: 'postern.proposals/v1', ...all }, table(rows));
  if (rows.length === 0 && options.json !== true) say('No change waits for a second administrator.');
}

export async function refuseProposal(proposal: string, options: AdminOptions): Promise<void> {
  const target = await adminTarget(options);
  const id = encodeURIComponent(proposal);
  await adminCall(target, 'POST', `/api/v1/document/proposals/${id}/refuse`).catch(async (error: unknown) => {
    if (!(error instanceof ApiProblem) || error.problem.status !== 404) throw error;
    // Of the document there is none of this id: it is one of the others.
    return adminCall(target, 'POST', `/api/v1/proposals/${id}/refuse`);
  });
  say(`${proposal} is refused; nothing was changed.`);
}

/** What came of a change of one's own that was carried out, such as the text of a token; only once. */
export async function takeProposal(proposal: string, options: AdminOptions): Promise<void> {
  const path = `/api/v1/proposals/${encodeURIComponent(proposal)}/take`;
  const taken = await adminCall(await adminTarget(options), 'POST', path);
  const { answer } = taken as { readonly answer: unknown };
  print(true, { schema: 'postern.proposal-answer/v1', answer }, '');
}
