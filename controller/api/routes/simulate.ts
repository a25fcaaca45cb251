/** The simulator, for administrators and auditors: one decision with everything that went into it. Changes nothing. */
import { Simulation, SimulationRequest } from '../../../protocol/simulation.ts';
import type { ControllerContext } from '../../context.ts';
import { simulate } from '../../explain/simulate.ts';
import { organisationOf } from '../access.ts';
import type { TypedApp } from '../typed-app.ts';

export function simulateRoutes(app: TypedApp, context: ControllerContext): void {
  app.post(
    '/api/v1/simulate',
    {
      config: { atOnce: true, access: ['simulate.read'] },
      schema: {
        summary: 'What would be decided for a person, device, resource, door, time and source, and why',
        body: SimulationRequest,
        response: { 200: Simulation },
      },
    },
    async (request) => simulate(context.organisation(organisationOf(request)), request.body, context.now()),
  );
}
