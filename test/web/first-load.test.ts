/** What a browser loads before the signed-in home stands still: few enough bytes for a slow line. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { busyDocument } from './support/busy-organisation.ts';
import { startDashboard } from './support/dashboard.ts';

const dashboard = await startDashboard({ after });
/** First load: at most 150 kB of compressed JavaScript. */
const limitBytes = 150_000;

for (const [what, path] of [
  ['what one may use', '/'],
  ['the home of administrators', '/admin'],
] as const) {
  test(`the scripts of ${what} are at most 150 kB as they are sent`, async (t) => {
    const { page, context } = await dashboard.open();
    t.after(() => context.close());
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    const scripts = new Set<string>();
    let bytes = 0;
    session.on('Network.responseReceived', ({ requestId, type, response }) => {
      if (type !== 'Script') return;
      scripts.add(requestId);
      assert.equal(response.headers['content-encoding'], 'br', response.url);
    });
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      if (scripts.has(requestId)) bytes += encodedDataLength;
    });
    await page.goto(dashboard.url(path));
    await page.locator('h1').first().waitFor();
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    assert.ok(scripts.size > 0);
    assert.ok(bytes > 0 && bytes <= limitBytes, `${bytes} bytes in ${scripts.size} scripts`);
    t.diagnostic(`${bytes} bytes in ${scripts.size} scripts`);
  });
}

test('of 10,000 resources and 1,000 policies only what is in sight is in the page', async (t) => {
  const { portal } = dashboard;
  const document = busyDocument();
  await portal.apply({
    ...document,
    resources: [
      ...(document.resources ?? []),
      ...Array.from({ length: 10_000 }, (_, index) => ({
        name: `service-${index}`,
        network: 'hq',
        address: `service-${index}.acme.internal`,
        ports: ['tcp/443'],
      })),
    ],
    policies: [
      ...(document.policies ?? []),
      ...Array.from({ length: 1_000 }, (_, index) => ({
        name: `policy-${index}`,
        allow: { groups: ['staff'] },
        to: { resources: [`service-${index}`] },
      })),
    ],
  });
  const { page, context } = await dashboard.open();
  t.after(() => context.close());
  const elements = (): Promise<number> => page.evaluate(`document.querySelectorAll('*').length`);
  await page.goto(dashboard.url('/admin/resources'));
  await page.getByText('10006 resources').waitFor();
  assert.ok((await elements()) < 2_500, `${await elements()} elements`);
  await page.evaluate('window.scrollTo(0, document.documentElement.scrollHeight)');
  await page.getByRole('link', { name: 'service-9999', exact: true }).waitFor();
  assert.ok((await page.locator('tbody tr[data-index]').count()) < 60);
  assert.ok((await elements()) < 2_500, `${await elements()} elements`);
  await page.goto(dashboard.url('/admin/policies'));
  await page.getByText('staff-wiki').first().waitFor();
  assert.ok((await elements()) < 5_000, `${await elements()} elements`);
});
