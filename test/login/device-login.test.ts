/** A person lets a waiting device in: by its code with a fresh sign-in, or by the link its own machine opened. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { formatUserCode } from '../../controller/enrolment/user-code.ts';
import { toBase64Url } from '../../protocol/encoding.ts';
import type { Id } from '../../protocol/ids.ts';
import type {
  LoginAnswer,
  LoginEntry,
  LoginLookUp,
  Me,
  MyDevices,
  MySessions,
} from '../../protocol/portal.ts';
import { deviceClaim, testPortal, testUrl, type TestPortal } from './support/portal.ts';
import { person, startProvider } from './support/provider.ts';
import { SimpleBrowser } from './support/simple-browser.ts';

const alice = person('a1', ['staff']);
const bob = person('b2', []);
const corp = await startProvider({ after }, 'corp', testUrl, {
  'alice@acme.example': alice,
  'bob@acme.example': bob,
});

async function signedIn(portal: TestPortal, fresh = true): Promise<SimpleBrowser> {
  const browser = new SimpleBrowser(portal, [corp]);
  await browser.open(`/oidc/corp/start?rd=${fresh ? '/device' : '/'}`, alice, 'alice@acme.example');
  return browser;
}

async function waiting(portal: TestPortal, claim = deviceClaim()) {
  const { firstOrganisation } = portal.context;
  const attempt = await portal.attempts.startDeviceCode(firstOrganisation, claim);
  assert.ok(attempt);
  return { ...attempt, claim };
}

const lookUp = async (browser: SimpleBrowser, entry: LoginEntry) =>
  (await browser.call('POST', 'me/logins/look-up', entry)).json as LoginLookUp;
const approve = async (browser: SimpleBrowser, entry: LoginEntry) =>
  (await browser.call('POST', 'me/logins/approve', entry)).json as LoginAnswer;
const refuse = async (browser: SimpleBrowser, entry: LoginEntry) =>
  (await browser.call('POST', 'me/logins/refuse', entry)).json as LoginAnswer;
const devices = async (browser: SimpleBrowser) =>
  ((await browser.call('GET', 'me/devices')).json as MyDevices).devices;
const outcome = (portal: TestPortal, attempt: string) =>
  portal.attempts.outcome(portal.context.firstOrganisation, attempt);

/** Any code but this one. */
const otherThan = (code: string): string => (code.startsWith('B') ? 'C' : 'B') + code.slice(1);

test('a person types the code, sees what waits and where, lets it in, and it is theirs', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal);
  const { attempt, userCode } = await waiting(portal);
  const typed = ` ${formatUserCode(userCode).toLowerCase()} `;
  const found = await lookUp(browser, { code: typed });
  assert.equal(found.state, 'found');
  assert.deepEqual(found.device, {
    name: 'alice-laptop',
    os: 'Debian GNU/Linux 12',
    address: '203.0.113.9',
  });
  assert.ok(found.sharesAddress && !found.needsApproval);
  // Nobody can prove that these are the organisation's: who lets the device in is shown them.
  assert.deepEqual(found.unprovenZones, ['acme.internal']);
  assert.deepEqual(await outcome(portal, attempt), { state: 'waiting' });

  assert.deepEqual(await approve(browser, { code: typed }), { state: 'joined', needsApproval: false });
  assert.equal((await outcome(portal, attempt)).state, 'joined');
  const [device] = await devices(browser);
  assert.equal(device?.name, 'alice-laptop');
  assert.equal(device?.state, 'active');
  assert.ok(device?.sessionUntil);
  // Its owner finds it in the log.
  const [entry] = await portal.audit('device.enrol');
  assert.equal(entry?.result, 'done');
  assert.match(entry?.detail ?? '', /alice-laptop/);
  // A code lets one device in, once.
  assert.equal((await approve(browser, { code: typed })).state, 'wrong');
});

test('a device at another address than the browser joins held: its person is warned and an administrator decides', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal);
  const { userCode } = await waiting(portal, deviceClaim({ address: '198.51.100.77' }));
  const found = await lookUp(browser, { code: userCode });
  assert.equal(found.state, 'found');
  assert.ok(!found.sharesAddress && found.needsApproval);
  assert.deepEqual(await approve(browser, { code: userCode }), { state: 'joined', needsApproval: true });
  assert.equal((await devices(browser))[0]?.state, 'held');
  const resources = (await browser.call('GET', 'me/resources')).json as {
    resources: { state: string; reasons: { name: string }[] }[];
  };
  assert.ok(resources.resources.length > 0);
  for (const { state, reasons } of resources.resources) {
    assert.equal(state, 'refused');
    assert.deepEqual(
      reasons.map(({ name }) => name),
      ['device-not-approved'],
    );
  }
});

test('five wrong codes lock entry for the person, wherever they are, and not for the others of their office', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal);
  const { userCode } = await waiting(portal);
  const left: number[] = [];
  for (let count = 0; count < 5; count++) {
    const answer = await lookUp(browser, { code: otherThan(userCode) });
    assert.equal(answer.state, 'wrong');
    left.push(answer.triesLeft);
  }
  assert.deepEqual(left, [4, 3, 2, 1, 0]);
  assert.equal((await lookUp(browser, { code: userCode })).state, 'locked');
  assert.equal((await approve(browser, { code: userCode })).state, 'locked');

  const sameAddress = new SimpleBrowser(portal, [corp]);
  await sameAddress.open('/oidc/corp/start?rd=/device', bob, 'bob@acme.example');
  assert.equal((await lookUp(sameAddress, { code: userCode })).state, 'found');
  const samePerson = await signedIn(portal);
  samePerson.address = '203.0.113.200';
  assert.equal((await lookUp(samePerson, { code: userCode })).state, 'locked');
  assert.deepEqual(
    (await portal.audit('device.code')).map(({ reasons }) => reasons),
    ['["locked"]'],
  );
});

test('a code is gone after five minutes', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal);
  // The sign-in has to stay fresh, so the code is the older of the two.
  portal.time.ahead = -4 * 60_000;
  const { userCode } = await waiting(portal);
  portal.time.ahead = 30_000;
  assert.equal((await lookUp(browser, { code: userCode })).state, 'found');
  portal.time.ahead = 61_000;
  assert.equal((await lookUp(browser, { code: userCode })).state, 'wrong');
  assert.equal((await approve(browser, { code: userCode })).state, 'wrong');
});

test('letting a device in by code needs a sign-in of the last five minutes', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal);
  portal.time.ahead = 4.9 * 60_000;
  const { userCode } = await waiting(portal);
  assert.equal((await lookUp(browser, { code: userCode })).state, 'found');
  portal.time.ahead = 5.1 * 60_000;
  for (const ask of [lookUp, approve, refuse])
    assert.equal((await ask(browser, { code: userCode })).state, 'stale');
  assert.equal((await devices(browser)).length, 0);
});

test('a provider that lets the person through without asking again does not make the sign-in fresh', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal, false);
  const begun = await browser.ask('/oidc/corp/start?rd=/device');
  const asked = new URL(begun.headers['location'] ?? '');
  assert.equal(asked.searchParams.get('prompt'), 'login');
  assert.equal(asked.searchParams.get('max_age'), '0');
  // What a provider does that ignores both: it answers from its own session.
  for (const name of ['prompt', 'max_age']) asked.searchParams.delete(name);
  const before = browser.cookie(testUrl, '__Host-postern-session');
  portal.time.ahead = 6 * 60_000;
  const { url } = await browser.open(asked);
  assert.equal(url.pathname + url.search, '/login?error=not-fresh&rd=%2Fdevice');
  assert.equal(browser.cookie(testUrl, '__Host-postern-session'), before);
});

test('a refused device is told so, and the log says who refused it', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal);
  const { attempt, userCode } = await waiting(portal, deviceClaim({ name: 'not-mine' }));
  assert.deepEqual(await refuse(browser, { code: userCode }), { state: 'refused' });
  assert.deepEqual(await outcome(portal, attempt), { state: 'gone' });
  assert.equal((await approve(browser, { code: userCode })).state, 'wrong');
  const [entry] = await portal.audit('device.enrol');
  assert.equal(entry?.result, 'refused');
  assert.match(entry?.detail ?? '', /not-mine/);
});

test('an existing device that signs in again keeps its id, and of another person it becomes another device', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal);
  const claim = deviceClaim();
  const first = await waiting(portal, claim);
  await approve(browser, { code: first.userCode });
  const [before] = await devices(browser);
  const again = await waiting(portal, claim);
  await approve(browser, { code: again.userCode });
  const after = await devices(browser);
  assert.deepEqual(
    after.map(({ id }) => id),
    [before?.id],
  );
  const other = new SimpleBrowser(portal, [corp]);
  await other.open('/oidc/corp/start?rd=/device', bob, 'bob@acme.example');
  const third = await waiting(portal, claim);
  await approve(other, { code: third.userCode });
  assert.notEqual((await devices(other))[0]?.id, before?.id);
  assert.equal((await devices(browser))[0]?.state, 'signed-out');
});

test('by loopback the browser goes to the device’s own port with a code that works once, with the verifier and the key', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal, false);
  const claim = deviceClaim();
  const verifier = toBase64Url(portal.context.random(32));
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const begin = async () => {
    const begun = await portal.attempts.startLoopback(portal.context.firstOrganisation, claim, {
      port: 41_234,
      challenge,
    });
    assert.ok(begun);
    return begun;
  };
  const authorised = async (secret: string): Promise<URL> => {
    const answer = await approve(browser, { secret });
    assert.equal(answer.state, 'redirect');
    return new URL(answer.url);
  };
  const { attempt, secret } = await begin();
  assert.equal((await lookUp(browser, { secret })).state, 'found');
  const url = await authorised(secret);
  assert.equal(url.origin, 'http://127.0.0.1:41234');
  assert.equal(url.searchParams.get('state'), attempt);
  const code = url.searchParams.get('code') ?? '';
  assert.match(code, /^[\w-]{43}$/);
  // One answer per link.
  assert.deepEqual(await approve(browser, { secret }), { state: 'gone' });
  const joined = await portal.attempts.completeLogin(code, verifier, claim.nk);
  assert.equal(joined.state, 'joined');
  assert.deepEqual(await portal.attempts.completeLogin(code, verifier, claim.nk), { state: 'gone' });
  assert.equal((await devices(browser))[0]?.state, 'active');

  // A wrong verifier or another key uses the code up.
  for (const [withVerifier, withKey] of [
    ['x'.repeat(43), claim.nk],
    [verifier, deviceClaim().nk],
  ] as const) {
    const stolen = (await authorised((await begin()).secret)).searchParams.get('code') ?? '';
    assert.deepEqual(await portal.attempts.completeLogin(stolen, withVerifier, withKey), { state: 'gone' });
    assert.deepEqual(await portal.attempts.completeLogin(stolen, verifier, claim.nk), { state: 'gone' });
  }
  // A minute later it is worth nothing.
  const late = (await authorised((await begin()).secret)).searchParams.get('code') ?? '';
  portal.time.ahead += 61_000;
  assert.deepEqual(await portal.attempts.completeLogin(late, verifier, claim.nk), { state: 'gone' });
});

test('a person ends the session of their own device from the portal, and nobody else’s', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal);
  const { userCode } = await waiting(portal);
  await approve(browser, { code: userCode });
  const [device] = await devices(browser);
  assert.ok(device);
  const other = new SimpleBrowser(portal, [corp]);
  await other.open('/oidc/corp/start', bob, 'bob@acme.example');
  assert.equal((await other.call('POST', `me/devices/${device.id}/sign-out`)).status, 404);
  assert.equal((await other.call('GET', `me/resources?device=${device.id}`)).status, 404);
  assert.equal((await browser.call('POST', `me/devices/${device.id}/sign-out`)).status, 204);
  assert.equal((await devices(browser))[0]?.state, 'signed-out');
  const { store } = portal.context.organisation(portal.context.firstOrganisation);
  const row = await store
    .select('sessions')
    .select('ended_reason')
    .where('device', '=', device.id as Id<'dev'>)
    .executeTakeFirst();
  assert.equal(row?.ended_reason, 'logout');
});

test('a person sees and ends their own sessions, one or all others, and nobody else’s', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal);
  const { userCode, claim } = await waiting(portal);
  await approve(browser, { code: userCode });
  const elsewhere = await signedIn(portal);
  const other = new SimpleBrowser(portal, [corp]);
  await other.open('/oidc/corp/start', bob, 'bob@acme.example');
  const list = async (who: SimpleBrowser) =>
    ((await who.call('GET', 'me/sessions')).json as MySessions).sessions;
  const end = async (who: SimpleBrowser, id = '') => (await who.call('POST', `me/sessions/${id}/end`)).status;
  const mine = await list(browser);
  assert.deepEqual(
    mine.map(({ kind, isThis, deviceName = '' }) => `${kind} ${isThis ? 'here' : deviceName}`).toSorted(),
    ['browser ', 'browser here', `device ${claim.name}`],
  );
  assert.deepEqual(
    (await list(elsewhere)).map(({ id }) => id).toSorted(),
    mine.map(({ id }) => id).toSorted(),
  );
  const [bobs] = await list(other);
  assert.ok(bobs?.isThis);
  assert.equal((await list(other)).length, 1);

  for (const { id } of mine) assert.equal(await end(other, id), 404);
  assert.equal(await end(browser, bobs.id), 404);
  assert.equal(await end(browser, mine.find(({ isThis }) => isThis)?.id), 409);
  const device = mine.find(({ kind }) => kind === 'device');
  assert.equal(await end(browser, device?.id), 204);
  assert.equal(await end(browser, device?.id), 404);
  assert.equal((await devices(browser))[0]?.state, 'signed-out');
  assert.deepEqual((await browser.call('POST', 'me/sessions/end-others')).json, { ended: 1 });
  assert.equal((await elsewhere.call('GET', 'me')).status, 401);
  assert.deepEqual(
    (await list(browser)).map(({ isThis }) => isThis),
    [true],
  );
  assert.equal((await list(other)).length, 1);
  const { person: me } = (await browser.call('GET', 'me')).json as Me;
  assert.deepEqual(
    (await portal.audit('session.end')).map(({ who }) => who),
    [me.id, me.id],
  );
});

test('a person names their device, says that they know it, blocks it, forgets it; and nobody else’s', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = await signedIn(portal);
  const claim = deviceClaim();
  const { userCode } = await waiting(portal, claim);
  await approve(browser, { code: userCode });
  const [device] = await devices(browser);
  assert.ok(device);
  assert.equal(device.news?.address, claim.address);
  const other = new SimpleBrowser(portal, [corp]);
  await other.open('/oidc/corp/start', bob, 'bob@acme.example');
  const act = (who: SimpleBrowser, action: string, payload?: object) =>
    who.call('POST', `me/devices/${device.id}/${action}`, payload);
  for (const action of ['acknowledge', 'block', 'forget'])
    assert.equal((await act(other, action)).status, 404, action);
  assert.equal((await act(other, 'rename', { name: 'mine' })).status, 404);
  assert.equal((await act(browser, 'rename', { name: ' x' })).status, 400);
  assert.equal((await act(browser, 'rename', { name: 'Work' })).status, 204);
  assert.equal((await act(browser, 'acknowledge')).status, 204);
  const [named] = await devices(browser);
  assert.deepEqual([named?.name, named?.news, named?.state], ['Work', undefined, 'active']);

  assert.equal((await act(browser, 'block')).status, 204);
  assert.equal((await devices(browser))[0]?.state, 'blocked');
  const blocked = await waiting(portal, claim);
  assert.deepEqual((await approve(browser, { code: blocked.userCode })).state, 'blocked');
  // Forgetting a blocked device would let it in again.
  assert.equal((await act(browser, 'forget')).status, 409);
  const { store } = portal.context.organisation(portal.context.firstOrganisation);
  await store.update('nodes').set({ state: 'active' }).execute();
  assert.equal((await act(browser, 'forget')).status, 204);
  assert.deepEqual(await devices(browser), []);
  const again = await waiting(portal, claim);
  assert.equal((await approve(browser, { code: again.userCode })).state, 'joined');
  assert.notEqual((await devices(browser))[0]?.id, device.id);
  for (const what of ['device.rename', 'device.acknowledge', 'device.block', 'device.remove'])
    assert.equal((await portal.audit(what)).length, 1, what);
});
