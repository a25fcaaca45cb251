/** Signing in at a real provider: who somebody is, what one attempt is good for, what a session is. */
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import type { Me } from '../../protocol/portal.ts';
import { person, startProvider } from './support/provider.ts';
import { deviceClaim, testPortal, testUrl, type TestPortal } from './support/portal.ts';
import { SimpleBrowser } from './support/simple-browser.ts';

const alice = person('a1', ['staff', 'nobody-declared-this']);
const bob = person('b2', []);
const people = { 'alice@acme.example': alice, 'bob@acme.example': bob };
const sessionCookie = '__Host-postern-session';

const corp = await startProvider({ after }, 'corp', testUrl, people);
const partner = await startProvider({ after }, 'partner', testUrl, people);
beforeEach(async () => {
  await corp.setPeople(people);
  await partner.setPeople(people);
});

const isCallback = (url: URL): boolean => url.pathname.endsWith('/callback');

async function me(browser: SimpleBrowser): Promise<Me> {
  const { status, json } = await browser.call('GET', 'me');
  assert.equal(status, 200);
  return json as Me;
}

async function peopleIn({ context }: TestPortal) {
  return context.organisation(context.firstOrganisation).store.select('people').selectAll().execute();
}

test('a person signs in with a code, PKCE, state and nonce and arrives where they wanted to go', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = new SimpleBrowser(portal, [corp]);

  const begun = await browser.ask('/oidc/corp/start?rd=/refused%3Fresource=wiki');
  const asked = new URL(begun.headers['location'] ?? '').searchParams;
  assert.equal(asked.get('response_type'), 'code');
  assert.equal(asked.get('code_challenge_method'), 'S256');
  assert.equal(asked.get('redirect_uri'), 'https://access.acme.example:8443/oidc/corp/callback');
  for (const name of ['state', 'nonce', 'code_challenge']) assert.match(asked.get(name) ?? '', /^[\w-]{43}$/);

  const arrived = await browser.open(begun.headers['location'] ?? '', alice, 'alice@acme.example');
  assert.equal(arrived.url.pathname + arrived.url.search, '/refused?resource=wiki');
  const { person: who, session, organisation } = await me(browser);
  assert.equal(organisation, 'acme');
  assert.equal(who.email, 'alice@acme.example');
  assert.equal(session.provider, 'corp');
  // Groups the document does not declare are no groups, and the log says which they were.
  assert.deepEqual(who.groups, ['staff']);
  const [entry] = await portal.audit('sign-in');
  assert.deepEqual((JSON.parse(entry?.detail ?? '{}') as { ignoredGroups: string[] }).ignoredGroups, [
    'nobody-declared-this',
  ]);
  assert.doesNotMatch(JSON.stringify(entry), new RegExp(browser.cookie(testUrl, sessionCookie) ?? 'none'));
});

test('groups are those of the last sign-in, and devices of the person hear of a change at once', async (t) => {
  const portal = await testPortal(t, [corp]);
  const { context, attempts } = portal;
  const browser = new SimpleBrowser(portal, [corp]);
  await browser.open('/oidc/corp/start?rd=/device', alice, 'alice@acme.example');
  assert.deepEqual((await me(browser)).person.groups, ['staff']);
  const attempt = await attempts.startDeviceCode(context.firstOrganisation, deviceClaim());
  const code = attempt?.userCode ?? '';
  assert.equal((await browser.call('POST', 'me/logins/approve', { code })).status, 200);

  const told: string[] = [];
  context.bus.subscribe((_organisation, message) => {
    if (message.kind === 'devices') told.push(...[message.devices].flat());
  });
  await browser.open('/oidc/corp/start', alice, 'alice@acme.example');
  assert.deepEqual(told, []);
  await corp.setPeople({ ...people, 'alice@acme.example': { ...alice, groups: ['sre'] } });
  await browser.open('/oidc/corp/start', alice, 'alice@acme.example');
  assert.deepEqual((await me(browser)).person.groups, ['sre']);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /^dev_/);
});

test('SEC-G1 a person is issuer and subject: the same address at another issuer is somebody else', async (t) => {
  await partner.setPeople({ 'alice@acme.example': person('a1', ['sre']) });
  const portal = await testPortal(t, [corp, partner]);
  const [one, other] = [
    new SimpleBrowser(portal, [corp, partner]),
    new SimpleBrowser(portal, [corp, partner]),
  ];
  await one.open('/oidc/corp/start', alice, 'alice@acme.example');
  await other.open('/oidc/partner/start', person('a1', []), 'alice@acme.example');
  const [first, second] = [await me(one), await me(other)];
  assert.notEqual(first.person.id, second.person.id);
  assert.deepEqual(first.person.groups, ['staff']);
  assert.deepEqual(second.person.groups, ['sre']);
  assert.equal((await peopleIn(portal)).length, 2);
});

test('SEC-G1 a new address of the same subject is the same person, and an address that is not verified is none', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = new SimpleBrowser(portal, [corp]);
  await browser.open('/oidc/corp/start', alice, 'alice@acme.example');
  const before = await me(browser);
  await corp.setPeople({ 'alice@new.acme.example': { ...alice, emailVerified: false } });
  await browser.open('/oidc/corp/start', alice, 'alice@new.acme.example');
  const after = await me(browser);
  assert.equal(after.person.id, before.person.id);
  assert.equal(after.person.email, undefined);
});

test('SEC-G2 the answer of a provider counts once, in the browser that began, at the provider it was sent to', async (t) => {
  const portal = await testPortal(t, [corp, partner]);
  const victim = new SimpleBrowser(portal, [corp, partner]);
  const attacker = new SimpleBrowser(portal, [corp, partner]);

  // Login CSRF: the attacker's own answer, opened in the victim's browser.
  const answer = await attacker.openUntil('/oidc/corp/start', isCallback, bob, 'bob@acme.example');
  await victim.ask('/oidc/corp/start');
  const forced = await victim.open(answer);
  assert.equal(forced.url.searchParams.get('error'), 'attempt-gone');
  assert.equal(victim.cookie(testUrl, sessionCookie), undefined);

  // The same answer at the other provider's address, which uses the attempt up.
  const elsewhere = new URL(answer.href.replace('/oidc/corp/', '/oidc/partner/'));
  assert.equal((await attacker.open(elsewhere)).url.searchParams.get('error'), 'attempt-gone');
  assert.equal((await attacker.open(answer)).url.searchParams.get('error'), 'attempt-gone');

  // In its own browser it works, once.
  const again = await attacker.openUntil('/oidc/corp/start', isCallback, bob, 'bob@acme.example');
  assert.equal((await attacker.open(again)).url.pathname, '/');
  assert.ok(attacker.cookie(testUrl, sessionCookie));
  assert.equal((await attacker.open(again)).url.searchParams.get('error'), 'attempt-gone');
});

test('SEC-G2 an altered state, a code of another attempt and a wrong iss are refused', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = new SimpleBrowser(portal, [corp]);
  const fail = async (change: (url: URL) => void): Promise<string | null> => {
    const answer = await browser.openUntil('/oidc/corp/start', isCallback, alice, 'alice@acme.example');
    change(answer);
    const { url } = await browser.open(answer);
    assert.equal(browser.cookie(testUrl, sessionCookie), undefined);
    return url.searchParams.get('error');
  };
  assert.equal(await fail((url) => url.searchParams.set('state', 'x'.repeat(43))), 'attempt-gone');
  assert.equal(await fail((url) => url.searchParams.delete('state')), 'attempt-gone');
  assert.equal(await fail((url) => url.searchParams.set('iss', 'https://evil.example')), 'provider-answer');
  // A code stolen from another browser is real, but PKCE and nonce tie it to the attempt it was made for.
  const stolen = await new SimpleBrowser(portal, [corp]).openUntil(
    '/oidc/corp/start',
    isCallback,
    alice,
    'alice@acme.example',
  );
  assert.equal(
    await fail((url) => url.searchParams.set('code', stolen.searchParams.get('code') ?? '')),
    'provider-answer',
  );
  assert.equal(
    await fail((url) => {
      url.searchParams.delete('code');
      url.searchParams.set('error', '<script>alert(1)</script>');
    }),
    'provider-refused',
  );
  const reasons = (await portal.audit('sign-in')).map(({ result, reasons }) => `${result} ${reasons}`);
  assert.deepEqual(reasons, [
    'failed ["provider-answer"]',
    'failed ["provider-answer"]',
    'failed ["provider-refused"]',
  ]);
});

test('SEC-G2 two tabs of one browser sign in side by side, begun at once or not; an attempt of eleven minutes ago is gone', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = new SimpleBrowser(portal, [corp]);
  const begin = async (rd: string): Promise<string> =>
    (await browser.ask(`/oidc/corp/start?rd=${rd}`)).headers['location'] ?? '';
  const [one, two, late] = [await begin('/one'), await begin('/two'), await begin('/late')];
  assert.equal((await browser.open(two, alice, 'alice@acme.example')).url.pathname, '/two');
  assert.equal((await browser.open(one, alice, 'alice@acme.example')).url.pathname, '/one');
  const other = new SimpleBrowser(portal, [corp]);
  // Neither has a cookie yet when it asks.
  const starts = ['/three', '/four'].map((rd) => other.ask(`/oidc/corp/start?rd=${rd}`));
  const [three = '', four = ''] = (await Promise.all(starts)).map(({ headers }) => headers['location']);
  assert.equal((await other.open(three, alice, 'alice@acme.example')).url.pathname, '/three');
  assert.equal((await other.open(four, alice, 'alice@acme.example')).url.pathname, '/four');
  portal.time.ahead = 11 * 60_000;
  assert.equal((await browser.open(late)).url.searchParams.get('error'), 'attempt-gone');
});

test('SEC-G6 SEC-G7 a sign-in makes a new session under __Host-, and after sign-out the old cookie opens nothing', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = new SimpleBrowser(portal, [corp]);
  // A cookie planted before the sign-in is not taken over.
  const planted = 'A'.repeat(43);
  browser.setCookie(testUrl, sessionCookie, planted);
  const answer = await browser.openUntil('/oidc/corp/start', isCallback, alice, 'alice@acme.example');
  const { cookies } = await browser.ask(answer);
  const line = cookies.find((each) => each.startsWith(sessionCookie)) ?? '';
  for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/'])
    assert.ok(line.includes(attribute), line);
  assert.ok(!line.includes('Domain'));
  const first = browser.cookie(testUrl, sessionCookie) ?? '';
  assert.notEqual(first, planted);

  await browser.open('/oidc/corp/start', alice, 'alice@acme.example');
  const second = browser.cookie(testUrl, sessionCookie) ?? '';
  assert.notEqual(second, first);
  const replay = async (cookie: string): Promise<number> => {
    const thief = new SimpleBrowser(portal, []);
    thief.setCookie(testUrl, sessionCookie, cookie);
    return (await thief.call('GET', 'me')).status;
  };
  assert.equal(await replay(first), 401);
  assert.equal(await replay(second), 200);

  assert.equal((await browser.call('POST', 'me/sign-out')).status, 200);
  assert.equal(await replay(second), 401);
  const { store } = portal.context.organisation(portal.context.firstOrganisation);
  const rows = await store.select('sessions').select(['cookie_hash', 'ended_reason']).execute();
  assert.deepEqual(new Set(rows.map(({ ended_reason }) => ended_reason)), new Set(['logout', 'replaced']));
  assert.ok(!rows.some(({ cookie_hash }) => [first, second].includes(cookie_hash ?? '')));
});

test('SEC-G5 a cookie that is cut, longer or altered by one character opens nothing', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = new SimpleBrowser(portal, [corp]);
  await browser.open('/oidc/corp/start', alice, 'alice@acme.example');
  const good = browser.cookie(testUrl, sessionCookie) ?? '';
  const flipped = (good.startsWith('A') ? 'B' : 'A') + good.slice(1);
  for (const bad of [
    good.slice(1),
    good.slice(0, -1),
    `${good}A`,
    `${good}=`,
    flipped,
    good.toUpperCase(),
    '',
  ]) {
    browser.setCookie(testUrl, sessionCookie, bad);
    assert.equal((await browser.call('GET', 'me')).status, 401, bad);
  }
});

test('SEC-J2 what changes something needs the own page: another site, no origin and plain text are refused', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = new SimpleBrowser(portal, [corp]);
  await browser.open('/oidc/corp/start', alice, 'alice@acme.example');
  for (const path of ['me/sign-out', 'me/devices/dev_x/sign-out', 'me/logins/approve', 'me/logins/refuse']) {
    const body = path.startsWith('me/logins') ? { code: 'BCDFGHJK' } : undefined;
    for (const headers of [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'https://access.acme.example', 'sec-fetch-site': 'same-site' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: '' },
    ]) {
      assert.equal(
        (await browser.call('POST', path, body, headers)).status,
        403,
        `${path} ${JSON.stringify(headers)}`,
      );
    }
  }
  const text = { 'content-type': 'text/plain' };
  assert.equal(
    (await browser.call('POST', 'me/logins/approve', Buffer.from('{"code":"BCDFGHJK"}'), text)).status,
    415,
  );
  assert.equal((await browser.call('GET', 'me')).status, 200);
});

test('REL-9 a provider that does not answer leads back to the sign-in page within seconds, with its word and no more', async (t) => {
  const portal = await testPortal(t, [
    { ...corp, document: { ...corp.document, issuer: 'https://127.0.0.1:1' } },
  ]);
  const browser = new SimpleBrowser(portal, [corp]);
  const { url } = await browser.open('/oidc/corp/start?rd=/device');
  assert.equal(url.pathname + url.search, '/login?error=provider-unreachable&rd=%2Fdevice');
  assert.equal((await browser.call('GET', 'sign-in')).status, 200);
  assert.equal((await browser.ask('/oidc/nobody/start')).status, 404);
});

test('a provider is trusted by the authority the document names and by no other', async (t) => {
  const portal = await testPortal(t, [{ ...corp, document: { ...corp.document, ca: partner.ca } }]);
  const { url } = await new SimpleBrowser(portal, [corp]).open('/oidc/corp/start');
  assert.equal(url.searchParams.get('error'), 'provider-unreachable');
});

test('one address that begins sign-ins without end is held off, and each one that gets through starts the count anew', async (t) => {
  const portal = await testPortal(t, [corp]);
  const office = new SimpleBrowser(portal, [corp]);
  const begin = async (): Promise<string> => (await office.ask('/oidc/corp/start')).headers['location'] ?? '';
  for (let count = 0; count < 119; count++) await begin();
  await office.open('/oidc/corp/start', alice, 'alice@acme.example');
  for (let count = 0; count < 120; count++) assert.ok((await begin()).startsWith(corp.issuer));
  assert.match(await begin(), /error=throttled/);
  const elsewhere = new SimpleBrowser(portal, [corp]);
  elsewhere.address = '203.0.113.200';
  assert.ok((await elsewhere.ask('/oidc/corp/start')).headers['location']?.startsWith(corp.issuer));
  portal.time.ahead = 10 * 60_000;
  assert.ok((await begin()).startsWith(corp.issuer));
});
