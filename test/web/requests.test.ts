/** Asking and approving in a real Chromium against a real controller and a real provider. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { requestDocument } from '../controller/requests/request-bench.ts';
import { testPortal, type TestPortal } from '../login/support/portal.ts';
import { openMailer, type Mailer } from '../../controller/notifications/mailer.ts';
import { eventually } from '../support/eventually.ts';
import { MailSink, textOf } from '../support/mail-sink.ts';
import { person, startProvider } from '../login/support/provider.ts';
import { freePort } from '../support/servers/free-port.ts';
import { launchBrowser, openPage, picture, signInAtCorp } from './support/portal-pages.ts';

const people = {
  'alice@acme.example': person('a1', ['staff']),
  'lea@acme.example': person('l1', ['leads']),
};
const publicUrl = new URL(`http://postern.localhost:${await freePort()}`);
const corp = await startProvider({ after }, 'corp', publicUrl, people, {});
const browser = await launchBrowser({ after });

async function open(t: TestContext, mailer?: Mailer): Promise<TestPortal> {
  const portal = await testPortal(t, [corp], publicUrl, mailer);
  const document = requestDocument();
  const [prod, emergency] = document.requests ?? [];
  if (prod === undefined || emergency === undefined) throw new Error('the rules are missing');
  await portal.apply({
    ...document,
    identityProviders: [corp.document],
    requests: [
      { ...prod, quorum: 1, approvers: { groups: ['leads'], people: ['lea@acme.example'] } },
      emergency,
    ],
  });
  await portal.app.listen({ host: '127.0.0.1', port: Number(publicUrl.port) });
  return portal;
}

/** A page of this person, who is signed in where `path` leads. */
async function pageOf(t: TestContext, email: keyof typeof people, path: string): Promise<Page> {
  const page = await openPage(t, browser);
  await page.goto(new URL(path, publicUrl).href);
  await signInAtCorp(page, publicUrl, { email, password: people[email].password });
  return page;
}

test('a refused person asks on the page that refused them, an approver sees what it waives, and the page opens the way', async (t) => {
  const portal = await open(t);
  const alice = await pageOf(t, 'alice@acme.example', '/refused?resource=databases');
  await alice.getByRole('button', { name: 'Ask for it' }).click();
  await alice.getByLabel('For how long').selectOption('4h');
  await alice.getByLabel('Why you need it').fill('Restore the backup of <b>Tuesday</b>');
  await picture(alice, 'ask');
  await alice.getByRole('button', { name: 'Ask', exact: true }).click();
  await alice.getByText('You have asked for it').waitFor();
  // A second one would be refused: it is not offered.
  await alice.goto(new URL('/requests', publicUrl).href);
  await alice.getByText('Asked already').waitFor();
  assert.equal(await alice.getByRole('button', { name: 'Ask for databases' }).count(), 0);
  await alice.goto(new URL('/refused?resource=databases', publicUrl).href);
  await alice.getByText('You have asked for it').waitFor();
  const lea = await pageOf(t, 'lea@acme.example', '/');
  await lea.getByText('1 waits for your answer.').waitFor();
  await picture(lea, 'home-with-requests');
  await lea.getByRole('link', { name: 'Answer' }).click();
  await lea.getByText('Restore the backup of <b>Tuesday</b>').waitFor();
  await lea.getByLabel('prod-needs').check();
  await lea.getByLabel('For how long').selectOption('1h');
  await picture(lea, 'approve');
  await lea.getByRole('button', { name: 'Approve' }).click();
  await lea.getByText('Approved').waitFor();
  await alice.getByRole('button', { name: 'Check again' }).click();
  await alice.getByText('You may use databases').waitFor();
  const [row] = (await portal.admin('GET', '/api/v1/requests')).json<{
    requests: { state: string; waives: string[] }[];
  }>().requests;
  assert.deepEqual([row?.state, row?.waives], ['approved', ['prod-needs']]);
  await alice.goto(new URL('/requests', publicUrl).href);
  await picture(alice, 'requests');
  await alice.getByRole('button', { name: 'End it now: databases' }).click();
  await alice.getByText('Withdrawn').waitFor();
});

test('a denial by the link of a mail is read where it was asked, and breaking the glass says what it does before it does it', async (t) => {
  const sink = await MailSink.open();
  t.after(() => sink.close());
  const failed = (error: unknown): void => assert.ifError(error);
  await open(t, openMailer({ url: sink.url, from: 'access@acme.example', failed }));
  const alice = await pageOf(t, 'alice@acme.example', '/requests');
  await alice.getByRole('button', { name: 'Ask for databases' }).click();
  await alice.getByLabel('Why you need it').fill('Curious');
  await alice.getByRole('button', { name: 'Ask', exact: true }).click();
  // Whom a rule names is told before they have ever been here.
  const mail = await eventually('the mail', () => sink.mails[0]);
  assert.deepEqual(mail.to, ['lea@acme.example']);
  const link = new URL(/http:\S+&link=\S+/.exec(textOf(mail))?.[0] ?? '');
  const lea = await pageOf(t, 'lea@acme.example', link.pathname + link.search);
  await picture(lea, 'by-mail');
  await lea.getByLabel('Or why not').fill('Use the replica');
  await lea.getByRole('button', { name: 'Deny' }).click();
  await lea.getByText('Denied', { exact: true }).waitFor();
  await alice.reload();
  await alice.getByText('Use the replica').waitFor();
  await alice.getByRole('button', { name: 'Break the glass for databases' }).click();
  await alice.getByText('approved by nobody, and everybody who watches over it is told').waitFor();
  await alice.getByLabel('Why you need it').fill('Outage 4711');
  await alice.getByRole('button', { name: 'Let me in' }).click();
  await alice.getByText('You may use it now').waitFor();
  await alice.reload();
  await alice.getByText('Broke the glass').waitFor();
  await picture(alice, 'broke-the-glass');
});
