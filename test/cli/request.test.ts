/** `postern request` as its user runs it, against what the controller answers a device. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { requestForDevice } from '../../controller/requests/for-device.ts';
import { serveLocalApi } from '../../protocol/node/local-api.ts';
import { hiddenText } from '../../protocol/reasons.ts';
import type { RequestCall } from '../../protocol/request-messages.ts';
import {
  deviceOf,
  requestBench,
  type RequestBench,
  type TestPerson,
} from '../controller/requests/request-bench.ts';
import { runPostern, type Ended } from './support/program.ts';

/** The command line of somebody whose client runs on a state directory of its own. */
async function laptopOf(
  t: { after(done: () => Promise<void>): void },
  bench: RequestBench,
  owner: TestPerson,
): Promise<(...args: string[]) => Promise<Ended>> {
  const { context } = bench;
  const state = await mkdtemp(join(tmpdir(), 'postern-request-'));
  const device = await deviceOf(bench, owner, 'approved');
  const api = await serveLocalApi(state, {
    'POST /v1/request': (_query, call) =>
      requestForDevice(context, context.firstOrganisation, device, {
        t: 'request',
        id: 1,
        call: call as RequestCall['call'],
      }),
  });
  t.after(async () => {
    await api.close();
    await rm(state, { recursive: true });
  });
  return (...args) => runPostern(['request', ...args, '--state', state]);
}

test('a person asks, sees what they asked for, and takes it back; an approver answers', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const [lea, leo] = [await bench.person('lea', ['leads']), await bench.person('leo', ['leads'])];
  const hers = await laptopOf(t, bench, alice);
  const asked = await hers('databases', '--for', '4h', '--reason', 'Restore the backup');
  const id = asked.stdout.trim();
  assert.deepEqual([asked.exit, id.startsWith('req_')], [0, true]);
  assert.match(asked.stderr, /postern request list/);
  const leads = await laptopOf(t, bench, lea);
  const seen = await leads('list');
  assert.match(
    seen.stdout,
    /Waiting for you\n.*databases .*pending .*alice@acme\.example .*Restore the backup/,
  );
  assert.match(seen.stdout, /may waive prod-needs \(mfa\): --waive prod-needs/);
  const first = await leads('approve', id, '--waive', 'prod-needs');
  assert.deepEqual([first.exit, first.stderr], [0, 'Your approval counts; another one is still needed.\n']);
  await leo.approve(id, { waives: ['prod-needs'] });
  assert.equal((await alice.may('databases')).state, 'granted');
  const listed = JSON.parse((await hers('list', '--json')).stdout) as {
    schema: string;
    requests: { state: string }[];
  };
  assert.deepEqual([listed.schema, listed.requests[0]?.state], ['postern.requests/v1', 'approved']);
  assert.equal((await hers('withdraw', id)).exit, 0);
  assert.equal((await alice.may('databases')).state, 'refused');
  const again = await leads('deny', id, '--reason', 'late');
  assert.deepEqual([again.exit, again.stderr], [2, 'postern: It is withdrawn already.\n']);
});

test('what may not be asked for ends like what does not exist; what is written wrong says how it goes', async (t) => {
  const bench = await requestBench(t);
  const hers = await laptopOf(t, bench, await bench.person('alice', ['staff']));
  const [hidden, missing] = [
    await hers('printer', '--for', '1h', '--reason', 'x'),
    await hers('no-such', '--for', '1h', '--reason', 'x'),
  ];
  assert.deepEqual(hidden, missing);
  assert.deepEqual([hidden.exit, hidden.stderr], [4, `postern: ${hiddenText}\n`]);
  const long = await hers('databases', '--for', '9h', '--reason', 'x');
  assert.deepEqual([long.exit, long.stderr], [2, 'postern: for write a duration from 1m to 8h\n']);
  assert.equal((await hers('databases', '--for', '1h')).exit, 2);
  assert.equal((await hers('approve', 'nonsense')).exit, 2);
  const glass = await hers('databases', '--for', '1h', '--reason', 'Outage', '--break-glass', '--json');
  assert.equal((JSON.parse(glass.stdout) as { state: string }).state, 'approved');
  bench.time.ms += 3_600_000;
  assert.equal((await hers('databases', '--for', '1h', '--reason', 'x')).exit, 3, 'the session is over');
});
