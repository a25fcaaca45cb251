/**
 * SEC-G1 … G5 at a provider that lies: each case changes one thing of an answer that is in order otherwise. The names are
 * those of the OpenID Foundation's test classes for relying parties that use the code flow.
 */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Me } from '../../protocol/portal.ts';
import { testPortal, testUrl, type TestPortal } from './support/portal.ts';
import { SimpleBrowser } from './support/simple-browser.ts';
import {
  atHash,
  HostileProvider,
  newPair,
  part,
  signWith,
  unsigned,
  type Case,
} from './support/hostile-provider.ts';

const sessionCookie = '__Host-postern-session';
const other = newPair('two');

/** Begins in this browser; what the provider was sent. */
async function begin(browser: SimpleBrowser, provider: HostileProvider): Promise<URLSearchParams> {
  const begun = await browser.ask(`/oidc/${provider.name}/start`);
  const asked = new URL(begun.headers['location'] ?? '', testUrl).searchParams;
  provider.nonce = asked.get('nonce') ?? '';
  return asked;
}

/** The browser comes back with this query; `in` when it is signed in then, else why not. */
async function come(
  browser: SimpleBrowser,
  provider: HostileProvider,
  query: Record<string, string>,
): Promise<string> {
  const before = browser.cookie(testUrl, sessionCookie);
  const answer = await browser.ask(
    `/oidc/${provider.name}/callback?${new URLSearchParams(query).toString()}`,
  );
  if (browser.cookie(testUrl, sessionCookie) !== before) return 'in';
  const to = new URL(answer.headers['location'] ?? '', testUrl);
  return to.searchParams.get('error') ?? `to ${to.pathname} with ${answer.status}`;
}

/** One whole sign-in in a browser of its own. */
async function signIn(portal: TestPortal, provider: HostileProvider, change: Case = {}): Promise<string> {
  provider.case = change;
  const browser = new SimpleBrowser(portal, []);
  const asked = await begin(browser, provider);
  const state = asked.get('state');
  return state === null ? 'not begun' : come(browser, provider, { code: 'a-code', state });
}

const nowS = (): number => Math.floor(Date.now() / 1_000);

/** By name: what is changed, and how it ends. */
const classes: Record<string, [Case | ((provider: HostileProvider) => Case), string]> = {
  'oidcc-client-test': [{}, 'in'],
  'kid-absent-single-jwks': [{ header: { kid: undefined } }, 'in'],
  'aud-as-list': [{ claims: { aud: ['postern'] } }, 'in'],
  'at-hash-right': [{ claims: { at_hash: atHash('an-access-token') } }, 'in'],
  'userinfo-right': [
    { claims: { email: undefined }, userInfo: { sub: 'm1', email: 'm@acme.example', email_verified: true } },
    'in',
  ],
  'invalid-iss': [{ claims: { iss: 'https://evil.example' } }, 'provider-answer'],
  'iss-with-slash': [({ issuer }) => ({ claims: { iss: `${issuer}/` } }), 'provider-answer'],
  'iss-as-list': [({ issuer }) => ({ claims: { iss: [issuer] } }), 'provider-answer'],
  'missing-iss': [{ claims: { iss: undefined } }, 'provider-answer'],
  'invalid-aud': [{ claims: { aud: 'someone-else' } }, 'provider-answer'],
  'missing-aud': [{ claims: { aud: undefined } }, 'provider-answer'],
  'empty-aud': [{ claims: { aud: [] } }, 'provider-answer'],
  'azp-of-another': [{ claims: { aud: ['postern', 'other'], azp: 'other' } }, 'provider-answer'],
  'several-aud-without-azp': [{ claims: { aud: ['postern', 'other'] } }, 'provider-answer'],
  'nonce-invalid': [{ claims: { nonce: 'not-this-one' } }, 'provider-answer'],
  'missing-nonce': [{ claims: { nonce: undefined } }, 'provider-answer'],
  'missing-sub': [{ claims: { sub: undefined } }, 'provider-answer'],
  'empty-sub': [{ claims: { sub: '' } }, 'provider-answer'],
  'sub-as-number': [{ claims: { sub: 7 } }, 'provider-answer'],
  'missing-iat': [{ claims: { iat: undefined } }, 'provider-answer'],
  'iat-long-ago': [{ claims: { iat: nowS() - 86_400 } }, 'provider-answer'],
  'iat-far-ahead': [{ claims: { iat: nowS() + 86_400, exp: nowS() + 90_000 } }, 'provider-answer'],
  'missing-exp': [{ claims: { exp: undefined } }, 'provider-answer'],
  expired: [{ claims: { iat: nowS() - 600, exp: nowS() - 300 } }, 'provider-answer'],
  'not-yet-valid': [{ claims: { nbf: nowS() + 600 } }, 'provider-answer'],
  'invalid-sig-rs256': [{ token: (header, claims) => signWith(other, header, claims) }, 'provider-answer'],
  'invalid-sig-altered-claims': [
    {
      token: (header, claims) => {
        const [head = '', , signature = ''] = signWith(other, header, claims).split('.');
        return `${head}.${part({ ...claims, sub: 'somebody' })}.${signature}`;
      },
    },
    'provider-answer',
  ],
  'sig-empty': [{ token: (header, claims) => unsigned(header, claims) }, 'provider-answer'],
  'idtoken-sig-none': [
    { token: (header, claims) => unsigned({ ...header, alg: 'none' }, claims) },
    'provider-answer',
  ],
  'sig-hs256-with-public-key': [
    ({ pair }) => ({
      token: (header, claims) => hmac(JSON.stringify(pair.jwk), { ...header, alg: 'HS256' }, claims),
    }),
    'provider-answer',
  ],
  'sig-hs256-with-client-secret': [
    ({ name }) => ({
      token: (header, claims) => hmac(`secret of ${name}`, { ...header, alg: 'HS256' }, claims),
      metadata: { id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'] },
    }),
    'provider-answer',
  ],
  'alg-not-supported': [{ header: { alg: 'PS256' } }, 'provider-answer'],
  'kid-unknown': [{ header: { kid: 'nobody' } }, 'provider-answer'],
  'jwk-in-header': [{ signer: other, header: { kid: 'one', jwk: other.jwk } }, 'provider-answer'],
  'crit-unknown': [{ header: { crit: ['exp'], exp: 1 } }, 'provider-answer'],
  'invalid-at-hash': [{ claims: { at_hash: atHash('another-token') } }, 'provider-answer'],
  'at-hash-no-text': [{ claims: { at_hash: 7 } }, 'provider-answer'],
  'no-id-token': [{ answer: { id_token: undefined } }, 'provider-answer'],
  'no-access-token': [{ answer: { access_token: undefined } }, 'provider-answer'],
  'token-type-unknown': [{ answer: { token_type: 'mac' } }, 'provider-answer'],
  'userinfo-invalid-sub': [
    {
      claims: { email: undefined },
      userInfo: { sub: 'a1', email: 'alice@acme.example', email_verified: true },
    },
    'provider-answer',
  ],
  'userinfo-missing-sub': [
    { claims: { email: undefined }, userInfo: { email: 'alice@acme.example', email_verified: true } },
    'provider-answer',
  ],
  'auth-time-no-number': [{ claims: { auth_time: '7' } }, 'provider-answer'],
};

for (const [name, [change, expected]] of Object.entries(classes)) {
  test(`SEC-G4 ${name}: ${expected === 'in' ? 'the person is signed in' : 'nobody is signed in'}`, async (t) => {
    const provider = await HostileProvider.start(t, 'evil');
    const portal = await testPortal(t, [provider.provider]);
    const made = typeof change === 'function' ? change(provider) : change;
    assert.equal(await signIn(portal, provider, made), expected);
    const people = await portal.context
      .organisation(portal.context.firstOrganisation)
      .store.select('people')
      .selectAll()
      .execute();
    assert.equal(people.length, expected === 'in' ? 1 : 0);
    // The same provider, in order again, still lets people in.
    if (made.metadata === undefined) assert.equal(await signIn(portal, provider), 'in');
  });
}

test('SEC-G4 kid-absent-multiple-jwks: a token that does not say which of several keys signed it is refused', async (t) => {
  const provider = await HostileProvider.start(t, 'evil');
  const portal = await testPortal(t, [provider.provider]);
  const jwks = [other.jwk, provider.pair.jwk];
  assert.equal(await signIn(portal, provider, { jwks, header: { kid: undefined } }), 'provider-answer');
  assert.equal(await signIn(portal, provider, { jwks }), 'in');
});

test('SEC-G4 discovery-issuer-mismatch: a provider that calls itself otherwise is not used at all', async (t) => {
  const provider = await HostileProvider.start(t, 'evil');
  const portal = await testPortal(t, [provider.provider]);
  for (const issuer of ['https://idp.acme.example', `${provider.issuer}/tenant`, undefined, 7]) {
    assert.equal(await signIn(portal, provider, { metadata: { issuer } }), 'not begun', String(issuer));
  }
  assert.equal(provider.count('/token'), 0);
  assert.equal(await signIn(portal, provider), 'in');
});

test('SEC-G4 signing-key-rotation: a new key is found a minute later; SEC-G5 an unknown one is asked for once in a while', async (t) => {
  const provider = await HostileProvider.start(t, 'evil');
  const portal = await testPortal(t, [provider.provider]);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  assert.equal(await signIn(portal, provider), 'in');
  const jwks = [provider.pair.jwk, other.jwk];
  const before = provider.count('/jwks');
  for (let attempt = 0; attempt < 20; attempt++)
    await signIn(portal, provider, { header: { kid: `unknown-${attempt}` } });
  assert.ok(provider.count('/jwks') - before <= 1, `${provider.count('/jwks') - before} fetches`);
  t.mock.timers.tick(61_000);
  assert.equal(await signIn(portal, provider, { signer: other, jwks }), 'in');
  assert.equal(await signIn(portal, provider, { jwks }), 'in');
  assert.ok(provider.count('/jwks') <= 3, `${provider.count('/jwks')} fetches`);
});

test('SEC-G5 what a token names is never fetched', async (t) => {
  const provider = await HostileProvider.start(t, 'evil');
  const portal = await testPortal(t, [provider.provider]);
  let trapped = 0;
  const trap = createServer((_request, response) => {
    trapped += 1;
    response.end(JSON.stringify({ keys: [other.jwk] }));
  }).listen(0, '127.0.0.1');
  await once(trap, 'listening');
  t.after(async () => {
    trap.close();
    await once(trap, 'close');
  });
  const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/keys`;
  for (const header of [{ jku: url }, { x5u: url }, { jku: url, kid: 'two' }, { kid: url }])
    assert.equal(await signIn(portal, provider, { signer: other, header }), 'provider-answer');
  const claims = { iss: url.replace('/keys', ''), jwks_uri: url, _claim_sources: { src: { endpoint: url } } };
  await signIn(portal, provider, { claims });
  await signIn(portal, provider, {
    claims: { ...claims, iss: provider.issuer, _claim_names: { groups: 'src' } },
  });
  assert.equal(trapped, 0);
});

test('SEC-G3 with two providers a code goes where its attempt began and nowhere else, and iss must be that provider', async (t) => {
  const [honest, evil] = [await HostileProvider.start(t, 'honest'), await HostileProvider.start(t, 'evil')];
  const portal = await testPortal(t, [honest.provider, evil.provider]);
  const victim = (): SimpleBrowser => new SimpleBrowser(portal, []);

  // Mix-up: the attempt began at the evil one, whose page sent the browser on to the honest one.
  let browser = victim();
  let state = (await begin(browser, evil)).get('state') ?? '';
  assert.equal(await come(browser, honest, { code: 'code-of-honest', state }), 'attempt-gone');
  assert.equal(await come(browser, evil, { code: 'code-of-honest', state }), 'attempt-gone');
  browser = victim();
  state = (await begin(browser, evil)).get('state') ?? '';
  assert.equal(
    await come(browser, evil, { code: 'code-of-honest', state, iss: honest.issuer }),
    'provider-answer',
  );
  assert.deepEqual(evil.redeemed, [], 'a code of the honest provider was sent to the evil one');
  assert.deepEqual(honest.redeemed, []);

  // A provider that announces iss must send it (RFC 9207).
  honest.case = { metadata: { authorization_response_iss_parameter_supported: true } };
  const third = await testPortal(t, [honest.provider, evil.provider]);
  browser = new SimpleBrowser(third, []);
  state = (await begin(browser, honest)).get('state') ?? '';
  assert.equal(await come(browser, honest, { code: 'c', state }), 'provider-answer');
  state = (await begin(browser, honest)).get('state') ?? '';
  assert.equal(await come(browser, honest, { code: 'c', state, iss: honest.issuer }), 'in');
});

test('SEC-G1 a provider speaks for its own people only, whatever it says of an address or a subject', async (t) => {
  const [honest, evil] = [await HostileProvider.start(t, 'honest'), await HostileProvider.start(t, 'evil')];
  const portal = await testPortal(t, [honest.provider, evil.provider]);
  const who = async (provider: HostileProvider, change: Case): Promise<Me['person']> => {
    provider.case = change;
    const browser = new SimpleBrowser(portal, []);
    const state = (await begin(browser, provider)).get('state') ?? '';
    assert.equal(await come(browser, provider, { code: 'c', state }), 'in');
    return ((await browser.call('GET', 'me')).json as Me).person;
  };
  const alice = { sub: 'a1', email: 'alice@acme.example' };
  const real = await who(honest, { claims: alice });
  const claimed = await who(evil, { claims: alice });
  assert.notEqual(claimed.id, real.id);
  assert.equal((await who(honest, { claims: { ...alice, email: 'new@acme.example' } })).id, real.id);
  for (const [claims, email] of [
    [{ email_verified: false }, undefined],
    [{ email_verified: 'true' }, undefined],
    [{ email_verified: 1 }, undefined],
    [{ email_verified: undefined }, undefined],
    [{ email: 'a@evil.example@acme.example' }, undefined],
    [{ email: ['alice@acme.example'] }, undefined],
    [{ email: 'Alice@ACME.example' }, 'alice@acme.example'],
    [{ email: 'alice@acme.example\u0000' }, undefined],
    [{ xms_edov: true, email_verified: undefined }, undefined],
  ] as const) {
    const person = await who(honest, { claims: { ...alice, ...claims } });
    assert.equal(person.email, email, JSON.stringify(claims));
    assert.equal(person.id, real.id);
  }
});

test('SEC-G2 state, nonce and PKCE are new for every attempt, and the code is redeemed with the verifier of its own', async (t) => {
  const provider = await HostileProvider.start(t, 'evil');
  const portal = await testPortal(t, [provider.provider]);
  const browser = new SimpleBrowser(portal, []);
  const seen = new Set<string>();
  for (let attempt = 0; attempt < 10; attempt++) {
    const asked = await begin(browser, provider);
    for (const name of ['state', 'nonce', 'code_challenge']) seen.add(asked.get(name) ?? '');
    assert.equal(asked.get('code_challenge_method'), 'S256');
    assert.equal(await come(browser, provider, { code: 'c', state: asked.get('state') ?? '' }), 'in');
    const verifier = provider.redeemed.at(-1)?.get('code_verifier') ?? '';
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    assert.equal(challenge, asked.get('code_challenge'));
  }
  assert.equal(seen.size, 30);
});

test('SEC-G2 without its cookie, with another browser’s, and a second time, an answer is nothing and no code leaves', async (t) => {
  const provider = await HostileProvider.start(t, 'evil');
  const portal = await testPortal(t, [provider.provider]);
  const [victim, attacker] = [new SimpleBrowser(portal, []), new SimpleBrowser(portal, [])];
  const state = (await begin(attacker, provider)).get('state') ?? '';
  // Login CSRF: the attacker's own answer in a browser that began nothing, and in one that began something else.
  assert.equal(await come(victim, provider, { code: 'c', state }), 'attempt-gone');
  await begin(victim, provider);
  assert.equal(await come(victim, provider, { code: 'c', state }), 'attempt-gone');
  assert.deepEqual(provider.redeemed, []);
  for (const bad of ['', state.slice(1), `${state}A`, state.toUpperCase(), '__proto__', 'constructor'])
    assert.equal(await come(attacker, provider, { code: 'c', state: bad }), 'attempt-gone', bad);
  assert.deepEqual(provider.redeemed, []);
  provider.nonce = '';
  assert.equal(await come(attacker, provider, { code: 'c', state }), 'provider-answer');
  assert.equal(await come(attacker, provider, { code: 'c', state }), 'attempt-gone');
  assert.equal(provider.redeemed.length, 1);
});

test('SEC-G8 whatever a sign-in is asked to return to, done or failed, the browser stays with this controller', async (t) => {
  const provider = await HostileProvider.start(t, 'evil');
  const portal = await testPortal(t, [provider.provider]);
  const heads = [
    '',
    '/',
    '//',
    '///',
    '/\\',
    '\\\\',
    '/.',
    '/..//',
    '/%2f',
    '/%5c',
    '/\t/',
    '/\n/',
    ' ',
    '@',
    '?',
    '#',
    ':',
  ];
  const schemes = ['', 'https://', 'HTTPS:', 'http:/', 'javascript:', 'data:text/html,', '//'];
  const hosts = ['evil.example', 'evil.example@access.acme.example', 'access.acme.example.evil.example'];
  const payloads = heads.flatMap((head) =>
    schemes.flatMap((scheme) => hosts.map((host) => `${head}${scheme}${host}/x?y#z`)),
  );
  assert.ok(payloads.length > 300);
  for (const [index, payload] of payloads.entries()) {
    const browser = new SimpleBrowser(portal, []);
    const begun = await browser.ask(`/oidc/evil/start?${new URLSearchParams({ rd: payload }).toString()}`);
    const asked = new URL(begun.headers['location'] ?? '').searchParams;
    const isGood = index % 2 === 0;
    provider.nonce = isGood ? (asked.get('nonce') ?? '') : 'wrong';
    provider.case = { claims: { sub: `m${index}` } };
    const query = new URLSearchParams({ code: 'c', state: asked.get('state') ?? '' });
    const answer = await browser.ask(`/oidc/evil/callback?${query.toString()}`);
    assert.equal(browser.cookie(testUrl, sessionCookie) !== undefined, isGood, payload);
    const location = answer.headers['location'] ?? '';
    assert.match(location, /^\/(?![/\\])/, payload);
    const to = new URL(location, testUrl);
    assert.equal(to.origin, testUrl.origin, payload);
    // The page takes the same path from the address and follows it later.
    const later = new URL(to.searchParams.get('rd') ?? '/', testUrl);
    assert.equal(later.origin, testUrl.origin, payload);
  }
});

function hmac(key: string, header: Record<string, unknown>, claims: Record<string, unknown>): string {
  const content = `${part(header)}.${part(claims)}`;
  return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`;
}
