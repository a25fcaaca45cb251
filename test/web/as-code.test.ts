/** What is asked before a change shows the change as code: nothing is sent by showing it, and the line does it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { createApiToken } from '../../controller/api-tokens.ts';
import { codeOf } from '../../web/src/api/code-of.ts';
import { axeFindings, startDashboard } from './support/dashboard.ts';

const dashboard = await startDashboard({ after });
const { portal } = dashboard;
const { store } = portal.context.organisation(portal.context.firstOrganisation);
const { page, complaints } = await dashboard.open();
const sent: string[] = [];
page.on('request', (request) => {
  if (request.method() !== 'GET') sent.push(`${request.method()} ${new URL(request.url()).pathname}`);
});

const openSessions = async (): Promise<number> =>
  (await store.select('sessions').select('id').where('ended_ms', 'is', null).execute()).length;

test('what a button would do stands in the dialog that asks, and done by that line it is the same', async () => {
  await page.goto(dashboard.url('/admin/sessions'));
  await page
    .getByRole('button', { name: /^Cut the session of person5@/ })
    .first()
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('As code').click();
  const line = (await dialog.getByRole('region', { name: 'The change as code' }).innerText()).replaceAll(
    '\n',
    ' ',
  );
  assert.match(line, /^curl -X DELETE .*\/api\/v1\/sessions\/ses_\w+$/);
  assert.deepEqual(await axeFindings(page), []);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.deepEqual(sent, [], 'showing it sent it');
  const before = await openSessions();
  const { context } = portal;
  const { text: token } = await createApiToken(store, 'admin', {
    nowMs: context.now(),
    random: context.random,
    who: 'test',
  });
  await promisify(execFile)('sh', ['-c', line.replace('curl ', 'curl --fail --silent ')], {
    env: { ...process.env, TOKEN: token },
  });
  assert.equal(await openSessions(), before - 1);
});

test('the button sends it once', async () => {
  await page.goto(dashboard.url('/admin/sessions'));
  const before = await openSessions();
  await page
    .getByRole('button', { name: /^Cut the session of person6@/ })
    .first()
    .click();
  await page.getByRole('dialog').getByRole('button', { name: /^Cut/ }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(sent.length, 1);
  assert.equal(await openSessions(), before - 1);
});

test('what a form would make is shown as it stands', async () => {
  await page.goto(dashboard.url('/admin/people?tab=service-accounts'));
  await page.getByRole('link', { name: 'ci', exact: true }).click();
  await page.getByRole('button', { name: 'Make a key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('As code').click();
  await dialog.getByText(`-d '{"purpose":"service","name":"ci"}'`).waitFor();
  await dialog.getByLabel('Ends after').fill('90d');
  await dialog.getByText('"expires":"90d"').waitFor();
});

test('a line is one for a shell, whatever stands in it; what is a person’s own has none', async () => {
  const origin = 'https://access.acme.example';
  const body = { name: `it's $(id) "so" \\ \`x\`` };
  const line = codeOf({ method: 'POST', path: 'tokens?force=true&x=1', sent: { body } }, origin) ?? '';
  const { stdout } = await promisify(execFile)(
    'sh',
    ['-c', line.replace('curl ', String.raw`printf '%s\n' `)],
    {
      env: { TOKEN: 'secret', PATH: process.env['PATH'] },
    },
  );
  const words = stdout.trimEnd().split('\n');
  assert.deepEqual(JSON.parse(words.at(-2) ?? ''), body);
  assert.equal(words.at(-1), `${origin}/api/v1/tokens?force=true&x=1`);
  assert.ok(words.includes('Authorization: Bearer secret'));
  assert.equal(codeOf({ method: 'POST', path: 'me/sign-out', sent: {} }, origin), undefined);
});

test('nothing went wrong in the browser meanwhile', () => {
  assert.deepEqual(complaints, []);
});
