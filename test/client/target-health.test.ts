/** A connector, and the device that asked, learn from flows whether what lies behind a resource answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { reachedText } from '../../cli/resources.ts';
import type { ResourceList } from '../../client/status.ts';
import { callLocalApi } from '../../protocol/node/local-api.ts';
import { serveWiki, startLaptop } from './support/laptop.ts';
import { SmallOrganisation } from './support/small-organisation.ts';

test('a target that refuses is counted as failing until it answers again', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const server = await serveWiki(organisation, (socket) => socket.pipe(socket));
  const port = organisation.wikiPort;
  const state = organisation.state('laptop');
  const client = await startLaptop(organisation, { state });
  const connector = organisation.connector(0);
  const open = () => client.open({ host: 'wiki.acme.internal', port });
  /** What `postern resources` says of it. */
  const listed = async (): Promise<string> => {
    const { resources } = (await callLocalApi(state.path, 'GET', '/v1/resources')) as ResourceList;
    return reachedText(resources.find(({ name }) => name === 'wiki')?.reached ?? [], Date.now());
  };
  assert.equal(await listed(), '');
  (await open()).destroy();
  assert.equal(await listed(), 'answers');
  assert.equal(connector.status().failing, undefined);
  await new Promise<void>((done) => void server.close(() => done()));
  await assert.rejects(open());
  assert.match(await listed(), /port \d+ did not answer \d+s ago: nothing listens there/);
  const failing = connector.status().failing ?? [];
  assert.deepEqual(
    failing.map(({ host, port: at, code }) => ({ host, at, code })),
    [{ host: 'wiki.acme.internal', at: port, code: 'refused' }],
  );
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  (await open()).destroy();
  assert.equal(connector.status().failing, undefined);
  assert.equal(await listed(), 'answers');
});
