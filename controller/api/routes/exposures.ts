/** What people expose from their own machines: listed, ended. */
import { Type } from 'typebox';
import { Exposures } from '../../../protocol/exposures.ts';
import type { ControllerContext } from '../../context.ts';
import { endExposure } from '../../exposures/for-device.ts';
import { shownExposures } from '../../exposures/shown.ts';
import { organisationOf, whoOf } from '../access.ts';
import type { TypedApp } from '../typed-app.ts';

export function exposureRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/exposures',
    {
      config: { access: ['exposures.read'] },
      schema: { summary: 'What people expose from their own machines now', response: { 200: Exposures } },
    },
    async (request) => ({
      exposures: await shownExposures(context, context.organisation(organisationOf(request))),
    }),
  );

  app.delete(
    '/api/v1/exposures/:id',
    {
      config: { access: ['exposures.end'] },
      schema: {
        summary: 'Ends one, by its id or hostname, at once and with everything that is open under it',
        params: Type.Object({ id: Type.String({ maxLength: 253 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const over = { cause: 'ended-by-administrator', who: whoOf(request) } as const;
      const organisation = context.organisation(organisationOf(request));
      await endExposure(context, organisation, request.params.id, over);
      return reply.code(204).send(null);
    },
  );
}
