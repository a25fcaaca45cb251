/** What a device makes of the grants that it is told: which it has from now on, and what it does when the two ends differ. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Hearing } from '../../client/hearing.ts';
import { DeviceMemory } from '../../client/memory.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import { newSigningKey } from '../../protocol/keys.ts';
import { Alarms } from '../../protocol/node/alarms.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';
import { signGrant, tokenSigner } from '../../protocol/tokens.ts';
import { sampleCard } from '../support/sample-card.ts';

const nowS = 1_800_000_000;

test('grants that are kept stay beside the new ones, and one that is not here begins a new channel', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-hearing-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const signer = await tokenSigner(newSigningKey());
  const card = sampleCard(signer, nowS);
  const id = () => systemRandom(16);
  const make = async () => {
    const jti = newId('tok', id());
    const token = await signGrant(signer, {
      iss: card.iss,
      aud: newId('net', id()),
      jti,
      org: newId('org', id()),
      sub: newId('usr', id()),
      dev: newId('dev', id()),
      ses: newId('ses', id()),
      nk: card.ctl,
      who: { name: 'Alice', groups: [] },
      cav: [],
      res: {},
      iat: nowS,
      exp: nowS + 3_600,
    });
    return { jti, token };
  };
  const [first, second, third] = await Promise.all([make(), make(), make()]);
  const alarms = new Alarms(
    () => nowS * 1_000,
    () => undefined,
  );
  const memory = new DeviceMemory(openStateDirectory(directory), (name) => alarms.raise(name));
  let restarts = 0;
  const hearing = new Hearing({
    memory,
    alarms,
    card: () => card,
    restart: () => (restarts += 1),
    changed: async () => undefined,
    tickets: () => undefined,
    grants: () => undefined,
  });
  await hearing.take({ t: 'grants', list: [first.token, second.token] });
  await hearing.take({ t: 'grants', list: [third.token], kept: [first.jti] });
  assert.deepEqual(memory.grants, [first.token, third.token]);
  await hearing.take({ t: 'grants', list: [], kept: [third.jti] });
  assert.deepEqual([memory.grants, restarts], [[third.token], 0]);
  // The second is gone: whoever speaks of it knows of another device than this.
  await hearing.take({ t: 'grants', list: [first.token], kept: [third.jti, second.jti] });
  assert.deepEqual([memory.grants, restarts], [[third.token], 1]);
  await hearing.take({ t: 'grants', list: [], kept: [] });
  assert.deepEqual(memory.grants, []);
});
