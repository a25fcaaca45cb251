/** What a person asks for, and what they approve for others, at the portal. */
import { Type } from 'typebox';
import type { Id } from '../../protocol/ids.ts';
import {
  MyApprovals,
  MyRequests,
  NewRequest,
  PortalApproving,
  PortalDenying,
  RequestState,
} from '../../protocol/requests.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { answerRequest, type Answer } from '../requests/answer.ts';
import { ask } from '../requests/ask.ts';
import { withdrawRequest } from '../requests/end-requests.ts';
import { approvalsFor, requestsOf } from '../requests/shown.ts';
import { portalCaller, type PortalCaller } from './portal-caller.ts';

const config = { access: ['person'] } as const;
const params = Type.Object({ id: Type.String({ maxLength: 64 }) });
const Answered = Type.Object({ state: RequestState });
/** Asking for what one may not ask for, so often, is looking for what there is. */
const inVain = { limit: 50, windowMs: 10 * 60_000 };

export function myRequestsRoutes(app: TypedApp, context: ControllerContext): void {
  const vain = context.live.throttle('requests in vain', inVain);

  app.get(
    '/api/v1/me/requests',
    {
      config,
      schema: {
        summary: 'What the signed-in person asked for, and what they may ask for',
        response: { 200: MyRequests },
      },
    },
    async (request) => {
      const { organisation, person } = await portalCaller(context, request);
      return requestsOf(organisation, person.id);
    },
  );

  app.post(
    '/api/v1/me/requests',
    {
      config: { ...config, problems: ['not-found', 'conflict', 'too-many'] },
      schema: {
        summary: 'Asks for a resource, for a time and a reason',
        body: NewRequest,
        response: { 201: Type.Object({ id: Type.String({ maxLength: 64 }) }) },
      },
    },
    async (request, reply) => {
      const { organisation, person } = await portalCaller(context, request);
      const lockedMs = vain.lockedUntilMs(person.id);
      if (lockedMs !== undefined) throw ProblemError.tooMany(lockedMs - context.now());
      try {
        const id = await ask(context, organisation, person.id, request.body);
        return await reply.code(201).send({ id });
      } catch (error) {
        if (error instanceof ProblemError && error.problem === 'not-found') vain.fail(person.id);
        throw error;
      }
    },
  );

  app.post(
    '/api/v1/me/requests/:id/withdraw',
    {
      config: { ...config, problems: ['not-found', 'conflict'] },
      schema: {
        summary:
          'Withdraws an own request, or one that the person may approve; what was approved ends at once',
        params,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { organisation, person } = await portalCaller(context, request);
      await withdrawRequest(context, organisation, request.params.id as Id<'req'>, {
        kind: 'person',
        id: person.id,
      });
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/me/approvals',
    {
      config,
      schema: {
        summary: 'Requests of others that the signed-in person may approve',
        response: { 200: MyApprovals },
      },
    },
    async (request) => {
      const { organisation, person } = await portalCaller(context, request);
      return approvalsFor(organisation, person.id);
    },
  );

  const answer = (
    { organisation, person }: PortalCaller,
    id: string,
    link: string | undefined,
    given: Answer,
  ): ReturnType<typeof answerRequest> => {
    const by = { kind: 'person', id: person.id, ...(link === undefined ? {} : { link }) } as const;
    return answerRequest(context, organisation, id as Id<'req'>, by, given);
  };

  app.post(
    '/api/v1/me/approvals/:id/approve',
    {
      config: { ...config, problems: ['not-found', 'conflict'] },
      schema: {
        summary: 'Approves a request of somebody else, as one of those who must agree',
        params,
        body: PortalApproving,
        response: { 200: Answered },
      },
    },
    async (request) => {
      const { link, ...given } = request.body;
      const caller = await portalCaller(context, request);
      return { state: await answer(caller, request.params.id, link, { answer: 'approve', ...given }) };
    },
  );

  app.post(
    '/api/v1/me/approvals/:id/deny',
    {
      config: { ...config, problems: ['not-found', 'conflict'] },
      schema: {
        summary: 'Denies a request of somebody else, who reads why',
        params,
        body: PortalDenying,
        response: { 200: Answered },
      },
    },
    async (request) => {
      const { link, ...given } = request.body;
      const caller = await portalCaller(context, request);
      return { state: await answer(caller, request.params.id, link, { answer: 'deny', ...given }) };
    },
  );
}
