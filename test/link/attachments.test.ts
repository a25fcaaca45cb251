import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { newId, type RelayId } from '../../protocol/ids.ts';
import { Attachments } from '../../protocol/link/attachments.ts';
import { keepAttached, type KeptAttachment } from '../../protocol/link/keep-attached.ts';
import { eventually } from '../support/eventually.ts';
import { labClient, RelayLab } from '../support/relay-lab.ts';

/** Takes connections and never says a word. */
const sockets = new Set<Socket>();
const silent = createServer((socket) => void sockets.add(socket));
await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
const relays = new RelayLab();
await relays.start();
after(async () => {
  for (const socket of sockets) socket.destroy();
  silent.close();
  await relays.stop();
});

/** A client whose controller names these relays, by URL; how often each was dialled. */
async function follow(urls: ReadonlyMap<RelayId, string>): Promise<{
  attachments: Attachments;
  dials: Map<RelayId, number>;
}> {
  const client = labClient();
  const ticket = await client.ticket();
  const dials = new Map<RelayId, number>();
  const attachments: Attachments = new Attachments((relayId): KeptAttachment => {
    return keepAttached({
      relayId,
      url() {
        dials.set(relayId, (dials.get(relayId) ?? 0) + 1);
        return urls.get(relayId) ?? '';
      },
      ticket: () => ticket,
      machineKey: client.machineKey,
      onState: () => attachments.changed(relayId),
      clock: systemClock,
      random: systemRandom,
    });
  });
  attachments.update([...urls.keys()]);
  return { attachments, dials };
}

const some = (count: number, url: string): [RelayId, string][] =>
  Array.from({ length: count }, () => [newId('rly', systemRandom(16)), url]);

test('REL-4 a relay behind garbage, refusals, an unknown host and a black hole is found, without a tight loop', async () => {
  const blackHole = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const since = performance.now();
  const { attachments, dials } = await follow(
    new Map([
      ...some(2, 'garbage'),
      ...some(2, ''),
      ...some(2, 'http://127.0.0.1:1'),
      ...some(2, 'https://nowhere.invalid:8444'),
      ...some(1, 'https://127.0.0.1:1'),
      ...some(1, blackHole),
      [relays.relayId, relays.url],
    ]),
  );
  await eventually(
    'an attachment to the one good relay',
    async () => (attachments.get(relays.relayId)?.state.state === 'up' ? true : undefined),
    { timeoutMs: 20_000 },
  );
  const seconds = (performance.now() - since) / 1_000;
  assert.ok(attachments.entries().length <= 8);
  for (const count of dials.values())
    // Each begins soon after the first failure, and waits longer after each of the next.
    assert.ok(count <= 5 + seconds, `${count} attempts in ${seconds.toFixed(1)} s`);
  attachments.stop();
});

test('REL-4 of ten thousand relays a node holds eight, and an empty list leaves none', async () => {
  const { attachments, dials } = await follow(new Map(some(10_000, 'http://127.0.0.1:1')));
  assert.equal(attachments.entries().length, 8);
  assert.ok(dials.size <= 8);
  attachments.update([]);
  assert.deepEqual(attachments.entries(), []);
});

test('what was left for good is attached to by nothing that is still heard', async () => {
  const [[relay, url] = assert.fail()] = some(1, 'http://127.0.0.1:1');
  const { attachments, dials } = await follow(new Map([[relay, url]]));
  await eventually('a dial', () => dials.get(relay));
  attachments.stop();
  const before = dials.get(relay);
  attachments.update([relay]);
  assert.deepEqual([attachments.entries(), dials.get(relay)], [[], before]);
});
