/** The page for guests in a real Chromium: asking for a code, typing it wrong and right, and the way on for everybody else. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openMailer } from '../../controller/notifications/mailer.ts';
import { webDocument, wikiHost } from '../controller/web/web-bench.ts';
import { testPortal } from '../login/support/portal.ts';
import { person, startProvider } from '../login/support/provider.ts';
import { freePort } from '../support/servers/free-port.ts';
import { codeIn, MailSink } from '../support/mail-sink.ts';
import { until } from '../support/until.ts';
import { noteActions, undone } from './support/mutations.ts';
import { launchBrowser, picture } from './support/portal-pages.ts';

const publicUrl = new URL(`http://postern.localhost:${await freePort()}`);
const corp = await startProvider(
  { after },
  'corp',
  publicUrl,
  { 'alice@acme.example': person('a1', []) },
  {},
);
const browser = await launchBrowser({ after });

test('a guest asks for a code, mistypes it, and is sent on to the hostname; the page says of nobody whether they are invited', async (t) => {
  const sink = await MailSink.open();
  const failed = (error: unknown): void => assert.fail(String(error));
  const mailer = openMailer({ url: sink.url, from: 'access@acme.example', failed });
  const portal = await testPortal(t, [corp], publicUrl, mailer);
  t.after(() => sink.close());
  const document = webDocument();
  const guests = { name: 'guests', allow: { guests: ['pat@customer.example'] }, to: { resources: ['wiki'] } };
  await portal.apply({
    ...document,
    identityProviders: [corp.document],
    policies: [...(document.policies ?? []), guests],
  });
  await portal.app.listen({ host: '127.0.0.1', port: Number(publicUrl.port) });
  const context = await browser.newContext({ viewport: { width: 390, height: 900 } });
  noteActions(context);
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const query = new URLSearchParams({ host: wikiHost, c: 'c'.repeat(43), n: '0a1b', rd: '/page?x=1' });
  await page.goto(new URL(`/web/start?${query.toString()}`, publicUrl).href);
  await page.getByRole('link', { name: 'Continue with corp' }).waitFor();
  await picture(page, 'guest-ask');
  await page.getByLabel('Your e-mail address').fill('eve@evil.example');
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByText('If eve@evil.example is invited, a code is on its way').waitFor();
  await page.getByRole('button', { name: 'Use another address' }).click();
  await page.getByLabel('Your e-mail address').fill('pat@customer.example');
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByText('If pat@customer.example is invited, a code is on its way').waitFor();
  await until(() => sink.mails.length === 1);
  const code = codeIn(sink.mails[0]);
  await page.getByLabel('Code').fill(code === '0000 0000' ? '1111 1111' : '0000 0000');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('This code does not work').waitFor();
  await picture(page, 'guest-wrong');
  await page.getByLabel('Code').fill(code);
  const left = page.waitForRequest((request) =>
    request.url().startsWith(`https://${wikiHost}:8443/.postern/callback?`),
  );
  await page.getByRole('button', { name: 'Continue' }).click();
  const to = new URL((await left).url());
  assert.equal(to.searchParams.get('rd'), '/page?x=1');
  assert.deepEqual(await context.cookies(publicUrl.href).then((list) => list.map(({ name }) => name)), [
    'postern-signin',
  ]);
});

test('all that this file is to do was done in the browser', () => {
  assert.deepEqual(undone(import.meta.filename), []);
});
