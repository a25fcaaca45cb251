/** Owners without a provider: the setup link, password with one-time code, recovery codes, and who cannot get in by them. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Secret, TOTP } from 'otpauth';
import { addPasskey } from '../../controller/administrators/own-passkeys.ts';
import { createSetupLink } from '../../controller/administrators/setup-links.ts';
import type { SetupOptions } from '../../protocol/local-sign-in.ts';
import { testController } from '../controller/support/controller.ts';
import { people } from '../controller/support/people.ts';

const email = 'olga@acme.example';
const password = 'correct horse battery';

async function world(t: TestContext) {
  const controller = await testController(t);
  const { context, time } = controller;
  const { portal, signIn } = await people(t, controller);
  const { store } = context.organisation(context.firstOrganisation);
  const { origin } = context.publicUrl;
  const post = async (url: string, payload: object, headers: Record<string, string> = { origin }) =>
    portal.inject({ method: 'POST', url: `/api/v1/${url}`, headers, payload });
  const link = async () => {
    const url = await createSetupLink(store, context.publicUrl, {
      nowMs: time.ms,
      random: context.random,
      who: 'test',
    });
    assert.ok(url.startsWith(`${origin}/setup#token=`));
    return url.slice(url.indexOf('=') + 1);
  };
  const codeOf = (secret: string) =>
    new TOTP({ secret: Secret.fromBase32(secret), issuer: 'Postern' }).generate({ timestamp: time.ms });
  const setUp = async (token: string, as = email) => {
    const options = await post('setup/options', { token });
    if (options.statusCode !== 200) return { answer: options, secret: '' };
    const { secret } = options.json<SetupOptions>();
    const body = { token, name: 'Olga', email: as, password, code: codeOf(secret) };
    return { answer: await post('setup/password', body), secret };
  };
  return { controller, portal, store, time, post, link, setUp, codeOf, signIn, origin };
}

const cookieOf = (answer: { headers: Record<string, unknown> }): string =>
  String(answer.headers['set-cookie']).split(';')[0] ?? '';

test('SEC-A12: by the link one owner is made, who signs in by password and one-time code; a second use finds nothing', async (t) => {
  const { setUp, link, post, portal, codeOf, time, store } = await world(t);
  const token = await link();
  const { answer, secret } = await setUp(token);
  assert.equal(answer.statusCode, 200, answer.body);
  const me = async (cookie: string) =>
    (await portal.inject({ url: '/api/v1/me', headers: { cookie } })).json<{
      administrator: { role: string };
      person: { name: string; email?: string };
    }>();
  const first = await me(cookieOf(answer));
  assert.equal(first.administrator.role, 'owner');
  assert.equal(first.person.name, 'Olga');
  assert.equal(first.person.email, undefined, 'what nobody proved is no e-mail address');
  const again = await setUp(token, 'mallory@acme.example');
  assert.equal(again.answer.statusCode, 404);

  const signIn = (code: string, more = {}) => post('sign-in/password', { email, password, code, ...more });
  assert.equal((await signIn(codeOf(secret))).statusCode, 401, 'the code of the setup was used');
  await time.pass(31_000);
  const code = codeOf(secret);
  assert.equal((await signIn(code, { password: `${password}r` })).statusCode, 401);
  assert.equal((await signIn(code === '000000' ? '000001' : '000000')).statusCode, 401);
  assert.equal((await signIn(code, { email: 'nobody@acme.example' })).statusCode, 401);
  const signedIn = await signIn(code, { email: email.toUpperCase() });
  assert.equal(signedIn.statusCode, 204, signedIn.body);
  assert.notEqual(cookieOf(signedIn), cookieOf(answer));
  assert.equal((await me(cookieOf(signedIn))).administrator.role, 'owner');
  assert.equal((await signIn(code)).statusCode, 401, 'a code is good once');

  const rows = JSON.stringify([
    await store.select('setup_links').selectAll().execute(),
    await store.select('local_accounts').selectAll().execute(),
    await store.select('audit').selectAll().execute(),
  ]);
  for (const text of [token, password, secret]) assert.equal(rows.includes(text), false);
});

test('SEC-A12: a link ends after half an hour, and a newer one takes its place', async (t) => {
  const { setUp, link, time } = await world(t);
  const old = await link();
  const newer = await link();
  assert.equal((await setUp(old)).answer.statusCode, 404);
  await time.pass(30 * 60_000);
  assert.equal((await setUp(newer)).answer.statusCode, 404);
  assert.equal((await setUp('A'.repeat(43))).answer.statusCode, 404);
});

test('SEC-A11: of fifty who use the link at once, one becomes owner', async (t) => {
  const { link, post, codeOf, store, portal, origin } = await world(t);
  const token = await link();
  const { secret } = (await post('setup/options', { token })).json<SetupOptions>();
  const code = codeOf(secret);
  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, index) =>
      portal.inject({
        method: 'POST',
        url: '/api/v1/setup/password',
        headers: { origin },
        remoteAddress: `10.0.0.${index}`,
        payload: { token, name: 'Olga', email: `o${index}@acme.example`, password, code },
      }),
    ),
  );
  assert.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1);
  const refused = answers.filter(({ statusCode }) => statusCode !== 200).map(({ statusCode }) => statusCode);
  assert.ok(refused.every((status) => status === 404 || status === 429));
  const owners = await store.select('people').select('id').where('role', '=', 'owner').execute();
  assert.equal(owners.length, 1);
});

test('a recovery code signs in once, however it is typed, and each of them is another', async (t) => {
  const { link, setUp, post } = await world(t);
  const { answer } = await setUp(await link());
  const { recoveryCodes } = answer.json<{ recoveryCodes: string[] }>();
  assert.equal(new Set(recoveryCodes).size, 10);
  const recover = async (recoveryCode = '') =>
    (await post('sign-in/recovery', { email, recoveryCode })).statusCode;
  assert.equal(await recover(recoveryCodes[0]?.toLowerCase().replaceAll('-', ' ')), 204);
  assert.equal(await recover(recoveryCodes[0]), 401);
  assert.equal(await recover(recoveryCodes[1]), 204);
  assert.equal(await recover('0000-0000-0000-0000'), 401);
});

test('SEC-G7: passkeys are looked after in a fresh session, by their owner alone, and the last way in stays', async (t) => {
  const { link, setUp, portal, origin, store, time, signIn } = await world(t);
  const { answer } = await setUp(await link());
  const headers = { origin, cookie: cookieOf(answer), 'sec-fetch-site': 'same-origin' };
  const me = (method: 'GET' | 'POST' | 'DELETE', path: string, payload?: object) =>
    portal.inject({ method, url: `/api/v1/me/passkeys${path}`, headers, ...(payload && { payload }) });
  const { person } = await store.select('local_accounts').select('person').executeTakeFirstOrThrow();
  const add = (id: string, of = person) =>
    addPasskey(store, of, { id, public_key: Buffer.alloc(32), counter: 0, name: id }, time.ms);
  const other = await signIn('alice');
  assert.equal(await add('stray', other.person), 'no-account', 'people of a provider have none here');
  assert.equal((await other.call('POST', '/api/v1/me/passkeys/options')).statusCode, 404);
  assert.equal(await add('first'), 'added');
  assert.equal(await add('first'), 'known');
  assert.equal((await other.call('DELETE', '/api/v1/me/passkeys/first')).statusCode, 404);
  // Beside a password it is not the last way in.
  assert.equal((await me('DELETE', '/first')).statusCode, 204);
  await store.update('local_accounts').set({ password: null }).execute();
  await add('one');
  assert.equal((await me('DELETE', '/one')).statusCode, 409);
  await add('two');
  const both = await Promise.all([me('DELETE', '/one'), me('DELETE', '/two')]);
  assert.deepEqual(new Set(both.map(({ statusCode }) => statusCode)), new Set([204, 409]), 'SEC-A11');
  for (let more = 0; more < 9; more += 1) await add(`more ${more}`);
  assert.equal(await add('beyond'), 'too-many');
  // A challenge that a sign-in asked for adds nothing.
  const asked = await portal.inject({
    method: 'POST',
    url: '/api/v1/sign-in/passkey-options',
    headers: { origin },
  });
  const { challenge } = asked.json<{ challenge: string }>();
  assert.equal((await me('POST', '', { challenge, name: 'x', credential: { id: 'x' } })).statusCode, 400);
  await time.pass(5 * 60_000);
  for (const refused of [await me('POST', '/options'), await me('DELETE', '/more%201')])
    assert.match(refused.body, /not-fresh/);
  assert.equal((await me('GET', '')).json<{ passkeys: unknown[] }>().passkeys.length, 10);
});

test('SEC-A12: ten wrong tries lock the account and sixty its source, the right password too', async (t) => {
  const { link, setUp, portal, origin, codeOf, time } = await world(t);
  const { secret } = await setUp(await link());
  await time.pass(31_000);
  let asked = 0;
  const tryIn = async (wrong: string, from?: string) => {
    asked += 1;
    const answer = await portal.inject({
      method: 'POST',
      url: '/api/v1/sign-in/password',
      headers: { origin },
      remoteAddress: from ?? `10.1.0.${asked}`,
      payload: { email, password: wrong, code: codeOf(secret) },
    });
    return answer.statusCode;
  };
  for (let tries = 0; tries < 10; tries += 1) assert.equal(await tryIn('wrong'), 401);
  assert.equal(await tryIn(password), 429);
  await time.pass(16 * 60_000);
  assert.equal(await tryIn(password), 204);
});

test('SEC-J2: another site sets nobody up and signs nobody in', async (t) => {
  const { link, post } = await world(t);
  const token = await link();
  for (const headers of [{ origin: 'https://evil.example' }, {}] as Record<string, string>[])
    for (const [url, body] of [
      ['setup/options', { token }],
      ['sign-in/recovery', { email, recoveryCode: '0000-0000-0000-0000' }],
      ['sign-in/passkey-options', {}],
    ] as const)
      assert.equal((await post(url, body, headers)).statusCode, 400, url);
});

test('SEC-A10: a person of a provider who calls themself like a local owner is somebody else', async (t) => {
  const { link, setUp, signIn } = await world(t);
  await setUp(await link(), 'alice@acme.example');
  const alice = await signIn('alice');
  const me = await alice.call('GET', '/api/v1/me');
  assert.equal(me.json<{ administrator: { role: null } }>().administrator.role, null);
});
