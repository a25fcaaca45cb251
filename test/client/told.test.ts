/** What a person is told without asking: that their session ends soon, of other devices of theirs, that nothing is kept. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clientText } from '../../cli/status.ts';
import type { ClientEvent } from '../../client/client.ts';
import { until } from '../support/until.ts';
import { startLaptop } from './support/laptop.ts';
import { SmallOrganisation } from './support/small-organisation.ts';

test('up says once that the session ends soon and who else was let in, status shows both, and a renewed session cancels it', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const { session } = organisation.device;
  const nowS = Math.floor(Date.now() / 1_000);
  const other = `dev_${'0'.repeat(26)}`;
  const news = [
    { device: other, name: 'phone', what: 'new' as const, at: nowS - 60, address: '203.0.113.9' },
  ];
  organisation.device = {
    ...organisation.device,
    session: { ...session, kind: 'person', name: 'Alice', email: 'alice@acme.example', until: nowS + 300 },
    news,
  };
  const events: ClientEvent[] = [];
  const client = await startLaptop(organisation, { uids: [], onEvent: (event) => events.push(event) });
  const status = await client.ready;
  assert.deepEqual(
    events.map(({ kind }) => kind).filter((kind) => kind === 'session-ending' || kind === 'device-news'),
    ['session-ending', 'device-news'],
  );
  assert.equal(status.session?.ends_soon, true);
  assert.equal(status.news?.[0]?.name, 'phone');
  const text = clientText(status);
  assert.match(text, /! ends in 4m 5\ds; to go on: postern login/);
  assert.match(
    text,
    /A new device of yours, phone, was let in 1m( \ds)? ago from 203\.0\.113\.9\. Not you\? Block it: http/,
  );

  // Said once, however often the picture comes; a second copy of the other device is something else.
  await organisation.push();
  organisation.device = {
    ...organisation.device,
    session: { ...organisation.device.session, until: nowS + 7_200 },
    news: news.map((each) => ({ ...each, what: 'suspended' as const })),
  };
  await organisation.push();
  await until(() => client.status().session?.ends_soon === undefined);
  await until(() => events.some((event) => event.kind === 'device-news' && event.news.what === 'suspended'));
  assert.equal(events.filter(({ kind }) => kind === 'session-ending').length, 1);
  assert.equal(events.filter(({ kind }) => kind === 'device-news').length, 2);
  assert.match(clientText(client.status()), /Two copies of the key of your device phone were seen/);
});

test('a disk that takes nothing more stops no flow: the client goes on and says so (REL-16)', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const state = organisation.state('laptop');
  const client = await startLaptop(organisation, { state, uids: [] });
  // Where a file is written before it takes its place, nothing can be written any more.
  mkdirSync(join(state.path, '.session.json.new'));
  const { session } = organisation.device;
  organisation.device = { ...organisation.device, session: { ...session, name: 'renamed' } };
  await organisation.push();
  await until(() => client.status().session?.name === 'renamed');
  const status = client.status();
  assert.equal(status.state, 'up');
  assert.deepEqual(
    status.alarms?.map(({ name }) => name),
    ['not-kept'],
  );
  assert.match(clientText(status), /cannot be written; it goes on/);
});
