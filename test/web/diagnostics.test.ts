/** Diagnostics as people see it: what runs, what went wrong, and one form for whether somebody reaches something. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { systemRandom } from '../../protocol/clock.ts';
import { toBase64Url } from '../../protocol/encoding.ts';
import { newId } from '../../protocol/ids.ts';
import { axeFindings, startDashboard } from './support/dashboard.ts';
import { signInAs } from './support/sign-in-as.ts';

const dashboard = await startDashboard({ after });
const { portal } = dashboard;
const { store } = portal.context.organisation(portal.context.firstOrganisation);
const pictures = process.env['POSTERN_SCREENSHOTS'];

await store
  .update('nodes')
  .set({
    version: '0.0.1',
    certificates: JSON.stringify([
      {
        host: 'wiki.acme.example',
        from: 'acme',
        state: 'ready',
        until: 1_803_050_979,
        problem: 'the CA is away',
      },
    ]),
  })
  .where('name', '=', 'hq-1')
  .execute();
await store.update('webhooks').set({ fault: 'it answered 500' }).where('name', '=', 'chat').execute();

async function ask(page: Page, who: string, what: string): Promise<void> {
  await page.getByLabel('Who').fill(who);
  await page.getByLabel('Wants to reach').fill(what);
  await page.getByRole('button', { name: 'Find out' }).click();
}

test('support reads what runs and what went wrong, asks who reaches what, and is offered nothing that it may not do', async () => {
  const { cookie } = await signInAs(portal, 'the-support', 'support');
  const { page, complaints, context } = await dashboard.open({ cookie });
  await page.goto(dashboard.url('/admin/diagnostics'));
  await page.getByText('it answered 500').waitFor();
  await page.getByText('Version 0.0.1').waitFor();
  await page.getByText('Answered this').waitFor();
  await page.getByText(/the CA is away/).waitFor();
  await page.goto(dashboard.url('/admin/diagnostics?tab=reach'));
  await ask(page, 'alice@acme.example', 'wiki');
  await page.getByText('Allowed', { exact: true }).waitFor();
  await page.getByText('Whether it answers').waitFor();
  await page.waitForURL(/user=alice.*resource=wiki|resource=wiki.*user=alice/);
  await page.getByText(/No connector has dialled it/).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Test', exact: true }).count(), 0);
  await ask(page, 'alice@acme.example', 'ledger');
  await page.getByText('Refused', { exact: true }).waitFor();
  await ask(page, 'alice@acme.example', 'nothing-there');
  await page.getByText('there is no resource "nothing-there"').waitFor();
  assert.match(complaints.splice(0).join(), /^[^,]*status of 400[^,]*$/);
  assert.deepEqual(await axeFindings(page), []);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('whoever may write resources tests the target there, and an auditor has no such page', async () => {
  const owner = await dashboard.open();
  await owner.page.goto(dashboard.url('/admin/diagnostics?tab=reach'));
  await ask(owner.page, 'alice@acme.example', 'wiki');
  await owner.page.getByRole('button', { name: 'Test', exact: true }).waitFor();
  assert.deepEqual(owner.complaints, []);
  const { cookie } = await signInAs(portal, 'the-auditor', 'auditor');
  const auditor = await dashboard.open({ cookie });
  await auditor.page.goto(dashboard.url('/admin/diagnostics'));
  await auditor.page.getByText('This page is not yours to see').waitFor();
  assert.equal(await auditor.page.getByRole('link', { name: 'Diagnostics' }).count(), 0);
  assert.deepEqual(auditor.complaints, []);
});

test('of thousands of connectors and certificates only what is in sight is in the page, each list found by itself', async () => {
  const { page, context, complaints } = await dashboard.open();
  const sample = await store.select('nodes').selectAll().where('name', '=', 'hq-1').executeTakeFirstOrThrow();
  const many = Array.from({ length: 3_000 }, (_, index) => ({
    ...sample,
    id: newId('con', systemRandom(16)),
    mk: toBase64Url(systemRandom(32)),
    nk: toBase64Url(systemRandom(32)),
    name: `many-${index}`,
  }));
  for (let from = 0; from < many.length; from += 200)
    await store.insert('nodes', many.slice(from, from + 200)).execute();
  await page.goto(dashboard.url('/admin/diagnostics'));
  const tables = page.getByRole('table');
  await tables.last().waitFor();
  await page.getByText('3003 servers').waitFor();
  assert.ok((await page.getByRole('row').count()) < 250);
  // The last row of the last list, below thousands of others.
  const certificates = page.getByRole('table', { name: 'certificates' });
  const last = certificates.locator(
    `tr[aria-rowindex="${(await certificates.getAttribute('aria-rowcount')) ?? ''}"]`,
  );
  for (let tries = 0; tries < 50 && (await last.count()) === 0; tries += 1)
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
  await last.getByText('wiki.acme.example').waitFor();
  assert.ok((await page.getByRole('row').count()) < 250);
  await page.getByLabel('Find servers').fill('many-17');
  await page.getByText('111 of 3003 servers').waitFor();
  await page.waitForURL(/servers-q=many-17/);
  assert.equal(await page.getByLabel('Find certificates').inputValue(), '');
  assert.deepEqual(complaints, []);
  await context.close();
  await store.delete('nodes').where('name', 'like', 'many-%').execute();
});

for (const width of [1_440, 1_024, 390])
  for (const scheme of ['light', 'dark'] as const)
    test(`at ${width} px, ${scheme}: nothing runs over, and everybody can use it`, async () => {
      const { page, complaints, context } = await dashboard.open({ width, scheme });
      for (const tab of ['', '?tab=reach']) {
        await page.goto(dashboard.url(`/admin/diagnostics${tab}`));
        await page.locator('h1').waitFor();
        if (tab === '') await page.getByText('it answered 500').waitFor();
        else {
          await ask(page, 'alice@acme.example', 'wiki');
          await page.getByText('Whether it answers').waitFor();
        }
        const wider = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
        assert.ok(Number(wider) <= 0, `${String(wider)} px wider than the window`);
        assert.deepEqual(await axeFindings(page), []);
        if (pictures !== undefined)
          await page.screenshot({
            path: join(pictures, `diagnostics${tab === '' ? '' : '-reach'}-${width}-${scheme}.png`),
            fullPage: true,
          });
      }
      assert.deepEqual(complaints, []);
      await context.close();
    });
