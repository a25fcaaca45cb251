/** Two lists on one page are each found, filtered and sorted by parameters of their own; a short one is bothered with neither. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hashOfSecret } from '../../protocol/secrets.ts';
import { newId } from '../../protocol/ids.ts';
import { axeFindings, startDashboard } from './support/dashboard.ts';

const dashboard = await startDashboard({ after });
const { portal } = dashboard;

async function invite(...names: string[]): Promise<void> {
  for (const name of names) {
    const email = `${name}@acme.example`;
    const role = name.startsWith('n') ? 'network' : 'support';
    const body = { email, role, link: true };
    assert.equal((await portal.admin('POST', '/api/v1/administrators/invitations', body)).statusCode, 201);
  }
}

test('invitations are found and sorted without touching the administrators beside them, by the page’s address', async () => {
  const { page, complaints } = await dashboard.open();
  const go = async (more: string): Promise<void> => {
    await page.goto(dashboard.url(`/admin/settings?tab=administrators${more}`));
    await page.getByRole('heading', { name: 'Invitations' }).waitFor();
  };
  const invited = () =>
    page
      .getByRole('list', { name: 'Invitations' })
      .getByRole('listitem')
      .evaluateAll((rows: { innerText: string }[]) => rows.map(({ innerText }) => innerText.split('@')[0]));
  const administrators = page.getByRole('list', { name: 'Administrators' }).getByRole('listitem');

  await invite('sam', 'nina');
  await go('');
  assert.deepEqual(new Set(await invited()), new Set(['sam', 'nina']));
  assert.equal(await page.getByRole('searchbox').count(), 0, 'two are seen at one look');

  await invite('noah', 'sue', 'zoe');
  await go('');
  await page.getByRole('searchbox', { name: 'Find invitations' }).fill('network');
  await page.waitForURL(/invitations-q=network/);
  await page.getByText('2 of 5 invitations').waitFor();
  assert.deepEqual(new Set(await invited()), new Set(['nina', 'noah']));
  assert.equal(await administrators.count(), 1, 'the other list is as it was');

  await go('&invitations-sort=email&invitations-dir=desc');
  assert.deepEqual(await invited(), ['zoe', 'sue', 'sam', 'noah', 'nina']);
  await page.getByRole('searchbox', { name: 'Find invitations' }).fill('nobody');
  await page.getByRole('button', { name: 'Show all 5 invitations' }).click();
  await page.waitForURL((url) => !url.searchParams.has('invitations-q'));
  assert.equal((await invited()).length, 5);
  assert.deepEqual(await axeFindings(page), []);
  assert.deepEqual(complaints, []);
});

test('the tokens of a directory that has many are found and sorted', async () => {
  const { page, complaints } = await dashboard.open();
  const { store } = portal.context.organisation(portal.context.firstOrganisation);
  const nowMs = portal.context.now();
  for (let count = 0; count < 6; count += 1)
    await store
      .insert('directory_tokens', {
        id: newId('tok', portal.context.random(16)),
        directory: 'corp',
        hash: hashOfSecret(portal.context.random(32)),
        expires_ms: null,
        created_ms: nowMs - count * 86_400_000,
        created_by: 'test',
        used_ms: count === 3 ? nowMs : null,
      })
      .execute();
  await page.goto(dashboard.url('/admin/settings?tokens-corp-sort=lastUsed&tokens-corp-dir=desc'));
  const first = page.getByRole('list', { name: 'Tokens of corp' }).getByRole('listitem').first();
  await first.getByText(/^used/).waitFor();
  assert.equal(await page.getByRole('searchbox', { name: 'Find tokens' }).count(), 1);
  assert.equal(await page.getByRole('searchbox').count(), 1, 'one provider needs no finding');
  assert.deepEqual(await axeFindings(page), []);
  assert.deepEqual(complaints, []);
});
