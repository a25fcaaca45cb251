/** Earlier documents: the list, one of them with what it changed, and putting one into force again. */
import { Type } from 'typebox';
import { ApplyResult, DocumentChange, DocumentRevision } from '../../../protocol/document-revisions.ts';
import { Proposed } from '../../../protocol/proposals.ts';
import type { ControllerContext } from '../../context.ts';
import {
  documentHistory,
  documentRevision,
  revivedDocument,
  type Revision,
} from '../../organisation/document-history.ts';
import { organisationOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';
import { documentWriting, ifMatch, putIntoForce } from './put-into-force.ts';

const pageSize = 20;
const RevisionBody = Type.Object(
  {
    revision: Type.Integer({ minimum: 1 }),
    /** The revision in force when this was decided; another is a conflict. */
    from: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { additionalProperties: false },
);

export function documentHistoryRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/document/history',
    {
      config: { access: ['document.read'] },
      schema: {
        summary: 'Revisions of the document, newest first; `before` is the cursor of the following page',
        querystring: Type.Object({
          before: Type.Optional(Type.Integer({ minimum: 1 })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
        }),
        response: { 200: Type.Object({ revisions: Type.Array(DocumentRevision) }) },
      },
    },
    async (request) => {
      const { before = Number.MAX_SAFE_INTEGER, limit = pageSize } = request.query;
      const { store } = context.organisation(organisationOf(request));
      const revisions = await documentHistory(store, { before, limit });
      return { revisions: revisions.map((entry) => ({ ...shown(entry), changes: entry.changes })) };
    },
  );

  app.get(
    '/api/v1/document/history/:revision',
    {
      config: { access: ['document.read'], problems: ['not-found'] },
      schema: {
        summary:
          'One revision: before and after of every entry that it changed, and the document, without secrets',
        params: Type.Object({ revision: Type.String() }),
        response: {
          200: Type.Object({
            revision: Type.Integer(),
            time: Type.String(),
            who: Type.String(),
            changes: Type.Array(DocumentChange),
            document: Type.Unknown(),
          }),
        },
      },
    },
    async (request) => {
      const { store } = context.organisation(organisationOf(request));
      const number = /^[1-9]\d{0,14}$/.test(request.params.revision) ? Number(request.params.revision) : 0;
      const found = await documentRevision(store, number);
      if (found === undefined) throw new ProblemError('not-found');
      return { ...shown(found), changes: [...found.changes], document: found.document };
    },
  );

  app.post(
    '/api/v1/document/rollback',
    {
      config: {
        atOnce: true,
        access: documentWriting,
        problems: ['not-found', 'invalid-document', 'conflict'],
      },
      schema: {
        summary: 'Puts an earlier revision into force, as a new one, with the secrets that are kept now',
        headers: Type.Object({ 'if-match': Type.Optional(Type.String()) }),
        body: RevisionBody,
        response: { 200: ApplyResult, 202: Proposed },
      },
    },
    async (request, reply) => {
      const { revision, from = ifMatch(request) } = request.body;
      const { store } = context.organisation(organisationOf(request));
      const found = await documentRevision(store, revision);
      if (found === undefined)
        throw new ProblemError('not-found', `There is no revision ${revision}; see postern policy history.`);
      const revived = await revivedDocument(store, context.secretKey, found.document);
      if ('issues' in revived) throw new ProblemError('invalid-document', undefined, revived.issues);
      const result = await putIntoForce(context, request, revived.document, { from, rollback: revision });
      return 'proposal' in result ? reply.code(202).send(result) : reply.send(result);
    },
  );
}

function shown({ revision, atMs, who }: Revision) {
  return { revision, time: new Date(atMs).toISOString(), who };
}
