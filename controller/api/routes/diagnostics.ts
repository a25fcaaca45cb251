/** What runs, how far away the records are, what ends and what went wrong last: for whoever mends it, without a secret. */
import { Diagnostics } from '../../../protocol/diagnostics.ts';
import type { ControllerContext } from '../../context.ts';
import { diagnosticsOf } from '../../diagnostics.ts';
import { organisationOf } from '../access.ts';
import type { TypedApp } from '../typed-app.ts';

export function diagnosticsRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/diagnostics',
    {
      config: { access: ['diagnostics.read'] },
      schema: {
        summary:
          'Controllers, connectors and relays with their versions, round trips of the stores, certificates, and what went wrong last',
        response: { 200: Diagnostics },
      },
    },
    async (request) => diagnosticsOf(context, context.organisation(organisationOf(request))),
  );
}
