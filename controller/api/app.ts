/**
 * The controller's HTTP application: hooks, error form, OpenAPI and all routes, built but not listening. Programs feed it
 * to a listener, tests call `inject`.
 */
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerFactory,
} from 'fastify';
import type { TLocalizedValidationError } from 'typebox/error';
import type { ControllerContext } from '../context.ts';
import type { TextRecords } from '../operator/asked-names.ts';
import { issuesOf } from '../organisation/schema-issues.ts';
import { Cookies } from '../login/cookies.ts';
import { installCallerAddress } from '../source/caller-address.ts';
import { installAccess, type Authenticate } from './access.ts';
import { installDescription } from './description.ts';
import { installSecondAdministrator } from './second-administrator.ts';
import { installSecurityHeaders } from './security-headers.ts';
import { ProblemError, problemBody, problemOf, problems } from './problems.ts';
import { administratorRoutes } from './routes/administrators.ts';
import { scimRoutes } from '../scim/routes.ts';
import { auditRoutes } from './routes/audit.ts';
import { deviceRoutes } from './routes/devices.ts';
import { diagnosticsRoutes } from './routes/diagnostics.ts';
import { directoryRoutes } from './routes/directories.ts';
import { discoveryRoutes } from './routes/discovery.ts';
import { documentHistoryRoutes } from './routes/document-history.ts';
import { documentRoutes } from './routes/document.ts';
import { enrolmentKeyRoutes } from './routes/enrolment-keys.ts';
import { eventRoutes } from './routes/events.ts';
import { flowRoutes } from './routes/flows.ts';
import { hostnameRoutes } from './routes/hostnames.ts';
import { invitationRoutes } from './routes/invitations.ts';
import { listRoutes } from './routes/lists.ts';
import { nameRoutes } from './routes/names.ts';
import { overviewRoutes } from './routes/overview.ts';
import { passRoutes } from './routes/passes.ts';
import { proposalRoutes } from './routes/proposals.ts';
import { proposedChangeRoutes } from './routes/proposed-changes.ts';
import { postureRoutes } from './routes/posture.ts';
import { peopleRoutes } from './routes/people.ts';
import { countAnswers } from './request-counts.ts';
import { requestRoutes } from './routes/requests.ts';
import { policyHitRoutes } from './routes/policy-hits.ts';
import { usageRoutes } from './routes/usage.ts';
import { serverRoutes } from './routes/servers.ts';
import { exposureRoutes } from './routes/exposures.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { mailRoutes } from './routes/mail.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { resourceHealthRoutes } from './routes/resource-health.ts';
import { targetTestRoutes } from './routes/target-tests.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { simulateRoutes } from './routes/simulate.ts';

const bodyLimitBytes = 4 * 1_024 * 1_024;

export interface AppOptions {
  readonly context: ControllerContext;
  /** Who calls, by other credentials than API tokens: the sign-in adds browser cookies. */
  readonly authenticators?: readonly Authenticate[];
  /** Adds further routes, each with its `config.access`: sign-in, pages. */
  readonly register?: (app: FastifyInstance) => Promise<void>;
  /** Makes the server that the application answers on; a plain one unless given. */
  readonly serverFactory?: FastifyServerFactory;
  /** Asks DNS whose names are; the system's resolver unless given. */
  readonly texts?: TextRecords;
}

/** Builds the application; resolves when it can answer. Throws when a route does not declare its access. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { context, authenticators = [], register, serverFactory, texts } = options;
  const logger: FastifyBaseLogger = context.log.child({ component: 'api' });
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    requestTimeout: 30_000,
    ...(serverFactory === undefined ? {} : { serverFactory }),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler as never);
  // Only JSON enters; a text that happens to be JSON does not (SEC-C4, SEC-J2).
  app.removeContentTypeParser('text/plain');
  installErrors(app);
  await installSecurityHeaders(app, {
    secure: context.publicUrl.protocol === 'https:',
  });
  await installDescription(app, {
    origin: context.publicUrl.origin,
    sessionCookie: new Cookies(context.publicUrl).nameOf('session'),
  });
  countAnswers(app, context);
  installCallerAddress(app, context.trustsProxy);
  installSecondAdministrator(app, context);
  installAccess(app, context, authenticators);
  for (const routes of [
    discoveryRoutes,
    documentRoutes,
    documentHistoryRoutes,
    proposalRoutes,
    proposedChangeRoutes,
    enrolmentKeyRoutes,
    listRoutes,
    hostnameRoutes,
    peopleRoutes,
    serverRoutes,
    deviceRoutes,
    passRoutes,
    postureRoutes,
    requestRoutes,
    webhookRoutes,
    mailRoutes,
    sessionRoutes,
    exposureRoutes,
    flowRoutes,
    tokenRoutes,
    administratorRoutes,
    invitationRoutes,
    simulateRoutes,
    resourceHealthRoutes,
    targetTestRoutes,
    directoryRoutes,
    scimRoutes,
    auditRoutes,
    overviewRoutes,
    policyHitRoutes,
    usageRoutes,
    diagnosticsRoutes,
    eventRoutes,
  ]) {
    await app.register(async (scope) => routes(scope, context));
  }
  await app.register(async (scope) => nameRoutes(scope, context, texts));
  if (register !== undefined) await register(app);
  await app.ready();
  return app;
}

function installErrors(app: FastifyInstance): void {
  app.setErrorHandler(async (error, request, reply) => {
    const invalid = error as { validation?: TLocalizedValidationError[]; validationContext?: string };
    const known =
      invalid.validation === undefined
        ? problemOf(error)
        : invalidRequest(invalid.validation, invalid.validationContext ?? 'body', request);
    if (known.problem === 'internal') request.log.error({ err: error }, 'a request failed');
    if (known.problem === 'not-authenticated') void reply.header('www-authenticate', 'Bearer');
    if (known.retryAfterS !== undefined) void reply.header('retry-after', String(known.retryAfterS));
    return reply
      .code(problems[known.problem].status)
      .type('application/problem+json')
      .send(problemBody(known.problem, known.detail, known.issues, known.trace));
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).type('application/problem+json').send(problemBody('not-found')),
  );
}

function invalidRequest(
  errors: TLocalizedValidationError[],
  part: string,
  request: { body: unknown; query: unknown; params: unknown; routeOptions: { schema?: object | undefined } },
): ProblemError {
  const values: Record<string, unknown> = {
    body: request.body,
    querystring: request.query,
    params: request.params,
  };
  const schema = (request.routeOptions.schema as Record<string, unknown> | undefined)?.[part];
  return new ProblemError('invalid-request', undefined, issuesOf(errors, schema, values[part]));
}
