/** Every route that the controller registers, asked by whoever is wanted, and each answer held to the API's own description. */
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import type { LightMyRequestResponse } from 'fastify';
import type { DeclaredRoute } from '../../../controller/api/access.ts';
import type { Access } from '../../../controller/api/callers.ts';
import { createApiToken } from '../../../controller/api-tokens.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import {
  actions,
  roles,
  scopes,
  tokenRoles,
  type Action,
  type Role,
  type Scope,
} from '../../../protocol/roles.ts';
import { encodeApiToken } from '../../../protocol/secrets.ts';
import { settle } from '../../support/settle.ts';
import type { TwoOrganisations } from './two-organisations.ts';

export const origin = 'https://access.acme.example:8443';
const sessionCookie = '__Host-postern-session';
export const own = { origin, 'sec-fetch-site': 'same-origin' };

export type Headers = Record<string, string>;
type Method = 'GET';

/** Who asks, and what the access declaration has to name to let them in; neither for nobody. */
export interface Who {
  readonly name: string;
  readonly role?: Role;
  /** Of a token. */
  readonly scopes?: readonly Scope[];
  readonly isPerson?: true;
  /** Made anew for the calls by which persons act on themselves: some end the session that made them. */
  headers(access: Access): Promise<Headers>;
}

export const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
export const withCookie = (value: string): Headers => ({ cookie: `${sessionCookie}=${value}`, ...own });

export async function callers(world: TwoOrganisations): Promise<Who[]> {
  const { context, time } = world;
  const sole = context.firstOrganisation;
  const admin = await world.token('admin');
  const { store } = context.organisation(sole);
  const narrow = async (scope: Scope) =>
    (
      await createApiToken(store, 'admin', {
        nowMs: time.ms,
        random: systemRandom,
        who: 'test',
        scopes: [scope],
      })
    ).text;
  const expired = await createApiToken(context.organisation(sole).store, 'admin', {
    nowMs: time.ms,
    random: systemRandom,
    who: 'test',
    expiresMs: time.ms,
  });
  const ended = await world.cookie(sole);
  await store
    .update('sessions')
    .set({ ended_ms: time.ms })
    .where('id', '=', ended.session as never)
    .execute();
  const old = await world.cookie(sole);
  await store
    .update('sessions')
    .set({ until_ms: time.ms })
    .where('id', '=', old.session as never)
    .execute();
  const fixed = (name: string, is: Pick<Who, 'role' | 'scopes'>, headers: Headers): Who => ({
    name,
    ...is,
    headers: async () => headers,
  });
  return [
    fixed('nobody', {}, {}),
    fixed('an unknown token', {}, bearer(encodeApiToken({ kind: 'at', secret: systemRandom(32) }))),
    fixed('an expired token', {}, bearer(expired.text)),
    fixed('a token as password', {}, { authorization: `Basic ${admin}` }),
    fixed('an unknown cookie', {}, withCookie('A'.repeat(43))),
    fixed('a session that was ended', {}, withCookie(ended.cookie)),
    fixed('a session that is over', {}, withCookie(old.cookie)),
    ...(await Promise.all(
      tokenRoles.map(async (role) =>
        fixed(`a token that is ${role}`, { role, scopes }, bearer(await world.token(role))),
      ),
    )),
    ...(await Promise.all(
      scopes.map(async (scope) =>
        fixed(`a token to ${scope}`, { role: 'admin', scopes: [scope] }, bearer(await narrow(scope))),
      ),
    )),
    ...roles.map((role): Who => {
      const draw = async () => withCookie((await world.cookie(sole, role)).cookie);
      const kept = draw();
      return {
        name: `a person who is ${role}`,
        role,
        isPerson: true,
        headers: async (access) => (access.includes('person') ? draw() : kept),
      };
    }),
    {
      name: 'a person',
      isPerson: true,
      headers: async () => withCookie((await world.cookie(sole)).cookie),
    },
  ];
}

export const isNobody = (who: Who): boolean => who.role === undefined && who.isPerson === undefined;

/** By the declaration and the table of actions alone. */
export function isLetIn(access: Access, { role, scopes: granted = scopes, isPerson }: Who): boolean {
  if (access === 'public' || (isPerson === true && access.includes('person'))) return true;
  const covered = access.filter((each): each is Action => {
    if (each === 'person' || each === 'source' || each === 'directory' || role === undefined) return false;
    const { roles: allowed, scope = 'read' } = actions[each];
    return allowed.includes(role) && granted.includes(scope);
  });
  return covered.length > 0;
}

interface BodySchema {
  readonly required?: string[];
  readonly properties?: Record<string, { readonly enum?: string[] }>;
}

export interface Operation {
  readonly parameters?: { name: string; in: string; schema: { type?: string } }[];
  readonly requestBody?: { content: Record<string, { schema: BodySchema }> };
  readonly responses: Record<string, { content?: Record<string, unknown> }>;
}

/** A body with every key that is asked for, so that what is missing is the thing itself. */
export function exampleBody(operation: Operation | undefined): object | undefined {
  const schema = operation?.requestBody?.content['application/json']?.schema;
  return schema === undefined
    ? undefined
    : Object.fromEntries(
        (schema.required ?? []).map((key) => [key, schema.properties?.[key]?.enum?.[0] ?? 'example']),
      );
}

export type Answered = Pick<LightMyRequestResponse, 'statusCode' | 'headers' | 'body'>;

/** Routes that ask connectors before they answer. */
const asksConnectors = /^\/api\/v1\/(?:flows|resource-health)(?:\/:name)?$/;

/** Asks, and holds every answer to what the description of the API says of the route. */
export class Api {
  readonly #world: TwoOrganisations;
  readonly #paths: Record<string, Record<string, Operation>>;
  #asked = 0;

  constructor(world: TwoOrganisations) {
    this.#world = world;
    this.#paths = (world.portal.swagger() as unknown as { paths: never }).paths;
  }

  operation({ method, url }: DeclaredRoute): Operation | undefined {
    const path = url.replace(/\*$/, '{path}').replace(/:(\w+)/g, '{$1}');
    // HEAD is GET without a body (RFC 9110) and is not described on its own.
    return this.#paths[path]?.[method === 'HEAD' ? 'get' : method.toLowerCase()];
  }

  async ask(
    route: DeclaredRoute,
    headers: Headers,
    fill: Readonly<Record<string, string>> = {},
    query: Readonly<Record<string, string>> = {},
    payload?: object,
  ): Promise<Answered> {
    const path = route.url
      .replace(/\*$/, 'nothing/there')
      .replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(fill[name] ?? 'nothing'));
    // Each from an address of its own: what is tried here is who may, not how often.
    this.#asked += 1;
    const remoteAddress = `10.${this.#asked >> 16}.${(this.#asked >> 8) & 255}.${this.#asked & 255}`;
    const answering = this.#world.portal.inject({
      method: route.method as Method,
      remoteAddress,
      url: path + (Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query).toString()}`),
      headers,
      ...(payload === undefined ? {} : { payload }),
      ...(this.#hasNoEnd(route) ? { payloadAsStream: true } : {}),
    });
    // The connectors of this world answer no question; whoever asks them waits for a clock that stands still.
    if (asksConnectors.test(route.url)) await this.#passTime(answering);
    const answer = await answering;
    const { statusCode, headers: answered } = answer;
    const media = (answered['content-type'] ?? '').split(';')[0] ?? '';
    const body = this.#hasNoEnd(route) ? await begunBody(answer) : answer.body;
    const described = this.operation(route)?.responses[String(statusCode)];
    const place = `${route.method} ${path} → ${statusCode}`;
    assert.ok(described !== undefined, `${place} is not described: ${body}`);
    if (body !== '') {
      const medias = Object.keys(described.content ?? {});
      assert.ok(medias.includes(media) || medias.includes('*/*'), `${place} ${media} is not described`);
    }
    return { statusCode, headers: answered, body };
  }

  async #passTime(until: Promise<unknown>): Promise<void> {
    let isOver = false;
    void until.then(() => (isOver = true));
    for (;;) {
      await settle();
      if (isOver) return;
      this.#world.time.clock.advance(1_000);
    }
  }

  #hasNoEnd(route: DeclaredRoute): boolean {
    return this.operation(route)?.responses['200']?.content?.['text/event-stream'] !== undefined;
  }
}

/** Of events, which have no end, only that they begin; anything else whole. */
async function begunBody(answer: LightMyRequestResponse): Promise<string> {
  const stream = answer.stream();
  if (answer.statusCode !== 200) return text(stream);
  stream.destroy();
  return '';
}
