/** Several organisations at one controller: each at its own address, with its own providers, nodes and revocations. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { createApiToken } from '../../controller/api-tokens.ts';
import { openEmbeddedRelay } from '../../controller/embedded-relay.ts';
import { deleteOrganisation } from '../../controller/operator/delete-organisation.ts';
import { exportOrganisation } from '../../controller/operator/export-organisation.ts';
import { scopedTables } from '../../controller/store/scoped-tables.ts';
import { setLimits } from '../../controller/operator/limits.ts';
import { setSuspended } from '../../controller/operator/suspension.ts';
import { watchOrganisations } from '../../controller/operator/watch-organisations.ts';
import { createOrganisation, UnfitOrganisation } from '../../controller/operator/create-organisation.ts';
import type { ConnectorSnapshot, DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import type { Me } from '../../protocol/portal.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { TestNode } from './support/node.ts';
import { acmeDocument } from './support/document.ts';
import { person, startProvider } from '../login/support/provider.ts';
import { deviceClaim, testPortal, testUrl } from '../login/support/portal.ts';
import { SimpleBrowser } from '../login/support/simple-browser.ts';
import { settle } from '../support/settle.ts';
import { testController, type TestController } from './support/controller.ts';

const globexUrl = new URL('https://globex.access.acme.example:8443');
const alice = person('a1', ['staff']);
const people = { 'alice@acme.example': alice };
const sessionCookie = '__Host-postern-session';

/** A second organisation, with the document of the first under its own name. */
async function withGlobex(controller: TestController): Promise<TestController> {
  const { context } = controller;
  await createOrganisation(context.store, {
    name: 'globex',
    address: undefined,
    publicUrl: context.publicUrl,
    nowMs: context.now(),
  });
  await context.organisations.refresh();
  const id = context.organisations.at(globexUrl.host);
  assert.ok(id !== undefined);
  const token = await controller.token('admin', id);
  const call: TestController['call'] = async (method, url, payload) =>
    controller.app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${token}` },
      ...(payload === undefined ? {} : { payload }),
    });
  return {
    ...controller,
    call,
    async key(purpose, name) {
      const answer = await call('POST', '/api/v1/enrolment-keys', { purpose, name });
      assert.equal(answer.statusCode, 201, answer.body);
      return answer.json<{ key: string }>().key;
    },
  };
}

test('SEC-A10: people sign in at the address of their organisation, at its own provider, and count nowhere else', async (t) => {
  // Both call their provider the same.
  const [ours, theirs] = [
    await startProvider({ after }, 'corp', testUrl, people),
    await startProvider({ after }, 'corp', globexUrl, people),
  ];
  const portal = await testPortal(t, [ours]);
  const { context, app } = portal;
  const { id } = await createOrganisation(context.store, {
    name: 'globex',
    address: undefined,
    publicUrl: testUrl,
    nowMs: context.now(),
  });
  await context.organisations.refresh();
  const { text } = await createApiToken(context.organisation(id).store, 'admin', {
    nowMs: context.now(),
    random: systemRandom,
    who: 'test',
  });
  const applied = await app.inject({
    method: 'PUT',
    url: '/api/v1/document',
    headers: { authorization: `Bearer ${text}` },
    payload: { ...acmeDocument(), organisation: 'globex', identityProviders: [theirs.document] },
  });
  assert.equal(applied.statusCode, 200, applied.body);

  const browser = new SimpleBrowser({ ...portal, publicUrl: globexUrl }, [ours, theirs]);
  const begun = await browser.ask('/oidc/corp/start');
  const sent = new URL(begun.headers['location'] ?? '');
  assert.equal(sent.origin, theirs.issuer);
  assert.equal(sent.searchParams.get('redirect_uri'), `${globexUrl.origin}/oidc/corp/callback`);

  // An answer that was asked for at one address is none at another, though both know a provider of that name.
  const answer = await browser.openUntil(
    sent,
    (url) => url.pathname.endsWith('/callback'),
    alice,
    'alice@acme.example',
  );
  const signIn = browser.cookie(globexUrl, '__Host-postern-signin') ?? '';
  const mixed = await app.inject({
    url: answer.pathname + answer.search,
    headers: { host: testUrl.host, cookie: `__Host-postern-signin=${signIn}` },
  });
  assert.match(mixed.headers['location'] as string, /error=attempt-gone/);

  await setSuspended(context.store, id, true, { nowMs: context.now(), who: 'test' });
  await context.organisations.refresh();
  const shut = await browser.ask('/oidc/corp/start');
  assert.equal(shut.headers['location'], '/login?error=suspended');
  await setSuspended(context.store, id, false, { nowMs: context.now(), who: 'test' });
  await context.organisations.refresh();

  // It may have nobody yet.
  const by = { nowMs: context.now(), who: 'test' };
  await setLimits(context.store, id, { people: 0 }, by);
  const full = await browser.openUntil(
    '/oidc/corp/start',
    ({ pathname }) => pathname === '/login',
    alice,
    'alice@acme.example',
  );
  assert.equal(full.search, '?error=limit');
  await setLimits(context.store, id, { people: 1 }, by);

  await browser.open('/oidc/corp/start', alice, 'alice@acme.example');
  const me = (await browser.call('GET', 'me')).json as Me;
  assert.deepEqual([me.organisation, me.address], ['globex', globexUrl.origin]);
  const cookie = browser.cookie(globexUrl, sessionCookie) ?? '';
  const at = async (host: string) =>
    (await app.inject({ url: '/api/v1/me', headers: { host, cookie: `${sessionCookie}=${cookie}` } }))
      .statusCode;
  assert.equal(await at(globexUrl.host), 200);
  assert.equal(await at('GLOBEX.access.acme.example'), 200);
  assert.equal(await at(testUrl.host), 401);

  // The pages of one organisation change nothing at another.
  const leave = (origin: string) => browser.call('POST', 'me/sign-out', undefined, { origin });
  assert.equal((await leave(testUrl.origin)).status, 403);

  // A typed code is entered where its device dialled.
  const attempt = await portal.attempts.startDeviceCode(context.firstOrganisation, deviceClaim());
  const entered = await browser.call('POST', 'me/logins/look-up', { code: attempt?.userCode ?? '' });
  assert.equal((entered.json as { state: string }).state, 'wrong');
  assert.equal((await leave(globexUrl.origin)).status, 200);
  assert.equal(await at(globexUrl.host), 401);
});

test('SEC-A10: a directory comes in at the address of its organisation, and those of another are as good as none', async (t) => {
  const ours = await testController(t);
  const theirs = await withGlobex(ours);
  const [provider] = acmeDocument().identityProviders ?? [];
  assert.ok(provider !== undefined);
  const identityProviders = [{ ...provider, directory: {} }];
  const directories = [];
  for (const [controller, organisation, address] of [
    [ours, 'acme', testUrl],
    [theirs, 'globex', globexUrl],
  ] as const) {
    const applied = await controller.call('PUT', '/api/v1/document', {
      ...acmeDocument(),
      organisation,
      identityProviders,
    });
    assert.equal(applied.statusCode, 200, applied.body);
    const made = await controller.call('POST', `/api/v1/directories/${provider.name}/tokens`, {});
    const { token } = made.json<{ token: string }>();
    const [listed] = (await controller.call('GET', '/api/v1/directories')).json<{ url: string }[]>();
    assert.equal(listed?.url, `${address.origin}/scim/v2`);
    const scim = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, payload?: object) =>
      ours.app.inject({
        method,
        url: `/scim/v2/${path}`,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
        ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
      });
    const user = await scim('POST', 'Users', { userName: 'alice@acme.example' });
    const { id, meta } = user.json<{ id: string; meta: { location: string } }>();
    assert.equal(meta.location, `${address.origin}/scim/v2/Users/${id}`);
    assert.equal(user.headers['location'], meta.location);
    const group = await scim('POST', 'Groups', { displayName: 'staff', members: [{ value: id }] });
    directories.push({ scim, user: id, group: group.json<{ id: string }>().id });
  }
  for (const [own, other] of [directories, directories.toReversed()]) {
    assert.ok(own !== undefined && other !== undefined);
    const { user, group } = other;
    for (const path of [`Users/${user}`, `Groups/${group}`]) {
      assert.equal((await own.scim('GET', path)).statusCode, 404);
      assert.equal((await own.scim('PATCH', path, { Operations: [] })).statusCode, 404);
      assert.equal((await own.scim('DELETE', path)).statusCode, 404);
      assert.equal((await other.scim('GET', path)).statusCode, 200);
    }
    const { totalResults } = (await own.scim('GET', 'Users')).json<{ totalResults: number }>();
    assert.equal(totalResults, 1);
    const foreign = { displayName: 'of another', members: [{ value: user }] };
    assert.equal((await own.scim('POST', 'Groups', foreign)).statusCode, 400);
  }
});

test('SEC-A10: nodes of two organisations share names and the relay of the operator, and nothing else', async (t) => {
  const ours = await testController(t);
  const relay = await openEmbeddedRelay(ours.context, () => undefined);
  t.after(async () => relay.stop());
  const theirs = await withGlobex(ours);
  await ours.call('PUT', '/api/v1/document', acmeDocument());
  assert.equal((await theirs.call('PUT', '/api/v1/document', acmeDocument())).statusCode, 422);
  await theirs.call('PUT', '/api/v1/document', { ...acmeDocument(), organisation: 'globex' });

  const join = async (controller: TestController) => {
    const connector = await TestNode.enrolled(controller, 'connector');
    const device = await TestNode.enrolled(controller, 'device');
    const snapshot = await device.untilSnapshot<DeviceSnapshot>(({ networks }) =>
      Object.values(networks).some(({ connectors }) => connectors.length > 0),
    );
    return { connector, device, snapshot };
  };
  const [one, other] = [await join(ours), await join(theirs)];
  for (const { snapshot } of [one, other]) assert.deepEqual(Object.keys(snapshot.relays), [relay.id]);
  assert.deepEqual(Object.keys((other.connector.snapshot as ConnectorSnapshot).relays), [relay.id]);
  const names = ({ snapshot }: typeof one) =>
    Object.values(snapshot.resources)
      .map(({ name }) => name)
      .toSorted();
  assert.deepEqual(names(one), names(other));
  const ids = ({ snapshot }: typeof one) => [
    ...Object.keys(snapshot.resources),
    ...Object.keys(snapshot.networks),
    ...Object.values(snapshot.networks).flatMap(({ connectors }) => connectors.map(({ id }) => id)),
  ];
  assert.deepEqual(
    ids(one).filter((id) => ids(other).includes(id)),
    [],
  );

  // What is revoked in one reaches the shared relay, and no node of the other.
  const heard = one.connector.all('revoke').length;
  const { id: session } = other.snapshot.session;
  assert.equal((await ours.call('DELETE', `/api/v1/sessions/${session}`)).statusCode, 404);
  assert.equal((await theirs.call('DELETE', `/api/v1/sessions/${session}`)).statusCode, 204);
  await settle();
  assert.ok(relay.lease.isRevoked(session as never));
  assert.equal(one.connector.all('revoke').length, heard);
  await ours.time.pass(20_000);
  assert.ok(relay.lease.inContact());
});

test('a relay of its own that the operator runs hears of every organisation, from before it came as well', async (t) => {
  const ours = await testController(t);
  const theirs = await withGlobex(ours);
  await ours.call('PUT', '/api/v1/document', acmeDocument());
  await theirs.call('PUT', '/api/v1/document', { ...acmeDocument(), organisation: 'globex' });
  const session = async () => {
    const device = await TestNode.enrolled(theirs, 'device');
    return { device, id: (device.snapshot as DeviceSnapshot).session.id };
  };
  const before = await session();
  await theirs.call('DELETE', `/api/v1/sessions/${before.id}`);
  const relay = new TestNode(ours, 'relay');
  await relay.enrol({ secret: await ours.key('relay', 'shared') });
  const revoked = () => relay.all('revoke').flatMap(({ ids }) => ids);
  assert.ok(revoked().includes(before.id));
  const open = await session();
  await open.device.untilSnapshot<DeviceSnapshot>(({ relays }) => Object.keys(relays).includes(relay.id));
  await theirs.call('DELETE', `/api/v1/sessions/${open.id}`);
  await relay.until((message) => message.t === 'revoke' && message.ids.includes(open.id));

  // A relay that an organisation runs for itself is told of nobody else, and serves nobody else.
  const own = new TestNode(theirs, 'relay');
  await own.enrol({ secret: await theirs.key('relay', 'own'), url: 'https://relay.globex.example' });
  const device = await TestNode.enrolled(ours, 'device');
  const { session: ourSession, relays } = device.snapshot as DeviceSnapshot;
  assert.deepEqual(Object.keys(relays), [relay.id]);
  await ours.call('DELETE', `/api/v1/sessions/${ourSession.id}`);
  await relay.until((message) => message.t === 'revoke' && message.ids.includes(ourSession.id));
  assert.ok(!own.all('revoke').some(({ ids }) => ids.includes(ourSession.id)));
});

test('SEC-A10: a suspended organisation loses everything that is open, lets nobody in, and gets it all back', async (t) => {
  const ours = await testController(t);
  const { context, time } = ours;
  const theirs = await withGlobex(ours);
  t.after(async () => stop());
  const stop = watchOrganisations(context, { addressed: () => undefined });
  const relay = await openEmbeddedRelay(context, () => undefined);
  t.after(async () => relay.stop());
  await ours.call('PUT', '/api/v1/document', acmeDocument());
  await theirs.call('PUT', '/api/v1/document', { ...acmeDocument(), organisation: 'globex' });
  const id = context.organisations.at(globexUrl.host) as OrganisationId;
  const connector = await TestNode.enrolled(theirs, 'connector');
  const device = new TestNode(theirs, 'device');
  const key = await theirs.key('service', 'ci');
  await device.enrol({ secret: key });
  const bystander = await TestNode.enrolled(ours, 'device');
  const granted = ({ resources }: DeviceSnapshot): number => Object.keys(resources).length;
  await device.untilSnapshot<DeviceSnapshot>((snapshot) => granted(snapshot) > 0);
  const spoken = bystander.heard.length;
  const tokens = [...(device.last('tickets')?.list ?? []), ...(device.last('grants')?.list ?? [])];
  const ids = tokens.map((token) => (decodeJwt(token).jti ?? '') as Id<'tok'>);
  assert.ok(ids.length >= 2);

  await setSuspended(context.store, id, true, { nowMs: time.ms, who: 'test' });
  await time.pass(300);
  await connector.until(
    (message) => message.t === 'revoke' && ids.every((each) => message.ids.includes(each)),
  );
  assert.ok(ids.every((each) => relay.lease.isRevoked(each)));
  await device.untilSnapshot<DeviceSnapshot>((snapshot) => granted(snapshot) === 0);
  await connector.untilSnapshot<ConnectorSnapshot>(({ resources }) => Object.keys(resources).length === 0);
  assert.deepEqual(device.last('grants')?.list, []);
  // Its zones stay closed.
  assert.deepEqual((device.snapshot as DeviceSnapshot).zones, ['acme.internal']);
  const refused = await theirs.call('GET', '/api/v1/document');
  assert.equal(refused.statusCode, 403);
  assert.match(refused.body, /suspended/);
  const late = new TestNode(theirs, 'device');
  await late.enrol({ secret: key }).catch(() => undefined);
  assert.equal(late.last('fault')?.code, 'denied');
  const coming = await context.organisation(id).store.select('nodes').select('id').execute();
  assert.equal(coming.length, 2);
  assert.equal((await ours.call('GET', '/api/v1/document')).statusCode, 200);
  assert.ok(bystander.heard.slice(spoken).every(({ t: type }) => type === 'beat'));

  await setSuspended(context.store, id, false, { nowMs: time.ms, who: 'test' });
  // The look before may still be under way on a server.
  for (let look = 0; look < 5; look += 1) await time.pass(300);
  await device.untilSnapshot<DeviceSnapshot>((snapshot) => granted(snapshot) > 0);
  const anew = (device.last('grants')?.list ?? []).map((token) => decodeJwt(token).jti ?? '');
  assert.ok(anew.length > 0 && anew.every((each) => !ids.includes(each as Id<'tok'>)));
  assert.equal((await theirs.call('GET', '/api/v1/document')).statusCode, 200);
});

test('of a deleted organisation the hashes of its audit log stay, those that an export carries, and nothing else', async (t) => {
  const ours = await testController(t);
  const { context, time } = ours;
  const theirs = await withGlobex(ours);
  const stop = watchOrganisations(context, { addressed: () => undefined });
  t.after(async () => stop());
  await ours.call('PUT', '/api/v1/document', acmeDocument());
  await theirs.call('PUT', '/api/v1/document', { ...acmeDocument(), organisation: 'globex' });
  const id = context.organisations.at(globexUrl.host) as OrganisationId;
  const device = await TestNode.enrolled(theirs, 'device');
  const { store } = context.organisation(id);
  const kept = context.organisation(context.firstOrganisation).store;
  const before = await kept.select('audit').selectAll().execute();
  // Nobody's log loses an entry otherwise, a suspended organisation's neither.
  await setSuspended(context.store, id, true, { nowMs: time.ms, who: 'test' });
  await assert.rejects(store.delete('audit').execute(), /append-only/);

  const rows: { table: string; row: { hash?: string } }[] = [];
  for await (const line of exportOrganisation(context.store, id)) rows.push(line);
  assert.ok(rows.some(({ table }) => table === 'documents') && rows.some(({ table }) => table === 'nodes'));
  assert.doesNotMatch(JSON.stringify(rows), /a secret of the provider|cookie_hash|"client_secret"/);
  // That there are keys and tokens is told, what would prove to have one is not.
  for (const table of ['api_tokens', 'enrolment_keys'] as const) {
    const secrets = await store.select(table).select('hash').execute();
    assert.ok(secrets.length > 0 && rows.some((row) => row.table === table), table);
    for (const { hash } of secrets) assert.equal(JSON.stringify(rows).includes(hash), false, table);
  }
  const hashes = rows.flatMap(({ row }) => row.hash ?? []);
  assert.ok(hashes.length > 2);

  const last = await deleteOrganisation(context.store, id, time.ms);
  assert.equal(last, hashes.at(-1));
  for (const table of scopedTables)
    assert.deepEqual(
      await store
        .select(table as 'nodes')
        .selectAll()
        .execute(),
      [],
      table,
    );
  const left = (await context.store.organisationRows()).find((row) => row.id === id);
  assert.deepEqual([left?.name, left?.address], [null, null]);
  // Requests from before are counted later, and no more.
  await time.pass(12_000);
  assert.deepEqual(await store.select('usage_counts').selectAll().execute(), []);
  assert.equal(device.closed === undefined && device.last('fault')?.code !== 'revoked', false);
  assert.equal((await theirs.call('GET', '/api/v1/document')).statusCode, 401);
  assert.equal(context.organisations.at(globexUrl.host), undefined);
  assert.deepEqual(await kept.select('audit').selectAll().execute(), before);
  // Name and address are free again, the id is not.
  const again = await withGlobex(ours);
  assert.equal((await again.call('GET', '/api/v1/networks')).statusCode, 200);
});

test('an address that is somebody else’s, or no name of its own, makes no organisation', async (t) => {
  const controller = await testController(t);
  const { context } = controller;
  const document = acmeDocument();
  const [wiki] = document.resources ?? [];
  assert.ok(wiki !== undefined);
  wiki.web = { hostname: 'wiki.acme.example', origin: 'http://wiki.acme.internal:80' };
  assert.equal((await controller.call('PUT', '/api/v1/document', document)).statusCode, 200);
  const make = (name: string, address?: string) =>
    createOrganisation(context.store, { name, address, publicUrl: context.publicUrl, nowMs: context.now() });
  await make('globex');
  for (const [name, address, why] of [
    ['globex', 'https://other.example', /is called globex/],
    ['initech', globexUrl.origin, /signs in at/],
    ['initech', 'http://initech.example', /reached by https/],
    ['initech', 'https://203.0.113.9', /no name of its own/],
    ['initech', context.publicUrl.origin, /controller's own/],
    ['initech', 'https://wiki.acme.example', /public hostname/],
    ['initech', 'https://initech.example/sign-in', /no address/],
    ['Initech', undefined, /no name/],
  ] as const)
    await assert.rejects(
      make(name, address),
      (error) => error instanceof UnfitOrganisation && why.test(error.message),
    );
  assert.equal((await context.store.organisations()).length, 2);

  // The other way round: a sign-in address is nobody's public hostname.
  await context.organisations.refresh();
  wiki.web = { hostname: globexUrl.hostname, origin: 'http://wiki.acme.internal:80' };
  assert.match((await controller.call('PUT', '/api/v1/document', document)).body, /name of the controller/);
});
