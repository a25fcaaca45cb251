/**
 * SCIM 2.0 at `/scim/v2` (RFC 7643, RFC 7644): a provider's directory tells of its people and groups, by its own token, and
 * touches nothing that is not its own. Each request is one transaction; what ends by it ends within a second.
 */
import SCIMMY from 'scimmy';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError, problemOf, problems } from '../api/problems.ts';
import { organisationOf } from '../api/access.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { tellPassesOf } from '../web/passes.ts';
import { normalPatch, normalResource } from './dialects.ts';
import type { Aftermath, Directory } from './directory.ts';
import { halt, TooMuchAtOnce } from './mass-removal.ts';
import { Group, ResourceType, Schema, ServiceProviderConfig, User } from './resources.ts';
import { scimAddress, scimPath } from './scim-address.ts';
import { pageOfUsers } from './users.ts';

const media = 'application/scim+json';
/** A group of Entra with thousands of members comes in pieces; one of Okta's whole. */
const maxBodyBytes = 8 * 1_024 * 1_024;
const usualCount = 100;

const errors = Object.fromEntries(
  [400, 401, 403, 404, 409, 413, 415, 429, 500, 503].map((status) => [
    status,
    { description: 'What is wrong, as SCIM has it', media },
  ]),
);
const answers = {
  read: { ...errors, 200: { description: 'What was asked for', media } },
  made: { ...errors, 201: { description: 'Made', media } },
  gone: { ...errors, 204: { description: 'Done; there is nothing to say' } },
};

/** What a kind of resource does, as it is used here. */
interface Resource {
  read(directory: Directory): Promise<unknown>;
  write(body: object, directory: Directory): Promise<unknown>;
  patch(message: object, directory: Directory): Promise<unknown>;
  dispose(directory: Directory): Promise<void>;
}
type Kind = new (id?: unknown, config?: unknown) => Resource;
type Query = Record<string, string | undefined>;
type Params = { readonly id: string };

export function scimRoutes(app: TypedApp, context: ControllerContext): void {
  const options = { parseAs: 'string', bodyLimit: maxBodyBytes } as const;
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser([media, 'application/json'], options, (_request, body: string, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body));
    } catch {
      done(new ProblemError('invalid-request', 'The body is no JSON.'));
    }
  });
  app.setErrorHandler(async (error, request, reply) => failed(error, request, reply));
  // SCIMMY knows one address for the process; each organisation's own is put in its place where an answer is sent.
  for (const described of [User, Group, Schema, ResourceType, ServiceProviderConfig])
    described.basepath(scimPath);

  const answer = (reply: FastifyReply, status: number, value: unknown): FastifyReply =>
    send(reply, status, value, scimAddress(context, organisationOf(reply.request)));
  const within = <T>(request: FastifyRequest, act: (directory: Directory) => Promise<T>): Promise<T> =>
    inDirectory(context, request, act);

  for (const [path, what] of [
    ['ServiceProviderConfig', 'What this server can do'],
    ['Schemas', 'The attributes of users and groups'],
    ['ResourceTypes', 'That there are users and groups'],
  ] as const) {
    const Described = { ServiceProviderConfig, Schemas: Schema, ResourceTypes: ResourceType }[path];
    const config = { access: ['directory'], answers: answers.read } as const;
    app.get(`${scimPath}/${path}`, { config, schema: { summary: what } }, async (_request, reply) =>
      answer(reply, 200, await new Described().read()),
    );
    if (path === 'ServiceProviderConfig') continue;
    app.get(
      `${scimPath}/${path}/:id`,
      { config, schema: { summary: `${what}: one of them` } },
      async (request, reply) => answer(reply, 200, await new Described((request.params as Params).id).read()),
    );
  }

  for (const [name, kind, schema] of [
    ['Users', User as unknown as Kind, 'urn:ietf:params:scim:schemas:core:2.0:User'],
    ['Groups', Group as unknown as Kind, 'urn:ietf:params:scim:schemas:core:2.0:Group'],
  ] as const) {
    const one = name === 'Users' ? 'a user' : 'a group';
    const access = ['directory'] as const;
    const read = { access, answers: answers.read };
    app.get(
      `${scimPath}/${name}`,
      { config: read, schema: { summary: `${name} of the directory, by filter and page` } },
      async (request, reply) => {
        const query = request.query as Query;
        return answer(reply, 200, await within(request, (directory) => list(kind, query, directory)));
      },
    );
    app.post(
      `${scimPath}/${name}`,
      { config: { access, answers: answers.made }, schema: { summary: `Makes ${one}` } },
      async (request, reply) => {
        const body = normalResource(request.body, schema);
        const made = await within(request, (directory) => new kind().write(body, directory));
        const address = scimAddress(context, organisationOf(request));
        void reply.header('location', `${address}/${name}/${(made as { id?: string }).id ?? ''}`);
        return answer(reply, 201, made);
      },
    );
    app.get(
      `${scimPath}/${name}/:id`,
      { config: read, schema: { summary: `Reads ${one}` } },
      async (request, reply) => {
        const query = constraintsOf(request.query as Query);
        const { id } = request.params as Params;
        return answer(reply, 200, await within(request, (directory) => new kind(id, query).read(directory)));
      },
    );
    app.put(
      `${scimPath}/${name}/:id`,
      { config: read, schema: { summary: `Replaces ${one}` } },
      async (request, reply) => {
        const body = normalResource(request.body, schema);
        const { id } = request.params as Params;
        return answer(reply, 200, await within(request, (directory) => new kind(id).write(body, directory)));
      },
    );
    app.patch(
      `${scimPath}/${name}/:id`,
      {
        config: { access, answers: { ...answers.read, 204: answers.gone[204] } },
        schema: { summary: `Changes ${one}` },
      },
      async (request, reply) => {
        const { id } = request.params as Params;
        const changed = await within(request, async (directory) => {
          const current = JSON.parse(JSON.stringify(await new kind(id).read(directory))) as Record<
            string,
            unknown
          >;
          const message = normalPatch(request.body, current);
          // Okta sends back what it read of a group and nothing else.
          if (message.Operations.length === 0) return undefined;
          return new kind(id).patch(message, directory);
        });
        return changed === undefined ? reply.code(204).send() : answer(reply, 200, changed);
      },
    );
    app.delete(
      `${scimPath}/${name}/:id`,
      { config: { access, answers: answers.gone }, schema: { summary: `Deletes ${one}` } },
      async (request, reply) => {
        const { id } = request.params as Params;
        await within(request, (directory) => new kind(id).dispose(directory));
        return reply.code(204).send();
      },
    );
  }
}

/** Users without a filter are read a page at a time; the rest goes through SCIMMY whole. */
async function list(kind: Kind, query: Query, directory: Directory): Promise<unknown> {
  const config = constraintsOf(query);
  if (kind !== (User as unknown as Kind) || query['filter'] !== undefined || query['sortBy'] !== undefined)
    return asked(kind, config).read(directory);
  const { startIndex, count } = config;
  const { total, users } = await pageOfUsers(directory, startIndex, count);
  return {
    schemas: [SCIMMY.Messages.ListResponse.id],
    totalResults: total,
    startIndex,
    itemsPerPage: users.length,
    Resources: users.map((user) => new SCIMMY.Schemas.User(user as never, 'out', User.basepath() as string)),
  };
}

/** A question with a filter; one that cannot be read is the caller's fault. */
function asked(kind: Kind, config: object): Resource {
  try {
    return new kind(config);
  } catch (error) {
    if (error instanceof SCIMMY.Types.Error) throw error;
    throw new SCIMMY.Types.Error(400, 'invalidFilter', 'The filter cannot be read');
  }
}

function constraintsOf(query: Query): { readonly startIndex: number; readonly count: number } {
  const number = (text: string | undefined, usual: number): number => {
    const value = Number.parseInt(text ?? '', 10);
    return Number.isNaN(value) ? usual : Math.max(0, value);
  };
  const given = ['filter', 'sortBy', 'sortOrder', 'attributes', 'excludedAttributes'].flatMap((key) =>
    query[key] === undefined || query[key] === '' ? [] : [[key, query[key]] as const],
  );
  return {
    ...Object.fromEntries(given),
    startIndex: Math.max(1, number(query['startIndex'], 1)),
    count: number(query['count'], usualCount),
  };
}

/** Runs `act` in one transaction of the directory that calls, then tells what follows from it. */
async function inDirectory<T>(
  context: ControllerContext,
  request: FastifyRequest,
  act: (directory: Directory) => Promise<T>,
): Promise<T> {
  const { caller } = request;
  if (caller.kind !== 'directory') throw new Error('a route of directories is open to something else');
  const organisation = context.organisation(organisationOf(request));
  const { store, reader, id } = organisation;
  const aftermath: Aftermath = { sessions: [], disabled: new Set(), changed: new Set() };
  const name = caller.directory;
  try {
    const done = await store.transaction(async (tx) => {
      const state = await reader.current(tx);
      const provider = state.document.identityProviders?.find((each) => each.name === name);
      if (provider?.directory === undefined) throw new ProblemError('not-authenticated');
      const nowMs = context.now();
      await tx
        .insert('directories', { name, heard_ms: nowMs, halted_ms: null, allowed_until_ms: null })
        .onConflict((conflict) => conflict.columns(['organisation', 'name']).doUpdateSet({ heard_ms: nowMs }))
        .execute();
      const { issuer, directory: settings } = provider;
      const faults: unknown[] = [];
      try {
        return await act({ context, tx, state, name, issuer, settings, nowMs, aftermath, faults });
      } catch (error) {
        throw faults[0] ?? error;
      }
    });
    const disabled = [...aftermath.disabled];
    if (disabled.length > 0) await tellPassesOf(context, id, disabled);
    if (aftermath.sessions.length > 0)
      await context.publish(id, { kind: 'sessions-ended', sessions: aftermath.sessions, reason: 'disabled' });
    const people = [...aftermath.changed];
    if (people.length > 0) await context.publish(id, { kind: 'people', people });
    return done;
  } catch (error) {
    if (error instanceof TooMuchAtOnce) await halt(context, organisation, error);
    throw error;
  }
}

/** @param address what locations in `value` begin with */
function send(reply: FastifyReply, status: number, value: unknown, address: string): FastifyReply {
  const located = (key: string, each: unknown): unknown =>
    key === 'location' && typeof each === 'string' && each.startsWith(`${scimPath}/`)
      ? address + each.slice(scimPath.length)
      : each;
  return reply.code(status).type(media).send(JSON.stringify(value, located));
}

const stoppedText =
  'This directory is stopped: it would take too much away at once. An administrator looks at it: postern directory list';

/** Every error in SCIM's form (RFC 7644 section 3.12). */
function failed(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, scimType, detail } = faultOf(error);
  if (status >= 500 && !(error instanceof TooMuchAtOnce))
    request.log.error({ err: error }, 'a request of a directory failed');
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  if (error instanceof TooMuchAtOnce) void reply.header('retry-after', '3600');
  const body = {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: String(status),
    ...(scimType === undefined ? {} : { scimType }),
    detail,
  };
  return reply.code(status).type(media).send(JSON.stringify(body));
}

function faultOf(error: unknown): { status: number; scimType?: string; detail: string } {
  if (error instanceof TooMuchAtOnce) return { status: 503, detail: stoppedText };
  if (error instanceof SCIMMY.Types.Error) {
    const { status, scimType, message } = error as unknown as {
      status: number;
      scimType?: string | null;
      message: string;
    };
    const type = scimType === null || scimType === undefined || scimType === '' ? {} : { scimType };
    return { status, ...type, detail: message };
  }
  const { problem, detail, message } = problemOf(error);
  return { status: problems[problem].status, detail: detail ?? message };
}
