/** Changes of the document that wait for a second administrator: looked at, approved, refused or taken back. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ApplyResult } from '../../../protocol/document-revisions.ts';
import type { Id } from '../../../protocol/ids.ts';
import { ProposalDetail, ProposalList, type ProposalEntry } from '../../../protocol/proposals.ts';
import type { ControllerContext } from '../../context.ts';
import { documentParts } from '../../organisation/document-parts.ts';
import { planDocument } from '../../organisation/plan/plan-document.ts';
import {
  decideProposal,
  openProposals,
  proposedDocument,
  standsBehind,
} from '../../organisation/proposals.ts';
import type { ProposalsTable } from '../../store/tables/organisations.ts';
import { organisationOf, requireAction, whoOf } from '../access.ts';
import { has } from '../callers.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';
import { decidedText, openChange } from './open-change.ts';
import { checkedDocument, documentWriting, putIntoForce } from './put-into-force.ts';

const params = Type.Object({ id: Type.String() });

export function proposalRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/document/proposals',
    {
      config: { access: ['document.read'] },
      schema: {
        summary: 'Changes that wait for a second administrator, the oldest first',
        response: { 200: ProposalList },
      },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const { revision } = await reader.current();
      return { proposals: (await openProposals(store)).map((row) => shown(request, row, revision)) };
    },
  );

  app.get(
    '/api/v1/document/proposals/:id',
    {
      config: { access: documentWriting, problems: ['invalid-document'] },
      schema: {
        summary: 'One of them, with what it would do now',
        params,
        response: { 200: ProposalDetail },
      },
    },
    async (request) => {
      const proposal = await find(request, request.params.id);
      const { store, reader } = context.organisation(organisationOf(request));
      const current = await reader.current();
      const document = await checkedDocument(context, request, proposedDocument(context, proposal));
      const { secretKey, random } = context;
      const plan = await planDocument(store, current, document, { secretKey, random, nowMs: context.now() });
      return { ...shown(request, proposal, current.revision), plan };
    },
  );

  app.post(
    '/api/v1/document/proposals/:id/approve',
    {
      config: { atOnce: true, access: documentWriting, problems: ['conflict', 'invalid-document'] },
      schema: {
        summary: 'Puts it into force; for a person who does not stand behind it and whose role covers it',
        params,
        response: { 200: ApplyResult },
      },
    },
    async (request) => {
      const proposal = await find(request, request.params.id);
      const { caller } = request;
      if (caller.kind !== 'person')
        throw new ProblemError('not-allowed', 'A person approves, signed in with a browser.');
      if (standsBehind(proposal, caller.person))
        throw new ProblemError('not-allowed', 'This is your own change; somebody else has to approve it.');
      const decided = { who: whoOf(request), nowMs: context.now() };
      const result = await putIntoForce(context, request, proposedDocument(context, proposal), {
        from: proposal.revision,
        approval: {
          of: proposal.who,
          give: async (tx) => {
            if (!(await decideProposal(tx, proposal, 'approved', decided)))
              throw new ProblemError('conflict', decidedText);
          },
        },
      });
      if ('proposal' in result) throw new Error('an approved change waits again');
      return result;
    },
  );

  app.post(
    '/api/v1/document/proposals/:id/refuse',
    {
      config: { atOnce: true, access: documentWriting, problems: ['conflict'] },
      schema: {
        summary: 'Refuses it, for whoever’s role covers it, or takes one’s own back; nothing changes',
        params,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const proposal = await find(request, request.params.id);
      if (!standsBehind(proposal, whoOf(request))) {
        for (const part of partsOf(proposal)) requireAction(request, part.action, part.sentence);
      }
      const { store } = context.organisation(organisationOf(request));
      const decided = { who: whoOf(request), nowMs: context.now() };
      const done = await store.transaction(async (tx) => decideProposal(tx, proposal, 'refused', decided));
      if (!done) throw new ProblemError('conflict', decidedText);
      return reply.code(204).send(null);
    },
  );

  async function find(request: FastifyRequest, id: string): Promise<ProposalsTable> {
    const { store } = context.organisation(organisationOf(request));
    return openChange(
      await store
        .select('proposals')
        .selectAll()
        .where('id', '=', id as Id<'chg'>)
        .executeTakeFirst(),
    );
  }
}

function partsOf({ changes }: ProposalsTable): ReturnType<typeof documentParts> {
  return documentParts(JSON.parse(changes) as ProposalEntry['changes']);
}

function shown(request: FastifyRequest, row: ProposalsTable, revision: number): ProposalEntry {
  const { caller } = request;
  return {
    id: row.id,
    who: row.who,
    created: new Date(row.created_ms).toISOString(),
    from: row.revision,
    stale: row.revision !== revision,
    changes: JSON.parse(row.changes) as ProposalEntry['changes'],
    own: standsBehind(row, caller.kind === 'person' ? caller.person : whoOf(request)),
    decides: partsOf(row).every(({ action }) => has(caller, action)),
  };
}
