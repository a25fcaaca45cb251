/** When a device listens for a browser, and when it does not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { SignIns } from '../../client/sign-in/sign-ins.ts';
import { Fault } from '../../protocol/errors.ts';
import type { Credential } from '../../protocol/node/introduction.ts';

function signInsOf(
  t: TestContext,
  isEnrolled: boolean,
): { signIns: SignIns; shown: (Credential | undefined)[] } {
  const shown: (Credential | undefined)[] = [];
  const control = { send: () => true, signIn: (credential: Credential) => shown.push(credential) > 0 };
  const signIns = new SignIns({
    key: undefined,
    browser: true,
    control: () => control,
    isEnrolled: () => isEnrolled,
  });
  t.after(() => signIns.close());
  return { signIns, shown };
}

async function listens(credential: Credential | undefined): Promise<boolean> {
  assert.ok(credential !== undefined && 'loopback' in credential);
  const socket = connect(credential.loopback.port, '127.0.0.1');
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isOpen;
}

test('SEC-D2: a device that is signed in listens for no browser; once its session has ended it does, until somebody is', async (t) => {
  const { signIns, shown } = signInsOf(t, true);
  assert.equal(await signIns.begin(), undefined);
  assert.equal(signIns.isPending, true);
  await signIns.renew();
  await signIns.renew();
  assert.equal(shown.length, 1);
  assert.equal(await listens(shown[0]), true);
  signIns.signedIn();
  assert.equal(await listens(shown[0]), false);
  assert.equal(signIns.isPending, false);
  await signIns.renew();
  assert.equal(shown.length, 1);
});

test('a new device listens from its first channel on, until it is refused', async (t) => {
  const { signIns } = signInsOf(t, false);
  const credential = await signIns.begin();
  assert.equal(await listens(credential), true);
  signIns.refused(new Fault('denied'));
  assert.equal(await listens(credential), false);
  assert.equal(signIns.isPending, true);
});

test('an attempt that was given up before it began listens nowhere', async (t) => {
  const { signIns, shown } = signInsOf(t, true);
  const both = [signIns.login(undefined), signIns.login('wiki')];
  signIns.refused(new Fault('denied'));
  for (const attempt of both) await assert.rejects(attempt, { code: 'cancelled' });
  assert.deepEqual(shown, []);
});

test('what else changes while a browser signs in anew leaves it waiting; its own sign-in ends that, and so does the end of the session', async (t) => {
  const { signIns, shown } = signInsOf(t, true);
  const session = { id: 'ses_1', began: 1_000 };
  signIns.signedIn(session);
  signIns.login('wiki').catch(() => undefined);
  while (shown.length === 0) await new Promise(setImmediate);
  // A policy, a zone, another device: the snapshot is another one, and the session is the same.
  signIns.signedIn(session);
  signIns.signedIn({ ...session });
  assert.equal(await listens(shown[0]), true);
  assert.equal(signIns.isPending, true);
  signIns.signedIn({ id: 'ses_2', began: 1_060 });
  assert.equal(await listens(shown[0]), false);
  assert.equal(signIns.isPending, false);

  // Of a controller that does not tell when a session began, any news is taken for the sign-in.
  signIns.signedIn({ id: 'ses_2' });
  signIns.login('wiki').catch(() => undefined);
  while (shown.length === 1) await new Promise(setImmediate);
  signIns.signedIn({ id: 'ses_2' });
  assert.equal(await listens(shown[1]), false);
});
