/** From the setup link to a protected application and a refusal, with real programs, in the order in which a person goes. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { axeFindings } from './support/dashboard.ts';
import { firstRun, openFirstRun } from './support/first-run.ts';
import { undone } from './support/mutations.ts';

const pictures = process.env['POSTERN_TEST_PICTURES'];

test('the first run: owner, copied line, a target that is tested, a real flow, a refusal that cuts it, and back', async () => {
  const run = await openFirstRun();
  after(() => run.close());
  const { page, application } = run;
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  const order: string[] = [];
  const asked: Record<string, number> = {};
  const opened = await firstRun(
    run,
    (step) => {
      order.push(step);
      asked[step] = application.asked();
    },
    async () => {
      if (pictures !== undefined)
        await page.screenshot({ path: `${pictures}/first-run-${order.length}.png`, fullPage: true });
    },
  ).catch(async (error: unknown) => {
    throw new Error(`stopped after ${order.join()} at:\n${await page.locator('main').innerText()}`, {
      cause: error,
    });
  });
  assert.deepEqual(order, ['owner', 'line', 'connected', 'tested', 'protected', 'opened', 'refused', 'done']);
  // The test asked it once, and the browser came to it only once it was protected.
  assert.equal(asked['connected'], 0);
  assert.equal(asked['tested'], 1);
  assert.equal(asked['protected'], 1);
  assert.ok((asked['opened'] ?? 0) > 1);
  assert.deepEqual(await axeFindings(page), []);

  // A real flow, seen while it is open and cut from the dashboard; the origin sees it go, and the session stays.
  await opened.reload();
  await opened.getByRole('heading', { name: 'Acme wiki' }).waitFor();
  const streaming = opened.evaluate(async () => {
    const { body } = await fetch('/stream');
    if (body === null) return 'nothing';
    const reader = body.getReader();
    try {
      while (!(await reader.read()).done) continue;
      return 'ended';
    } catch {
      return 'cut';
    }
  });
  await eventually('the stream at the origin', () => application.streams() === 1 || undefined);
  await page.getByRole('link', { name: 'Sessions' }).click();
  await page.getByRole('link', { name: 'Open flows' }).click();
  await page.getByRole('button', { name: /^Cut the flow of .* to wiki$/ }).click();
  if (pictures !== undefined) await page.screenshot({ path: `${pictures}/cut-flow.png` });
  await page.getByRole('button', { name: 'Cut now' }).click();
  await page.getByText(/The flow of .* is cut/).waitFor();
  assert.notEqual(await streaming, 'ended');
  await eventually('the end of the stream at the origin', () => application.streams() === 0 || undefined);
  await page.getByText('Nothing is open').waitFor();
  await opened.reload();
  await opened.getByRole('heading', { name: 'Acme wiki' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('all that this file is to do was done in the browser', () => {
  assert.deepEqual(undone(import.meta.filename), []);
});
