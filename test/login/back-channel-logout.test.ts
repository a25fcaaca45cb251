/**
 * SEC-G4 logout tokens of a provider: the one in order ends what it names and no more; each case changes one thing of it,
 * is refused with 400 and ends nothing.
 */
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import type { Id } from '../../protocol/ids.ts';
import { HostileProvider, newPair, part, signWith, unsigned } from './support/hostile-provider.ts';
import { deviceClaim, testPortal, testUrl, type TestPortal } from './support/portal.ts';
import { SimpleBrowser } from './support/simple-browser.ts';

type Json = Record<string, unknown>;

const event = 'http://schemas.openid.net/event/backchannel-logout';
const other = newPair('two');
const nowS = (): number => Math.floor(Date.now() / 1_000);

interface World {
  readonly portal: TestPortal;
  readonly provider: HostileProvider;
}

async function world(t: TestContext): Promise<World> {
  const provider = await HostileProvider.start(t, 'mallory');
  return { portal: await testPortal(t, [provider.provider]), provider };
}

/** A browser that signed in as this subject in this session of the provider. */
async function signedIn({ portal, provider }: World, sub: string, sid: string): Promise<SimpleBrowser> {
  const browser = new SimpleBrowser(portal, []);
  const begun = await browser.ask(`/oidc/${provider.name}/start?fresh=1`);
  const asked = new URL(begun.headers['location'] ?? '').searchParams;
  provider.nonce = asked.get('nonce') ?? '';
  provider.case = { claims: { sub, sid, email: `${sub}@acme.example` } };
  const query = new URLSearchParams({ code: 'a-code', state: asked.get('state') ?? '' });
  await browser.ask(`/oidc/${provider.name}/callback?${query.toString()}`);
  assert.ok(browser.cookie(testUrl, '__Host-postern-session'));
  return browser;
}

/** Lets a device in from this browser; its id. */
async function device({ portal }: World, browser: SimpleBrowser): Promise<string> {
  const waits = await portal.attempts.startDeviceCode(portal.context.firstOrganisation, deviceClaim());
  const answer = await browser.call('POST', 'me/logins/approve', { code: waits?.userCode ?? '' });
  assert.equal((answer.json as { state: string }).state, 'joined');
  const { devices } = (await browser.call('GET', 'me/devices')).json as { devices: { id: string }[] };
  return devices[0]?.id ?? '';
}

async function openSessions({ portal }: World): Promise<{ kind: string; subject: string; id: Id<'ses'> }[]> {
  const { store } = portal.context.organisation(portal.context.firstOrganisation);
  return store.select('sessions').select(['kind', 'subject', 'id']).where('ended_ms', 'is', null).execute();
}

function claims({ provider }: World, changes: Json = {}): Json {
  return {
    iss: provider.issuer,
    aud: 'postern',
    iat: nowS(),
    exp: nowS() + 120,
    jti: randomUUID(),
    events: { [event]: {} },
    ...changes,
  };
}

const header = { alg: 'RS256', kid: 'one', typ: 'logout+jwt' };

async function tell({ portal, provider }: World, token: string, address = '203.0.113.7') {
  return portal.app.inject({
    method: 'POST',
    url: `/oidc/${provider.name}/back-channel-logout`,
    remoteAddress: address,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ logout_token: token }).toString(),
  });
}

test('a logout of one sign-in ends its browser and its device and nobody else’s; one of the subject ends all of theirs', async (t) => {
  const here = await world(t);
  const { portal, provider } = here;
  const [one, two] = [await signedIn(here, 'm1', 's1'), await signedIn(here, 'm1', 's2')];
  const bob = await signedIn(here, 'b2', 's3');
  await device(here, one);
  assert.equal((await openSessions(here)).length, 4);
  const told: string[] = [];
  portal.context.bus.subscribe((_organisation, message) => {
    if (message.kind === 'revoked') told.push(message.revocation.reason);
  });

  const first = await tell(here, signWith(provider.pair, header, claims(here, { sid: 's1' })));
  assert.equal(first.statusCode, 200, first.body);
  assert.equal(first.headers['cache-control'], 'no-store');
  assert.equal((await one.call('GET', 'me')).status, 401);
  assert.equal((await two.call('GET', 'me')).status, 200);
  assert.deepEqual(
    (await openSessions(here)).map(({ kind }) => kind),
    ['browser', 'browser'],
  );
  assert.deepEqual(told, ['provider-logout']);

  // The subject with a sign-in of somebody else ends neither.
  const mixed = claims(here, { sub: 'm1', sid: 's3' });
  assert.equal((await tell(here, signWith(provider.pair, header, mixed))).statusCode, 200);
  assert.equal((await openSessions(here)).length, 2);

  const all = claims(here, { sub: 'm1', exp: undefined });
  assert.equal(
    (await tell(here, signWith(provider.pair, { ...header, typ: undefined }, all))).statusCode,
    200,
  );
  assert.equal((await two.call('GET', 'me')).status, 401);
  assert.equal((await bob.call('GET', 'me')).status, 200);
  const entries = await portal.audit('session.end');
  assert.deepEqual(new Set(entries.map(({ who }) => who)), new Set(['provider mallory']));
  assert.equal(entries.length, 3);
});

test('SEC-G4 a logout token with one thing wrong ends nothing, whatever that is', async (t) => {
  const here = await world(t);
  const { provider, portal } = here;
  await signedIn(here, 'm1', 's1');
  const mac = (content: string): string =>
    createHmac('sha256', 'secret of mallory').update(content).digest('base64url');
  const bySecret = (head: Json, body: Json): string =>
    `${part(head)}.${part(body)}.${mac(`${part(head)}.${part(body)}`)}`;
  const right = claims(here, { sub: 'm1', sid: 's1' });
  const signed = (changes: Json, head: Json = {}): string =>
    signWith(provider.pair, { ...header, ...head }, { ...right, jti: randomUUID(), ...changes });
  const good = signed({});
  const wrong: Record<string, string> = {
    'backchannel-logout-wrong-alg-none': unsigned({ ...header, alg: 'none' }, right),
    'backchannel-logout-wrong-alg-secret': bySecret({ ...header, alg: 'HS256' }, right),
    'alg-of-no-list': signed({}, { alg: 'RS1' }),
    'signed-by-another': signWith(other, header, right),
    'key-inside': signWith(other, { ...header, kid: 'two', jwk: other.jwk }, right),
    'key-elsewhere': signWith(other, { ...header, kid: 'two', jku: 'https://evil.example/jwks' }, right),
    'critical-header': signed({}, { crit: ['exp'], exp: 1 }),
    'backchannel-logout-wrong-iss': signed({ iss: 'https://evil.example' }),
    'missing-iss': signed({ iss: undefined }),
    'backchannel-logout-wrong-aud': signed({ aud: 'another' }),
    'missing-aud': signed({ aud: undefined }),
    'empty-aud': signed({ aud: [] }),
    'missing-iat': signed({ iat: undefined }),
    'iat-long-ago': signed({ iat: nowS() - 3_600, exp: undefined }),
    'iat-to-come': signed({ iat: nowS() + 3_600, exp: nowS() + 7_200 }),
    'iat-as-text': signed({ iat: String(nowS()) }),
    expired: signed({ iat: nowS() - 400, exp: nowS() - 300 }),
    'missing-jti': signed({ jti: undefined }),
    'empty-jti': signed({ jti: '' }),
    'jti-as-number': signed({ jti: 7 }),
    'backchannel-logout-no-event': signed({ events: undefined }),
    'backchannel-logout-wrong-event': signed({ events: { 'http://schemas.openid.net/event/other': {} } }),
    'event-is-no-object': signed({ events: { [event]: true } }),
    'events-as-list': signed({ events: [event] }),
    'backchannel-logout-with-nonce': signed({ nonce: 'n' }),
    'with-empty-nonce': signed({ nonce: '' }),
    'neither-sub-nor-sid': signed({ sub: undefined, sid: undefined }),
    'empty-sub': signed({ sub: '', sid: undefined }),
    'sid-as-list': signed({ sid: ['s1'] }),
    'an-access-token': signed({}, { typ: 'at+jwt' }),
    'a-grant-of-ours': signed({}, { typ: 'postern-grant+jwt' }),
    'an-id-token': signWith(
      provider.pair,
      { ...header, typ: 'JWT' },
      { iss: provider.issuer, aud: 'postern', sub: 'm1', sid: 's1', iat: nowS(), exp: nowS() + 60 },
    ),
    // Not its last character, some of whose bits say nothing.
    'altered-signature': good.replace(/.(?=.{9}$)/, (one) => (one === 'A' ? 'B' : 'A')),
    'cut-signature': good.slice(0, -4),
    'longer-signature': `${good}AAAA`,
    'two-parts': good.split('.').slice(0, 2).join('.'),
    'not-a-token': 'logout',
    nothing: '',
  };
  for (const [name, token] of Object.entries(wrong)) {
    // Each from elsewhere: what is tried here is whether it counts, not how often.
    const answer = await tell(here, token, `10.0.0.${Object.keys(wrong).indexOf(name) + 1}`);
    assert.equal(answer.statusCode, 400, `${name}: ${answer.body}`);
    assert.equal(answer.headers['cache-control'], 'no-store', name);
    assert.equal((await openSessions(here)).length, 1, name);
  }
  const form = (payload: string, type = 'application/x-www-form-urlencoded') =>
    portal.app.inject({
      method: 'POST',
      url: `/oidc/${provider.name}/back-channel-logout`,
      headers: { 'content-type': type },
      payload,
    });
  assert.equal((await form(`logout_token=${good}&logout_token=${good}`)).statusCode, 400);
  assert.equal((await form('')).statusCode, 400);
  assert.equal((await form(JSON.stringify({ logout_token: good }), 'application/json')).statusCode, 415);
  assert.equal((await form(`logout_token=${'a'.repeat(40_000)}`)).statusCode, 413);
  assert.equal(
    (await portal.app.inject({ method: 'POST', url: '/oidc/nobody/back-channel-logout' })).statusCode,
    404,
  );
  // With nothing changed it counts, once: also when a new sign-in came of the same session of the provider.
  assert.equal((await tell(here, good)).statusCode, 200);
  assert.equal((await openSessions(here)).length, 0);
  await signedIn(here, 'm1', 's1');
  assert.equal((await tell(here, good)).statusCode, 400);
  assert.equal((await openSessions(here)).length, 1);
});

test('SEC-G3 a provider ends no session of another, neither by subject nor by sid', async (t) => {
  const evil = await HostileProvider.start(t, 'evil');
  const honest = await HostileProvider.start(t, 'honest');
  const portal = await testPortal(t, [evil.provider, honest.provider]);
  const victim = await signedIn({ portal, provider: honest }, 'm1', 's1');
  for (const names of [{ sub: 'm1' }, { sid: 's1' }, { sub: 'm1', sid: 's1' }]) {
    const own = claims({ portal, provider: evil }, names);
    assert.equal((await tell({ portal, provider: evil }, signWith(evil.pair, header, own))).statusCode, 200);
    // Its key, at the address of the other and with the issuer of the other.
    const asOther = signWith(evil.pair, header, claims({ portal, provider: honest }, names));
    assert.equal((await tell({ portal, provider: honest }, asOther)).statusCode, 400);
    const here = signWith(evil.pair, header, claims({ portal, provider: evil }, names));
    assert.equal((await tell({ portal, provider: honest }, here)).statusCode, 400);
  }
  assert.equal((await victim.call('GET', 'me')).status, 200);
});

test('whoever sends tokens that are no good is held off with the time to wait, others are not', async (t) => {
  const here = await world(t);
  const { provider } = here;
  await signedIn(here, 'm1', 's1');
  for (let count = 0; count < 60; count++) assert.equal((await tell(here, 'x')).statusCode, 400);
  const held = await tell(here, 'x');
  assert.equal(held.statusCode, 429);
  assert.ok(Number(held.headers['retry-after']) > 0 && Number(held.headers['retry-after']) <= 600);
  const good = signWith(provider.pair, header, claims(here, { sub: 'm1' }));
  assert.equal((await tell(here, good)).statusCode, 429);
  assert.equal((await tell(here, good, '203.0.113.8')).statusCode, 200);
});

test('what a device was let in by and has signed out meanwhile lets nothing in any more', async (t) => {
  const here = await world(t);
  const { portal, provider } = here;
  const browser = await signedIn(here, 'm1', 's1');
  const loopback = { port: 40_000, challenge: 'D'.repeat(43) };
  const waits = await portal.attempts.startLoopback(
    portal.context.firstOrganisation,
    deviceClaim(),
    loopback,
  );
  const attempt = await portal.attempts.findLoopback(waits?.secret ?? '');
  const [session] = await openSessions(here);
  assert.ok(attempt && session);
  const signIn = {
    person: session.subject as Id<'usr'>,
    amr: [],
    address: '203.0.113.9',
    session: session.id,
  };
  const authorised = await portal.attempts.approve(attempt, signIn, { held: false });
  assert.equal(authorised.state, 'joined');
  const again = await portal.attempts.startLoopback(
    portal.context.firstOrganisation,
    deviceClaim(),
    loopback,
  );
  const second = await portal.attempts.findLoopback(again?.secret ?? '');
  assert.equal(
    (await tell(here, signWith(provider.pair, header, claims(here, { sid: 's1' })))).statusCode,
    200,
  );
  assert.ok(second);
  assert.equal((await portal.attempts.approve(second, signIn, { held: false })).state, 'gone');
  assert.equal((await browser.call('GET', 'me')).status, 401);
});
