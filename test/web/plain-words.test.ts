/** What forms and reviews of the dashboard say before anything is chosen, and where something does not fit together. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startDashboard } from './support/dashboard.ts';

const dashboard = await startDashboard({ after });
const { page, complaints } = await dashboard.open();

test('a policy is said in a sentence once it says whom it is about, and what', async () => {
  await dashboard.go(page, '/admin/policies');
  await page.getByRole('button', { name: 'Add a policy' }).click();
  const form = page.getByRole('dialog');
  await form.getByText('Choose whom it is about, and what.').waitFor();
  await form.getByLabel('Everyone', { exact: true }).check();
  await form.getByText('Choose whom it is about, and what.').waitFor();
  await form.getByLabel('Every resource', { exact: true }).check();
  await form.getByText('Everyone may use everything.').waitFor();
  await form.getByLabel('This policy').selectOption('deny');
  await form.getByText('nobody may use anything.').waitFor();
});

test('what keeps a network from being removed is called by its name, not by its place in the document', async () => {
  await dashboard.go(page, '/admin/networks/lab');
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  const review = page.getByRole('dialog');
  await review.getByText('resource printer: network').waitFor();
  assert.doesNotMatch(await review.innerText(), /resources\.\d/);
  // The browser itself logs the answer.
  assert.match(complaints.splice(0).join(), /^[^,]*status of 422[^,]*$/);
});

test('buttons beside one another are of one height, whatever their tone', async () => {
  await dashboard.go(page, `/admin/devices/${dashboard.busy.held}`);
  const heights = new Set<number>();
  for (const name of [/^Approve/, 'Forget', 'Block'])
    heights.add((await page.getByRole('button', { name }).first().boundingBox())?.height ?? 0);
  assert.deepEqual([...heights], [40]);
});

test('nothing else went wrong in the browser', () => {
  assert.deepEqual(complaints, []);
});
