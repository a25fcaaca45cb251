/**
 * New keys for a device whose process is cut off at every step of taking them: whatever was written by then, its next start
 * finds keys that the controller knows. With the node's own connection over real sockets.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeKey } from '../../protocol/keys.ts';
import { keepControl, type ControlConnection } from '../../protocol/node/control-connection.ts';
import { openIdentity, type Identity } from '../../protocol/node/identity.ts';
import { openStateDirectory, type StateDirectory } from '../../protocol/node/state-directory.ts';
import { eventually } from '../support/eventually.ts';
import { until } from '../support/until.ts';
import { StartedController } from './support/started-controller.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-rotation-'));
after(() => rmSync(folder, { recursive: true }));
const acme = await StartedController.start({ after });
const key = await acme.key('service', 'ci');
const open = new Set<ControlConnection>();
after(() => {
  for (const control of open) control.stop();
});

class Cut extends Error {}

/** The state directory of a process that dies at its `fatal`th change of it, which does not come about; zero: never. */
function mortal(state: StateDirectory, fatal: number): StateDirectory {
  let changes = 0;
  const change = (run: () => void): void => {
    changes += 1;
    // What comes before anything was said to the controller ends the saying as well.
    if (changes === fatal && fatal === 1) throw new Cut();
    if (fatal === 0 || changes < fatal) run();
  };
  return {
    ...state,
    write: (name, content) => change(() => state.write(name, content)),
    remove: (name) => change(() => state.remove(name)),
  };
}

interface Device {
  readonly identity: Identity;
  readonly control: ControlConnection;
}

function start(path: string, fatal = 0): Device {
  const state = openStateDirectory(path);
  const identity = openIdentity(mortal(state, fatal));
  if (identity.enrolment === undefined) {
    const root = encodeKey(acme.context.keys.root.key.publicKey);
    identity.enrol({ schema: 'postern.enrolment/v1', url: acme.url.origin, root });
  }
  const control = keepControl({
    kind: 'device',
    identity,
    name: 'laptop',
    os: 'linux',
    credential: { secret: key },
    onMessage: () => undefined,
  });
  open.add(control);
  return { identity, control };
}

async function isUp({ control }: Device): Promise<void> {
  await until(() => control.state.state === 'up' || control.state.state === 'refused');
  assert.equal(control.state.state, 'up');
}

function stop({ control }: Device): void {
  control.stop();
  open.delete(control);
}

async function known({ identity }: Device): Promise<{ mk: string; nk: string } | undefined> {
  const { store } = acme.context.organisation(acme.context.firstOrganisation);
  return store
    .select('nodes')
    .select(['mk', 'nk'])
    .where('id', '=', identity.enrolment?.node as never)
    .executeTakeFirst();
}

async function holdsTheKnownKeys(device: Device): Promise<void> {
  const row = await known(device);
  const { machineKey, nodeKey } = device.identity;
  assert.deepEqual([row?.mk, row?.nk], [encodeKey(machineKey.publicKey), encodeKey(nodeKey.publicKey)]);
}

test('a rotation that nothing disturbs leaves one pair of keys on disk, the new one, and it is the one in use', async () => {
  const path = join(folder, 'whole');
  const device = start(path);
  await isUp(device);
  const before = device.identity.nodeKey;
  assert.equal(device.control.rotate(), true);
  await until(() => device.identity.nodeKey !== before && device.control.state.state === 'up');
  await holdsTheKnownKeys(device);
  stop(device);
  assert.deepEqual(
    readdirSync(path).filter((name) => name.endsWith('.key') || name.endsWith('.keys')),
    ['rotated.keys'],
  );
  const again = start(path);
  await isUp(again);
  await holdsTheKnownKeys(again);
  stop(again);
});

for (const [fatal, what] of [
  [1, 'before the new keys are written'],
  [2, 'when the controller knows the new keys and the device has not heard of it'],
  [3, 'when the new keys are in force and the draft is still there'],
  [4, 'when an old key is still there'],
  [5, 'when the last old key is still there'],
] as const) {
  test(`a device that is cut off ${what} works after its next start, with one pair of keys`, async () => {
    const path = join(folder, `cut-${fatal}`);
    const first = start(path);
    await isUp(first);
    stop(first);
    const node = first.identity.enrolment?.node;

    const dying = start(path, fatal);
    await isUp(dying);
    // Keys that are not on disk are told to nobody.
    assert.equal(dying.control.rotate(), fatal > 1);
    if (fatal > 1) {
      const old = encodeKey(first.identity.nodeKey.publicKey);
      await eventually('the controller taking the new keys', async () => {
        const row = await known(dying);
        return row?.nk === old ? undefined : row;
      });
    }
    stop(dying);

    const next = start(path);
    await isUp(next);
    assert.equal(next.identity.enrolment?.node, node);
    await holdsTheKnownKeys(next);
    assert.equal(next.identity.next, undefined);
    // And it can take new keys again.
    const held = next.identity.nodeKey;
    next.control.rotate();
    await until(() => next.identity.nodeKey !== held && next.control.state.state === 'up');
    await holdsTheKnownKeys(next);
    stop(next);
  });
}

test('a device whose new keys never reached the controller goes on with the old ones and forgets the draft', async () => {
  const path = join(folder, 'never-sent');
  const first = start(path);
  await isUp(first);
  stop(first);
  openIdentity(openStateDirectory(path)).prepareNext();
  const next = start(path);
  await isUp(next);
  assert.equal(next.identity.next, undefined);
  assert.equal(encodeKey(next.identity.nodeKey.publicKey), encodeKey(first.identity.nodeKey.publicKey));
  stop(next);
  // A device that was removed is refused, with the old keys and with new ones.
  openIdentity(openStateDirectory(path)).prepareNext();
  assert.equal((await acme.call('DELETE', `/api/v1/devices/${next.identity.enrolment?.node}`)).status, 204);
  const last = start(path);
  await until(() => last.control.state.state === 'refused');
  stop(last);
});
