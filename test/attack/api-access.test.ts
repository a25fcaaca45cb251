/**
 * SEC-A10: every route that Fastify registers, asked by every kind of caller and with everything that belongs to another
 * organisation. No route is written here by hand: a new one is walked as soon as it exists.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import type { DeclaredRoute } from '../../controller/api/access.ts';
import { startController } from '../../controller/controller.ts';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { roles, scopes } from '../../protocol/roles.ts';
import { faultsOfOpenApi } from '../controller/support/openapi-form.ts';
import { twoOrganisations } from '../controller/support/two-organisations.ts';
import {
  Api,
  bearer,
  callers,
  exampleBody,
  isLetIn,
  isNobody,
  origin,
  own,
  withCookie,
  type Answered,
  type Who,
} from '../controller/support/walked-api.ts';

test('SEC-A10, SEC-C3: every route lets in whom it declares and nobody else', async (t) => {
  const world = await twoOrganisations(t);
  const api = new Api(world);
  const everyone = await callers(world);
  const routes = world.portal.declaredRoutes;
  assert.ok(routes.length > 50, `only ${routes.length} routes are registered`);
  for (const route of routes) {
    const { method, url, access } = route;
    for (const who of everyone) {
      const headers = await who.headers(access);
      const answer = await api.ask(route, headers);
      const place = `${method} ${url} for ${who.name}: ${answer.statusCode} ${answer.body}`;
      const mayEnter = isLetIn(access, who);
      if (mayEnter) {
        assert.ok(![401, 403].includes(answer.statusCode), place);
        assert.ok(answer.statusCode < 500, place);
      } else {
        assert.equal(answer.statusCode, isNobody(who) ? 401 : 403, place);
      }
      // A browser's cookie alone, on a page of somebody else, changes nothing (SEC-J2).
      if (mayEnter && who.isPerson === true && access !== 'public' && !['GET', 'HEAD'].includes(method)) {
        const { cookie = '' } = await who.headers(access);
        const abroad = await api.ask(route, { cookie, origin: 'https://evil.example' });
        assert.equal(abroad.statusCode, 403, place);
      }
    }
  }
});

test('SEC-A10: what belongs to another organisation answers as what does not exist, is listed nowhere and stays as it is', async (t) => {
  const world = await twoOrganisations(t);
  const api = new Api(world);
  const everyone = await callers(world);
  await world.cookie(world.theirs);
  const values = world.theirValues();
  for (const prefix of ['usr_', 'con_', 'rly_', 'dev_', 'ses_', 'tok_', 'net_', 'res_', 'svc_'])
    assert.ok(
      values.some((value) => value.startsWith(prefix)),
      `there is no ${prefix} of theirs to try`,
    );
  const kindOf = (value: string): string => /^[a-z]{3}_/u.exec(value)?.[0] ?? 'name';
  const oneOfEachKind = [...new Map(values.map((value) => [kindOf(value), value])).values()];
  const secrets = [world.theirUserCode, world.theirLinkSecret];
  const before = world.theirRows();
  let compared = 0;
  let listed = 0;
  for (const route of world.portal.declaredRoutes) {
    const { method, url, access } = route;
    for (const who of everyone) {
      if (!isLetIn(access, who) || (access === 'public' && who.role !== undefined)) continue;
      // A role decides which routes somebody has; the handlers behind them are the same for all.
      const isNarrow = who.scopes?.length === 1 || (who.isPerson === true && who.role !== undefined);
      // HEAD is GET without its body, and what is public looks at no credentials that are good for nothing.
      const isRepeated = method === 'HEAD' || (isNobody(who) && who.name !== 'nobody');
      // All of theirs by whom the most routes let in, one of each kind by the tokens of narrower roles.
      const asked = who.isPerson === true || isNobody(who) || who.role === 'admin' ? values : oneOfEachKind;
      const tried = isRepeated || (isNarrow && who.role !== 'owner') ? [] : asked;
      // One for the route: what is not there ends no session.
      const headers = await who.headers(access);
      const templates = [...url.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '');
      for (const template of templates) {
        for (const value of tried) {
          const missing = lookalike(value);
          const body = exampleBody(api.operation(route));
          const [foreign, unknown] = [
            await api.ask(route, headers, { [template]: value }, {}, body),
            await api.ask(route, headers, { [template]: missing }, {}, body),
          ];
          if (access !== 'public')
            assert.equal(
              foreign.statusCode,
              404,
              `${method} ${url} ${value} for ${who.name}: ${foreign.body}`,
            );
          assert.deepEqual(seen(foreign, value), seen(unknown, missing), `${method} ${url} ${value}`);
          compared += 1;
        }
      }
      const queries = (api.operation(route)?.parameters ?? []).filter((each) => each.in === 'query');
      for (const { name, schema } of queries.filter((each) => each.schema.type === 'string')) {
        for (const value of tried) {
          const missing = lookalike(value);
          const [foreign, unknown] = [
            await api.ask(route, headers, {}, { [name]: value }),
            await api.ask(route, headers, {}, { [name]: missing }),
          ];
          assert.deepEqual(seen(foreign, value), seen(unknown, missing), `${url}?${name}=${value}`);
          assert.notEqual(schema.type, undefined);
          compared += 1;
        }
      }
      if (method !== 'GET') continue;
      const { body } = await api.ask(route, await who.headers(access));
      for (const value of [...values, ...secrets, 'foreign-waiting', 'foreign.internal', 'alice@foreign'])
        assert.equal(body.includes(value), false, `${url} shows ${value} to ${who.name}`);
      listed += 1;
    }
  }
  assert.ok(compared > 500 && listed > 30, `${compared} compared, ${listed} listed`);
  assert.equal(world.theirRows(), before);
});

test('SEC-A10: at the sign-in address of another organisation nobody of ours is known, nobody of theirs at ours, and tokens see their own', async (t) => {
  const address = new URL('https://foreign.access.acme.example:8443');
  const world = await twoOrganisations(t, address);
  const api = new Api(world);
  const ours = world.context.firstOrganisation;
  const there = { host: address.host, origin: address.origin };
  const everyone = await Promise.all(
    [undefined, ...roles].flatMap((role) =>
      [ours, world.theirs].map(async (organisation) => {
        const { cookie } = withCookie((await world.cookie(organisation, role)).cookie);
        const at = organisation === ours ? there : { origin };
        return {
          name: `${role ?? 'person'} of ${organisation}`,
          headers: { ...own, cookie: cookie ?? '', ...at },
        };
      }),
    ),
  );
  const theirAdmin = bearer(await world.token('admin', world.theirs));
  const ourAdmin = bearer(await world.token('admin'));
  const values = world.theirValues();
  let [walked, read] = [0, 0];
  for (const route of world.portal.declaredRoutes) {
    if (route.access === 'public') continue;
    for (const { name, headers } of everyone) {
      const { statusCode } = await api.ask(route, headers);
      assert.equal(statusCode, 401, `${route.method} ${route.url} for ${name}`);
      walked += 1;
    }
    if (route.method !== 'GET' || route.url.includes(':') || !isLetIn(route.access, tokenOfAdmin)) continue;
    const { body } = await api.ask(route, { ...ourAdmin, host: address.host }, {}, cursorsOf(api, route));
    for (const value of values) assert.equal(body.includes(value), false, `${route.url} shows ${value}`);
    read += 1;
  }
  assert.ok(walked > 500 && read > 15, `${walked} walked, ${read} read`);
  // Where they are at home they are known.
  const { cookie } = await world.cookie(world.theirs);
  const home = { ...withCookie(cookie), ...there };
  assert.equal((await world.portal.inject({ url: '/api/v1/me', headers: home })).statusCode, 200);
  assert.equal((await world.portal.inject({ url: '/api/v1/networks', headers: theirAdmin })).statusCode, 200);
});

const tokenOfAdmin: Who = { name: 'a token', role: 'admin', scopes, headers: async () => ({}) };

/** From the beginning on, where a route goes page by page. */
function cursorsOf(api: Api, route: DeclaredRoute): Record<string, string> {
  const parameters = api.operation(route)?.parameters ?? [];
  return parameters.some(({ name }) => name === 'after') ? { after: '0' } : {};
}

test('SEC-A10: names, codes and links of another organisation in a body are as unknown as any', async (t) => {
  const world = await twoOrganisations(t);
  const { portal, context } = world;
  const admin = bearer(await world.token('admin'));
  const before = world.theirRows();
  for (const [purpose, name] of [
    ['connector', 'foreign-hq'],
    ['service', 'foreign-ci'],
  ] as const) {
    const make = async (given: string) =>
      portal.inject({
        method: 'POST',
        url: '/api/v1/enrolment-keys',
        headers: admin,
        payload: { purpose, name: given },
      });
    const [foreign, unknown] = [await make(name), await make('no-such-name')];
    assert.equal(foreign.statusCode, 404);
    assert.deepEqual(seen(foreign, name), seen(unknown, 'no-such-name'));
  }
  const person = withCookie((await world.cookie(context.firstOrganisation)).cookie);
  for (const step of ['look-up', 'approve', 'refuse']) {
    const say = async (payload: object) =>
      (
        await portal.inject({ method: 'POST', url: `/api/v1/me/logins/${step}`, headers: person, payload })
      ).json<{
        state: string;
      }>().state;
    assert.equal(await say({ code: world.theirUserCode }), 'wrong', step);
    assert.equal(await say({ secret: world.theirLinkSecret }), 'gone', step);
  }
  assert.equal(world.theirRows(), before);
});

test('SEC-A10: a route that does not declare who may call it stops the start, and nothing listens', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-undeclared-'));
  t.after(() => rm(directory, { recursive: true }));
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  const start = (config: object) =>
    startController({
      directory,
      publicUrl: new URL(`http://postern.localhost:${port}`),
      listen: { host: '127.0.0.1', port },
      now: Date.now,
      clock: systemClock,
      random: systemRandom,
      log: pino({ level: 'silent' }),
      extend: () => ({
        register: async (app) => {
          await app.register(async (scope) => {
            scope.get('/api/v1/forgotten', { config } as object, async () => ({}));
          });
        },
      }),
    });
  await assert.rejects(async () => {
    const running = await start({});
    await running.stop();
  }, /GET \/api\/v1\/forgotten does not declare who may call it/);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/livez`));
  const running = await start({ access: 'public' });
  try {
    assert.equal((await fetch(`http://127.0.0.1:${port}/api/v1/forgotten`)).status, 200);
  } finally {
    await running.stop();
  }
});

test('the OpenAPI document has every route with requests, answers, errors and security, and the form of version 3.1', async (t) => {
  const world = await twoOrganisations(t);
  const { portal } = world;
  const answer = await portal.inject('/api/openapi.json');
  const document = answer.json<Record<string, never>>();
  assert.deepEqual(faultsOfOpenApi(document), []);
  const api = new Api(world);
  for (const route of portal.declaredRoutes) {
    const place = `${route.method} ${route.url}`;
    const operation = api.operation(route);
    assert.ok(operation !== undefined, `${place} is not described`);
    const statuses = Object.keys(operation.responses);
    assert.ok(statuses.includes('500'), `${place} does not describe its errors`);
    if (route.access !== 'public')
      for (const status of ['401', '403']) assert.ok(statuses.includes(status), `${place} lacks ${status}`);
    if (/[:*]/.test(route.url)) assert.ok(statuses.includes('404'), `${place} lacks 404`);
    assert.ok(
      statuses.some((status) => /^[23]/.test(status)) || route.url === '/*',
      `${place} does not say how it succeeds`,
    );
  }
});

test('the check of the OpenAPI form finds each fault that it is there for', async (t) => {
  const world = await twoOrganisations(t);
  const good = JSON.stringify(world.portal.swagger());
  const bad: [RegExp | string, string, RegExp][] = [
    ['"openapi":"3.1.0"', '"openapi":"3.0.3"', /is not 3\.1/],
    ['#/components/schemas/Problem', '#/components/schemas/Missing', /leads nowhere/],
    [/"summary":"[^"]*"/, '"summary":""', /summary is missing/],
    ['"type":"integer"', '"type":"int"', /is no type/],
    ['"in":"path"', '"in":"query"', /is not declared/],
    ['{"token":[]}', '{"key":[]}', /security "key" is not declared/],
    [/"description":"Done; there is nothing to say"/, '"description":"Default Response"', /is not described/],
    ['"operationId":"get-me"', '"operationId":"get-livez"', /not unique/],
  ];
  for (const [from, to, expected] of bad) {
    const changed = good.replace(from, to);
    assert.notEqual(changed, good, String(from));
    assert.match(faultsOfOpenApi(JSON.parse(changed)).join('\n'), expected);
  }
});

/** Something of the same form that nobody has. */
function lookalike(value: string): string {
  const id = /^([a-z]{3}_)[0-9a-z]{26}$/.exec(value);
  return id === null ? `${value}x` : `${id[1]}${'0'.repeat(26)}`;
}

/** What a caller sees of an answer, what they gave themselves taken out. */
function seen({ statusCode, headers, body }: Answered, given: string): unknown {
  const shown = Object.entries(headers).filter(
    ([name]) => !['date', 'content-length', 'set-cookie', 'location'].includes(name),
  );
  const place = (headers['location'] ?? '').replaceAll(encodeURIComponent(given), 'GIVEN');
  return {
    statusCode,
    shown,
    place,
    body: body.replaceAll(given, 'GIVEN').replace(/"trace":"[0-9a-f]{16}"/, '"trace":"TRACE"'),
  };
}
