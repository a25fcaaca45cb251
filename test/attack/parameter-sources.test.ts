/**
 * SEC-A9: a value is taken from one place of a request, the one that was checked. Walks every operation of the API's own
 * description, with the same name in path, query and body, doubled, wrapped and poisoned; a new route is walked as soon
 * as it exists.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { acmeDocument } from '../controller/support/document.ts';
import type { Access } from '../../controller/api/callers.ts';
import { isForAdministrators } from '../controller/support/administrators-route.ts';
import { twoOrganisations, type TwoOrganisations } from '../controller/support/two-organisations.ts';

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As described, with `{name}` for what varies. */
  readonly path: string;
  readonly parameters: readonly { name: string; in: string; schema: Schema }[];
  readonly body: Schema | undefined;
  readonly access: Access;
}

type Fields = Readonly<Record<string, unknown>>;

/** Texts of which one fits each pattern that the description has. */
const texts = [
  ...[
    'hq',
    'flow',
    '7d',
    '0a1b',
    '600',
    'alice@acme.example',
    '2026-11-20T10:00:00Z',
    '203.0.113.9',
    'BCDF-GHJK',
    'DE',
    '0123456789abcdef',
    '123456',
    '0000-0000-0000-0000',
  ],
  ...['A'.repeat(43), 'A'.repeat(22)],
  ...['tok', 'dev', 'req'].map((kind) => `${kind}_${'0'.repeat(26)}`),
];

function sample(schema: Schema): unknown {
  if ('const' in schema) return schema.const;
  const [first] = schema.enum ?? [];
  if (first !== undefined) return first;
  const [variant] = schema.anyOf ?? [];
  if (variant !== undefined) return sample(variant);
  switch (schema.type) {
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'array':
      return schema.items === undefined || (schema.minItems ?? 0) === 0 ? [] : [sample(schema.items)];
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, sample(schema.properties?.[name] ?? {})]),
      );
    default: {
      const pattern = new RegExp(schema.pattern ?? '', 'u');
      const found = texts.find((text) => pattern.test(text));
      assert.ok(found !== undefined, `no sample fits ${schema.pattern}: add one`);
      return found;
    }
  }
}

/** The object schema of a body, where it is one: the first of several. */
function objectOf(schema: Schema): Schema {
  return schema.anyOf === undefined ? schema : objectOf(schema.anyOf[0] ?? {});
}

function operationsOf({ portal }: TwoOrganisations): Operation[] {
  const { paths } = portal.swagger() as unknown as {
    paths: Record<
      string,
      Record<
        string,
        {
          parameters?: { name: string; in: string; schema: Schema }[];
          requestBody?: { content: Record<string, { schema: Schema }> };
        }
      >
    >;
  };
  return portal.declaredRoutes.flatMap(({ method, url, access }) => {
    const path = url.replace(/\*$/, '{path}').replace(/:(\w+)/g, '{$1}');
    const described = paths[path]?.[method.toLowerCase()];
    if (described === undefined || method === 'HEAD') return [];
    // What calls with a secret of its own, and has no other credentials, is no administrator or person.
    if (access !== 'public' && !isForAdministrators(access) && !access.includes('person')) return [];
    const body = described.requestBody?.content['application/json']?.schema;
    const parameters = described.parameters ?? [];
    return [{ method: method as Operation['method'], path, parameters, body, access }];
  });
}

class Asker {
  readonly world: TwoOrganisations;
  #admin = '';
  #asked = 0;

  constructor(world: TwoOrganisations) {
    this.world = world;
  }

  /** Asks as somebody who may. `query` and `body` as text; unnamed parts of the path are unknown. */
  async ask(
    { method, path, access }: Operation,
    {
      query = '',
      body,
      params = {},
    }: { query?: string; body?: string; params?: Record<string, string> } = {},
  ): Promise<LightMyRequestResponse> {
    this.#asked += 1;
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(params[name] ?? 'nothing'),
    );
    return this.world.portal.inject({
      method,
      url: query === '' ? url : `${url}?${query}`,
      remoteAddress: `10.${this.#asked >> 16}.${(this.#asked >> 8) & 255}.${this.#asked & 255}`,
      headers: {
        ...(await this.#credentials(access)),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { payload: body }),
    });
  }

  async #credentials(access: Operation['access']): Promise<Record<string, string>> {
    const origin = 'https://access.acme.example:8443';
    if (access === 'public') return { origin };
    if (isForAdministrators(access)) {
      if (this.#admin === '') this.#admin = await this.world.token('admin');
      return { authorization: `Bearer ${this.#admin}` };
    }
    // Made anew for every call: some calls end the session that made them.
    const { cookie } = await this.world.cookie(this.world.context.firstOrganisation);
    return { cookie: `__Host-postern-session=${cookie}`, origin, 'sec-fetch-site': 'same-origin' };
  }
}

const link = { token: 'A'.repeat(43) };
const password = 'correct horse battery';
const owner = { ...link, name: 'Olga', email: 'olga@acme.example' };

/** What a route looks up and refuses where it is not there. */
const lookedUp: Readonly<Record<string, Fields>> = {
  '/api/v1/simulate': { resource: 'wiki', groups: ['staff'] },
  '/api/v1/webhooks/{organisation}/{name}/answers': { by: owner.email },
  '/api/v1/setup/options': link,
  '/api/v1/setup/passkey-options': owner,
  '/api/v1/setup/passkey': owner,
  '/api/v1/setup/password': { ...owner, password, code: '123456' },
  '/api/v1/administrators/invitations': { email: owner.email },
  // A network without a connector, which would have to be waited for.
  '/api/v1/target-tests': {
    network: 'elsewhere',
    target: { host: 'wiki.acme.internal', port: 443, speak: 'https' },
  },
  '/api/v1/mail/test': { to: owner.email },
  '/api/v1/sign-in/password': { email: owner.email, password, code: '123456' },
  '/api/v1/sign-in/recovery': { email: owner.email, recoveryCode: '0000-0000-0000-0000' },
  '/api/v1/sign-in/passkey': { challenge: link.token },
};

/** A body that is let through. */
function goodBody({ path, body }: Operation): Fields {
  const properties = body === undefined ? {} : (objectOf(body).properties ?? {});
  if ('organisation' in properties && 'policies' in properties) return { ...acmeDocument() };
  const fields = body === undefined ? {} : (sample(objectOf(body)) as Fields);
  return { ...fields, ...lookedUp[path] };
}

function goodQuery({ parameters }: Operation, more: readonly string[] = []): string {
  const pairs = parameters.flatMap((each) =>
    each.in === 'query' &&
    'required' in each &&
    each.required === true &&
    !more.some((pair) => pair.startsWith(`${each.name}=`))
      ? [`${each.name}=${encodeURIComponent(String(sample(each.schema)))}`]
      : [],
  );
  return [...pairs, ...more].join('&');
}

/** Everything of ours that a request could have meant, as text. */
async function ourRows({ context }: TwoOrganisations): Promise<string> {
  const { store } = context.organisation(context.firstOrganisation);
  return JSON.stringify([
    await store.select('nodes').select(['id', 'name', 'state', 'approval']).orderBy('id').execute(),
    await store.select('enrolment_keys').select(['id', 'uses_left']).orderBy('id').execute(),
    await store.select('api_tokens').select(['id', 'role']).orderBy('id').execute(),
    await store
      .select('sessions')
      .select(['id', 'ended_ms'])
      .where('kind', '=', 'device')
      .orderBy('id')
      .execute(),
    await store.select('people').selectAll().orderBy('id').execute(),
    await store.select('documents').select('revision').execute(),
  ]);
}

test('SEC-A9: a name in query or body beside the path changes nothing about which record is meant', async (t) => {
  const world = await twoOrganisations(t);
  const asker = new Asker(world);
  const { store } = world.context.organisation(world.context.firstOrganisation);
  await world.cookie(world.context.firstOrganisation);
  await world.token('admin');
  const ids = (
    await Promise.all(
      (['nodes', 'enrolment_keys', 'api_tokens', 'sessions', 'people'] as const).map((table) =>
        store.select(table).select('id').execute(),
      ),
    )
  ).flatMap((rows) => rows.map(({ id }) => String(id)));
  assert.ok(ids.length >= 8, `${ids.length} records`);
  await asker.ask({
    method: 'GET',
    path: '/api/v1/tokens',
    parameters: [],
    body: undefined,
    access: ['tokens.read'],
  });
  const before = await ourRows(world);
  let asked = 0;
  for (const operation of operationsOf(world)) {
    const names = operation.parameters.flatMap((each) => (each.in === 'path' ? each.name : []));
    if (names.length === 0 || operation.access === 'public') continue;
    for (const id of ids) {
      const extra = Object.fromEntries(
        [...names, 'id', 'device', 'session', 'subject'].map((name) => [name, id]),
      );
      const query = new URLSearchParams(extra).toString();
      const body =
        operation.method === 'GET' ? undefined : JSON.stringify({ ...goodBody(operation), ...extra });
      for (const parts of [
        { query },
        { query: `${query}&${query}` },
        ...(body === undefined ? [] : [{ body }]),
      ]) {
        const answer = await asker.ask(operation, parts);
        const place = `${operation.method} ${operation.path} ${id}: ${answer.statusCode} ${answer.body}`;
        assert.ok([400, 404].includes(answer.statusCode), place);
        assert.equal(answer.body.includes(id), false, place);
        asked += 1;
      }
    }
  }
  assert.ok(asked > 200, `${asked} asked`);
  assert.equal(await ourRows(world), before);
});

test('SEC-A9: a query value that is doubled is refused, not chosen from', async (t) => {
  const asker = new Asker(await twoOrganisations(t));
  let asked = 0;
  for (const operation of operationsOf(asker.world)) {
    for (const { name, schema, in: where } of operation.parameters) {
      if (where !== 'query' || schema.type === 'array') continue;
      const value = ['since', 'until'].includes(name) ? '2026-11-20T10:00:00Z' : String(sample(schema));
      const pair = `${name}=${encodeURIComponent(value)}`;
      const place = `${operation.method} ${operation.path}?${pair}`;
      const body = operation.body === undefined ? {} : { body: JSON.stringify(goodBody(operation)) };
      // Where one parameter or another is asked for, the others are not added.
      const together = (pairs: readonly string[]): string =>
        operation.path === '/api/v1/access' ? pairs.join('&') : goodQuery(operation, pairs);
      const once = await asker.ask(operation, { query: together([pair]), ...body });
      assert.notEqual(once.statusCode, 400, `${place}: ${once.body}`);
      const twice = await asker.ask(operation, { query: together([pair, pair]), ...body });
      assert.equal(twice.statusCode, 400, `${place} twice: ${twice.statusCode} ${twice.body}`);
      asked += 1;
    }
  }
  assert.ok(asked >= 5, `${asked} asked`);
});

test('SEC-A9: a body value is what was checked: wrapped, doubled, in the query or behind __proto__ it is refused', async (t) => {
  const asker = new Asker(await twoOrganisations(t));
  let asked = 0;
  for (const operation of operationsOf(asker.world)) {
    const { method, path, body } = operation;
    if (body === undefined) continue;
    const good = goodBody(operation);
    const query = goodQuery(operation);
    const refused = async (text: string | undefined, what: string, more = ''): Promise<void> => {
      const answer = await asker.ask(operation, {
        query: [query, more].filter((part) => part !== '').join('&'),
        ...(text === undefined ? {} : { body: text }),
      });
      const place = `${method} ${path} ${what}: ${answer.statusCode} ${answer.body}`;
      assert.ok([400, 422].includes(answer.statusCode), place);
      assert.equal(({} as Fields)['poisoned'], undefined);
      asked += 1;
    };
    const whole = await asker.ask(operation, { query, body: JSON.stringify(good) });
    assert.ok(![400, 422].includes(whole.statusCode), `${method} ${path}: ${whole.body}`);

    for (const [name, value] of Object.entries(good)) {
      if (typeof value === 'object') continue;
      await refused(JSON.stringify({ ...good, [name]: [value] }), `${name} as a list`);
      const rest = JSON.stringify(good).slice(1, -1);
      // JSON lets a name stand twice; what counts is the last one, for the check as for the handler.
      await refused(`{${rest},${JSON.stringify(name)}:[]}`, `${name} doubled, the last one wrong`);
      const last = await asker.ask(operation, {
        query,
        body: `{${JSON.stringify(name)}:[],${rest}}`,
      });
      assert.equal(last.statusCode, whole.statusCode, `${method} ${path} ${name} doubled: ${last.body}`);
    }
    const text = JSON.stringify(good).slice(1, -1);
    const comma = text === '' ? '' : ',';
    await refused(`{${text}${comma}"__proto__":{"poisoned":true}}`, '__proto__');
    await refused(`{${text}${comma}"constructor":{"prototype":{"poisoned":true}}}`, 'constructor');
    await refused(`{"__proto__":{${text}}}`, 'everything behind __proto__');
    await refused(JSON.stringify([good]), 'the whole as a list');
    if ((objectOf(body).required ?? []).length > 0 || body.anyOf !== undefined) {
      const moved = new URLSearchParams(
        Object.entries(good).flatMap(([name, value]): [string, string][] =>
          typeof value === 'string' ? [[name, value]] : [],
        ),
      ).toString();
      await refused('{}', 'everything in the query', moved);
      await refused(undefined, 'everything in the query, and no body', moved);
    }
  }
  assert.ok(asked >= 40, `${asked} asked`);
});
