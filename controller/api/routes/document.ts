/** The organisation as one document: reading it and applying a new one. */
import { Type } from 'typebox';
import { ApplyResult, OrganisationDocument } from '../../../protocol/admin.ts';
import type { ControllerContext } from '../../context.ts';
import { applyDocument } from '../../organisation/apply-document.ts';
import { checkDocument } from '../../organisation/document-issues.ts';
import { organisationOf, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

export function documentRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/document',
    {
      config: { access: ['admin', 'auditor'] },
      schema: {
        summary: 'The document in force, without secrets',
        response: { 200: Type.Object({ revision: Type.Integer(), document: Type.Unknown() }) },
      },
    },
    async (request) => {
      const { reader } = context.organisation(organisationOf(request));
      const { revision, document } = await reader.current();
      return { revision, document };
    },
  );

  app.put(
    '/api/v1/document',
    {
      config: { access: ['admin'], problems: ['invalid-document'] },
      schema: {
        summary: 'Puts a document into force; what a list leaves out is removed',
        body: OrganisationDocument,
        response: { 200: ApplyResult },
      },
      // The whole-file check reports every mistake at once and includes the schema.
      validatorCompiler: () => () => true,
    },
    async (request) => {
      const organisation = context.organisation(organisationOf(request));
      const checked = checkDocument(request.body, {
        controllerHost: context.publicUrl.hostname,
        organisationName: await organisation.store.name(),
      });
      if ('issues' in checked) throw new ProblemError('invalid-document', undefined, checked.issues);
      const { secretKey, random } = context;
      const applied = await applyDocument(organisation.store, checked.document, {
        secretKey,
        random,
        nowMs: context.now(),
        who: whoOf(request),
      });
      await context.publish(organisation.id, { kind: 'document', applied });
      return { changes: applied.changes };
    },
  );
}
