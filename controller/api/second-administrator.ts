/** Keeps what an administrator changes by the API for a second one, where the organisation asks for that. */
import type { FastifyInstance } from 'fastify';
import { Proposed } from '../../protocol/proposals.ts';
import { proposeChange } from '../administrators/proposed-changes.ts';
import type { ControllerContext } from '../context.ts';
import { organisationOf, whoOf } from './access.ts';
import { carriedChange, isAsked, waits } from './carried-change.ts';

/** Before the hooks of `installAccess` that guard a change, and before any route is added. */
export function installSecondAdministrator(app: FastifyInstance, context: ControllerContext): void {
  app.addHook('onRoute', (route) => {
    const { config = {}, method } = route;
    if (![method].flat().some((each) => waits(each, config))) return;
    const { response = {}, ...schema } = (route.schema ?? {}) as { readonly response?: object };
    route.schema = { ...schema, response: { ...response, 202: Proposed } };
  });
  app.addHook('preHandler', async (request, reply) => {
    const { caller, method, url, body, routeOptions } = request;
    if (request.is404 || carriedChange() !== undefined || !waits(method, routeOptions.config))
      return undefined;
    if (caller.kind !== 'person' && caller.kind !== 'token') return undefined;
    const { store } = context.organisation(organisationOf(request));
    if (!(await isAsked(context, store))) return undefined;
    const route = routeOptions.url ?? '';
    const proposal = await proposeChange(context, store, { method, route, url, body, who: whoOf(request) });
    return reply.code(202).send({ proposal });
  });
}
