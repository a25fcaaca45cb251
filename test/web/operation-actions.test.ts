/** What is run rather than declared, in a real Chromium, each with its effect by the API: servers, keys, passes, sessions, mail. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEnrolmentKey } from '../../controller/enrolment/enrolment-keys.ts';
import { createApiToken } from '../../controller/api-tokens.ts';
import { exposeForDevice } from '../../controller/exposures/for-device.ts';
import type { ExposeCall } from '../../protocol/exposures.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import type { DeviceEntry, KeyEntry, PersonEntry, ServerEntry } from '../../protocol/inventory.ts';
import type { PassEntry } from '../../protocol/passes.ts';
import { MailSink } from '../support/mail-sink.ts';
import { startDashboard } from './support/dashboard.ts';
import { undone } from './support/mutations.ts';

const sink = await MailSink.open();
after(() => sink.close());
const dashboard = await startDashboard({ after }, { smtp: sink.url });
const { ask, portal, busy } = dashboard;
const organisation = portal.context.organisation(portal.context.firstOrganisation);
const { page, complaints } = await dashboard.open();

const go = (path: string) => dashboard.go(page, path);

const inForce = async () => (await organisation.reader.current()).document;
const dialog = () => page.getByRole('dialog').last();
const press = (name: string | RegExp) => page.getByRole('button', { name }).last().click();

test('what somebody exposes is seen with whom it is for, and ended: it is over at once', async () => {
  const before = await inForce();
  await portal.admin('PUT', '/api/v1/document?secrets=keep', {
    ...before,
    expose: { suffix: 'apps.acme.example' },
    policies: [
      ...(before.policies ?? []),
      { name: 'sre-expose', allow: { groups: ['sre'] }, mayExpose: true },
    ],
  });
  const call: ExposeCall = {
    t: 'expose',
    id: 1,
    call: { what: 'begin', wanted: { port: 3_000, allow: { groups: ['staff'] } } },
  };
  const device = busy.device as DeviceId;
  const begun = await exposeForDevice(portal.context, organisation.id, device, call);
  assert.equal(begun.status, 201);
  await go('/admin/exposures');
  await page.getByRole('row', { name: /alice.*staff/ }).waitFor();
  await press(/^End alice/);
  await press('End now');
  await page.getByText('Nothing is exposed').waitFor();
  assert.deepEqual((await organisation.reader.current()).exposures, []);
  await portal.admin('PUT', '/api/v1/document?secrets=keep', before);
});

test('a connector and a relay are removed from their lists, and the relay inside a controller has no such button', async () => {
  const names = async (kind: 'connectors' | 'relays') =>
    (await ask<ServerEntry[]>(kind)).map(({ name }) => name);
  await go('/admin/networks?tab=connectors');
  await press('Remove lab-1');
  await press('Remove it');
  await page.getByText('The connector lab-1 is removed.').waitFor();
  assert.deepEqual(await names('connectors'), ['hq-1']);

  const { organisation: _, ...relay } = await organisation.store
    .select('nodes')
    .selectAll()
    .where('kind', '=', 'relay')
    .executeTakeFirstOrThrow();
  const id = relay.id.replace(/.$/, (last) => (last === '0' ? '4' : '0')) as typeof relay.id;
  await organisation.store.insert('nodes', { ...relay, id, mk: '', nk: 'y', name: 'inside' }).execute();
  await go('/admin/networks?tab=relays');
  await page.getByText('inside the controller').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Remove inside' }).count(), 0);
  await press('Remove relay-1');
  await press('Remove it');
  await page.getByText('The relay relay-1 is removed.').waitFor();
  assert.deepEqual(await names('relays'), ['inside']);
});

test('a relay is added by one text to copy, and its steps turn when it comes', async () => {
  await go('/admin/networks?tab=relays');
  await press('Add a relay');
  await dialog().getByLabel('Name', { exact: true }).fill('inside');
  await dialog().getByText('There is a relay called inside already.').waitFor();
  await dialog().getByLabel('Name', { exact: true }).fill('relay-9');
  await dialog().getByLabel('Its address').fill('http://relay9.acme.example');
  await dialog().getByText('begin with https').waitFor();
  await dialog().getByLabel('Its address').fill('https://relay9.acme.example:8444');
  await press('Make its key');
  const line = await dialog().getByRole('region', { name: 'The line to run' }).innerText();
  assert.match(
    line,
    /^postern relay --listen 0\.0\.0\.0:8444 --public-url https:\/\/relay9\.acme\.example:8444 --controller http\S+ --key pk_\S+ --state \S+$/,
  );
  const key = (await ask<KeyEntry[]>('enrolment-keys')).find(({ name }) => name === 'relay-9');
  assert.equal(key?.purpose, 'relay');
  const { organisation: _, ...like } = await organisation.store
    .select('nodes')
    .selectAll()
    .where('kind', '=', 'relay')
    .executeTakeFirstOrThrow();
  const id = like.id.replace(/..$/, 'zz').replace('zz', '08') as typeof like.id;
  await organisation.store.insert('nodes', { ...like, id, mk: 'm', nk: 'n', name: 'relay-9' }).execute();
  portal.context.presence.enter(id);
  await dialog().getByText('relay-9 is connected').waitFor();
});

test('an enrolment key is deleted, and lets nobody in any more', async () => {
  await createEnrolmentKey(
    organisation.store,
    {
      purpose: 'relay',
      target: 'relay-7',
      uses: 1,
      expiresMs: portal.context.now() + 3_600_000,
      root: portal.context.keys.root.key.publicKey,
      url: portal.publicUrl.origin,
    },
    { nowMs: portal.context.now(), random: portal.context.random, who: 'test' },
  );
  await go('/admin/settings?tab=keys');
  await press('Delete the key for relay-7');
  await press('Delete it');
  await page.getByText('The key for relay-7 is deleted.').waitFor();
  const keys = await ask<KeyEntry[]>('enrolment-keys');
  assert.ok(keys.every(({ name }) => name !== 'relay-7'));
});

test('a service token is made and revoked, and a person’s device pass is found and revoked', async () => {
  await go('/admin/people?tab=passes');
  await page.getByText('No pass', { exact: true }).waitFor();
  await press('Make a service token');
  await dialog().getByLabel('For the service account').selectOption('ci');
  await dialog().getByLabel('Opens the resource').selectOption('wiki');
  await dialog().getByLabel('What it is for').fill('nightly');
  await press('Make the token');
  const headers = await dialog().getByRole('region', { name: 'The headers' }).innerText();
  assert.match(headers, /^Postern-Client-Id: tok_\S+\nPostern-Client-Secret: \S+$/);
  await press('Done');
  const passes = () => ask<PassEntry[]>('passes');
  const [made] = await passes();
  assert.deepEqual(
    [made?.name, made?.kind, made?.subjectName, made?.resource],
    ['nightly', 'service', 'ci', 'wiki'],
  );
  const { organisation: _, ...row } = await organisation.store
    .select('web_passes')
    .selectAll()
    .executeTakeFirstOrThrow();
  const id = row.id.replace(/.$/, (last) => (last === '0' ? '4' : '0')) as typeof row.id;
  await organisation.store
    .insert('web_passes', { ...row, id, kind: 'device', name: 'my phone', subject: busy.owner, hash: 'x' })
    .execute();
  await go('/admin/people?tab=passes&kind=device');
  await page.getByText('1 of 2 passes').waitFor();
  await press('Revoke the device pass my phone of Alice Adeyemi');
  await press('Revoke it');
  await page.getByText('is revoked').waitFor();
  assert.deepEqual(
    (await passes()).map(({ name }) => name),
    ['nightly'],
  );
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('service');
  await press('Revoke the service token nightly of ci');
  await press('Revoke it');
  await page.getByText('No pass', { exact: true }).waitFor();
  assert.deepEqual(await passes(), []);
});

test('a device is forgotten, and a person signed out everywhere', async () => {
  const devices = () => ask<DeviceEntry[]>('devices');
  const before = await devices();
  const device = before.find(({ id }) => id === busy.device);
  await go(`/admin/devices/${busy.device}`);
  await press('Forget');
  await press('Forget it');
  await page.waitForURL(dashboard.url('/admin/devices'));
  const after_ = await devices();
  assert.deepEqual(
    before.filter(({ id }) => !after_.some((each) => each.id === id)).map(({ id }) => id),
    [device?.id],
  );

  const people = () => ask<PersonEntry[]>('people');
  const person = (await people()).find(({ email }) => email === 'person4@acme.example');
  assert.ok(person !== undefined && person.sessions > 0);
  await go(`/admin/people/${person.id}`);
  await press('Sign out everywhere');
  await dialog().getByRole('button', { name: 'Sign out everywhere' }).click();
  await page.getByText(/is signed out everywhere/).waitFor();
  assert.equal((await people()).find(({ id }) => id === person.id)?.sessions, 0);
});

test('a service account and a provider are added by their forms', async () => {
  const save = async (): Promise<void> => {
    await press('See what it would do');
    await dialog().getByText('What changes in the document').waitFor();
    await dialog().getByRole('button', { name: 'Save' }).click();
    await page
      .getByText(/Saved as revision/)
      .last()
      .waitFor();
  };
  await go('/admin/people?tab=service-accounts');
  await press('Add a service account');
  await dialog().getByLabel('Name', { exact: true }).fill('monitor');
  await dialog().getByRole('combobox', { name: 'Groups' }).fill('automation');
  await dialog().getByRole('combobox', { name: 'Groups' }).press('Enter');
  await save();
  assert.deepEqual((await inForce()).serviceAccounts?.at(-1), { name: 'monitor', groups: ['automation'] });
  await page.getByRole('link', { name: 'monitor' }).waitFor();

  await go('/admin/settings?add=provider');
  await dialog().getByLabel('Name', { exact: true }).fill('partners');
  await dialog().getByLabel('Issuer').fill('https://idp.partner.example');
  await dialog().getByLabel('Client id').fill('postern');
  await dialog().getByLabel('Client secret').fill('a secret of the partners');
  await dialog().getByLabel('Claim with the groups').fill('roles');
  await save();
  assert.deepEqual((await inForce()).identityProviders?.at(-1), {
    name: 'partners',
    issuer: 'https://idp.partner.example',
    clientId: 'postern',
    groupsClaim: 'roles',
  });
});

test('a token is given another role, and can do no more than that from then on', async () => {
  const { store } = organisation;
  const at = { nowMs: portal.context.now(), random: portal.context.random, who: 'test' };
  const { text } = await createApiToken(store, 'admin', { ...at, name: 'deploys' });
  const asToken = (method: 'GET' | 'POST', url: string) =>
    portal.app.inject({ method, url, headers: { authorization: `Bearer ${text}` } });
  assert.equal((await asToken('GET', '/api/v1/tokens')).statusCode, 200);
  await go('/admin/settings?tab=tokens');
  await page.getByLabel('Role of the token deploys').selectOption('auditor');
  await press('Make it auditor');
  await page.getByText('The token deploys is auditor now.').waitFor();
  assert.equal((await asToken('GET', '/api/v1/tokens')).statusCode, 403);
  assert.equal((await asToken('GET', '/api/v1/people')).statusCode, 200);
});

test('a test mail goes to the server, and what that says of it is shown', async () => {
  await go('/admin/settings?tab=mail');
  await page.getByRole('textbox', { name: 'To' }).fill('bob@acme.example');
  await press('Send');
  await page.getByText('The server took it').waitFor();
  assert.deepEqual(
    sink.mails.map(({ to }) => to),
    [['bob@acme.example']],
  );
  sink.refusing = 550;
  await press('Send');
  await page.getByText('It was not sent').waitFor();
  await page.getByText('The last mail was not taken').waitFor();
  sink.refusing = undefined;
});

test('the simulator tries another device, its posture and an age of several factors, and says what changes', async () => {
  await go('/admin/policies?tab=simulate&resource=databases&user=alice@acme.example');
  const run = async (): Promise<string> => {
    const answer = page.waitForResponse((response) => response.url().endsWith('/api/v1/simulate'));
    await press('Simulate');
    return (await answer).request().postData() ?? '';
  };
  await page.getByLabel('On the device').selectOption('none');
  assert.equal((JSON.parse(await run()) as { device: unknown }).device, null);
  await page.getByText('Refused', { exact: true }).waitFor();
  await page.getByLabel('On the device').selectOption('');
  await page.getByLabel('Several factors were used').fill('1h');
  await page.getByLabel('At', { exact: true }).fill('2026-11-20T12:00');
  await page.getByLabel('As if the device reported otherwise').check();
  await page.getByLabel('Its version').fill('6.1.0');
  await page.getByLabel('The disk is encrypted').selectOption('no');
  assert.deepEqual((JSON.parse(await run()) as { posture: unknown }).posture, {
    os: 'linux',
    clientVersion: '0.1.0',
    osVersion: '6.1.0',
    diskEncryption: false,
  });
  await page.getByText('Refused', { exact: true }).waitFor();
  await page.getByLabel('The disk is encrypted').selectOption('yes');
  await run();
  await page.getByText('Allowed', { exact: true }).waitFor();
  await page.getByLabel('Several factors were used').fill('13h');
  await run();
  await page.getByText('Refused', { exact: true }).waitFor();
});

test('all that this file is to do was done in the browser, where nothing went wrong', () => {
  assert.deepEqual(undone(import.meta.filename), []);
  assert.deepEqual(complaints, []);
});
