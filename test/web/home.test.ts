/** Home in a real Chromium: what needs attention, with the way to it; what was refused, with the very entries; the first steps. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { appendAudit } from '../../controller/audit/append-audit.ts';
import { startDashboard } from './support/dashboard.ts';
import { signInAs } from './support/sign-in-as.ts';
import { makeTrouble } from './support/trouble.ts';

const dashboard = await startDashboard({ after });
const { portal } = dashboard;
const organisation = portal.context.organisation(portal.context.firstOrganisation);
const { page, complaints } = await dashboard.open();

const go = (path: string, on = page) => dashboard.go(on, path);

/** Each line that needs attention, with where it leads. */
async function lines(): Promise<Map<string, string>> {
  const links = page.getByRole('region', { name: 'Needs attention' }).getByRole('link');
  const found = await Promise.all(
    (await links.all()).map(
      async (link) => [await link.innerText(), (await link.getAttribute('href')) ?? ''] as const,
    ),
  );
  return new Map(found);
}

test('what waits and what fails stands on Home, each with the page where it is mended', async () => {
  await go('/admin');
  const before = await lines();
  assert.equal(
    before.get('The network prod-vpc has no connector yet: nothing in it can be used'),
    '/admin/networks/prod-vpc',
  );
  await makeTrouble(portal);
  await go('/admin');
  const now = await lines();
  for (const known of before.keys()) now.delete(known);
  assert.deepEqual(
    [...now],
    [
      ['The directory of corp stopped, since it took away too much at once, and asks', '/admin/settings'],
      ['wiki.acme.example has no certificate: the last try failed', '/admin/hostnames'],
      ['The webhook chat did not take what it was told', '/admin/settings?tab=notifications'],
      ['The posture source mdm could not be asked', '/admin/posture'],
      ['The last mail was not taken by its server', '/admin/settings?tab=mail'],
      ['1 request for access waits for an answer', '/admin/requests?state=pending'],
      ['1 change waits for a second administrator', '/admin/proposals'],
      ['A token of the directory corp ends soon: make another before it is refused', '/admin/settings'],
      ['The API token reports ends soon', '/admin/settings?tab=tokens'],
    ],
  );
  for (const path of now.values()) {
    await go(path);
    assert.equal(await page.getByText('could not be loaded').count(), 0, path);
  }
});

test('what was refused leads to the entries that were counted, of the same day', async () => {
  await go('/admin');
  const refused = page.getByRole('region', { name: 'Refused in the last 24 hours' });
  const total = refused.getByRole('link').first();
  assert.equal(await total.innerText(), '30');
  assert.equal(await total.getAttribute('href'), '/admin/log?result=refused&period=24h');
  const what = refused.getByRole('link', { name: 'bastion' });
  const of = await what.getAttribute('href');
  assert.equal(of, '/admin/log?result=refused&period=24h&resource=bastion');
  const row = refused.getByRole('listitem').filter({ has: page.getByText('bastion', { exact: true }) });
  const count = Number((await row.innerText()).split('\n').at(-1));
  await what.click();
  const entries = page.getByRole('list', { name: 'Entries' }).getByRole('button');
  await entries.first().waitFor();
  assert.equal(await entries.count(), count);

  // Whoever may not read the log is shown the figures, and no way that would be refused.
  const { cookie } = await signInAs(portal, 'networker', 'network');
  const other = await dashboard.open({ cookie });
  await go('/admin', other.page);
  const same = other.page.getByRole('region', { name: 'Refused in the last 24 hours' });
  await same.getByText('30', { exact: true }).waitFor();
  assert.equal(await same.getByRole('link').count(), 0);
  await other.context.close();
});

test('the first steps only add: a name that is taken asks for another one', async () => {
  const { document } = await organisation.reader.current();
  const kept = { name: 'everyone-fresh', deny: 'everyone' as const, to: { resources: ['ledger'] } };
  const write = async (more: object): Promise<void> => {
    const answer = await portal.admin('PUT', '/api/v1/document?secrets=keep', { ...document, ...more });
    assert.equal(answer.statusCode, 200, answer.body);
  };
  await write({ policies: [], tests: [], requests: [] });
  await go('/admin/start');
  await page.getByLabel('Name or address').fill('wiki.acme.internal');
  await page.getByText('There is a resource called wiki already').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Protect it' }).isDisabled());
  await page.getByLabel('Called').fill('fresh');
  await page.getByText('There is a resource called').waitFor({ state: 'detached' });
  await write({ policies: [kept], tests: [], requests: [] });
  await page.getByLabel('Name or address').fill('fresh.acme.internal');
  await page.getByRole('button', { name: 'Protect it' }).click();
  await page.getByText('fresh is protected.').waitFor();
  const saved = (await organisation.reader.current()).document;
  assert.deepEqual(saved.policies, [
    kept,
    { name: 'everyone-fresh-2', allow: 'everyone', to: { resources: ['fresh'] } },
  ]);
  assert.deepEqual(
    saved.resources?.filter(({ name }) => name !== 'fresh'),
    document.resources,
  );
  await write({});
});

test('a join that failed is told, whatever the browser’s clock says', async () => {
  const { context, page: ahead } = await dashboard.open();
  await ahead.clock.setSystemTime(Date.now() + 3_600_000);
  await go('/admin/networks?add=connector&network=lab', ahead);
  await ahead.getByRole('button', { name: 'Make its key' }).click();
  await ahead.getByRole('list', { name: 'Steps' }).waitFor();
  const detail = { name: 'lab-7' };
  await appendAudit(organisation.store, [
    { atMs: portal.context.now(), who: '203.0.113.7', what: 'connector.enrol', result: 'refused', detail },
  ]);
  await ahead.getByText('A connector called lab-7 came').waitFor();
  await context.close();
});

test('the palette keeps what the keyboard is at in sight', async () => {
  await go('/admin');
  await page.keyboard.press('Control+K');
  const field = page.getByRole('combobox', { name: 'Go to or find' });
  await field.waitFor();
  await page.getByRole('option').nth(10).waitFor();
  // One up from the first is the last.
  await field.press('ArrowUp');
  const isSeen = await page.evaluate(`(() => {
    const option = document.querySelector('[role="option"][aria-selected="true"]');
    const list = option.parentElement.getBoundingClientRect();
    const { top, bottom } = option.getBoundingClientRect();
    return top >= list.top - 1 && bottom <= list.bottom + 1;
  })()`);
  assert.ok(isSeen);
  await page.keyboard.press('Escape');
});

test('nothing went wrong in the browser meanwhile', () => {
  assert.deepEqual(complaints, []);
});
