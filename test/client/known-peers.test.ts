/** SEC-A14: what a device remembers of connectors' keys, and what it does where its controller names others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Client, ClientEvent } from '../../client/client.ts';
import { KnownPeers, type PeerReport } from '../../client/tunnel/known-peers.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import { encodeKey, newAgreementKey } from '../../protocol/keys.ts';
import type { AlarmName } from '../../protocol/node/alarms.ts';
import { callLocalApi } from '../../protocol/node/local-api.ts';
import { openStateDirectory, type StateDirectory } from '../../protocol/node/state-directory.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { until } from '../support/until.ts';
import { serveWiki, startLaptop } from './support/laptop.ts';
import { SmallOrganisation } from './support/small-organisation.ts';

type Connector = { readonly id: string; readonly nk: string };
const newKey = (): string => encodeKey(newAgreementKey().publicKey);
const connector = (): Connector => ({ id: newId('con', systemRandom(16)), nk: newKey() });

/** A snapshot of networks, each a list of connectors, called hq, office and so on. */
function naming(...networks: readonly (readonly Connector[])[]): Pick<DeviceSnapshot, 'networks'> {
  const names = ['hq', 'office', 'cloud'];
  return {
    networks: Object.fromEntries(
      networks.map((connectors, index) => {
        const id = `net_${index}`;
        const entries = connectors.map((each) => ({ ...each, relays: [] }));
        return [id, { id, name: names[index] ?? id, pq: true, connectors: entries }];
      }),
    ),
  };
}

interface Device {
  readonly state: StateDirectory;
  readonly told: PeerReport[];
  readonly alarms: AlarmName[];
  /** Days since it was first used. */
  days: number;
  start(this: void, isStrict?: boolean): KnownPeers;
}

function device(t: TestContext): Device {
  const folder = mkdtempSync(join(tmpdir(), 'postern-peers-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const state = openStateDirectory(join(folder, 'state'));
  const made: Device = {
    state,
    told: [],
    alarms: [],
    days: 0,
    start: (isStrict = false) =>
      new KnownPeers({
        state,
        isStrict,
        onReport: (report) => made.told.push(report),
        alarm: (name) => made.alarms.push(name),
        wallClock: () => (1_800_000_000 + made.days * 86_400) * 1_000,
      }),
  };
  return made;
}

test('SEC-A14 the first connectors are taken at their word, and a change of key is told once and stays in status until accepted', (t) => {
  const laptop = device(t);
  const [hq, office] = [connector(), connector()];
  const changed = { ...hq, nk: newKey() };
  laptop.start().follow(naming([hq], [office]));
  assert.deepEqual(laptop.told, []);
  const peers = laptop.start();
  peers.follow(naming([changed], [office]));
  peers.follow(naming([changed], [office]));
  const report: PeerReport = {
    what: 'changed',
    connector: hq.id,
    network: 'hq',
    known: hq.nk,
    named: changed.nk,
    at: 1_800_000_000,
    refused: false,
  };
  assert.deepEqual(laptop.told, [report]);
  assert.equal(peers.mayMeet(hq.id, changed.nk), true);
  // A controller that goes back to the old key after it has read along does not make that undone, nor does a restart.
  const later = laptop.start();
  later.follow(naming([hq], [office]));
  assert.deepEqual(later.reports(), [{ ...report, named: hq.nk }]);
  later.accept(`${hq.id}:${hq.nk}`);
  assert.deepEqual(later.reports(), []);
  assert.deepEqual(laptop.start().reports(), []);
});

test('SEC-A14 under strict a changed key, an unknown connector and one in another network are refused until somebody accepts them', (t) => {
  const laptop = device(t);
  const hq = connector();
  const changed = { ...hq, nk: newKey() };
  const [added, elsewhere] = [connector(), connector()];
  const peers = laptop.start(true);
  peers.follow(naming([hq]));
  assert.equal(peers.mayMeet(hq.id, hq.nk), true);
  peers.follow(naming([changed, added], [elsewhere]));
  const named = [changed, added, elsewhere];
  assert.deepEqual(
    named.map(({ id, nk }) => peers.mayMeet(id, nk)),
    [false, false, false],
  );
  assert.deepEqual(
    laptop.told.map(({ what, connector: id, refused }) => [what, id, refused]),
    [
      ['changed', hq.id, true],
      ['unknown', added.id, true],
      ['unknown', elsewhere.id, true],
    ],
  );
  assert.match(peers.refusalOf(named)?.message ?? '', /shows another key than it had/);
  assert.match(peers.refusalOf([added])?.message ?? '', /is not known here/);
  assert.equal(peers.refusalOf([]), undefined);
  // Neither a restart nor time makes them known.
  laptop.days = 400;
  const later = laptop.start(true);
  later.follow(naming([changed, added], [elsewhere]));
  assert.equal(later.mayMeet(added.id, added.nk), false);
  later.accept(`${added.id}:${added.nk}`);
  assert.equal(later.mayMeet(added.id, added.nk), true);
  assert.equal(later.refusalOf(named), undefined);
  assert.equal(laptop.start(true).mayMeet(added.id, added.nk), true);
  assert.equal(laptop.start(true).mayMeet(hq.id, changed.nk), false);
});

test('SEC-A14 a key is accepted as it was compared: not where the controller names another by then', (t) => {
  const laptop = device(t);
  const hq = connector();
  const [compared, swapped] = [newKey(), newKey()];
  const peers = laptop.start(true);
  peers.follow(naming([hq]));
  peers.follow(naming([{ ...hq, nk: compared }]));
  peers.follow(naming([{ ...hq, nk: swapped }]));
  for (const peer of [`${hq.id}:${compared}`, hq.id, '', `${newId('con', systemRandom(16))}:${swapped}`])
    assert.throws(() => peers.accept(peer), /names no connector/);
  assert.equal(peers.mayMeet(hq.id, swapped), false);
  assert.deepEqual(peers.accept(`${hq.id}:${swapped}`), { connector: hq.id, key: swapped });
  assert.equal(peers.mayMeet(hq.id, hq.nk), false);
});

test('SEC-A14 a connector that is named twice, with two keys, is changed; one that is named no longer stays known', (t) => {
  const laptop = device(t);
  const [hq, other] = [connector(), connector()];
  const peers = laptop.start();
  peers.follow(naming([hq]));
  const second = newKey();
  peers.follow(naming([{ ...hq, nk: second }], [hq]));
  assert.deepEqual(
    laptop.told.map(({ what, named }) => [what, named]),
    [['changed', second]],
  );
  peers.follow(naming([other]));
  assert.deepEqual(
    peers.reports().map(({ network, known, named }) => [network, known, named]),
    [[undefined, hq.nk, second]],
  );
  // Its report ends when somebody says so, whichever key they take.
  peers.accept(`${hq.id}:${hq.nk}`);
  assert.deepEqual(peers.reports(), []);
  peers.follow(naming([{ ...hq, nk: newKey() }]));
  assert.equal(peers.reports().length, 1);
});

test('SEC-A14 a thousand connectors are remembered, those that are named now before those longest gone', (t) => {
  const laptop = device(t);
  const [old, older] = [connector(), connector()];
  const peers = laptop.start();
  peers.follow(naming([older]));
  laptop.days = 2;
  peers.follow(naming([old]));
  const many = Array.from({ length: 999 }, connector);
  laptop.days = 3;
  peers.follow(naming(many));
  assert.equal(peers.count, 1_000);
  assert.deepEqual(laptop.alarms, []);
  const strict = laptop.start(true);
  assert.equal(strict.mayMeet(old.id, old.nk), true);
  assert.equal(strict.mayMeet(older.id, older.nk), false);
  // More than that at once: said aloud, and never taken for known.
  const last = connector();
  peers.follow(naming([...many, connector(), last]));
  assert.deepEqual(laptop.alarms, ['too-many-peers']);
  assert.equal(laptop.start(true).mayMeet(last.id, last.nk), false);
});

test('SEC-A14 a damaged memory of keys is an error that says what to do, and is not taken for none', (t) => {
  const laptop = device(t);
  const hq = connector();
  laptop.start().follow(naming([hq]));
  const path = join(laptop.state.path, 'known-peers.json');
  const whole = readFileSync(path, 'utf8');
  const twice = whole.replace('"peers":[', `"peers":[${JSON.stringify({ ...hq, seen: 1 })},`);
  for (const damaged of ['', whole.slice(0, -10), '{}', '[]', whole.replace('/v1', '/v9'), twice]) {
    writeFileSync(path, damaged);
    assert.throws(
      () => laptop.start(),
      /known-peers\.json is damaged; restore it from a backup, or remove it/,
    );
  }
  writeFileSync(path, whole);
  assert.equal(laptop.start(true).mayMeet(hq.id, hq.nk), true);
});

/** A client that may use the wiki of a small organisation. */
async function start(
  t: TestContext,
  strictPeers: boolean,
): Promise<{
  organisation: SmallOrganisation;
  client: Client;
  events: ClientEvent[];
  state: StateDirectory;
  /** What the wiki answers to a flow of its own. */
  ask(this: void): Promise<string>;
}> {
  const organisation = await SmallOrganisation.start(t);
  await serveWiki(organisation, (socket) => socket.end('wiki'));
  const events: ClientEvent[] = [];
  const state = organisation.state('laptop');
  const client = await startLaptop(organisation, {
    state,
    strictPeers,
    onEvent: (event) => events.push(event),
  });
  const ask = async (): Promise<string> => {
    const flow = await client.open({ host: 'wiki.acme.internal', port: organisation.wikiPort });
    const [answer] = (await once(flow, 'data')) as [Buffer];
    flow.destroy();
    return answer.toString();
  };
  return { organisation, client, events, state, ask };
}

test('SEC-A14 under strict no flow begins at a connector that was met with another key, open ones end, and accepting it is enough', async (t) => {
  const { organisation, client, events, state, ask } = await start(t, true);
  assert.equal(await ask(), 'wiki');
  const id = organisation.connector(0).status().id ?? '';
  assert.deepEqual(client.status().peers, { strict: true, known: 1, reports: [] });
  const invented = newKey();
  organisation.invented.set(id, invented);
  await organisation.push();
  await until(() => client.status().peers.reports.length === 1);
  await assert.rejects(ask(), { code: 'denied', message: /shows another key than it had/ });
  await until(() => organisation.connector(0).status().sessions === 0);
  assert.deepEqual(events.filter(({ kind }) => kind === 'peer').length, 1);
  organisation.invented.clear();
  await organisation.push();
  await until(() => client.status().peers.reports[0]?.refused === false);
  assert.equal(await ask(), 'wiki');
  const { key } = organisation.connector(0).status();
  assert.deepEqual(await callLocalApi(state.path, 'POST', '/v1/accept-peer', { peer: `${id}:${key}` }), {
    connector: id,
    key,
  });
  assert.deepEqual(client.status().peers.reports, []);
});

test('SEC-A14 under strict a connector that is added waits until it is accepted, without strict it is used', async (t) => {
  for (const strict of [true, false]) {
    const { organisation, client, state, ask } = await start(t, strict);
    await organisation.connector(0).stop();
    const added = await organisation.addConnector();
    const { id, key } = added.status();
    if (strict) {
      await until(() => client.status().peers.reports.some(({ connector: named }) => named === id));
      await assert.rejects(ask(), { code: 'denied', message: /is not known here/ });
      await callLocalApi(state.path, 'POST', '/v1/accept-peer', { peer: `${id}:${key}` });
    }
    assert.equal(await ask(), 'wiki');
    assert.deepEqual(client.status().peers.reports, []);
    await client.stop();
  }
});
