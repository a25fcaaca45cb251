/** REL-16: a connector on a disk that takes nothing, from its enrolment on, against a real controller's channel and relay. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { Fault } from '../../protocol/errors.ts';
import { openIdentity } from '../../protocol/node/identity.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import { startLaptop } from '../client/support/laptop.ts';
import { SmallOrganisation } from '../client/support/small-organisation.ts';
import { until } from '../support/until.ts';

test('REL-16 ENOSPC, EIO or EROFS: a connector enrols, stays in contact, opens nothing unrecorded, and serves once it can', async (t) => {
  const wiki = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  wiki.listen(0, '127.0.0.1');
  await once(wiki, 'listening');
  t.after(() => wiki.close());
  for (const code of ['ENOSPC', 'EIO', 'EROFS']) {
    const organisation = await SmallOrganisation.start(t);
    organisation.wikiPort = (wiki.address() as AddressInfo).port;
    await organisation.connector(0).stop();
    const { disk, state } = failingDisk(organisation.state('failing'), code);
    // Keys and the controller's address are from before: without them it could not go anywhere.
    openIdentity(state).enrol({
      schema: 'postern.enrolment/v1',
      url: organisation.url,
      root: organisation.pin,
    });
    disk.isFailing = true;
    const connector = await organisation.addConnector(undefined, state);
    const names = new Set(connector.status().alarms?.map(({ name }) => name));
    assert.deepEqual([...names].toSorted(), ['flows-not-kept', 'not-kept'], code);
    const client = await startLaptop(organisation, { uids: [] });
    const target = { host: 'wiki.acme.internal', port: organisation.wikiPort };
    await assert.rejects(client.open(target), { code: 'busy' });
    assert.equal(connector.status().state, 'ready');
    disk.isFailing = false;
    let answer: string | undefined;
    const ask = async (): Promise<void> => {
      answer = await client.open(target).then(
        (flow) => text(flow.end('hello')),
        () => undefined,
      );
      if (answer === undefined) setTimeout(() => void ask(), 50);
    };
    await ask();
    await until(() => answer !== undefined);
    assert.equal(answer, 'hello');
    await client.stop();
  }
});

test('REL-16 keys that the disk does not take are not told, and those that the controller took are used all the same', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const { disk, state } = failingDisk(organisation.state('rotating'), 'ENOSPC');
  const identity = openIdentity(state);
  const before = identity.nodeKey;
  disk.isFailing = true;
  assert.throws(() => identity.prepareNext(), Fault);
  assert.equal(identity.next, undefined);
  disk.isFailing = false;
  const next = identity.prepareNext();
  disk.isFailing = true;
  assert.equal(identity.adoptNext(), false);
  assert.equal(identity.nodeKey, next.nodeKey);
  // A restart has both, and tries the new one first.
  const restarted = openIdentity(state);
  assert.deepEqual(restarted.nodeKey.publicKey, before.publicKey);
  assert.deepEqual(restarted.next?.nodeKey.publicKey, next.nodeKey.publicKey);
  assert.equal(restarted.dropNext(), false);
  assert.equal(restarted.next, undefined);
});

/** A folder whose files can be read and not written while it fails. */
function failingDisk(
  inner: StateDirectory,
  code: string,
): { disk: { isFailing: boolean }; state: StateDirectory } {
  const disk = { isFailing: false };
  const check = (name: string): void => {
    if (disk.isFailing) throw new Fault('internal', `${name} cannot be written (${code})`);
  };
  const state: StateDirectory = {
    ...inner,
    write(name, content) {
      check(name);
      inner.write(name, content);
    },
    writeJson(name, value) {
      check(name);
      inner.writeJson(name, value);
    },
    keepJson: (name, value) => !disk.isFailing && inner.keepJson(name, value),
    remove(name) {
      check(name);
      inner.remove(name);
    },
  };
  return { disk, state };
}
