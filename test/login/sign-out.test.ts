/** Signing out here, everywhere, and at a real provider: from here to there, and from there to here. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import type { SignedOut } from '../../protocol/portal.ts';
import { eventually } from '../support/eventually.ts';
import { deviceClaim, testPortal, testUrl, type TestPortal } from './support/portal.ts';
import { person, startProvider } from './support/provider.ts';
import { freePort } from '../support/servers/free-port.ts';
import { SimpleBrowser } from './support/simple-browser.ts';

const email = 'alice@acme.example';
const alice = person('a1', ['staff']);
const port = await freePort();
const corp = await startProvider(
  { after },
  'corp',
  testUrl,
  { [email]: alice },
  {
    backChannelUri: `http://127.0.0.1:${port}/oidc/corp/back-channel-logout`,
  },
);
const partner = await startProvider({ after }, 'partner', testUrl, { [email]: alice });
const sessionCookie = '__Host-postern-session';

async function signedIn(portal: TestPortal, at = corp): Promise<SimpleBrowser> {
  const browser = new SimpleBrowser(portal, [corp, partner]);
  await browser.open(`/oidc/${at.document.name}/start?rd=/device`, alice, email);
  assert.ok(browser.cookie(testUrl, sessionCookie));
  return browser;
}

async function signOut(browser: SimpleBrowser, path = 'sign-out'): Promise<SignedOut> {
  const { status, json } = await browser.call('POST', `me/${path}`);
  assert.equal(status, 200);
  return json as SignedOut;
}

async function letIn(portal: TestPortal, browser: SimpleBrowser): Promise<void> {
  const waits = await portal.attempts.startDeviceCode(portal.context.firstOrganisation, deviceClaim());
  const { json } = await browser.call('POST', 'me/logins/approve', { code: waits?.userCode ?? '' });
  assert.equal((json as { state: string }).state, 'joined');
}

test('a person goes on to the provider’s own sign-out, is asked nothing twice, and comes back to a page that says so', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal);
  const { ended, provider } = await signOut(browser);
  assert.equal(ended, 1);
  assert.equal(provider?.name, 'corp');
  const url = new URL(provider.url);
  assert.equal(url.origin, corp.issuer);
  assert.equal(url.searchParams.get('client_id'), 'postern');
  assert.equal(
    url.searchParams.get('post_logout_redirect_uri'),
    new URL('/oidc/corp/signed-out', testUrl).href,
  );
  assert.match(url.searchParams.get('id_token_hint') ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.equal((await browser.call('GET', 'me')).status, 401);

  const asked = await browser.ask(url);
  const [, action = ''] = /<form id="op.logoutForm" method="post" action="([^"]+)"/.exec(asked.body) ?? [];
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(asked.body) ?? [];
  const done = await browser.ask(new URL(action, url), { xsrf, logout: 'yes' });
  const back = await browser.ask(new URL(done.headers['location'] ?? '', url));
  assert.equal(back.headers['location'], '/login?state=signed-out-there');
  // The next sign-in asks for the password again.
  const again = await browser.open('/oidc/corp/start');
  assert.match(again.body, /Password/);

  // The state belongs to this browser: nobody else is told that they are signed out.
  const stranger = await new SimpleBrowser(portal, [corp]).ask(new URL(done.headers['location'] ?? '', url));
  assert.equal(stranger.headers['location'], '/login');
  const forged = await browser.ask('/oidc/corp/signed-out?state=x&state=y');
  assert.equal(forged.headers['location'], '/login');
});

test('a provider without a sign-out of its own, and one that cannot be reached, keep nobody signed in here', async (t) => {
  const portal = await testPortal(t, [corp, partner]);
  assert.deepEqual(await signOut(await signedIn(portal, partner)), { ended: 1, provider: null });
  const browser = await signedIn(portal);
  const { store } = portal.context.organisation(portal.context.firstOrganisation);
  const { reader } = portal.context.organisation(portal.context.firstOrganisation);
  const { postureSources: _none, webhooks: _neither, ...document } = (await reader.current()).document;
  await portal.apply({
    ...document,
    identityProviders: [{ ...corp.document, issuer: 'https://127.0.0.1:1' }, corp.document].map(
      (each, index) => ({
        ...each,
        name: index === 0 ? 'corp' : 'same',
      }),
    ),
  });
  assert.deepEqual(await signOut(browser), { ended: 1, provider: null });
  // No ID token outlives its session.
  const kept = await store.select('sessions').select('id').where('id_token', 'is not', null).execute();
  assert.deepEqual(kept, []);
});

test('sign-out everywhere ends every browser and device of the person', async (t) => {
  const portal = await testPortal(t, [corp]);
  const [here, elsewhere] = [await signedIn(portal), await signedIn(portal)];
  await letIn(portal, here);
  assert.equal((await signOut(here, 'sign-out-everywhere')).ended, 3);
  assert.equal((await elsewhere.call('GET', 'me')).status, 401);
  const { store } = portal.context.organisation(portal.context.firstOrganisation);
  const rows = await store.select('sessions').select('ended_reason').execute();
  assert.deepEqual(new Set(rows.map(({ ended_reason }) => ended_reason)), new Set(['logout-everywhere']));
});

test('SEC-G4 a real provider at which somebody signs out ends what they have here: this sign-in, and no other', async (t) => {
  const portal = await testPortal(t, [corp]);
  await portal.app.listen({ host: '127.0.0.1', port });
  assert.equal((portal.app.server.address() as AddressInfo).port, port);
  const [here, elsewhere] = [await signedIn(portal), await signedIn(portal)];
  await letIn(portal, here);
  // Straight to the provider's page, as its own portal would send them.
  const asked = await here.ask(new URL('/session/end?client_id=postern', corp.issuer));
  const [, action = ''] = /<form id="op.logoutForm" method="post" action="([^"]+)"/.exec(asked.body) ?? [];
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(asked.body) ?? [];
  await here.ask(new URL(action, corp.issuer), { xsrf, logout: 'yes' });
  await eventually('the end of the session here', async () =>
    (await here.call('GET', 'me')).status === 401 ? true : undefined,
  );
  assert.equal((await elsewhere.call('GET', 'me')).status, 200);
  const [entry] = await portal.audit('provider.logout');
  assert.deepEqual([entry?.who, entry?.detail], ['provider corp', '{"sessions":2}']);
});
