/** Requests for access, as administrators see, answer and withdraw them, and the webhooks that are told of them. */
import { Type } from 'typebox';
import type { Id } from '../../../protocol/ids.ts';
import { AccessRequests, Approving, Denying, RequestState } from '../../../protocol/requests.ts';
import type { ControllerContext } from '../../context.ts';
import { answerRequest, type Answer, type Approver } from '../../requests/answer.ts';
import { withdrawRequest } from '../../requests/end-requests.ts';
import { allRequests } from '../../requests/shown.ts';
import { organisationOf, whoOf } from '../access.ts';
import type { TypedApp } from '../typed-app.ts';

const params = Type.Object({ id: Type.String({ maxLength: 64 }) });
const Answered = Type.Object({ state: RequestState });
const config = { atOnce: true, access: ['requests.answer'], problems: ['conflict', 'not-found'] } as const;

export function requestRoutes(app: TypedApp, context: ControllerContext): void {
  const answer = (
    request: Parameters<typeof organisationOf>[0],
    id: string,
    given: Answer,
  ): ReturnType<typeof answerRequest> => {
    const organisation = context.organisation(organisationOf(request));
    const by: Approver = { kind: 'administrator', who: whoOf(request) };
    return answerRequest(context, organisation, id as Id<'req'>, by, given);
  };

  app.get(
    '/api/v1/requests',
    {
      config: { access: ['requests.read'], problems: ['not-found'] },
      schema: {
        summary:
          'Requests for access, the newest first: all that wait or last, and of the others 200 a page; `next` is the cursor of the following page',
        querystring: Type.Object({
          state: Type.Optional(RequestState),
          before: Type.Optional(Type.String({ maxLength: 64 })),
        }),
        response: { 200: AccessRequests },
      },
    },
    (request) => allRequests(context.organisation(organisationOf(request)), request.query),
  );

  app.post(
    '/api/v1/requests/:id/approve',
    {
      config,
      schema: {
        summary: 'Approves a request, as one of those who must agree; says which requires it waives',
        params,
        body: Approving,
        response: { 200: Answered },
      },
    },
    async (request) => ({
      state: await answer(request, request.params.id, { answer: 'approve', ...request.body }),
    }),
  );

  app.post(
    '/api/v1/requests/:id/deny',
    {
      config,
      schema: {
        summary: 'Denies a request; the person reads why',
        params,
        body: Denying,
        response: { 200: Answered },
      },
    },
    async (request) => ({
      state: await answer(request, request.params.id, { answer: 'deny', ...request.body }),
    }),
  );

  app.post(
    '/api/v1/requests/:id/withdraw',
    {
      config,
      schema: {
        summary: 'Withdraws a request; what was approved ends at once, with every flow under it',
        params,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const organisation = context.organisation(organisationOf(request));
      await withdrawRequest(context, organisation, request.params.id as Id<'req'>, {
        kind: 'administrator',
        who: whoOf(request),
      });
      return reply.code(204).send(null);
    },
  );
}
