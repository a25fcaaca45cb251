/** What the portal shows a person of the organisation's resources. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hiddenText } from '../../protocol/reasons.ts';
import type { MyResources, PortalResource } from '../../protocol/portal.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { testPortal, testUrl } from './support/portal.ts';
import { person, startProvider } from './support/provider.ts';
import { SimpleBrowser } from './support/simple-browser.ts';

const sre = person('s3', ['staff', 'sre']);
const bob = person('b2', []);
const corp = await startProvider({ after }, 'corp', testUrl, {
  'sre@acme.example': sre,
  'bob@acme.example': bob,
});

test('it lists what policy allows and what the person could mend, with reasons and no address', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = new SimpleBrowser(portal, [corp]);
  await browser.open('/oidc/corp/start', sre, 'sre@acme.example');
  const { device, resources } = (await browser.call('GET', 'me/resources')).json as MyResources;
  assert.equal(device, null);
  assert.deepEqual(
    resources.map(({ name, state }) => [name, state]),
    [
      ['wiki', 'granted'],
      ['databases', 'refused'],
    ],
  );
  const failing = resources[1]?.reasons.find(({ met }) => !met);
  assert.equal(failing?.name, 'posture-unknown');
  assert.ok(failing.text !== '' && failing.fix !== undefined);
  assert.deepEqual(resources[1]?.hosts, ['*.db.acme.internal']);
  // The configured version is nobody's to read.
  assert.doesNotMatch(JSON.stringify(resources), /5\.10|10\.20\.0\.9/);
});

test('T7 what is hidden and what does not exist answer alike', async (t) => {
  const portal = await testPortal(t, [corp]);
  const browser = new SimpleBrowser(portal, [corp]);
  await browser.open('/oidc/corp/start', bob, 'bob@acme.example');
  assert.deepEqual(((await browser.call('GET', 'me/resources')).json as MyResources).resources, []);
  const hidden = await browser.call('GET', 'me/resources/databases');
  const missing = await browser.call('GET', 'me/resources/there-is-none');
  assert.equal(hidden.status, 404);
  // test/explain/hidden.test.ts compares every byte and every step.
  const plain = ({ trace, ...rest }: { trace?: string }): object => ({ ...rest, traced: trace?.length });
  assert.deepEqual(plain(hidden.json as object), plain(missing.json as object));
  assert.equal((hidden.json as { detail: string }).detail, hiddenText);
});

test('one resource is found by its name or by a host, and shows the moment at which time alone changes it', async (t) => {
  const portal = await testPortal(t, [corp]);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const document = acmeDocument();
  await portal.apply({
    ...document,
    identityProviders: [corp.document],
    policies: [{ name: 'staff-wiki', allow: { groups: ['staff'] }, to: { resources: ['wiki'] }, until }],
  });
  const browser = new SimpleBrowser(portal, [corp]);
  await browser.open('/oidc/corp/start', sre, 'sre@acme.example');
  assert.equal((await browser.call('GET', 'me/resources/elsewhere.acme.internal')).status, 404);
  for (const name of ['wiki', 'WIKI.acme.internal']) {
    const found = (await browser.call('GET', `me/resources/${name}`)).json as PortalResource;
    assert.equal(found.name, 'wiki');
    assert.equal(found.until, until);
  }
  portal.time.ahead = 3_601_000;
  assert.equal((await browser.call('GET', 'me/resources/wiki')).status, 404);
});
