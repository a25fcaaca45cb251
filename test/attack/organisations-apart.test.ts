/**
 * SEC-A10 with everything running: two organisations of one controller, side by side. What a device of one holds opens
 * nothing of the other, limits and suspension of one are its own, and of a deleted one the audit's hashes stay.
 */
import assert from 'node:assert/strict';
import { loadavg } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import type { Duplex } from 'node:stream';
import { after, before, suite, test } from 'node:test';
import { decodeJwt } from 'jose';
import { systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import type { Attachment } from '../../protocol/link/attachment.ts';
import { openIdentity } from '../../protocol/node/identity.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';
import { attachDevice, dialConnector } from '../support/bare-device.ts';
import { CircuitEnd } from '../support/circuit-end.ts';
import { eventually } from '../support/eventually.ts';
import { isSoak, times } from '../support/length.ts';
import { keptShare, limits, noisyNeighbour, p99 } from '../support/noisy-neighbour.ts';
import { SideBySide, type Tenant } from '../support/organisation/side-by-side.ts';

const withinMs = 1_000;

suite('two organisations on one controller', () => {
  let world: SideBySide;
  let acme: Tenant;
  let globex: Tenant;
  before(async () => {
    world = await SideBySide.start();
    ({ acme, globex } = world);
  });
  after(() => world?.close());

  test('SEC-A10: each reaches its own application, and the names of the other are as good as none', async () => {
    for (const [one, other] of [
      [acme, globex],
      [globex, acme],
    ] as const) {
      const flow = await one.open();
      assert.equal(await echoed(flow, 'hello'), 'hello');
      flow.destroy();
      const refusal = async (host: string): Promise<string> =>
        one.open(host, other.port).then(
          () => 'opened',
          (error: Error) => error.message,
        );
      assert.equal(await refusal(other.host), await refusal(other.host.replace('echo', 'absent')));
      assert.notEqual(await refusal(other.host), 'opened');
    }
  });

  test('SEC-A10: a device reaches its own connector through the shared relay, and the connector of the other is nobody', async (t) => {
    await globex.client.down();
    const identity = openIdentity(openStateDirectory(globex.client.state));
    const { snapshot, tickets, grants, authorities } = globex.held();
    const [relay] = Object.values(snapshot.relays);
    const [ticket] = tickets;
    assert.ok(relay !== undefined && ticket !== undefined);
    const attach = (shown: string): Promise<Attachment> => attachDevice(identity, relay, shown, authorities);
    const attachment = await attach(ticket);
    t.after(() => attachment.close());
    const [own, foreign] = [globex.connector(), acme.connector()];
    const session = await dialConnector(attachment, identity, own, grants);
    session.close();
    await assert.rejects(dialConnector(attachment, identity, foreign, grants), Fault);
    const [refused, absent] = [foreign.id, newId('con', systemRandom(16))].map(
      (id) => new CircuitEnd(attachment.openCircuit(id)),
    );
    assert.equal((await refused?.closed)?.code, 'no-peer');
    assert.equal((await absent?.closed)?.code, 'no-peer', 'as if there were none');

    // The ticket of the other's device, in the hands of this one.
    const [stolen] = acme.held().tickets;
    await assert.rejects(attach(stolen ?? ''), (error) => error instanceof Fault && error.code === 'denied');
    attachment.close();
    await globex.up();
  });

  test('SEC-A10: a token is its organisation’s at either address, and the events of one are silence at the other', async (t) => {
    for (const [one, other] of [
      [acme, globex],
      [globex, acme],
    ] as const)
      for (const at of [one.url, other.url]) {
        const { status, body } = await one.call('GET', '/api/v1/networks', at);
        assert.equal(status, 200);
        assert.ok(body.includes(one.connector().network) && !body.includes(other.connector().network));
        const audit = await one.call('GET', '/api/v1/audit?after=0&limit=1000', at);
        assert.ok(!audit.body.includes(other.connector().id), 'no cursor leads into the other’s log');
        const device = Object.values(other.held().snapshot.networks)[0]?.connectors[0]?.id;
        assert.equal((await one.call('DELETE', `/api/v1/connectors/${device}`, at)).status, 404);
      }
    const headers = { accept: 'text/event-stream' };
    const streams = await Promise.all(
      [acme, globex].map(async (tenant) => {
        const response = await tenant.ask('GET', '/api/v1/events', { headers });
        t.after(() => response.destroy());
        const heard = { text: '' };
        response.on('error', () => undefined);
        response.on('data', (chunk) => (heard.text += String(chunk)));
        await eventually('the stream begins', () => heard.text.includes('retry:') || undefined);
        return heard;
      }),
    );
    const [ours, theirs] = streams;
    // Each begins with what happened last.
    await eventually('both have begun', () =>
      streams.every((heard) => heard.text.includes('event: log')) ? true : undefined,
    );
    const [before, already] = [ours?.text, theirs?.text.length ?? 0];
    await globex.admin('token', 'create', '--connector', 'hq');
    await eventually('globex hears of it', () => (theirs?.text.length ?? 0) > already || undefined);
    assert.equal(ours?.text, before);
  });

  test('limits of one are its own: told whose they are, it waits, and the other notices nothing', async () => {
    await world.operated('organisation', 'limit', 'globex', '--flows', '1', '--relay', '8');
    const list = JSON.parse(await world.operated('organisation', 'list', '--json')) as {
      organisations: { name?: string; limits: { flows: number | null; relay: number | null } }[];
    };
    assert.deepEqual(
      list.organisations.map(({ limits }) => [limits.flows, limits.relay]),
      [
        [null, null],
        [1, 8],
      ],
    );
    await eventually('tickets say what may pass', () =>
      decodeJwt(globex.held().tickets[0] ?? '')['rate'] === 1_000_000 ? true : undefined,
    );
    const slow = await globex.open();
    await eventually('a second flow is refused', () =>
      globex.open().then(
        (flow) => void flow.destroy(),
        (error: Error) =>
          error.message.startsWith('Your organisation has as many connections open') || undefined,
      ),
    );
    const flows = await Promise.all([acme.open(), acme.open()]);
    const [fast] = flows;
    assert.ok(fast !== undefined);
    // Both ways count: 8 Mbit/s are half a megabyte there and back.
    let passed = 0;
    slow.on('data', (bytes: Buffer) => (passed += bytes.length));
    slow.write(Buffer.alloc(8_000_000));
    const bytes = 16_000_000;
    assert.equal(await passes(fast, bytes), bytes);
    assert.ok(passed < 4_000_000, `${passed} bytes of globex while ${bytes} of acme passed`);
    await withoutLimits(world);
    await eventually('all of it passes', () => (passed === 8_000_000 ? true : undefined), {
      timeoutMs: 20_000,
    });
    for (const flow of [slow, ...flows]) flow.destroy();
  });

  test('T7: an organisation at all its limits gets what it may and no more, and the other’s people sign in and its flows go on', async (t) => {
    const shape = { rounds: times(1, 12), seconds: times(1, 3), signIns: times(5, 20) };
    const rounds = await noisyNeighbour(world, shape, (line) => t.diagnostic(line));
    for (const { greedy, alone, beside } of rounds) {
      t.diagnostic(`the greedy one: ${JSON.stringify(greedy)}`);
      assert.equal(greedy.flowsOpen, limits.flows);
      assert.ok(greedy.flowsRefused > 0 && greedy.refused > 0);
      // A second's worth may come at once, of callers who are known and of those who are not.
      const most = 2 * limits.requests * (greedy.seconds + 1);
      assert.ok(greedy.granted <= most, `${greedy.granted} were granted of at most ${most}`);
      const mostBytes = (limits.relayMbits / 8) * 1e6 * greedy.seconds;
      assert.ok(greedy.bytes <= 1.1 * mostBytes + 4e6, `${greedy.bytes} bytes of at most ${mostBytes}`);
      assert.equal(beside.signInMs.length, alone.signInMs.length, 'everybody came in');
      assert.ok(beside.bytesPerSecond > 0);
    }
    await withoutLimits(world);
    // Wall-clock figures count where the machine is this run's alone.
    if (!isSoak) return;
    const signInMs = p99(rounds.flatMap(({ beside }) => beside.signInMs));
    t.diagnostic(`sign-in p99 ${signInMs} ms, its flow kept ${keptShare(rounds).toFixed(2)} of its speed`);
    assert.ok(signInMs < 500, `sign-in p99 ${signInMs} ms`);
    assert.ok(keptShare(rounds) >= 0.8, `its flow kept ${keptShare(rounds).toFixed(2)} of its speed`);
  });

  test('SEC-A10: a suspension ends what is open of one within a second and of the other nothing, and all comes back', async (t) => {
    const bystander = await acme.open();
    let lateMs = await suspended(world, globex);
    if (lateMs > withinMs) {
      // Others share the processors of this machine: once more, and then it counts.
      console.log(`# ${lateMs} ms at a load of ${loadavg()[0]?.toFixed(1)}; once more`);
      await resumed(world, globex);
      lateMs = await suspended(world, globex);
    }
    t.diagnostic(`the last flow ended ${lateMs} ms after the command`);
    assert.ok(lateMs <= withinMs, `${lateMs} ms`);
    await assert.rejects(globex.open(), 'its zones stay closed');
    assert.equal((await globex.call('GET', '/api/v1/networks')).status, 403);
    assert.equal(await echoed(bystander, 'still here'), 'still here');
    await resumed(world, globex);
    assert.equal((await globex.call('GET', '/api/v1/networks')).status, 200);
    assert.equal(await echoed(bystander, 'and now'), 'and now');
    bystander.destroy();
  });

  test('SEC-A10: of a deleted organisation the hashes of its audit log stay, and the other goes on', async () => {
    const bystander = await acme.open();
    const { organisations } = JSON.parse(await world.operated('organisation', 'list', '--json')) as {
      organisations: { id: string; name?: string }[];
    };
    const id = organisations.find(({ name }) => name === 'globex')?.id ?? '';
    assert.notEqual((await world.operate('organisation', 'delete', 'globex', '--confirm', 'globex')).code, 0);
    await world.operated('organisation', 'suspend', 'globex');
    const exported = await world.operated('organisation', 'export', 'globex');
    const hashes = exported.split('\n').flatMap((line) => {
      const { row } = JSON.parse(line) as { row?: { hash?: string } };
      return row?.hash === undefined ? [] : [row.hash];
    });
    const last = await world.operated('organisation', 'delete', 'globex', '--confirm', 'globex');
    const left = tablesWith(world.database, id);
    assert.deepEqual(
      left.map(([table]) => table),
      ['audit_hashes'],
    );
    const kept = left.flatMap(([, found]) => found);
    assert.equal(kept.at(-1), last);
    assert.deepEqual(kept.slice(0, hashes.length), hashes, 'an export is still shown to be whole');
    assert.ok(hashes.length > 5);
    await eventually('its token is nobody’s', async () =>
      (await globex.call('GET', '/api/v1/networks', acme.url)).status === 401 ? true : undefined,
    );
    await assert.rejects(globex.open());
    assert.equal(await echoed(bystander, 'alone'), 'alone');
    bystander.destroy();
  });
});

/** What comes back of these words. */
async function echoed(flow: Duplex, words: string): Promise<string> {
  flow.write(words);
  let heard = '';
  for await (const chunk of flow.iterator({ destroyOnReturn: false })) {
    heard += String(chunk);
    if (heard.length >= words.length) break;
  }
  return heard;
}

/** Sends so many bytes and counts until all are back. */
async function passes(flow: Duplex, bytes: number): Promise<number> {
  flow.write(Buffer.alloc(bytes));
  let back = 0;
  for await (const chunk of flow.iterator({ destroyOnReturn: false })) {
    back += (chunk as Buffer).length;
    if (back >= bytes) break;
  }
  return back;
}

/** Suspends it with flows open; how long after the command's end the last of them ended. */
async function suspended(world: SideBySide, tenant: Tenant): Promise<number> {
  const flows = await Promise.all(Array.from({ length: 5 }, () => tenant.open()));
  const ends = flows.map(
    (flow) =>
      new Promise<number>((resolve) => {
        flow.on('error', () => undefined);
        flow.once('close', () => resolve(Date.now()));
        flow.resume();
      }),
  );
  await world.operated('organisation', 'suspend', tenant.name);
  const doneAt = Date.now();
  return Math.max(...(await Promise.all(ends))) - doneAt;
}

/** Takes all limits away, and waits until that holds. */
async function withoutLimits(world: SideBySide): Promise<void> {
  const { globex } = world;
  await world.operated('organisation', 'limit', 'globex', '--flows', 'none', '--relay', 'none');
  await eventually('no limit is left', async () => {
    const flows = await Promise.all([globex.open(), globex.open()]).catch(() => undefined);
    for (const flow of flows ?? []) flow.destroy();
    const isFree = decodeJwt(globex.held().tickets[0] ?? '')['rate'] === undefined;
    return (flows !== undefined && isFree) || undefined;
  });
}

async function resumed(world: SideBySide, tenant: Tenant): Promise<void> {
  await world.operated('organisation', 'resume', tenant.name);
  const flow = await eventually(`${tenant.name} is back`, () => tenant.open().catch(() => undefined));
  assert.equal(await echoed(flow, 'back'), 'back');
  flow.destroy();
}

/** Every table in which this organisation has rows, with their hashes. */
function tablesWith(database: string, organisation: string): [table: string, hashes: unknown[]][] {
  const db = new DatabaseSync(database, { readOnly: true });
  try {
    const tables = db.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all();
    return tables.flatMap(({ name }): [string, unknown[]][] => {
      const table = String(name);
      const columns = db.prepare(`PRAGMA table_info("${table}")`).all();
      if (!columns.some((column) => column['name'] === 'organisation')) return [];
      const rows = db.prepare(`SELECT * FROM "${table}" WHERE organisation = ? ORDER BY rowid`);
      const hashes = rows.all(organisation).map((row) => row['hash']);
      return hashes.length === 0 ? [] : [[table, hashes]];
    });
  } finally {
    db.close();
  }
}
