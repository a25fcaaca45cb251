/** Each text that the dashboard gives for a connector, run as it stands: the connector joins, and its row turns. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { becomeOwner, openFirstRun } from './support/first-run.ts';
import { freePort } from '../support/servers/free-port.ts';
import { byCompose, byDocker, byShell, bySystemd, type StartedBy } from './support/started-by.ts';

test('Docker, Compose and systemd: what each says starts a connector that joins', async () => {
  const run = await openFirstRun();
  after(() => run.close());
  const { page, folder } = run;
  await becomeOwner(run);
  const origin = new URL(run.setupLink).origin;
  const read = {
    Docker: byDocker,
    Compose: byCompose,
    systemd: (text: string) => bySystemd(text, join(folder, 'credentials'), join(folder, 'states')),
  } as const;
  for (const [place, [way, by]] of Object.entries(read).entries()) {
    if (place === 0) {
      await page.goto(`${origin}/admin/start`);
      await page.getByRole('button', { name: 'Make the line' }).click();
    } else {
      await page.goto(`${origin}/admin/networks?add=connector&network=office`);
      await page.getByRole('button', { name: 'Make its key' }).click();
    }
    await page.getByRole('tab', { name: way }).click();
    const text = await page.getByRole('region', { name: 'The line to run' }).textContent();
    const { words, environment, ...more }: StartedBy & { key?: string } = by(text ?? '');
    if (more.key !== undefined) {
      await mkdir(join(folder, 'credentials'));
      await writeFile(join(folder, 'credentials', 'key'), `${more.key}\n`, { mode: 0o600 });
      await mkdir(join(folder, 'states', 'postern-connector'), { recursive: true });
    }
    const state = join(folder, `data-${place}`);
    run.start([...words.map((word) => word.replace('/data', state)), '--name', `by-${place}`], environment);
    const steps = page.getByRole('list', { name: 'Steps', exact: true });
    await steps.getByText(`The connector by-${place} joined`).waitFor();
    await steps.getByRole('listitem').nth(3).getByLabel('Done').waitFor();
  }
  await page.getByText('office is connected').waitFor();
  // A trial listens on this machine alone, so no text is shown that could not work.
  await page.getByRole('tab', { name: 'Kubernetes' }).click();
  await page.getByText('A cluster does not reach this controller').waitFor();
  assert.equal(await page.getByRole('region', { name: 'The line to run' }).count(), 0);

  // A further relay, by its own line: it joins, and nodes hear of it.
  await page.goto(`${origin}/admin/networks?tab=relays&add=relay`);
  await page.getByLabel('Its address').fill(`http://relay.localhost:${await freePort()}`);
  await page.getByRole('button', { name: 'Make its key' }).click();
  const line = await page.getByRole('region', { name: 'The line to run' }).innerText();
  const { words } = byShell(line);
  run.start(
    words.map((word) => word.replace('/var/lib/postern-relay', join(folder, 'relay-2'))),
    {},
  );
  await page.getByText('relay-2 is connected').waitFor();
});
