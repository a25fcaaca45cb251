/**
 * A resource that needs a fresher or stronger sign-in: the provider is asked for just that, its answer is believed only as
 * far as it goes, and the session that the person has already is raised, not replaced.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { DeviceClaim } from '../../controller/enrolment/join-device.ts';
import type { IdentityProviderDocument } from '../../protocol/organisation-document.ts';
import type { MyDevices, MyResources } from '../../protocol/portal.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { HostileProvider, type Case } from './support/hostile-provider.ts';
import { deviceClaim, testPortal, testUrl, type TestPortal } from './support/portal.ts';
import { SimpleBrowser } from './support/simple-browser.ts';

const cookieName = '__Host-postern-session';
const password = { amr: ['pwd'] };
const several = { amr: ['pwd', 'otp', 'mfa'] };

interface World {
  readonly portal: TestPortal;
  readonly provider: HostileProvider;
  readonly browser: SimpleBrowser;
}

/**
 * Alice may use the wiki for 8 hours after a sign-in, the databases with several factors of the last hour, and the printer
 * as well, of which she may not know without.
 */
async function world(t: TestContext, more: Partial<IdentityProviderDocument> = {}): Promise<World> {
  const provider = await HostileProvider.start(t, 'mallory');
  const portal = await testPortal(t, [provider.provider]);
  const document = acmeDocument();
  await portal.apply({
    ...document,
    sessions: { length: '3d' },
    identityProviders: [{ ...provider.document, ...more }],
    resources: (document.resources ?? []).map((resource) => {
      if (resource.name === 'wiki') return { ...resource, session: '8h' };
      return resource.name === 'printer' ? { ...resource, visibility: 'granted' } : resource;
    }),
    policies: [
      { name: 'staff', allow: { groups: ['staff'] }, to: 'everything' },
      {
        name: 'strong',
        require: 'everyone',
        to: { resources: ['databases', 'printer'] },
        when: { mfa: '1h' },
      },
    ],
  });
  return { portal, provider, browser: new SimpleBrowser(portal, []) };
}

/** What the provider is asked for, and its answer, which is in order but for `change`; the error, if it is one. */
async function signIn(
  { provider, browser, portal }: World,
  query: string,
  change: Case['claims'] = {},
): Promise<{ asked: URLSearchParams; error: string | null; at: string }> {
  const begun = await browser.ask(`/oidc/${provider.name}/start?${query}`);
  const asked = new URL(begun.headers['location'] ?? '').searchParams;
  provider.nonce = asked.get('nonce') ?? '';
  const now = Math.floor(portal.context.now() / 1_000);
  provider.case = { claims: { iat: now, exp: now + 300, auth_time: now, ...change } };
  const back = new URLSearchParams({ code: 'a-code', state: asked.get('state') ?? '' });
  const answer = await browser.ask(`/oidc/${provider.name}/callback?${back.toString()}`);
  const to = new URL(answer.headers['location'] ?? '', testUrl);
  return { asked, error: to.searchParams.get('error'), at: to.pathname + to.search };
}

async function stateOf({ browser }: World, name: string): Promise<string | undefined> {
  const { resources } = (await browser.call('GET', 'me/resources')).json as MyResources;
  return resources.find((resource) => resource.name === name)?.state;
}

test('the provider is asked for what fails, the page returns to what was asked, and nothing more is asked once it holds', async (t) => {
  const here = await world(t);
  await signIn(here, '', password);
  assert.equal(await stateOf(here, 'databases'), 'refused');
  // A single factor: without a context class only a new sign-in can bring another one.
  const raised = await signIn(here, 'for=databases&rd=/refused%3Fresource=databases', several);
  assert.equal(raised.asked.get('max_age'), '3600');
  assert.equal(raised.asked.get('prompt'), 'login');
  assert.equal(raised.at, '/refused?resource=databases');
  assert.equal(await stateOf(here, 'databases'), 'granted');
  const again = await signIn(here, 'for=databases', several);
  assert.deepEqual([again.asked.get('max_age'), again.asked.get('prompt')], [null, null]);

  // Two hours later the factors are too old: their age alone is asked for, and for the wiki nothing.
  here.portal.time.ahead += 2 * 3_600_000;
  assert.equal(await stateOf(here, 'databases'), 'refused');
  assert.equal(
    (await here.browser.ask('/oidc/mallory/start?for=wiki')).headers['location']?.includes('max_age'),
    false,
  );
  const older = await signIn(here, 'for=databases', several);
  assert.deepEqual([older.asked.get('max_age'), older.asked.get('prompt')], ['3600', null]);
  assert.equal(await stateOf(here, 'databases'), 'granted');

  // The wiki ends with its own length of a session, long before the session itself.
  here.portal.time.ahead += 9 * 3_600_000;
  assert.equal(await stateOf(here, 'wiki'), 'refused');
  const wiki = await signIn(here, 'for=wiki', password);
  assert.equal(wiki.asked.get('max_age'), String(8 * 3_600));
  assert.equal(await stateOf(here, 'wiki'), 'granted');
});

test('a provider that does not do as it was asked changes nothing: the page says so and the session stays what it was', async (t) => {
  const here = await world(t);
  await signIn(here, '', password);
  const before = here.browser.cookie(testUrl, cookieName);
  const now = Math.floor(Date.now() / 1_000);
  for (const [change, error] of [
    [password, 'not-enough'],
    [{ amr: undefined }, 'not-enough'],
    [{ ...several, auth_time: now - 7_200 }, 'not-fresh'],
    [{ ...several, auth_time: undefined }, 'not-fresh'],
    [{ ...several, auth_time: 'now' }, 'provider-answer'],
  ] as const) {
    const answer = await signIn(here, 'for=databases&rd=/x', change);
    assert.equal(answer.error, error, JSON.stringify(change));
    assert.equal(here.browser.cookie(testUrl, cookieName), before);
    assert.equal(await stateOf(here, 'databases'), 'refused');
  }
  // A time that is yet to come is no fresher than now.
  await signIn(here, '', { ...several, auth_time: now + 500 });
  here.portal.time.ahead += 3_600_000;
  assert.equal(await stateOf(here, 'databases'), 'refused');
});

test('a resource that is hidden and one that does not exist ask for the same: nothing', async (t) => {
  const here = await world(t);
  await signIn(here, '', password);
  for (const name of ['printer', 'missing']) {
    const { asked, error } = await signIn(here, `for=${name}`, password);
    assert.deepEqual(
      [asked.get('max_age'), asked.get('prompt'), asked.get('acr_values'), error],
      [null, null, null, null],
    );
  }
  // Nobody is told anything who is not signed in yet.
  const { asked } = await signIn(
    { ...here, browser: new SimpleBrowser(here.portal, []) },
    'for=databases',
    several,
  );
  assert.equal(asked.get('max_age'), null);
});

test('context classes of the provider are asked for at every sign-in, and the one it names is kept', async (t) => {
  const here = await world(t, { acrValues: ['urn:acme:strong', 'phr'] });
  const { asked } = await signIn(here, '', { ...password, acr: 'phr' });
  assert.equal(asked.get('acr_values'), 'urn:acme:strong phr');
  const { store } = here.portal.context.organisation(here.portal.context.firstOrganisation);
  const rows = await store.select('sessions').select(['acr', 'provider']).execute();
  assert.deepEqual(
    rows.map(({ acr, provider }) => [acr, provider]),
    [['phr', 'mallory']],
  );
});

/** Begins `postern login --for RESOURCE` with a typed code. */
async function begin({ portal }: World, claim: DeviceClaim, resource?: string): Promise<string> {
  const device = { ...claim, ...(resource === undefined ? {} : { for: resource }) };
  const waits = await portal.attempts.startDeviceCode(portal.context.firstOrganisation, device);
  return waits?.userCode ?? '';
}

test('a device’s session is raised in place: same id, and so nothing that is open ends', async (t) => {
  const here = await world(t);
  const { portal, browser } = here;
  const claim = deviceClaim();
  await signIn(here, 'fresh=1', password);
  assert.deepEqual(
    (await browser.call('POST', 'me/logins/approve', { code: await begin(here, claim) })).json,
    {
      state: 'joined',
      needsApproval: false,
    },
  );
  const { devices } = (await browser.call('GET', 'me/devices')).json as MyDevices;
  const [device] = devices;
  const { store } = portal.context.organisation(portal.context.firstOrganisation);
  const sessions = () =>
    store.select('sessions').select(['id', 'amr', 'ended_ms']).where('kind', '=', 'device').execute();
  const [first] = await sessions();
  const ended: string[] = [];
  portal.context.bus.subscribe((_organisation, message) => {
    if (message.kind === 'revoked') ended.push(...message.revocation.ids);
  });

  const code = await begin(here, claim, 'databases');
  for (const step of ['look-up', 'approve']) {
    const { json } = await browser.call('POST', `me/logins/${step}`, { code });
    assert.deepEqual(json, { state: 'step-up', resource: 'databases', device: device?.id }, step);
  }
  const raised = await signIn(here, `for=databases&device=${device?.id}&rd=/device`, several);
  assert.deepEqual([raised.asked.get('max_age'), raised.at], ['0', '/device']);
  const found = await browser.call('POST', 'me/logins/look-up', { code });
  assert.equal((found.json as { state: string }).state, 'found');
  assert.equal(
    ((await browser.call('POST', 'me/logins/approve', { code })).json as { state: string }).state,
    'joined',
  );
  const after = await sessions();
  assert.deepEqual(
    after.map(({ id, amr, ended_ms }) => [id, amr, ended_ms]),
    [[first?.id, JSON.stringify(several.amr), null]],
  );
  assert.equal(ended.includes(first?.id ?? ''), false);
  assert.equal((await portal.audit('session.renew')).length, 1);
  assert.equal(await stateOf(here, 'databases'), 'granted');

  // Another node key, or somebody else on the same machine, begins anew, and what was open ends.
  await browser.call('POST', 'me/logins/approve', {
    code: await begin(here, { ...claim, nk: deviceClaim().nk }),
  });
  assert.ok(ended.includes(first?.id ?? ''));
});

test('a session that is over is not raised: the device gets a new one', async (t) => {
  const here = await world(t);
  const claim = deviceClaim();
  await signIn(here, 'fresh=1', password);
  await here.browser.call('POST', 'me/logins/approve', { code: await begin(here, claim) });
  here.portal.time.ahead += 4 * 86_400_000;
  await signIn(here, 'fresh=1', password);
  await here.browser.call('POST', 'me/logins/approve', { code: await begin(here, claim) });
  const { store } = here.portal.context.organisation(here.portal.context.firstOrganisation);
  const rows = await store.select('sessions').select('id').where('kind', '=', 'device').execute();
  assert.equal(rows.length, 2);
});
