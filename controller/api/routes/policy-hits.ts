/** How often each policy decided of late. */
import { Type } from 'typebox';
import { PolicyHits } from '../../../protocol/policy-hits.ts';
import type { ControllerContext } from '../../context.ts';
import { policyHits } from '../../decisions/policy-hits.ts';
import { organisationOf } from '../access.ts';
import type { TypedApp } from '../typed-app.ts';

const daysUnlessSaid = 30;

export function policyHitRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/policies/hits',
    {
      config: { access: ['document.read'] },
      schema: {
        summary: 'How often each policy let a connection open, or refused somebody, in the last days',
        querystring: Type.Object({ days: Type.Optional(Type.Integer({ minimum: 1, maximum: 90 })) }),
        response: { 200: PolicyHits },
      },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const { days = daysUnlessSaid } = request.query;
      return policyHits(store, await reader.current(), days, context.now());
    },
  );
}
