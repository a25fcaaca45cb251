/** An account whose system takes no names: it says so and goes on, with its session and after that has ended. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Account } from '../../client/accounts/account.ts';
import type { ClientEvent } from '../../client/events.ts';
import { machineAt } from '../../client/posture/machine.ts';
import { Fault } from '../../protocol/errors.ts';
import { openIdentity } from '../../protocol/node/identity.ts';
import { until } from '../support/until.ts';
import { SmallOrganisation } from './support/small-organisation.ts';

test('names that cannot be set are said to be so, and the account goes on, also once its session has ended', async (t) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const organisation = await SmallOrganisation.start(t);
  const { session } = organisation.device;
  organisation.device = { ...organisation.device, session: { ...session, kind: 'person', name: 'Alice' } };
  const state = organisation.state('laptop');
  const identity = openIdentity(state);
  identity.enrol({ schema: 'postern.enrolment/v1', url: organisation.url, root: organisation.pin });
  const events: ClientEvent[] = [];
  let isBroken = true;
  const account = new Account({
    id: 'acc',
    state,
    identity,
    key: organisation.key(),
    controllerUrl: undefined,
    browser: false,
    deviceName: 'laptop',
    machine: machineAt('', []),
    strictPeers: false,
    wallClock: Date.now,
    range: () => undefined,
    nameOf: () => undefined,
    isCapturing: () => !isBroken,
    onEvent: (event) => events.push(event),
    changed: () =>
      isBroken
        ? Promise.reject(new Fault('unreachable', 'The program "nft" is not installed.'))
        : Promise.resolve(),
  });
  t.after(() => account.stop());
  const troubles = (): number => events.filter(({ kind }) => kind === 'trouble').length;
  await account.start();
  await assert.rejects(account.ready, /nft/);
  assert.equal(troubles(), 1);

  organisation.device = {
    ...organisation.device,
    session: { ...organisation.device.session, ended: 'expired' },
  };
  await organisation.push();
  await until(() => account.knowledge().contact === 'ended' && troubles() === 2);
  assert.equal(account.parts().control.state, 'up');
  // A service signs in again by itself: at first, and now.
  const isOurs = (message: Record<string, unknown>): boolean =>
    message['t'] === 'enrol' && message['kind'] === 'device';
  await until(() => organisation.heard.filter(isOurs).length === 2);

  isBroken = false;
  organisation.device = { ...organisation.device, session };
  await organisation.push();
  await until(() => events.some(({ kind }) => kind === 'signed-in'));
  assert.equal(account.knowledge().contact, 'known');
  assert.deepEqual(unhandled, []);
});
