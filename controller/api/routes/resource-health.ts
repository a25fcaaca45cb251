/** Whether what lies behind resources answers, as the connectors that dial it see it. */
import { Type } from 'typebox';
import { ResourceHealthList } from '../../../protocol/resource-health.ts';
import type { ControllerContext } from '../../context.ts';
import { healthLooks } from '../../control/health-looks.ts';
import { withoutExposures } from '../../organisation/organisation-state.ts';
import { organisationOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

export function resourceHealthRoutes(app: TypedApp, context: ControllerContext): void {
  const looks = healthLooks(context);
  app.get(
    '/api/v1/resource-health',
    {
      config: { access: ['networks.read'] },
      schema: {
        summary: 'Which resources answer, as their connectors found when they last dialled',
        response: { 200: ResourceHealthList },
      },
    },
    (request) => looks.all(organisationOf(request)),
  );

  app.get(
    '/api/v1/resource-health/:name',
    {
      config: { access: ['networks.read'], problems: ['not-found'] },
      schema: {
        summary: 'The same of one resource, with how it changed since its connectors started',
        params: Type.Object({ name: Type.String({ maxLength: 63 }) }),
        response: { 200: ResourceHealthList },
      },
    },
    async (request) => {
      const organisation = organisationOf(request);
      const { resources } = withoutExposures(await context.organisation(organisation).reader.current());
      const resource = resources.find(({ definition }) => definition.name === request.params.name);
      if (resource === undefined) throw new ProblemError('not-found');
      return looks.one(organisation, resource);
    },
  );
}
