/**
 * The OpenAPI document of the API (`/api/openapi.json`): every route with its schemas, who may call it, and every error it
 * answers with. What a route has declared already is not written a second time; it is read from there.
 */
import swagger from '@fastify/swagger';
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { TSchema } from 'typebox';
import { Problem } from '../../protocol/problem.ts';
import { actions, type Action } from '../../protocol/roles.ts';
import { version } from '../../protocol/version.ts';
import { problems, type ProblemName } from './problems.ts';
import type { Access } from './callers.ts';

/** An answer that is no JSON: a page, a file, a redirect. */
export interface OtherAnswer {
  readonly description: string;
  /** Its media type; none for an answer without a body. */
  readonly media?: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route answers besides, or instead of, its response schemas. */
    answers?: Readonly<Record<number, OtherAnswer>>;
    /** Problems beyond those that follow from who may call it and from what it takes. */
    problems?: readonly ProblemName[];
  }
}

type Parts = 'body' | 'querystring' | 'params';
type Schemas = Partial<Record<Parts, TSchema>> & {
  readonly summary?: string;
  /** What the summary leaves unsaid; who may call is put behind it. */
  readonly description?: string;
  readonly hide?: boolean;
  readonly response?: Readonly<Record<string, TSchema>>;
};
type Described = Pick<RouteOptions, 'url' | 'method' | 'config'>;

const problemSchema = { ...Problem, $id: 'Problem', description: 'Problem details (RFC 9457)' };
const success: Readonly<Record<string, string>> = {
  200: 'What was asked for',
  201: 'Made',
  202: 'Kept, and not in force before somebody else has approved it',
  204: 'Done; there is nothing to say',
};

/** Before any route is added. `sessionCookie`: the name of the browser's cookie. */
export async function installDescription(
  app: FastifyInstance,
  { origin, sessionCookie }: { readonly origin: string; readonly sessionCookie: string },
): Promise<void> {
  app.addSchema(problemSchema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Postern', version, description: 'The API of a Postern controller.' },
      servers: [{ url: origin }],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'An API token (at_…), made beside the data with: postern token create',
          },
          source: {
            type: 'http',
            scheme: 'bearer',
            description: 'The secret of a posture source, as the document names it',
          },
          directory: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token of a directory (dt_…): postern token create --scim PROVIDER',
          },
          browser: {
            type: 'apiKey',
            in: 'cookie',
            name: sessionCookie,
            description: 'The session of a person who signed in with a browser',
          },
        },
      },
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema['$id'] === 'string' ? schema['$id'] : `schema-${index}`,
    },
    transform: ({ schema, url, route }) => ({
      schema: described(schema as Schemas, route),
      // What stands for the rest of a path has no name in Fastify.
      url: url.replace(/\*$/, ':path'),
    }),
  });
}

function described(schemas: Schemas, route: Described): Record<string, unknown> {
  const { response = {}, ...rest } = schemas;
  const { access = [], answers = {} } = route.config ?? {};
  const answered = Object.entries(response).map(([status, schema]) => [
    status,
    { 'x-response-description': success[status] ?? 'The answer', ...schema },
  ]);
  const other = Object.entries(answers).map(([status, { description, media }]) => [
    status,
    { description, ...(media === undefined ? { type: 'null' } : { content: contentOf(media) }) },
  ]);
  return {
    ...rest,
    ...(route.url.endsWith('*') ? { params: wholePath } : {}),
    description: [...(rest.description === undefined ? [] : [rest.description]), whoMayCall(access)].join(
      ' ',
    ),
    operationId: operationId(route),
    tags: [tagOf(route.url)],
    security: securityOf(access),
    response: {
      ...Object.fromEntries([...answered, ...other]),
      ...refusals(schemas, access, route, answers),
    },
  };
}

const wholePath = {
  type: 'object',
  required: ['path'],
  properties: { path: { type: 'string', description: 'the rest of the path' } },
};

function contentOf(media: string): Record<string, unknown> {
  return { [media]: { schema: { type: 'string' } } };
}

/** The errors of a route, by status; several of one status share an entry. */
function refusals(
  schemas: Schemas,
  access: Access,
  { url, method, config }: Described,
  answers: Readonly<Record<number, OtherAnswer>>,
): Record<string, object> {
  const names = new Set<ProblemName>(config?.problems);
  if (access !== 'public')
    for (const name of ['not-authenticated', 'not-allowed', 'too-many'] as const) names.add(name);
  if (access !== 'public' && access.some((who) => isAction(who) && actions[who].fresh === true))
    names.add('not-fresh');
  if (schemas.body !== undefined || schemas.querystring !== undefined || schemas.params !== undefined)
    names.add('invalid-request');
  if (/[:*]/.test(url)) names.add('not-found');
  // A body that nobody asked for is looked at as well.
  if (method !== 'GET') for (const name of bodyProblems) names.add(name);
  if (config?.unbounded !== true) names.add('limit');
  names.add('internal');
  const byStatus = new Map<number, string[]>();
  for (const name of names) {
    const { status, title } = problems[name];
    byStatus.set(status, [...(byStatus.get(status) ?? []), `${title} (\`urn:postern:problem:${name}\`)`]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, titles]) => [
      status,
      {
        description: titles.join('; '),
        content: {
          ...(answers[status]?.media === undefined ? {} : contentOf(answers[status].media)),
          'application/problem+json': { schema: { $ref: 'Problem#' } },
        },
      },
    ]),
  );
}

const bodyProblems = ['invalid-request', 'too-large', 'unsupported-media-type'] as const;

function whoMayCall(access: Access): string {
  if (access === 'public') return 'Open to everyone.';
  const callers = access.map((who) => (isAction(who) ? administratorsWith(who) : callersWords[who]));
  return `For ${callers.join('; and ')}.`;
}

function isAction(who: Exclude<Access, 'public'>[number]): who is Action {
  return who !== 'person' && who !== 'source' && who !== 'directory';
}

const callersWords = {
  person: 'the person who is signed in',
  source: 'the posture source that the path names',
  directory: 'directories, each for its own people and groups',
} as const;

function administratorsWith(action: Action): string {
  const { roles, scope = 'read', fresh } = actions[action];
  const when = fresh === true ? ', just signed in' : '';
  return `administrators with \`${action}\` (${roles.join(', ')}; tokens of the scope ${scope})${when}`;
}

function securityOf(access: Access): Record<string, string[]>[] {
  if (access === 'public') return [];
  const schemes = new Set(
    access.flatMap((who) => (isAction(who) ? ['token', 'browser'] : [who === 'person' ? 'browser' : who])),
  );
  return [...schemes].map((scheme) => ({ [scheme]: [] }));
}

function operationId({ method, url, config }: Described): string {
  const words = url
    .replace(/^\/api\/v1(?=\/)/, '')
    .replace(/\*$/, 'rest')
    .match(/[A-Za-z0-9]+/g);
  // A page may have the name of what it shows.
  const page = config?.answers?.[200]?.media === 'text/html' ? ['page'] : [];
  return [String(method).toLowerCase(), ...page, ...(words ?? ['root'])].join('-');
}

function tagOf(url: string): string {
  const [, first] = /^\/api\/v1\/([a-z-]+)/.exec(url) ?? [];
  return first ?? 'controller';
}
