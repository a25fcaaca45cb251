/**
 * Where signing in at an identity provider begins, where the provider sends the browser back to, and what the sign-in page
 * offers. Nothing of a request is ever repeated on a page: what went wrong is one of a few words (SEC-J1).
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { SignInOptions } from '../../protocol/portal.ts';
import { problemOf } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import { backToSignIn } from './back-to-sign-in.ts';
import type { Cookies } from './cookies.ts';
import type { Providers } from './providers.ts';
import { returnPath } from './return-path.ts';
import { signInTrialRoutes } from './sign-in-trial-routes.ts';
import { SignInTrials } from './sign-in-trials.ts';
import { SignIns } from './sign-ins.ts';

const publicRoute = { access: 'public' } as const;
const Params = Type.Object({ provider: Type.String({ maxLength: 63 }) });

export function signInRoutes(
  app: TypedApp,
  context: ControllerContext,
  cookies: Cookies,
  providers: Providers,
): void {
  const trials = new SignInTrials(context, cookies);
  const signIns = new SignIns(context, cookies, providers, trials);
  signInTrialRoutes(app, context, trials, signIns);
  app.get(
    '/api/v1/sign-in',
    {
      config: publicRoute,
      schema: { summary: 'Where people sign in', response: { 200: SignInOptions } },
    },
    async (request) => {
      const { document } = await organisationAt(context, request).reader.current();
      return {
        organisation: document.organisation === '' ? null : document.organisation,
        providers: (document.identityProviders ?? []).map(({ name }) => ({ name })),
      };
    },
  );
  app.get(
    '/oidc/:provider/start',
    {
      errorHandler: atLimit,
      config: {
        ...publicRoute,
        answers: { 302: { description: 'To the provider, or back to the sign-in page with the reason' } },
      },
      schema: {
        summary: 'Sends the browser to a provider',
        params: Params,
        querystring: Type.Object({
          rd: Type.Optional(Type.String()),
          fresh: Type.Optional(Type.String()),
          /** The name of a resource whose conditions a new sign-in shall meet, and the device to use it from. */
          for: Type.Optional(Type.String({ maxLength: 63 })),
          device: Type.Optional(Type.String({ maxLength: 64 })),
          /** Through which door it shall be used; the client's unless said. */
          door: Type.Optional(Type.Literal('web')),
        }),
      },
    },
    async (request, reply) => {
      const { rd, fresh, for: resource, device, door } = request.query;
      return signIns.start(request, reply, request.params.provider, {
        returnTo: returnPath(rd),
        asked: fresh === '1',
        ...(resource === undefined
          ? {}
          : { stepUp: { resource, device, ...(door === undefined ? {} : { door }) } }),
      });
    },
  );
  app.get(
    '/oidc/:provider/callback',
    {
      errorHandler: atLimit,
      config: {
        ...publicRoute,
        answers: {
          302: {
            description: 'To where the person wanted to go, or back to the sign-in page with the reason',
          },
        },
      },
      schema: { summary: 'Takes the answer of a provider', params: Params },
    },
    async (request, reply) => signIns.finish(request, reply, request.params.provider),
  );
}

/** Who comes here looks at a browser: the organisation's limit of requests has a page of its own, not JSON. */
function atLimit(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { problem, retryAfterS } = problemOf(error);
  if (problem !== 'limit') throw error;
  const { rd } = request.query as { readonly rd?: unknown };
  if (retryAfterS !== undefined) void reply.header('retry-after', String(retryAfterS));
  void backToSignIn(reply, 'busy', returnPath(typeof rd === 'string' ? rd : undefined));
}
