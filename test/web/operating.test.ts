/** Operating what is there, in a real Chromium: connectors drained and taken back, resources that answer or do not, and by whom. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { ResourceEntry, ServerEntry } from '../../protocol/inventory.ts';
import type { HealthAnswer, ResourceHealthList } from '../../protocol/resource-health.ts';
import { eventually } from '../support/eventually.ts';
import { axeFindings, startDashboard } from './support/dashboard.ts';
import { undone } from './support/mutations.ts';
import { signInAs } from './support/sign-in-as.ts';

const dashboard = await startDashboard({ after });
const { ask, go, portal } = dashboard;
const { context } = portal;
const organisation = context.firstOrganisation;
const pictures = process.env['POSTERN_SCREENSHOTS'];

const connectors = (await ask<ServerEntry[]>('connectors')).map(({ id, name }) => ({ id, name }));
const resources = await ask<ResourceEntry[]>('resources');
const idOf = (name: string): string => resources.find((each) => each.name === name)?.id ?? '';
const nowMs = Date.now();
/** What the connectors found, as they say when they are asked. */
const found: HealthAnswer['list'] = [
  {
    resource: idOf('wiki'),
    port: 80,
    since: nowMs - 3_600_000,
    ok: nowMs - 60_000,
    changes: [
      { at: nowMs - 7_200_000 },
      { at: nowMs - 5_000_000, code: 'timeout' },
      { at: nowMs - 3_600_000 },
    ],
  },
  {
    resource: idOf('wiki'),
    port: 443,
    code: 'refused',
    since: nowMs - 600_000,
    changes: [{ at: nowMs - 600_000, code: 'refused' }],
  },
  { resource: idOf('ledger'), port: 443, code: 'unreachable', since: nowMs - 90_000, ok: nowMs - 900_000 },
];
/** The same of the other connector. */
const elsewhere: HealthAnswer['list'] = [];
context.bus.subscribe((_, message) => {
  if (message.kind !== 'ask' || message.message.t !== 'health') return;
  const { question, resource } = message.message;
  const isHq = connectors.find(({ id }) => id === message.node)?.name === 'hq-1';
  const list = (isHq ? found : elsewhere).filter(
    (each) => resource === undefined || each.resource === resource,
  );
  context.bus.publish(organisation, {
    kind: 'answer',
    node: message.node,
    message: { t: 'healthy', question, list, more: 0 },
  });
});
await context
  .organisation(organisation)
  .store.insert('resource_last_uses', [
    { resource: 'wiki', used_ms: nowMs - 3_600_000 },
    { resource: 'databases', used_ms: nowMs - 100 * 86_400_000 },
  ])
  .execute();

async function sound(page: Page, path: string, complaints: readonly string[]): Promise<void> {
  assert.deepEqual(await axeFindings(page), [], path);
  const wide = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
  assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
  assert.deepEqual(complaints, [], path);
}

const shown = [
  ['/admin/resources', 'Answers in part'],
  ['/admin/resources/wiki', 'Nothing listens there'],
  ['/admin/networks?tab=connectors', 'Connected'],
] as const;

for (const [width, scheme] of [
  [1_440, 'light'],
  [1_024, 'dark'],
  [390, 'light'],
] as const)
  test(`SEC-J7 what connectors found, at ${width} px, ${scheme}`, async () => {
    const { page, complaints, context: profile } = await dashboard.open({ width, scheme });
    for (const [path, text] of shown) {
      await go(page, path);
      await page.getByText(text).locator('visible=true').first().waitFor();
      await sound(page, path, complaints);
      if (pictures !== undefined) {
        const name = path.replaceAll(/\W+/g, '-').slice(1);
        await page.screenshot({ path: join(pictures, `operating-${name}-${width}.png`), fullPage: true });
      }
    }
    await profile.close();
  });

test('resources are found by health, kind and use, and the list says when each was used', async () => {
  const { page, complaints } = await dashboard.open();
  const names = () => page.locator('tbody tr td:first-child a').allTextContents();
  await go(page, '/admin/resources?health=failing');
  await page.getByText('Does not answer').locator('visible=true').first().waitFor();
  assert.deepEqual(await names(), ['ledger']);
  await go(page, '/admin/resources?used=unused');
  assert.deepEqual(await names(), ['databases']);
  await go(page, '/admin/resources?used=lately');
  assert.deepEqual(await names(), ['wiki']);
  await go(page, '/admin/resources?kind=ssh');
  assert.deepEqual(await names(), ['bastion']);
  await go(page, '/admin/resources?sort=lastUsed&dir=desc');
  assert.equal((await names())[0], 'wiki');
  assert.deepEqual(complaints, []);
});

test('SEC-J6 a connector is drained and taken back, and whoever may not sees what it is alone', async () => {
  const { page, complaints } = await dashboard.open();
  const drained = async (): Promise<string[]> =>
    (await ask<ServerEntry[]>('connectors')).flatMap((each) => (each.drained === undefined ? [] : each.name));
  await go(page, '/admin/networks?tab=connectors');
  await page.getByRole('button', { name: 'Drain lab-1' }).click();
  await page.getByText('no other connector of its network is there').waitFor();
  await page.getByRole('button', { name: 'Drain it' }).click();
  await page.getByText('The connector lab-1 is drained.').waitFor();
  assert.deepEqual(await drained(), ['lab-1']);
  const { cookie } = await signInAs(portal, 'auditor', 'auditor');
  const reader = await dashboard.open({ cookie });
  await go(reader.page, '/admin/networks?tab=connectors');
  await reader.page.getByText(/^Drained/).waitFor();
  assert.equal(await reader.page.getByRole('button', { name: /Drain|Take back|Remove/ }).count(), 0);
  await go(page, '/admin/networks/lab');
  await page.getByText(/^Drained/).waitFor();
  await page.getByRole('button', { name: 'Take back lab-1' }).click();
  await page.getByRole('button', { name: 'Take it back' }).click();
  await page.getByText('The connector lab-1 takes new connections again.').waitFor();
  assert.deepEqual(await drained(), []);
  assert.deepEqual([...complaints, ...reader.complaints], []);
});

test('a tile of the portal says that what it opens does not answer now, to whoever may use it alone', async () => {
  const { store, reader } = context.organisation(organisation);
  const { networks } = await reader.current();
  const network = networks.find(({ name }) => name === 'prod-vpc')?.id ?? null;
  await store.update('nodes').set({ network }).where('name', '=', 'lab-1').execute();
  const failing = { port: 80, code: 'unreachable' as const, since: nowMs, changes: [] };
  found.splice(0, found.length, { resource: idOf('wiki'), ...failing });
  elsewhere.push({ resource: idOf('databases'), ...failing });
  const { page, complaints } = await dashboard.open();
  // What was not known the first time is there when the page asks again.
  const list = await eventually('the portal knows', async () => {
    const answer = page.waitForResponse((response) => response.url().includes('/me/resources'));
    await go(page, '/');
    const { resources: all } = (await (await answer).json()) as {
      resources: { name: string; state: string; reached?: string }[];
    };
    return all.some(({ reached }) => reached === 'failing') ? all : undefined;
  });
  await page.getByText('Does not answer now').first().waitFor();
  // They know of it, and may not use it: that it fails is nothing to them.
  const databases = list.find(({ name }) => name === 'databases');
  assert.deepEqual([databases?.state, databases?.reached], ['refused', undefined]);
  const { resources: known } = await ask<ResourceHealthList>('resource-health');
  assert.equal(known.find(({ name }) => name === 'databases')?.state, 'failing');
  await sound(page, '/', complaints);
  if (pictures !== undefined) await page.screenshot({ path: join(pictures, 'operating-portal.png') });
});

test('all that this file is to do was done in the browser', () => {
  assert.deepEqual(undone(import.meta.filename), []);
});
