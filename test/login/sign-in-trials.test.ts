/** A sign-in that an administrator only tries: what they are shown of it, and that it signs nobody in. */
import assert from 'node:assert/strict';
import { after, beforeEach, test, type TestContext } from 'node:test';
import { setLimits } from '../../controller/operator/limits.ts';
import type { Me } from '../../protocol/portal.ts';
import type { Role } from '../../protocol/roles.ts';
import type { AnsweredTrial, SignInTrial } from '../../protocol/sign-in-trials.ts';
import { person, startProvider } from './support/provider.ts';
import { testPortal, testUrl, type TestPortal } from './support/portal.ts';
import { SimpleBrowser } from './support/simple-browser.ts';
import { corpSignIn } from '../controller/support/corp-sign-in.ts';

const alice = person('a1', ['staff']);
const bob = person('b2', ['sre', 'nobody-declared-this'], { emailVerified: false });
const people = { 'alice@acme.example': alice, 'bob@acme.example': bob };
const corp = await startProvider({ after }, 'corp', testUrl, people);
beforeEach(() => corp.setPeople(people));

const isCallback = (url: URL): boolean => url.pathname.endsWith('/callback');

interface Bench {
  readonly portal: TestPortal;
  /** Where Alice is signed in, with a role. */
  readonly browser: SimpleBrowser;
  readonly store: ReturnType<TestPortal['context']['organisation']>['store'];
  readonly setRole: (role: Role | null) => Promise<void>;
  /** The same session, with nobody signed in at the provider. */
  readonly anotherTab: () => SimpleBrowser;
  readonly begin: (at?: SimpleBrowser) => Promise<string>;
}

async function bench(t: TestContext): Promise<Bench> {
  const portal = await testPortal(t, [corp]);
  const { context } = portal;
  const organisation = context.organisation(context.firstOrganisation);
  const { store } = organisation;
  // Their provider's own session is not in this browser, where others sign in there.
  const { cookie } = await corpSignIn(context, 'a1', {
    issuer: corp.issuer,
    name: 'Alice Example',
    email: 'alice@acme.example',
  });
  const anotherTab = (): SimpleBrowser => {
    const opened = new SimpleBrowser(portal, [corp]);
    opened.setCookie(testUrl, '__Host-postern-session', cookie);
    return opened;
  };
  const browser = anotherTab();
  const setRole = async (role: Role | null): Promise<void> => {
    await store.update('people').set({ role, role_ms: 0 }).where('subject', '=', 'a1').execute();
  };
  await setRole('admin');
  return {
    portal,
    browser,
    anotherTab,
    store,
    setRole,
    begin: async (at = browser) => {
      const { status, json } = await at.call('POST', 'sign-in-trials', { provider: 'corp' });
      assert.equal(status, 200);
      return (json as { url: string }).url;
    },
  };
}

async function take(browser: SimpleBrowser, page: URL): Promise<{ status: number; json: unknown }> {
  assert.equal(page.pathname, '/admin/sign-in-trial');
  return browser.call('POST', `sign-in-trials/${page.searchParams.get('id')}/take`);
}

async function tried({ anotherTab, begin }: Bench, email: string, who = bob): Promise<AnsweredTrial> {
  const browser = anotherTab();
  const { url } = await browser.open(await begin(browser), who, email);
  const { status, json } = await take(browser, url);
  assert.equal(status, 200);
  const trial = json as SignInTrial;
  assert.ok(trial.state === 'answered');
  return trial;
}

async function whoIs(browser: SimpleBrowser): Promise<string> {
  return ((await browser.call('GET', 'me')).json as Me).person.name;
}

test('an administrator sees which claims came and whom they make, and stays who they are; nobody is made', async (t) => {
  const world = await bench(t);
  const { browser, store, portal } = world;
  const before = await whoIs(browser);
  const { url } = await browser.open(await world.begin(), bob, 'bob@acme.example');
  assert.equal(await whoIs(browser), before);
  const { json } = await take(browser, url);
  const trial = json as AnsweredTrial;
  assert.deepEqual(trial.person, { subject: 'b2', name: 'Person b2' });
  assert.deepEqual([trial.groups, trial.ignoredGroups], [['sre'], ['nobody-declared-this']]);
  assert.deepEqual([trial.refused, trial.notes], [undefined, ['email-not-verified']]);
  const groups = trial.claims.find(({ name }) => name === 'groups');
  assert.deepEqual(JSON.parse(groups?.value ?? ''), ['sre', 'nobody-declared-this']);
  assert.ok(!trial.claims.some(({ name }) => ['nonce', 'at_hash'].includes(name)));
  // Nothing that came with the claims can be used by whoever reads them.
  assert.doesNotMatch(JSON.stringify(json), /eyJ/);
  const known = await store.select('people').select('subject').execute();
  assert.deepEqual(
    known.map(({ subject }) => subject),
    ['a1'],
  );
  assert.equal((await store.select('sessions').select('id').execute()).length, 1);
  const [entry] = await portal.audit('sign-in.try');
  assert.equal(entry?.result, 'done');
  assert.equal((JSON.parse(entry?.detail ?? '{}') as { subject: string }).subject, 'b2');
  assert.equal((await portal.audit('sign-in')).length, 1);

  assert.equal((await take(browser, url)).status, 404, 'it is read once');
});

test('SEC-G2 a trial is for the session that began it alone, as long as that may still look after sign-in', async (t) => {
  const world = await bench(t);
  const { browser, portal, setRole } = world;
  const gone = async (answer: URL, at = browser): Promise<void> => {
    const { url } = await at.open(answer);
    assert.deepEqual([url.pathname, url.searchParams.get('error')], ['/login', 'attempt-gone']);
  };
  const answer = async (): Promise<URL> =>
    browser.openUntil(await world.begin(), isCallback, bob, 'bob@acme.example');

  // Another browser of the same person, also with the cookie that ties attempts to browsers.
  const other = new SimpleBrowser(portal, [corp]);
  await other.open('/oidc/corp/start', alice, 'alice@acme.example');
  const first = await answer();
  await gone(first, other);
  const tie = '__Host-postern-signin';
  other.setCookie(testUrl, tie, browser.cookie(testUrl, tie) ?? '');
  await gone(first, other);
  await gone(first);

  const read = await browser.open(await answer());
  const { status } = await take(other, read.url);
  assert.equal(status, 404);
  assert.equal((await take(browser, read.url)).status, 200);

  const late = await answer();
  await setRole('auditor');
  await gone(late);
  await setRole('admin');
  const left = await answer();
  assert.equal((await browser.call('POST', 'me/sign-out')).status, 200);
  await gone(left);
});

test('what a sign-in would be refused for is told, and changes nothing', async (t) => {
  const world = await bench(t);
  const { store, portal } = world;
  const verified = { ...bob, emailVerified: true };
  await corp.setPeople({ ...people, 'bob@acme.example': verified });
  const { store: all, firstOrganisation, now } = portal.context;
  await setLimits(all, firstOrganisation, { people: 1 }, { nowMs: now(), who: 'test' });
  const limited = await tried(world, 'bob@acme.example', verified);
  assert.equal(limited.refused, 'limit');
  const own = await tried(world, 'alice@acme.example', alice);
  assert.equal(own.refused, undefined);
  const known = await store.select('people').select('id').where('subject', '=', 'a1').executeTakeFirst();
  assert.equal(own.person.id, known?.id);
  assert.equal((await store.select('people').select('id').execute()).length, 1);
});

test('a provider that says no, and one that is not there, are told apart', async (t) => {
  const world = await bench(t);
  const { browser } = world;
  const callback = await browser.openUntil(await world.begin(), isCallback, bob, 'bob@acme.example');
  callback.searchParams.set('error', 'access_denied');
  const refused = await browser.open(callback);
  assert.deepEqual((await take(browser, refused.url)).json, {
    state: 'failed',
    provider: 'corp',
    reason: 'provider-refused',
  });
  const forged = await browser.openUntil(await world.begin(), isCallback, bob, 'bob@acme.example');
  forged.searchParams.set('code', 'another');
  const answer = await browser.open(forged);
  assert.equal(((await take(browser, answer.url)).json as { reason: string }).reason, 'provider-answer');
  assert.equal((await browser.call('POST', 'sign-in-trials', { provider: 'missing' })).status, 404);
});
