/** What administrators see first, and who may use what: answers gathered from what other routes list one by one. */
import { Type } from 'typebox';
import { EffectiveAccessList } from '../../../protocol/effective-access.ts';
import { Overview } from '../../../protocol/overview.ts';
import type { ControllerContext } from '../../context.ts';
import { effectiveAccess } from '../../explain/effective-access.ts';
import { overviewOf } from '../../organisation/overview.ts';
import { organisationOf } from '../access.ts';
import { has } from '../callers.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

export function overviewRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/overview',
    {
      config: { access: ['document.read'] },
      schema: {
        summary: 'How many there are of everything, what was refused of late, what ends soon',
        response: { 200: Overview },
      },
    },
    async (request) =>
      overviewOf(context, context.organisation(organisationOf(request)), has(request.caller, 'tokens.read')),
  );

  app.get(
    '/api/v1/access',
    {
      config: { access: ['simulate.read'], problems: ['not-found'] },
      schema: {
        summary:
          'Who may use a resource, or what a person, a service account or somebody on one device may use, now and why not',
        querystring: Type.Union([
          Type.Object({ resource: Type.String({ maxLength: 63 }) }, { additionalProperties: false }),
          Type.Object({ subject: Type.String({ maxLength: 64 }) }, { additionalProperties: false }),
          Type.Object({ device: Type.String({ maxLength: 64 }) }, { additionalProperties: false }),
        ]),
        response: { 200: EffectiveAccessList },
      },
    },
    async (request) => {
      const organisation = context.organisation(organisationOf(request));
      const found = await effectiveAccess(organisation, request.query, context.now());
      if (found === undefined) throw new ProblemError('not-found');
      return found;
    },
  );
}
