/**
 * SEC-A14: a controller that is dishonest, or whose records somebody altered, names a key of its own as a connector's, and adds a
 * connector of its own. The built programs; what answers under those keys is a real connector that reads along.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Duplex } from 'node:stream';
import { after, before, suite, test } from 'node:test';
import type { ClientStatus } from '../../client/status.ts';
import type { ConnectorStatus } from '../../connector/connector-status.ts';
import { encodeKey } from '../../protocol/keys.ts';
import { openIdentity } from '../../protocol/node/identity.ts';
import { connectLocalApi } from '../../protocol/node/local-api.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';
import { eventually } from '../support/eventually.ts';
import type { Program } from '../support/lab/program.ts';
import { Client } from '../support/organisation/client.ts';
import { SideBySide } from '../support/organisation/side-by-side.ts';

suite('a controller that names keys of its own', () => {
  let world: SideBySide;
  let strict: Client;
  let strictArgs: string[];
  before(async () => {
    world = await SideBySide.start();
    const keyFile = join(world.dir, 'strict.key');
    writeFileSync(keyFile, await world.acme.admin('token', 'create', '--service', 'ci'), { mode: 0o600 });
    strict = new Client(world.place, 'acme-strict');
    strictArgs = ['--capture', 'none', '--key-file', keyFile];
    strict.up(strictArgs, { POSTERN_STRICT_PEERS: 'yes' });
    await strict.ready();
  });
  after(() => world?.close());

  const open = (client: Client): Promise<Duplex> =>
    connectLocalApi(client.state, `${world.acme.host}:${world.acme.port}`);
  const echo = async (client: Client, word: string): Promise<string> => {
    const flow = await open(client);
    flow.write(word);
    const [answer] = (await once(flow, 'data')) as [Buffer];
    flow.destroy();
    return answer.toString();
  };
  const connectorStatus = async (state: string): Promise<ConnectorStatus | undefined> => {
    const { code, stdout } = await world.place.run('bin/postern', ['status', '--state', state, '--json']);
    return code === 0 ? (JSON.parse(stdout) as ConnectorStatus) : undefined;
  };
  const startConnector = async (state: string, ...args: string[]): Promise<Program> => {
    const name = basename(state);
    const program = world.place.spawn('bin/postern', ['connector', '--state', state, ...args], { name });
    await eventually(name, async () => (await connectorStatus(state))?.state === 'ready' || undefined, {
      timeoutMs: 20_000,
    });
    return program;
  };
  const reported = (client: Client, connector: string): Promise<ClientStatus['peers']['reports'][number]> =>
    eventually(`word of ${connector}`, async () =>
      (await client.status()).peers.reports.find((report) => report.connector === connector),
    );

  test('SEC-A14 another key under the id of a connector: told by every device, refused by a strict one, also after a restart', async () => {
    const { acme } = world;
    const real = acme.connector();
    const plain = acme.client;
    assert.deepEqual([await echo(plain, 'one'), await echo(strict, 'two')], ['one', 'two']);
    assert.equal((await connectorStatus(acme.connectorState))?.key, real.nk);
    const honest = world.place.programs.find(({ name }) => name === 'acme-connector');
    await honest?.stop('SIGKILL');

    // The same id with other keys, as the records have them from here on.
    const evil = join(world.dir, 'evil');
    const identity = openIdentity(openStateDirectory(evil));
    const enrolment = openIdentity(openStateDirectory(acme.connectorState)).enrolment;
    assert.ok(enrolment !== undefined);
    identity.enrol(enrolment);
    const nk = encodeKey(identity.nodeKey.publicKey);
    const records = new DatabaseSync(world.database);
    records.exec('pragma busy_timeout = 5000');
    const { changes } = records
      .prepare('update nodes set nk = ?, mk = ? where id = ?')
      .run(nk, encodeKey(identity.machineKey.publicKey), real.id);
    records.close();
    assert.equal(changes, 1);
    const reads = await startConnector(evil);
    // What a device asks for anew, it is told as the records have it.
    await acme.admin('apply', '-f', join(world.dir, 'acme.yaml'));
    await plain.down();
    await acme.up();
    await strict.down();
    strict.up(strictArgs, { POSTERN_STRICT_PEERS: 'yes' });
    await strict.ready();

    // Without strict the attack works, which proves that it is one, and the person can see it.
    assert.equal(await echo(plain, 'read along'), 'read along');
    assert.ok(((await connectorStatus(evil))?.sessions ?? 0) > 0);
    const seen = await reported(plain, real.id);
    assert.deepEqual(
      [seen.what, seen.known_key, seen.named_key, seen.refused],
      ['changed', real.nk, nk, false],
    );
    assert.match(
      (await plain.run('status')).stdout,
      new RegExp(`has another key than this device knows \\(${real.nk}\\)`),
    );
    assert.match(plain.program.output, /has another key than this device knows/);

    // A strict one opens nothing there.
    const refusal = await reported(strict, real.id);
    assert.deepEqual([refusal.what, refusal.refused], ['changed', true]);
    await plain.down();
    await eventually('no session but those of the strict device', async () =>
      (await connectorStatus(evil))?.sessions === 0 ? true : undefined,
    );
    await assert.rejects(open(strict), { code: 'denied', message: /shows another key than it had/ });
    assert.equal((await connectorStatus(evil))?.sessions, 0);
    const { code, stdout } = await strict.run('doctor');
    assert.equal(code, 1);
    assert.match(stdout, /has another key than it had, so nothing is opened there/);

    // Who has compared the keys accepts that very one.
    const wrong = await strict.run('device', 'accept-peer', `${real.id}:${real.nk}`);
    assert.equal(wrong.code, 2);
    const accepted = await strict.run('device', 'accept-peer', `${real.id}:${nk}`);
    assert.equal(accepted.code, 0, accepted.stderr);
    assert.equal(await echo(strict, 'accepted'), 'accepted');
    await reads.stop('SIGKILL');
  });

  test('SEC-A14 a connector of its own, beside those that a strict device knows, gets nothing of it', async () => {
    const { acme } = world;
    const keyFile = join(world.dir, 'added.key');
    writeFileSync(keyFile, await acme.admin('token', 'create', '--connector', 'hq'), { mode: 0o600 });
    const added = join(world.dir, 'added');
    await startConnector(added, '--key-file', keyFile);
    const id = (await connectorStatus(added))?.id ?? '';
    const report = await reported(strict, id);
    assert.deepEqual([report.what, report.network, report.refused], ['unknown', 'hq', true]);
    await assert.rejects(open(strict));
    assert.equal((await connectorStatus(added))?.sessions, 0);
    await acme.up();
    assert.equal(await echo(acme.client, 'not strict'), 'not strict');
    const accepted = await strict.run('device', 'accept-peer', `${id}:${report.named_key}`);
    assert.equal(accepted.code, 0, accepted.stderr);
    assert.equal(await echo(strict, 'strict'), 'strict');
  });
});
