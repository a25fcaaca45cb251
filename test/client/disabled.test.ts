/** A client whose account was disabled comes back by itself once it is enabled, and asks seldom until then. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startClient, type ClientEvent } from '../../client/client.ts';
import { setDisabled } from '../../controller/people/disable.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';
import { decodeEnrolmentKey } from '../../protocol/secrets.ts';
import { StartedController } from '../controller/support/started-controller.ts';
import { eventually } from '../support/eventually.ts';

test('a service that was refused as disabled is let in again after enable, without a restart', async (t) => {
  const controller = await StartedController.start(t, { tls: false });
  const { context } = controller.running;
  const organisation = context.firstOrganisation;
  const { store } = context.organisation(organisation);
  const key = decodeEnrolmentKey('sk', await controller.key('service', 'ci'));
  assert.ok(key !== undefined);
  const folder = mkdtempSync(join(tmpdir(), 'postern-disabled-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const events: ClientEvent[] = [];
  const client = await startClient({
    state: openStateDirectory(join(folder, 'state')),
    key,
    browser: false,
    uids: [],
    onEvent: (event) => events.push(event),
  });
  t.after(() => client.stop());
  await client.ready;
  const account = (await store.select('service_accounts').select('id').where('name', '=', 'ci').execute())[0];
  assert.ok(account !== undefined);
  const refusals = (): number => events.filter(({ kind }) => kind === 'refused').length;
  await setDisabled(context, organisation, account.id, true, { who: 'test' });
  // It asks again, the second time later than the first: a few times in all.
  const refusedMs = performance.now();
  await eventually('it was refused twice', async () => (refusals() >= 2 ? true : undefined), {
    timeoutMs: 30_000,
  });
  assert.ok(performance.now() - refusedMs >= 1_000, 'asked again at once');
  await setDisabled(context, organisation, account.id, false, { who: 'test' });
  const before = refusals();
  await eventually(
    'it is in again',
    async () =>
      client.status().session?.ended === undefined && client.status().state === 'up' ? true : undefined,
    { timeoutMs: 30_000 },
  );
  assert.ok(refusals() <= before + 1);
});
