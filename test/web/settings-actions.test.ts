/** What administrators set up in the settings and the whole forms, in a real Chromium, each with its effect by the API. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { isSigned } from '../../controller/notifications/signature.ts';
import type { Administrator } from '../../protocol/administrators.ts';
import { systemRandom } from '../../protocol/clock.ts';
import type { DirectoryEntry } from '../../protocol/directories.ts';
import { newId } from '../../protocol/ids.ts';
import { startDashboard } from './support/dashboard.ts';
import { signInAs } from './support/sign-in-as.ts';
import { undone } from './support/mutations.ts';

const dashboard = await startDashboard({ after });
const { ask, portal } = dashboard;
const organisation = portal.context.organisation(portal.context.firstOrganisation);
const { page, complaints } = await dashboard.open();

const go = (path: string, on: Page = page) => dashboard.go(on, path);

const inForce = async () => (await organisation.reader.current()).document;
const dialog = () => page.getByRole('dialog').last();
const press = (name: string | RegExp) => page.getByRole('button', { name }).last().click();

/** Types values into a field that takes several. */
async function choose(label: string, ...values: string[]): Promise<void> {
  const field = dialog().getByRole('combobox', { name: label, exact: true });
  for (const value of values) {
    await field.fill(value);
    await field.press('Enter');
  }
}

async function save(): Promise<void> {
  await press('See what it would do');
  await dialog().getByText('What changes in the document').waitFor();
  await dialog().getByRole('button', { name: 'Save' }).click();
  await page
    .getByText(/Saved as revision/)
    .last()
    .waitFor();
}

test('a token is made with its scopes and end, shown once, and bears no more than that; revoked, it is refused', async () => {
  await go('/admin/settings?tab=tokens');
  await press('Make a token');
  await dialog().getByLabel('Name').fill('reports');
  await dialog().getByLabel('Change everything but enrolment keys').uncheck();
  await dialog().getByLabel('Make enrolment keys').uncheck();
  await dialog().getByLabel('Ends after').selectOption('30d');
  await press('Make the token');
  const text = await dialog().getByRole('region', { name: 'The token' }).innerText();
  assert.match(text, /^at_/);
  const as = (method: 'GET' | 'POST', url: string) =>
    portal.app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${text.trim()}` },
      ...(method === 'POST' ? { payload: { role: 'auditor' } } : {}),
    });
  assert.equal((await as('GET', '/api/v1/people')).statusCode, 200);
  assert.equal((await as('POST', '/api/v1/tokens')).statusCode, 403);
  type Token = { name: string; scopes: string[]; expires: string | null };
  const made = (await ask<Token[]>('tokens')).find(({ name }) => name === 'reports');
  assert.deepEqual(made?.scopes, ['read']);
  assert.ok(made.expires !== null && Date.parse(made.expires) - Date.now() > 29 * 86_400_000);
  await press('Done');
  assert.equal(await page.getByText(text).count(), 0);
  await page.getByLabel('Role of the token reports').selectOption('approver');
  await press('Make it approver');
  await page.getByText('The token reports is approver now.').waitFor();
  assert.equal((await as('GET', '/api/v1/people')).statusCode, 403);
  assert.equal((await as('GET', '/api/v1/requests')).statusCode, 200);
  await press('Revoke the token reports');
  await press('Revoke it');
  await page.getByText('The token reports is revoked.').waitFor();
  assert.equal((await as('GET', '/api/v1/people')).statusCode, 401);
});

test('a person is given a role, another one and none; the last owner stays, and an old sign-in changes nothing', async () => {
  const list = async () =>
    (await ask<{ administrators: Administrator[] }>('administrators')).administrators.map(
      ({ email, role }) => `${email ?? ''} ${role}`,
    );
  await go('/admin/settings?tab=administrators');
  await page.getByText('the last owner').waitFor();
  await press('Add an administrator');
  await dialog().getByLabel('Person').fill('person5@acme.example');
  await dialog().getByLabel('Role').selectOption('network');
  await press('Give the role');
  const role = page.getByLabel('Role of person5@acme.example');
  await role.waitFor();
  assert.deepEqual(await list(), ['alice@acme.example owner', 'person5@acme.example network']);
  await role.selectOption('auditor');
  await press('Make auditor');
  await page.getByText('is auditor from the next sign-in on').waitFor();
  assert.ok((await list()).includes('person5@acme.example auditor'));
  await press('Remove person5@acme.example');
  await press('Take it');
  await page.getByText('administers nothing any more').waitFor();
  assert.deepEqual(await list(), ['alice@acme.example owner']);

  await press('Invite somebody');
  await dialog().getByLabel('E-mail').fill('newcomer@acme.example');
  await dialog().getByLabel('Role').selectOption('support');
  await dialog().getByLabel('Show me the link instead of mailing it').check();
  await dialog().getByRole('button', { name: 'Invite', exact: true }).click();
  assert.match(await dialog().getByRole('region', { name: 'The link' }).innerText(), /\/invitation\?link=/);
  await press('Done');
  const invited = async () =>
    (
      await ask<{ invitations: { email: string; role: string }[] }>('administrators/invitations')
    ).invitations.map(({ email, role }) => `${email} ${role}`);
  assert.deepEqual(await invited(), ['newcomer@acme.example support']);
  await press('Take back the invitation of newcomer@acme.example');
  await press('Take it back');
  await page.getByText('is taken back').waitFor();
  assert.deepEqual(await invited(), []);

  const { cookie } = await signInAs(portal, 'earlier', 'admin', { agoMs: 10 * 60_000 });
  const earlier = await dashboard.open({ cookie });
  await go('/admin/settings?tab=administrators', earlier.page);
  await earlier.page.getByRole('link', { name: 'Sign in again' }).waitFor();
  assert.equal(await earlier.page.getByRole('button', { name: /^(Add|Remove|Invite)/ }).count(), 0);
  await earlier.context.close();
});

test('a directory gets a token, shown once; one that stopped asks, and goes on when somebody says so', async () => {
  const now = async () => (await ask<DirectoryEntry[]>('directories'))[0];
  await go('/admin/settings');
  await press('Make a token for the directory of corp');
  await press('Make the token');
  const text = (await dialog().getByRole('region', { name: 'The token' }).innerText()).trim();
  const users = () =>
    portal.app.inject({ url: '/scim/v2/Users', headers: { authorization: `Bearer ${text}` } });
  assert.equal((await users()).statusCode, 200);
  await press('Done');
  await organisation.store
    .update('directories')
    .set({ halted_ms: portal.context.now() })
    .where('name', '=', 'corp')
    .execute();
  await go('/admin/settings');
  await page.getByText('It stopped, and asks').waitFor();
  assert.notEqual((await now())?.stopped, undefined);
  await press('It is meant: let it go on');
  await press('Let it, for an hour');
  await page.getByText('The directory of corp goes on.').waitFor();
  assert.equal((await now())?.stopped, undefined);
  assert.notEqual((await now())?.allowedUntil, undefined);
  await press(/^Delete the token/);
  await press('Delete it');
  await page.getByText('The token is deleted.').waitFor();
  assert.equal((await users()).statusCode, 401);
});

test('a webhook is added with a drawn secret and tested: what it is told is signed with it', async (t) => {
  const heard: { body: string; signature: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      heard.push({ body, signature: String(request.headers['postern-signature']) });
      response.writeHead(204).end();
    });
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  await go('/admin/settings?tab=notifications');
  await press('Add a webhook');
  await dialog().getByLabel('Name', { exact: true }).fill('ops');
  await dialog().getByLabel('Address').fill(url);
  await press('Draw one');
  const secret = (await dialog().getByRole('region', { name: 'The secret' }).innerText()).trim();
  await save();
  await press('Test ops');
  await page.getByText(/It took the test, in \d+ ms/).waitFor();
  const [told] = heard;
  assert.ok(told !== undefined);
  assert.ok(isSigned(secret, told.signature, told.body, Math.floor(portal.context.now() / 1_000)));
  const { webhooks } = await inForce();
  assert.deepEqual(webhooks?.at(-1), { name: 'ops', url });
});

test('a rule for requests, a posture source and the organisation’s own settings are written by their forms', async () => {
  await go('/admin/settings?tab=requests');
  await press('Add a rule');
  await dialog().getByLabel('Name', { exact: true }).fill('ledger-a-while');
  await choose('Resources', 'ledger');
  await dialog().getByRole('combobox', { name: 'Groups', exact: true }).fill('finance');
  await dialog().getByRole('combobox', { name: 'Groups', exact: true }).press('Enter');
  await dialog().getByLabel('How many of them must agree').fill('2');
  await save();
  assert.deepEqual((await inForce()).requests?.at(-1), {
    name: 'ledger-a-while',
    who: 'everyone',
    to: { resources: ['ledger'] },
    approvers: { groups: ['finance'] },
    quorum: 2,
    longest: '8h',
  });

  await go('/admin/posture');
  await press('Add a source');
  await dialog().getByLabel('Name', { exact: true }).fill('edr');
  await dialog().getByLabel('Its verdicts', { exact: true }).selectOption('poll');
  await dialog().getByLabel('Address', { exact: true }).fill('https://edr.acme.example/v1');
  await dialog().getByLabel('Token', { exact: true }).fill('a-token-of-the-edr');
  await save();
  assert.equal((await inForce()).postureSources?.at(-1)?.poll?.url, 'https://edr.acme.example/v1');

  await go('/admin/settings?tab=organisation');
  await page.getByRole('combobox', { name: 'Private suffixes' }).fill('acme.test');
  await page.getByRole('combobox', { name: 'Private suffixes' }).press('Enter');
  await page.getByRole('button', { name: 'See what it would do to the zones' }).click();
  await dialog().getByRole('button', { name: 'Save' }).click();
  await page
    .getByText(/Saved as revision/)
    .last()
    .waitFor();
  assert.deepEqual((await inForce()).zones, ['acme.internal', 'acme.test']);
});

test('the whole of a web door and of a policy is written by their forms', async () => {
  await go('/admin/resources/ledger');
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog().getByLabel('People open it in any browser, without the client').check();
  await choose('Public hostnames', 'ledger.acme.example', 'books.acme.example');
  await press('Add a path rule');
  await choose('Paths of rule 1', '/healthz');
  await press('Add a path rule');
  await choose('Paths of rule 2', '/admin/*');
  await dialog().getByLabel('Are').last().selectOption('require');
  await choose('In one of the groups', 'finance');
  await press('Move path rule 2 up');
  await dialog().getByText('Headers, health, other sites, certificates').click();
  await press('Add a header');
  await dialog().getByLabel('Name of header 1').fill('X-Email');
  await dialog().getByLabel('Value of header 1').fill('{{email}}');
  await dialog().getByLabel('Certificate', { exact: true }).selectOption('built-in');
  await save();
  assert.deepEqual((await inForce()).resources?.find(({ name }) => name === 'ledger')?.web, {
    hostnames: ['ledger.acme.example', 'books.acme.example'],
    origin: 'https://ledger.acme.internal:443',
    rules: [
      { paths: ['/admin/*'], effect: 'require', groups: ['finance'] },
      { paths: ['/healthz'], effect: 'public' },
    ],
    headers: { 'X-Email': '{{email}}' },
    certificate: 'built-in',
  });

  await go('/admin/policies?add=policy');
  await dialog().getByLabel('Name', { exact: true }).fill('partners');
  await choose('Guests', '*@partner.example');
  await choose('Resources', 'ledger');
  await dialog().getByLabel('Through').selectOption('web');
  await dialog().getByLabel('Within certain hours').check();
  await dialog().getByLabel('Time zone').fill('Europe/Berlin');
  await dialog().getByText('Sat', { exact: true }).click();
  await choose('In a country', 'Germany');
  await dialog().getByLabel('Until', { exact: true }).fill('2036-12-31T12:00');
  await choose('Without having to meet', 'prod-needs');
  await dialog()
    .getByText(/the guest \*@partner\.example may use ledger in the browser/i)
    .waitFor();
  await save();
  assert.deepEqual((await inForce()).policies?.at(-1), {
    name: 'partners',
    allow: { guests: ['*@partner.example'] },
    to: { resources: ['ledger'] },
    doors: ['web'],
    until: new Date('2036-12-31T12:00').toISOString(),
    when: {
      country: ['DE'],
      schedule: { zone: 'Europe/Berlin', days: 'mon-sat', hours: '09:00-18:00' },
    },
    waives: ['prod-needs'],
  });
});

test('a request is answered by an administrator for less than was asked, and what was given is ended', async () => {
  const { cookie } = await signInAs(portal, 'asker', undefined);
  await organisation.store
    .update('people')
    .set({ groups: JSON.stringify(['staff']) })
    .where('subject', '=', 'asker')
    .execute();
  const asking = await dashboard.open({ cookie });
  await go('/requests', asking.page);
  await asking.page.getByRole('button', { name: 'Ask for bastion' }).click();
  await asking.page.getByLabel('For how long').selectOption('4h');
  await asking.page.getByLabel('Why you need it').fill('the disk of bastion is full');
  await asking.page.getByRole('button', { name: 'Ask', exact: true }).click();
  await asking.page.getByText('Waiting', { exact: true }).waitFor();
  await asking.context.close();
  const state = async () =>
    (await ask<{ requests: { state: string }[] }>('requests')).requests.map((each) => each.state);
  await go('/admin/requests?state=pending');
  await press('Open the request of asker@acme.example for bastion');
  await dialog().getByText('the disk of bastion is full').waitFor();
  await dialog().getByLabel('For how long').selectOption('1h');
  await press('Approve');
  await press('End it now');
  assert.deepEqual(await state(), ['approved']);
  await dialog().getByRole('button', { name: 'End it now' }).click();
  await page.getByText(/What asker@acme.example was given is over/).waitFor();
  assert.deepEqual(await state(), ['withdrawn']);

  const [over] = await organisation.store.select('access_requests').selectAll().execute();
  assert.ok(over !== undefined);
  const older = Array.from({ length: 220 }, (_, index) => ({
    ...over,
    id: newId('req', systemRandom(16)),
    reason: `the disk was full before, ${index}`,
    created_ms: over.created_ms - 1 - index,
  }));
  await organisation.store.insert('access_requests', older).execute();
  await go('/admin/requests');
  const rows = (count: number) => page.locator(`[aria-rowcount="${count}"]`).waitFor();
  await rows(201);
  await press('Show older requests');
  await rows(222);
  assert.equal(await page.getByRole('button', { name: 'Show older requests' }).count(), 0);
});

test('a half-written entry takes nothing with it: the form is back once it has a shape', async () => {
  await go('/admin/policies?edit=staff-wiki');
  const yaml = dialog().getByLabel('As YAML');
  await yaml.fill('name: staff-wiki\nallow: everyone\nto: { tags: prod }\n');
  await dialog().getByText('The form cannot show this').waitFor();
  await yaml.fill('name: staff-wiki\nallow: everyone\nto: everything\n');
  await dialog().getByText('Everyone may use everything.').waitFor();
});

test('all that this file is to do was done in the browser, where nothing went wrong', () => {
  assert.deepEqual(undone(import.meta.filename), []);
  assert.deepEqual(complaints, []);
});
