/**
 * Everything by which a person meets the controller in a browser: sign-in, portal, the pages. The program puts it on the
 * API's application; the attempts are shared with the control server, where the devices wait.
 */
import { fastifyCookie } from '@fastify/cookie';
import type { FastifyInstance } from 'fastify';
import type { Authenticate } from '../api/access.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import type { LoginAttempts } from '../enrolment/login-attempts.ts';
import { browserAuthenticator } from './browser-sessions.ts';
import { Cookies } from './cookies.ts';
import { deviceLoginRoutes } from './device-login-routes.ts';
import { myDevicesRoutes } from './my-devices-routes.ts';
import { myInvitationRoutes } from './my-invitation-routes.ts';
import { myPasskeysRoutes } from './my-passkeys-routes.ts';
import { myPassesRoutes } from './my-passes-routes.ts';
import { myRequestsRoutes } from './my-requests-routes.ts';
import { myEventsRoutes } from './my-events-routes.ts';
import { myResourcesRoutes } from './my-resources-routes.ts';
import { mySessionsRoutes } from './my-sessions-routes.ts';
import { servePages } from './pages.ts';
import { logoutRoutes } from './logout-routes.ts';
import { portalRoutes } from './portal-routes.ts';
import { LocalSignIn } from './local-sign-in.ts';
import { localSignInRoutes } from './local-sign-in-routes.ts';
import { setupRoutes } from './setup-routes.ts';
import { Providers } from './providers.ts';
import { signInRoutes } from './sign-in-routes.ts';
import { StepUps } from './step-ups.ts';
import { guestRoutes } from '../guests/guest-routes.ts';
import { webStartRoutes } from '../web/start-routes.ts';

/** What `buildApp` takes: how a browser says who calls, and the routes. */
export function login(
  context: ControllerContext,
  attempts: LoginAttempts,
): { authenticators: Authenticate[]; register: (app: FastifyInstance) => Promise<void> } {
  const cookies = new Cookies(context.publicUrl);
  return {
    authenticators: [browserAuthenticator(context, cookies)],
    register: async (app) => {
      // Its reading and writing work once it is registered; nothing is parsed before a route asks.
      await app.register(fastifyCookie, { hook: false });
      await app.register(async (scope) => {
        // What a person sees is theirs alone; files with a digest in their name say otherwise themselves.
        scope.addHook('onSend', async (_request, reply) => {
          if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
        });
        await servePages(scope, context.random);
        const typed = scope as unknown as TypedApp;
        const providers = new Providers(context);
        signInRoutes(typed, context, cookies, providers);
        const local = new LocalSignIn(context, cookies);
        setupRoutes(typed, context, local);
        localSignInRoutes(typed, context, local);
        webStartRoutes(typed, context, cookies);
        guestRoutes(typed, context, cookies);
        await logoutRoutes(typed, context, cookies, providers);
        portalRoutes(typed, context);
        myDevicesRoutes(typed, context);
        mySessionsRoutes(typed, context);
        myResourcesRoutes(typed, context);
        myEventsRoutes(typed, context);
        myPassesRoutes(typed, context);
        myRequestsRoutes(typed, context);
        myInvitationRoutes(typed, context);
        myPasskeysRoutes(typed, context);
        deviceLoginRoutes(typed, context, attempts, new StepUps(context, cookies));
      });
    },
  };
}
