import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { Fault, type CodeName } from '../../protocol/errors.ts';
import { newId, type ConnectorId, type NodeId } from '../../protocol/ids.ts';
import { newAgreementKey, newSigningKey } from '../../protocol/keys.ts';
import { attachToRelay } from '../../protocol/link/attachment.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { keepAttached } from '../../protocol/link/keep-attached.ts';
import { acceptSession, dialSession } from '../../protocol/link/session.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { RelayBench, type TestNode } from '../support/relay-bench.ts';

const bench = new RelayBench();
before(() => bench.start());
after(() => bench.stop());

/** What a refused carrier closes with. */
function closedWith(carrier: Carrier): Promise<CodeName | undefined> {
  return new Promise((resolve) => {
    carrier.start({ data: () => undefined, drain: () => undefined, closed: (fault) => resolve(fault?.code) });
  });
}

async function connectorThatEchoes(
  node: TestNode,
): Promise<{ key: Buffer; sessions: number[]; close(): void }> {
  const own = newAgreementKey();
  const budget = new HandshakeBudget(systemClock);
  const sessions: number[] = [];
  const attachment = await attachToRelay({
    ...bench.attach(node),
    onCircuit(carrier, from: NodeId) {
      void acceptSession({
        carrier,
        own,
        networkId: bench.network,
        budget,
        source: from,
        clock: systemClock,
        random: systemRandom,
        handle(session) {
          sessions.push(session.streams);
          return {
            stream(stream: MuxStream) {
              stream.accept();
              stream.pipe(stream);
            },
          };
        },
      }).catch(() => undefined);
    },
  });
  return { key: own.publicKey, sessions, close: () => attachment.close() };
}

describe('relay', () => {
  test('joins a client to a connector: 20 MB go out and come back byte for byte', async () => {
    const connectorNode = await bench.node('connector');
    const connector = await connectorThatEchoes(connectorNode);
    const client = await attachToRelay(bench.attach(await bench.node('client')));
    const session = await dialSession({
      carrier: client.openCircuit(connectorNode.id as ConnectorId),
      own: newAgreementKey(),
      peer: connector.key,
      networkId: bench.network,
      grants: [],
      handle: () => ({}),
      clock: systemClock,
      random: systemRandom,
    });
    const stream = session.openStream({ hello: true });
    const sent = randomBytes(20 * 1_024 * 1_024);
    const hash = createHash('sha256');
    const reading = pipeline(stream, hash);
    stream.end(sent);
    await reading;
    assert.equal(hash.digest('hex'), createHash('sha256').update(sent).digest('hex'));
    session.close();
    client.close();
    connector.close();
  });

  test('refuses alike: an unknown connector, another organisation, another network, a client as callee', async () => {
    const elsewhere = await bench.node('connector', { org: newId('org', randomBytes(16)) });
    const otherNetwork = await bench.node('connector', { meet: [newId('net', randomBytes(16))] });
    const otherClient = await bench.node('client');
    const attached = await Promise.all(
      [elsewhere, otherNetwork, otherClient].map((node) =>
        attachToRelay({ ...bench.attach(node), onCircuit: () => assert.fail() }),
      ),
    );
    const caller = await attachToRelay(bench.attach(await bench.node('client')));
    const unknown = newId('con', randomBytes(16));
    for (const id of [unknown, elsewhere.id, otherNetwork.id, otherClient.id]) {
      assert.equal(await closedWith(caller.openCircuit(id as ConnectorId)), 'no-peer', id);
    }
    for (const attachment of [...attached, caller]) attachment.close();
  });

  test('SEC-A8 attaches nobody whose ticket or proof is not right', async () => {
    const node = await bench.node('client');
    const refused = async (change: Partial<TestNode>): Promise<CodeName> => {
      const result = await attachToRelay(bench.attach({ ...node, ...change })).then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(result instanceof Fault);
      return result.code;
    };
    assert.equal(await refused({ machineKey: newSigningKey() }), 'denied');
    assert.equal(await refused({ ticket: `${node.ticket.slice(0, -2)}AA` }), 'denied');
    assert.equal(await refused({ ticket: '' }), 'denied');
    const nowS = Math.floor(Date.now() / 1_000);
    const past = await bench.node('client', { iat: nowS - 100, exp: nowS - 10 });
    assert.equal(await refused(past), 'denied');
  });

  test('a node that means another relay does not sign its challenge', async () => {
    const options = { ...bench.attach(await bench.node('client')), relayId: newId('rly', randomBytes(16)) };
    await assert.rejects(
      attachToRelay(options),
      (error) => error instanceof Fault && error.code === 'denied',
    );
  });

  test('the newest attachment of a node replaces its older one', async () => {
    const node = await bench.node('client');
    const older = await attachToRelay(bench.attach(node));
    const newer = await attachToRelay(bench.attach(node));
    assert.equal((await older.closed).code, 'fenced');
    newer.close();
  });

  test('a revoked node is cut off at once and cannot come back', async () => {
    const node = await bench.node('client');
    const attachment = await attachToRelay(bench.attach(node));
    bench.lease.revoke({ epoch: 2, ids: [node.id], reason: 'device' });
    bench.relay?.recheck();
    assert.equal((await attachment.closed).code, 'revoked');
    await assert.rejects(
      attachToRelay(bench.attach(node)),
      (error) => error instanceof Fault && error.code === 'denied',
    );
  });

  test('a kept attachment finds a relay again that was stopped and started', async () => {
    const own = new RelayBench();
    await own.start();
    const node = await own.node('client');
    const kept = keepAttached({
      ...own.attach(node),
      url: () => own.attach(node).url,
      ticket: () => node.ticket,
      random: systemRandom,
    });
    const first = await kept.whenUp(5_000);
    await own.stop();
    await first.closed;
    await own.start();
    await kept.whenUp(5_000);
    assert.equal(own.relay?.attached, 1);
    kept.stop();
    await own.stop();
  });
});
