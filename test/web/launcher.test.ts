/** The list of what one may use: favourites stand first and stay so, and what is missing is said in short with all of it behind. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { busyDocument } from './support/busy-organisation.ts';
import { axeFindings, startDashboard } from './support/dashboard.ts';

const dashboard = await startDashboard({ after });
const document = busyDocument();
await dashboard.portal.apply({
  ...document,
  policies: [
    ...(document.policies ?? []),
    { name: 'staff-ledger', allow: { groups: ['staff'] }, to: { resources: ['ledger'] } },
  ],
});

test('what somebody marks stands first, also after a reload, until they take it back; it is kept for that person alone', async () => {
  const { page, context, complaints } = await dashboard.open();
  const ready = page.getByRole('region', { name: 'Ready' }).getByRole('heading', { level: 3 });
  await page.goto(dashboard.url('/'));
  await ready.first().waitFor();
  assert.deepEqual(await ready.allInnerTexts(), ['wiki', 'ledger']);
  const star = page.getByRole('button', { name: 'Show ledger first' });
  assert.equal(await star.getAttribute('aria-pressed'), 'false');
  await star.click();
  assert.deepEqual(await ready.allInnerTexts(), ['ledger', 'wiki']);
  await page.reload();
  await ready.first().waitFor();
  assert.deepEqual(await ready.allInnerTexts(), ['ledger', 'wiki']);
  assert.equal(await star.getAttribute('aria-pressed'), 'true');
  assert.deepEqual(await axeFindings(page), []);
  const kept = await page.evaluate('Object.keys(localStorage)');
  assert.deepEqual(kept, [`postern.favourites.${dashboard.busy.owner}`]);
  await star.click();
  assert.deepEqual(await ready.allInnerTexts(), ['wiki', 'ledger']);
  assert.deepEqual(await page.evaluate('Object.keys(localStorage)'), []);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('of what is refused the list says what is missing and how to mend it, and on demand all that was looked at', async () => {
  const { page, context, complaints } = await dashboard.open();
  await page.goto(dashboard.url('/'));
  const row = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'bastion' }) });
  await row.getByText('The disk is not encrypted').first().waitFor();
  assert.ok(await row.getByText('Encrypt the disk with LUKS').first().isVisible());
  assert.ok(!(await row.getByText('A policy allows it').isVisible()));
  await row.getByText('All that was looked at').click();
  assert.ok(await row.getByText('A policy allows it').isVisible());
  assert.ok(await row.getByText('posture-disk-not-encrypted').isVisible());
  assert.deepEqual(await axeFindings(page), []);
  assert.deepEqual(complaints, []);
  await context.close();
});
