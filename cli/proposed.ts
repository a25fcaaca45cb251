/** Changes of the document that wait for a second administrator, as `apply` and `policy` tell of them. */
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { Proposed, ProposalList } from '../protocol/proposals.ts';
import { adminCall } from './admin-call.ts';
import { adminTarget, type AdminOptions } from './admin-options.ts';
import { CommandError, print, say, table } from './output.ts';

export const isProposed = Compile(Proposed);
const isList = Compile(ProposalList);

/** Says that nothing is in force yet, and who can change that. */
export function sayProposed({ proposal }: Proposed, json: boolean, schema: string): void {
  print(json, { schema, proposal }, proposal);
  if (!json)
    say(
      'Nothing is in force yet: a second administrator has to approve it, on the page Proposals. See: postern policy proposals',
    );
}

export async function listProposals(options: AdminOptions & { json?: boolean }): Promise<void> {
  const answer = await adminCall(await adminTarget(options), 'GET', '/api/v1/document/proposals');
  if (!isList.Check(answer)) throw new CommandError(exits.unexpected, 'the answer is no list of proposals');
  const rows = answer.proposals.map(({ id, who, created, from, stale, changes }) => [
    id,
    stale ? `! revision ${from} is not in force` : `from revision ${from}`,
    `by ${who}`,
    created,
    changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`).join(', '),
  ]);
  print(options.json === true, { schema: 'postern.proposals/v1', ...answer }, table(rows));
  if (rows.length === 0 && options.json !== true) say('No change waits for a second administrator.');
}

export async function refuseProposal(proposal: string, options: AdminOptions): Promise<void> {
  const path = `/api/v1/document/proposals/${encodeURIComponent(proposal)}/refuse`;
  await adminCall(await adminTarget(options), 'POST', path);
  say(`${proposal} is refused; nothing was changed.`);
}
