/** SEC-J2: what browsers send with an owner's cookie for pages of others, to every route that changes something. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { twoOrganisations } from '../controller/support/two-organisations.ts';
import {
  Api,
  exampleBody,
  isLetIn,
  origin,
  own,
  withCookie,
  type Headers,
} from '../controller/support/walked-api.ts';

/** What a browser sends with its cookie for a page that is not ours, or for none that it names. */
const foreignHeaders: readonly Headers[] = [
  {},
  { origin: '' },
  { origin: 'null' },
  { origin: 'https://evil.example' },
  { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
  { origin: `${origin}.evil.example` },
  { origin: origin.replace('https:', 'http:') },
  { origin: origin.replace(':8443', '') },
  { origin, 'sec-fetch-site': 'cross-site' },
  { origin, 'sec-fetch-site': 'same-site' },
  { origin, 'sec-fetch-site': 'none' },
  { 'sec-fetch-site': 'same-origin' },
  { referer: `${origin}/admin`, 'sec-fetch-site': 'same-origin' },
  { origin: 'https://evil.example', 'content-type': 'text/plain' },
  { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
  { origin: 'https://evil.example', 'x-http-method-override': 'GET' },
];
/** By which some servers let a form name another method. */
const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override'];

test('SEC-J2: nothing that changes something is done for the cookie of an owner on a page that is not ours, whatever it sends', async (t) => {
  const world = await twoOrganisations(t);
  const api = new Api(world);
  const { cookie } = withCookie((await world.cookie(world.context.firstOrganisation, 'owner')).cookie);
  assert.ok(cookie !== undefined);
  const safe: readonly unknown[] = ['GET', 'HEAD', 'OPTIONS'];
  const changing = world.portal.declaredRoutes.filter(
    ({ method, access }) =>
      access !== 'public' &&
      !safe.includes(method) &&
      isLetIn(access, { name: 'owner', role: 'owner', isPerson: true, headers: async () => ({}) }),
  );
  assert.ok(changing.length > 60, `only ${changing.length} routes change something`);
  const wrong: string[] = [];
  for (const route of changing) {
    const place = `${String(route.method)} ${route.url}`;
    const body = exampleBody(api.operation(route));
    for (const headers of foreignHeaders) {
      const { statusCode } = await api.ask(route, { ...headers, cookie }, {}, {}, body);
      if (statusCode !== 403) wrong.push(`${place} with ${JSON.stringify(headers)}: ${statusCode}`);
    }
    // From our own page a body is JSON or none: a form of another type would pass without a question of the browser's.
    if (body !== undefined) {
      const plain = await api.ask(route, { ...own, cookie, 'content-type': 'text/plain' }, {}, {}, body);
      if (plain.statusCode !== 415) wrong.push(`${place} as text/plain: ${plain.statusCode}`);
    }
    // What a link or an image asks for stays a GET.
    const url = route.url.replaceAll(/:\w+/g, 'nothing');
    const get = (query: string, headers: Headers) =>
      world.portal.inject({ method: 'GET', url: url + query, headers: { ...headers, cookie } });
    if (world.portal.declaredRoutes.some((each) => each.url === route.url && each.method === 'GET')) continue;
    const { statusCode } = await get('', {});
    for (const [query, headers] of [
      [`?_method=${String(route.method)}`, {}],
      ...overrides.map((name) => ['', { [name]: String(route.method) }] as const),
    ] as const) {
      const overridden = await get(query, headers);
      if (overridden.statusCode !== statusCode || ![404, 405].includes(statusCode))
        wrong.push(`GET ${url}${query} with ${JSON.stringify(headers)}: ${overridden.statusCode}`);
    }
  }
  assert.deepEqual(wrong, []);
});
