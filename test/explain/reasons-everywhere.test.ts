/**
 * Every reason there is, by name, through everything that shows one: the portal's API, the page in a real browser, the
 * command line's local API and the DNS answer's extended error. They say the same.
 */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import packet from 'dns-packet';
import { AddressPool } from '../../client/dns/address-pool.ts';
import { defaultRange, parseRange, type AddressRange } from '../../client/dns/address-range.ts';
import { createResolver } from '../../client/dns/resolver.ts';
import { namesOf } from '../../client/accounts/names.ts';
import type { Knowledge } from '../../client/standing.ts';
import { explain } from '../../client/why.ts';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import type { MyResources, PortalResource } from '../../protocol/portal.ts';
import { readableReason, reasonTexts, type ReasonName } from '../../protocol/reasons.ts';
import { extendedError, question } from '../client/dns/knowledge.ts';
import { testPortal, type TestPortal } from '../login/support/portal.ts';
import { person, startProvider } from '../login/support/provider.ts';
import { freePort } from '../support/servers/free-port.ts';
import { SimpleBrowser } from '../login/support/simple-browser.ts';
import { conditionOf, enrolDevice, judgeBy, knowledgeOf, policyOf } from './support/signed-in.ts';
import { launchBrowser } from '../web/support/portal-pages.ts';

const names = Object.keys(reasonTexts) as ReasonName[];
const email = 'alice@acme.example';
const alice = person('a1', ['staff']);
const publicUrl = new URL(`http://postern.localhost:${await freePort()}`);
const corp = await startProvider({ after }, 'corp', publicUrl, { [email]: alice });

/** The wiki is refused for every reason at once, in the order of their names. */
async function refusedForAll(t: TestContext): Promise<{ portal: TestPortal; browser: SimpleBrowser }> {
  const portal = await testPortal(t, [corp], publicUrl);
  const browser = new SimpleBrowser(portal, [corp]);
  await browser.open('/oidc/corp/start', alice, email);
  await judgeBy(portal, [policyOf('staff-wiki', 'allow', 'wiki', names.map(conditionOf))]);
  return { portal, browser };
}

/** A line as people see it, white space aside. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

test('the portal’s API and the local API of the client give every reason alike, name, sentence and remedy', async (t) => {
  const { portal, browser } = await refusedForAll(t);
  const device = await enrolDevice(portal);
  const shown = (await browser.call('GET', 'me/resources/wiki')).json as PortalResource;
  const [listed] = ((await browser.call('GET', 'me/resources')).json as MyResources).resources;
  const local = explain('wiki', await knowledgeOf(portal, device));
  assert.deepEqual(
    shown.reasons.map(({ name }) => name),
    ['allow-matches', ...names],
  );
  for (const reason of shown.reasons) {
    // The remedy for the system that the device reported, which is the one of this machine.
    const { policy, ...expected } = readableReason({ name: reason.name as ReasonName }, 'linux');
    assert.equal(policy, undefined);
    assert.deepEqual(reason, { ...expected, policy: 'staff-wiki' });
  }
  assert.deepEqual(local.reasons, shown.reasons);
  assert.deepEqual(listed?.reasons, shown.reasons);
});

test('the DNS answer’s extended error gives every reason that refuses by the same name, sentence and remedy', async (t) => {
  const { portal } = await refusedForAll(t);
  const knowledge = await knowledgeOf(portal, await enrolDevice(portal));
  const [wiki] = knowledge.resources;
  assert.ok(wiki !== undefined && !wiki.granted);
  for (const name of names.filter((each) => !reasonTexts[each].met)) {
    const alone: Knowledge = { ...knowledge, resources: [{ ...wiki, reasons: [{ name }] }] };
    const resolver = createResolver({
      pool: new AddressPool(parseRange(defaultRange) as AddressRange, () => 0),
      names: () => namesOf(alone),
      upstreams: () => [],
      exists: async () => 'no',
      records: async () => 'no',
      clock: systemClock,
      random: systemRandom,
    });
    const reply = await resolver.answer(question('wiki.acme.internal'), 'udp');
    assert.ok(reply !== undefined);
    const { code, text = '' } = extendedError(packet.decode(reply)) ?? {};
    const { text: sentence, fix = '' } = readableReason({ name }, 'linux');
    assert.equal(code, 18);
    assert.equal(text, `${sentence} (${name}).${fix === '' ? '' : ` ${fix}`}`);
    // The same as where the client refuses a flow, and as `why` on the same knowledge.
    assert.deepEqual(explain('wiki', alone).reasons, [readableReason({ name }, 'linux')]);
  }
});

test('the page shows every reason by the same name, sentence and remedy, its trace, and the ways on', async (t) => {
  const { portal } = await refusedForAll(t);
  await portal.app.listen({ host: '127.0.0.1', port: Number(publicUrl.port) });
  const chrome = await launchBrowser(t);
  const context = await chrome.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(new URL('/refused?resource=wiki', publicUrl).href);
  await page.getByRole('link', { name: 'Continue with corp' }).click();
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(alice.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'You may not use wiki, because' }).waitFor();
  const items = (await page.getByRole('main').getByRole('listitem').allInnerTexts()).map(plain);
  for (const name of names) {
    const { met, text, fix } = readableReason({ name });
    const line = plain(`${met ? 'Met' : 'Not met'}: ${text} ${fix ?? ''} ${name} · policy staff-wiki`);
    assert.ok(items.includes(line), `${line}\nis not among\n${items.join('\n')}`);
  }
  const trace = /trace ([0-9a-f]{16})\b/.exec(plain(await page.getByRole('main').innerText()))?.[1];
  const [entry] = await portal.audit('access.refuse');
  assert.equal(JSON.parse(entry?.detail ?? '{}').trace, trace);
  assert.deepEqual(JSON.parse(entry?.reasons ?? '[]'), ['allow-matches', ...names]);

  // The same person again is the same refusal; another reason is another.
  await page.getByRole('button', { name: 'Check again' }).click();
  await judgeBy(portal, [policyOf('staff-wiki', 'allow', 'wiki', [conditionOf('mfa-missing')])]);
  await page.getByRole('button', { name: 'Check again' }).click();
  await page.getByText('mfa-missing').waitFor();
  await page.getByText('posture-met').waitFor({ state: 'detached' });
  assert.equal((await portal.audit('access.refuse')).length, 2);

  await page.getByRole('button', { name: 'Sign in as somebody else' }).click();
  await page.waitForURL((url) => url.origin === new URL(corp.issuer).origin);
  // The provider asks again, and does not take the one who was signed in there.
  await page.getByLabel('Password').waitFor();
});
