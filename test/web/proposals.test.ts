/** A change that waits for a second administrator, in a real Chromium: its maker sees it wait, somebody else approves it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openProposals } from '../../controller/organisation/proposals.ts';
import type { Role } from '../../protocol/roles.ts';
import { corpSignIn } from '../controller/support/corp-sign-in.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { testPortal } from '../login/support/portal.ts';
import { freePort } from '../support/servers/free-port.ts';
import { noteActions, undone } from './support/mutations.ts';
import { launchBrowser, noSidewaysScroll, pictures } from './support/portal-pages.ts';

const browser = await launchBrowser({ after });

test('a change waits under Proposals until a second administrator has looked at it and approves', async (t) => {
  const publicUrl = new URL(`http://postern.localhost:${await freePort()}`);
  const portal = await testPortal(t, [], publicUrl);
  const document = { ...acmeDocument(), changes: { approval: 'required' as const } };
  await portal.apply(document);
  await portal.app.listen({ host: '127.0.0.1', port: Number(publicUrl.port) });
  const { context } = portal;
  const organisation = context.organisation(context.firstOrganisation);
  const open = async (
    name: string,
    width: number,
    colorScheme: 'light' | 'dark',
    role: Role = 'admin',
  ): Promise<Page> => {
    const signIn = () => corpSignIn(context, name, { groups: [], address: '127.0.0.1' });
    const { person } = await signIn();
    await organisation.store.update('people').set({ role, role_ms: 0 }).where('id', '=', person).execute();
    const { cookie } = await signIn();
    const profile = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    noteActions(profile);
    t.after(() => profile.close());
    await profile.addCookies([{ name: 'postern-session', value: cookie, url: publicUrl.href }]);
    const page = await profile.newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(new URL('/admin/proposals', publicUrl).href);
    return page;
  };
  const alice = await open('alice', 390, 'dark');
  await alice.getByText('Nothing waits').waitFor();
  const propose = (group: string): string =>
    `fetch('/api/v1/document?secrets=keep', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(
      JSON.stringify({ ...document, groups: [...(document.groups ?? []), group] }),
    )} }).then(({ status }) => { if (status !== 202) throw new Error(String(status)); })`;
  await alice.evaluate(propose('more'));
  await alice.reload();
  await alice.getByText('somebody else approves it').waitFor();
  assert.equal(await alice.getByRole('button', { name: 'Approve' }).count(), 0);
  await noSidewaysScroll(alice);
  if (pictures !== undefined) await alice.screenshot({ path: `${pictures}/proposals-390-dark.png` });

  const bob = await open('bob', 1_440, 'light');
  await bob.getByRole('button', { name: 'Show what it would do' }).click();
  await bob.getByText('Nobody loses or gains anything by it.').waitFor();
  if (pictures !== undefined) await bob.screenshot({ path: `${pictures}/proposals-1440-light.png` });
  await bob.getByRole('button', { name: 'Approve' }).click();
  await bob.getByText('In force as revision 3.').waitFor();
  await bob.getByText('Nothing waits').waitFor();

  // The next one is refused: nothing of it comes into force, for anybody.
  await alice.evaluate(propose('unwanted'));
  const refuse = bob.getByRole('button', { name: 'Refuse' });
  await refuse.click();
  await bob.getByText('Refused. Nothing was changed.').waitFor();
  await bob.getByText('Nothing waits').waitFor();
  const now = await organisation.reader.current();
  assert.equal(now.revision, 3);
  assert.deepEqual(now.document.groups, [...(document.groups ?? []), 'more']);
  assert.equal((await openProposals(organisation.store)).length, 0);

  // What is not of the document waits in the same place, and what comes of it is shown to its proposer alone.
  await alice.goto(new URL('/admin/settings?tab=tokens', publicUrl).href);
  const askForToken = `fetch('/api/v1/tokens', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"role":"auditor"}' }).then(({ status }) => { if (status !== 202) throw new Error(String(status)); })`;
  await alice.evaluate(askForToken);
  await bob.reload();
  await bob.getByText('Makes an API token', { exact: true }).waitFor();
  await refuse.click();
  await bob.getByText('Nothing waits').waitFor();
  await alice.evaluate(askForToken);
  await bob.reload();
  await bob.getByText('Makes an API token').waitFor();
  // A role that does not cover it sees it, and nothing to press.
  const nina = await open('nina', 1_024, 'light', 'network');
  await nina.getByText('Your role does not cover this change').waitFor();
  for (const name of ['Approve', 'Refuse'])
    assert.equal(await nina.getByRole('button', { name }).count(), 0, name);
  await bob.getByRole('button', { name: 'Approve' }).click();
  await bob.getByText('Approved and done.').waitFor();
  await bob.getByText('Nothing waits').waitFor();
  await alice.goto(new URL('/admin/proposals', publicUrl).href);
  await alice.getByRole('button', { name: 'Show what came of it, once' }).click();
  await alice.getByText('It is done. This is shown only now').waitFor();
  // It stays while the list goes on: nobody can ask for it again.
  await alice.evaluate(propose('further'));
  await alice.getByText('somebody else approves it').waitFor();
  await alice.getByText('"token": "at_').waitFor();
  assert.equal(await alice.getByRole('button', { name: 'Show what came of it, once' }).count(), 0);
});

test('all that this file is to do was done in the browser', () => {
  assert.deepEqual(undone(import.meta.filename), []);
});
