/** The organisation as one document: reading it and applying a new one. */
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import type { FastifySchemaCompiler } from 'fastify';
import { Type, type TSchema } from 'typebox';
import { ApplyResult } from '../../../protocol/document-revisions.ts';
import { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import { Proposed } from '../../../protocol/proposals.ts';
import { PlanResult } from '../../../protocol/plan.ts';
import type { ControllerContext } from '../../context.ts';
import { planDocument } from '../../organisation/plan/plan-document.ts';
import { organisationOf } from '../access.ts';
import type { TypedApp } from '../typed-app.ts';
import {
  checkedDocument,
  documentWriting,
  ifMatch,
  putIntoForce,
  SecretsQuery,
  sentDocument,
} from './put-into-force.ts';

/** Looks at everything but the body. */
const bodyUnlooked: FastifySchemaCompiler<TSchema> = (part) =>
  part.httpPart === 'body' ? () => true : TypeBoxValidatorCompiler(part);

export function documentRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/document',
    {
      config: { access: ['document.read'] },
      schema: {
        summary: 'The document in force, without secrets',
        response: { 200: Type.Object({ revision: Type.Integer(), document: Type.Unknown() }) },
      },
    },
    async (request, reply) => {
      const { reader } = context.organisation(organisationOf(request));
      const { revision, document } = await reader.current();
      void reply.header('etag', `"${revision}"`);
      return { revision, document };
    },
  );

  app.put(
    '/api/v1/document',
    {
      config: { atOnce: true, access: documentWriting, problems: ['invalid-document', 'conflict'] },
      schema: {
        summary: 'Puts a document into force; what a list leaves out is removed',
        headers: Type.Object({ 'if-match': Type.Optional(Type.String()) }),
        querystring: SecretsQuery,
        body: OrganisationDocument,
        response: { 200: ApplyResult, 202: Proposed },
      },
      // The whole-file check reports every mistake at once and includes the schema.
      validatorCompiler: bodyUnlooked,
    },
    async (request, reply) => {
      const document = await sentDocument(context, request);
      const result = await putIntoForce(context, request, document, { from: ifMatch(request) });
      return 'proposal' in result ? reply.code(202).send(result) : reply.send(result);
    },
  );

  app.post(
    '/api/v1/document/plan',
    {
      // Not for auditors: whether a secret in the document is the one in use would be theirs to find out.
      config: { atOnce: true, access: documentWriting, problems: ['invalid-document'] },
      schema: {
        summary: 'What a document would change, and who would lose or gain what by it; writes nothing',
        querystring: SecretsQuery,
        body: OrganisationDocument,
        response: { 200: PlanResult },
      },
      validatorCompiler: bodyUnlooked,
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const document = await checkedDocument(context, request, await sentDocument(context, request));
      const { secretKey, random } = context;
      return planDocument(store, await reader.current(), document, {
        secretKey,
        random,
        nowMs: context.now(),
      });
    },
  );
}
