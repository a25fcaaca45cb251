import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { attachToRelay, type Attachment } from '../../protocol/link/attachment.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { acceptSession, dialSession } from '../../protocol/link/open-session.ts';
import type { Session } from '../../protocol/link/session.ts';
import { lab, labClient, labConnector, RelayLab } from '../support/relay-lab.ts';

const relays = new RelayLab();
const connector = labConnector();
const connectorKey = newAgreementKey();
const clientKey = newAgreementKey();
const budget = new HandshakeBudget(systemClock);
const accepted = new Set<Session>();
let serving: Attachment;
let calling: Attachment;

const sides = { networkId: lab.network, clock: systemClock, random: systemRandom };

before(async () => {
  await relays.start();
  serving = await attachToRelay({
    ...(await relays.attachOptions(connector)),
    onCircuit: (carrier, source) => {
      const session = acceptSession({
        ...sides,
        carrier,
        own: connectorKey,
        budget,
        source,
        handle: () => ({
          stream: (stream) => {
            stream.accept();
            stream.pipe(stream);
          },
        }),
      });
      session.then(
        (opened) => accepted.add(opened),
        () => undefined,
      );
    },
  });
  calling = await attachToRelay(await relays.attachOptions(labClient()));
});

after(async () => {
  calling.close();
  // One whose end is still on its way would wait a minute for another carrier.
  for (const session of accepted) session.close();
  serving.close();
  await relays.stop();
});

function dialConnector(attachment = calling): Promise<Session> {
  return dialSession({
    ...sides,
    carrier: attachment.openCircuit(connector.id),
    own: clientKey,
    peer: connectorKey.publicKey,
    grants: [],
    handle: () => ({}),
  });
}

test('50 MB go through a sealed session over a relay and come back byte for byte, and the ends agree on the count', async () => {
  const session = await dialConnector();
  const stream = session.openStream({ r: 'echo' });
  await stream.accepted();
  const block = systemRandom(1_000_003);
  const sent = createHash('sha256');
  const received = createHash('sha256');
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    received.update(chunk);
  });
  const ended = new Promise((resolve) => stream.once('end', resolve));
  for (let index = 0; index < 50; index++) {
    sent.update(block);
    if (!stream.write(block)) await new Promise((resolve) => stream.once('drain', resolve));
  }
  stream.end();
  await ended;
  assert.equal(bytes, 50 * block.length);
  assert.equal(received.digest('hex'), sent.digest('hex'));
  assert.equal(session.kem, true);
  session.close();
  assert.equal((await session.closed).code, 'cancelled');
});

test('hundreds of streams at once each get their own bytes back', async () => {
  const session = await dialConnector();
  await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const stream = session.openStream({ n: index });
      const own = Buffer.alloc(10_000 + index, index);
      stream.end(own);
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      assert.deepEqual(Buffer.concat(chunks), own);
    }),
  );
  assert.equal(session.streams, 0);
  session.close();
});

test('a session that ends together with its attachment is over for the connector too, not after a minute without a carrier', async () => {
  const attachment = await attachToRelay(await relays.attachOptions(labClient()));
  const session = await dialConnector(attachment);
  await session.openStream({ r: 'echo' }).accepted();
  const far = [...accepted].at(-1);
  session.close();
  attachment.close();
  assert.equal((await far?.closed)?.code, 'cancelled');
});

test('a connector that is not there is refused as no-peer, and so the handshake', async () => {
  const nowhere = dialSession({
    ...sides,
    carrier: calling.openCircuit(labConnector().id),
    own: clientKey,
    peer: connectorKey.publicKey,
    grants: [],
    handle: () => ({}),
  });
  await assert.rejects(nowhere, (error) => error instanceof Fault && error.code === 'no-peer');
});
