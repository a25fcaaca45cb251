/**
 * Documents that wait until a second administrator approves them: kept sealed, since they carry secrets. Who stands behind
 * one is a person, or whoever made the token that sent it, through all the tokens between; none of them approves it.
 */
import type { DocumentChange } from '../../protocol/document-revisions.ts';
import { newId, type Id } from '../../protocol/ids.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import { behind } from '../administrators/behind.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import type { ProposalsTable } from '../store/tables/organisations.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { withoutValues } from './document-changes.ts';

/** Thrown by whoever is asked to permit a change, to have it wait instead. */
export class NeedsApproval extends Error {
  readonly changes: readonly DocumentChange[];
  readonly revision: number;

  constructor(changes: readonly DocumentChange[], revision: number) {
    super('a second administrator has to approve this');
    this.changes = changes;
    this.revision = revision;
  }
}

/** Keeps a document for a second administrator. `who` as in the audit log. */
export async function propose(
  { now, random, secretKey }: ControllerContext,
  store: ScopedStore,
  document: OrganisationDocument,
  { changes, revision, who }: Pick<NeedsApproval, 'changes' | 'revision'> & { readonly who: string },
): Promise<Id<'chg'>> {
  const id = newId('chg', random(16));
  const shown = changes.map(withoutValues);
  await store.transaction(async (tx) => {
    await tx
      .insert('proposals', {
        id,
        document: secretKey.seal(purposeOf(id), Buffer.from(JSON.stringify(document))),
        revision,
        changes: JSON.stringify(shown),
        who,
        behind: JSON.stringify(await behind(tx, who)),
        created_ms: now(),
        state: 'open',
        decided_ms: null,
        decided_by: null,
      })
      .execute();
    const detail = { proposal: id, from: revision, changes: shown };
    await appendAudit(tx, [{ atMs: now(), who, what: 'document.propose', result: 'done', detail }]);
  });
  return id;
}

export async function openProposals(store: ScopedStore): Promise<ProposalsTable[]> {
  return store.select('proposals').selectAll().where('state', '=', 'open').orderBy('created_ms').execute();
}

/** The document of a proposal. Throws when it was sealed with another key. */
export function proposedDocument(
  { secretKey }: ControllerContext,
  { id, document }: ProposalsTable,
): OrganisationDocument {
  const text = secretKey.unseal(purposeOf(id), document);
  if (text === undefined) throw new Error(`the proposal ${id} was sealed with another secret key`);
  return JSON.parse(text.toString('utf8')) as OrganisationDocument;
}

/** Whether this person stands behind the proposal. */
export function standsBehind({ behind: list }: ProposalsTable, person: string): boolean {
  return (JSON.parse(list) as string[]).includes(person);
}

/** Inside the transaction that acts on it: closes an open proposal; false when it is open no more. */
export async function decideProposal(
  tx: ScopedStore,
  proposal: ProposalsTable,
  state: 'approved' | 'refused',
  { who, nowMs }: { readonly who: string; readonly nowMs: number },
): Promise<boolean> {
  const closed = await tx
    .update('proposals')
    .set({ state, decided_ms: nowMs, decided_by: who })
    .where('id', '=', proposal.id)
    .where('state', '=', 'open')
    .returning('id')
    .executeTakeFirst();
  if (closed === undefined) return false;
  const detail = { proposal: proposal.id, proposedBy: proposal.who };
  const what = state === 'approved' ? 'document.approve' : 'document.refuse';
  await appendAudit(tx, [{ atMs: nowMs, who, what, result: 'done', detail }]);
  return true;
}

function purposeOf(id: string): string {
  return `proposal ${id}`;
}
