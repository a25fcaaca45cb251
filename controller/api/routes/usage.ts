/** What the organisation makes use of, and what it may. */
import { Usage } from '../../../protocol/usage.ts';
import type { ControllerContext } from '../../context.ts';
import { usageOf } from '../../operator/usage.ts';
import { organisationOf } from '../access.ts';
import type { TypedApp } from '../typed-app.ts';

export function usageRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/usage',
    {
      config: { access: ['usage.read'] },
      schema: {
        summary: 'What the organisation makes use of, and what it may at most',
        response: { 200: Usage },
      },
    },
    async (request) => {
      const organisation = organisationOf(request);
      await context.usage.flush(organisation);
      return usageOf(context.organisation(organisation).store, context.now());
    },
  );
}
