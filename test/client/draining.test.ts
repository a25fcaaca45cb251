/** REL-7 as a client lives through it: a connector, or the relay, says that it is about to end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import type { Client } from '../../client/client.ts';
import type { Fault } from '../../protocol/errors.ts';
import { until } from '../support/until.ts';
import { serveWiki, startLaptop } from './support/laptop.ts';
import { SmallOrganisation } from './support/small-organisation.ts';

/** An application that answers with what it is told, and a client that may use it. */
async function start(
  t: TestContext,
  connectors: number,
): Promise<{
  organisation: SmallOrganisation;
  readonly open: () => Promise<Duplex>;
  client: Client;
}> {
  const organisation = await SmallOrganisation.start(t);
  for (let more = 1; more < connectors; more++) await organisation.addConnector();
  await serveWiki(organisation, (socket) => socket.pipe(socket));
  const client = await startLaptop(organisation);
  const { wikiPort } = organisation;
  return { organisation, client, open: () => client.open({ host: 'wiki.acme.internal', port: wikiPort }) };
}

async function echo(flow: Duplex, word: string): Promise<string> {
  flow.write(word);
  const [answer] = (await once(flow, 'data')) as [Buffer];
  return answer.toString();
}

test('REL-7 a connector that drains: new flows go to another at once, open ones go on and then end with `draining`', async (t) => {
  const { organisation, open } = await start(t, 2);
  const flow = await open();
  assert.equal(await echo(flow, 'before'), 'before');
  const [first, second] = [organisation.connector(0), organisation.connector(1)];
  const [drained, other] = first.status().streams === 1 ? [first, second] : [second, first];
  const done = drained.drain(1_000);
  assert.equal(drained.status().state, 'draining');
  // Word of it is on its way: whoever comes before it has arrived is told, and goes to the other as well.
  const since = performance.now();
  const next = await open();
  assert.equal(await echo(next, 'next'), 'next');
  assert.ok(performance.now() - since < 1_000);
  assert.deepEqual([drained.status().streams, other.status().streams], [1, 1]);
  assert.equal(await echo(flow, 'still'), 'still');
  await done;
  const ended = once(flow, 'error') as Promise<[Fault]>;
  await drained.stop();
  assert.equal((await ended)[0].code, 'draining');
  assert.equal(await echo(next, 'unharmed'), 'unharmed');
});

test('REL-7 a connector that drains ends as soon as nothing is open on it', async (t) => {
  const { organisation, open } = await start(t, 1);
  const flow = await open();
  const done = organisation.connector(0).drain(30_000);
  flow.end('last word');
  assert.equal(await text(flow), 'last word');
  const since = performance.now();
  await done;
  assert.ok(performance.now() - since < 2_000);
  await until(() => organisation.connector(0).status().streams === 0);
});

for (const tells of [true, false]) {
  const who = tells ? 'both ends are told' : 'an older connector does not hear of it';
  test(`REL-7 an administrator drains a connector and takes it back (${who}): open flows go on all the while`, async (t) => {
    const { organisation, client, open } = await start(t, 1);
    organisation.tellsDrained = tells;
    const connector = organisation.connector(0);
    const flow = await open();
    assert.equal(await echo(flow, 'before'), 'before');
    organisation.drained = new Set([connector.status().id ?? '']);
    await organisation.push();
    await until(() => connector.status().state === (tells ? 'draining' : 'ready'));
    await until(() => client.status().networks[0]?.connected === false);
    // It is the only one: who comes now waits for it.
    let isOpen = false;
    const next = open().then((opened) => {
      isOpen = true;
      return opened;
    });
    assert.equal(await echo(flow, 'drained'), 'drained');
    assert.deepEqual([connector.status().streams, isOpen], [1, false]);
    organisation.drained = new Set();
    await organisation.push();
    assert.equal(await echo(await next, 'after'), 'after');
    assert.equal(await echo(flow, 'still'), 'still');
    assert.equal(connector.status().state, 'ready');
    assert.deepEqual([connector.status().streams, connector.status().sessions], [2, 2]);
  });
}

test('REL-7 a connector that ends in order is not taken back by what the controller says of it', async (t) => {
  const { organisation, open } = await start(t, 1);
  const flow = await open();
  const connector = organisation.connector(0);
  const done = connector.drain(30_000);
  await organisation.push();
  assert.equal(await echo(flow, 'told'), 'told');
  assert.equal(connector.status().state, 'draining');
  flow.destroy();
  await done;
});

test('REL-7 a connector that an administrator drained is not dialled, whatever it knows of that itself', async (t) => {
  const { organisation, client, open } = await start(t, 1);
  organisation.tellsDrained = false;
  const connector = organisation.connector(0);
  // Before that it is not connected either, and on its way there.
  await until(() => client.status().networks[0]?.connected === true && connector.status().sessions === 1);
  organisation.drained = new Set([connector.status().id ?? '']);
  await organisation.push();
  await until(() => client.status().networks[0]?.connected === false && connector.status().sessions === 0);
  const next = open();
  await organisation.addConnector();
  assert.equal(await echo(await next, 'elsewhere'), 'elsewhere');
  assert.deepEqual([connector.status().streams, organisation.connector(1).status().streams], [0, 1]);
});
