/**
 * A connector that an administrator drains and takes back, with another one of its network beside it: the built programs, flows of
 * a real client.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { after, before, suite, test } from 'node:test';
import type { ServerEntry } from '../../protocol/inventory.ts';
import type { LiveFlowList } from '../../protocol/live-flows.ts';
import { eventually } from '../support/eventually.ts';
import { SideBySide } from '../support/organisation/side-by-side.ts';

suite('a connector that is drained', () => {
  let world: SideBySide;
  before(async () => {
    world = await SideBySide.start();
  });
  after(() => world?.close());

  const servers = async (): Promise<ServerEntry[]> =>
    JSON.parse((await world.acme.call('GET', '/api/v1/connectors')).body) as ServerEntry[];
  /** Names of the connectors that carry the open flows. */
  const carriers = async (): Promise<string[]> => {
    const { body } = await world.acme.call('GET', '/api/v1/flows');
    return (JSON.parse(body) as LiveFlowList).flows.map(({ connectorName }) => connectorName).toSorted();
  };
  const stateOf = async (path: string): Promise<string> => {
    const { stdout } = await world.place.run('bin/postern', ['status', '--state', path, '--json']);
    return (JSON.parse(stdout || '{}') as { state?: string }).state ?? '';
  };
  const echo = async (flow: Duplex, word: string): Promise<string> => {
    flow.write(word);
    const [answer] = (await once(flow, 'data')) as [Buffer];
    return answer.toString();
  };
  /** A flow that works, however long news of what was drained take: whoever asks too early is told to ask again. */
  const opened = (what: string, isRight: (names: string[]) => boolean, kept: Duplex[]): Promise<Duplex> =>
    eventually(what, async () => {
      const flow = await world.acme.open().catch(() => undefined);
      if (flow === undefined) return undefined;
      flow.on('error', () => undefined);
      assert.equal(await echo(flow, 'hello'), 'hello');
      if (isRight(await carriers())) {
        kept.push(flow);
        return flow;
      }
      flow.destroy();
      return undefined;
    });

  test('REL-7 new flows go to the other, the open one goes on; taken back, it carries new ones while the old one is open still', async () => {
    const { acme } = world;
    const kept: Duplex[] = [];
    const first = await opened('a flow', (names) => names.length === 1, kept);
    assert.deepEqual(await carriers(), ['acme-1']);
    const keyFile = join(world.dir, 'acme-second.key');
    writeFileSync(keyFile, await acme.admin('token', 'create', '--connector', 'hq'), { mode: 0o600 });
    const state = join(world.dir, 'acme-connector-2');
    world.place.spawn(
      'bin/postern',
      ['connector', '--state', state, '--name', 'acme-2', '--key-file', keyFile],
      { name: 'acme-connector-2' },
    );
    await eventually('the second connector', async () => (await stateOf(state)) === 'ready' || undefined, {
      timeoutMs: 20_000,
    });

    await acme.admin('connector', 'drain', 'acme-1');
    await eventually(
      'it says so itself',
      async () => (await stateOf(acme.connectorState)) === 'draining' || undefined,
    );
    const drained = (await servers()).find(({ name }) => name === 'acme-1');
    assert.ok(drained?.online && drained.drained !== undefined);
    await opened('a flow through the other', (names) => names.includes('acme-2'), kept);
    assert.equal(await echo(first, 'still here'), 'still here');
    assert.deepEqual(await carriers(), ['acme-1', 'acme-2']);

    // With both drained nobody gets in, and what is open goes on.
    await acme.admin('connector', 'drain', 'acme-2');
    await eventually('the second drains', async () => (await stateOf(state)) === 'draining' || undefined);
    await assert.rejects(acme.open());
    assert.equal(await echo(first, 'still here'), 'still here');
    assert.deepEqual(await carriers(), ['acme-1', 'acme-2']);

    await acme.admin('connector', 'resume', 'acme-1');
    await opened(
      'a second flow through the one that was taken back',
      (names) => names.filter((name) => name === 'acme-1').length === 2,
      kept,
    );
    assert.equal(await echo(first, 'and still'), 'and still');
    assert.equal(await stateOf(acme.connectorState), 'ready');
    const audit = await acme.admin('audit', '--what', 'connector', '--json');
    for (const what of ['connector.drain', 'connector.resume']) assert.ok(audit.includes(what), audit);
    for (const flow of kept) flow.destroy();
  });
});
