/** Private zones are taken over once the person who signed in was shown them, and not because they are declared. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ConfirmedZones } from '../../client/dns/confirmed-zones.ts';
import { acceptedZones } from '../../client/dns/zones.ts';
import { openStateDirectory, type StateDirectory } from '../../protocol/node/state-directory.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';

const session: DeviceSnapshot['session'] = {
  id: 'ses_1',
  subject: 'usr_1',
  kind: 'person',
  name: 'Alice',
  began: 100,
  until: 1_000,
};

function stateOf(t: TestContext): StateDirectory {
  const folder = mkdtempSync(join(tmpdir(), 'postern-zones-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return openStateDirectory(folder);
}

/** What a client on this state takes over, whether it has just been started or not. */
function taken(
  confirmed: ConfirmedZones,
  zones: readonly string[],
  more: Partial<DeviceSnapshot['session']> = {},
): { accepted: readonly string[]; unconfirmed: string[] } {
  const isConfirmed = confirmed.of({ session: { ...session, ...more }, zones: [...zones] });
  const { accepted, refused } = acceptedZones(zones, 'access.acme.example', isConfirmed);
  assert.ok(refused.every(({ why }) => why === 'unconfirmed'));
  return { accepted, unconfirmed: refused.map(({ zone }) => zone) };
}

const opened = (state: StateDirectory): ConfirmedZones =>
  new ConfirmedZones(state, () => assert.fail('kept'));

test('a private zone that is declared after the sign-in waits for the next one, also over a restart', (t) => {
  const state = stateOf(t);
  const zones = ['acme.internal', 'home.arpa', 'corp'];
  assert.deepEqual(taken(opened(state), ['acme.internal']), { accepted: ['acme.internal'], unconfirmed: [] });
  for (const client of [opened(state), opened(state)])
    assert.deepEqual(taken(client, zones), {
      accepted: ['acme.internal'],
      unconfirmed: ['home.arpa', 'corp'],
    });
  const client = opened(state);
  // The same session is renewed; another one begins.
  assert.deepEqual(taken(client, zones, { began: 200 }), { accepted: zones, unconfirmed: [] });
  assert.deepEqual(taken(client, [...zones, 'x.test'], { began: 200 }).unconfirmed, ['x.test']);
  assert.deepEqual(taken(client, [...zones, 'x.test'], { id: 'ses_2', began: 200 }).unconfirmed, []);
  // What the page no longer showed is asked for again.
  assert.deepEqual(taken(client, ['acme.internal'], { id: 'ses_3' }).accepted, ['acme.internal']);
  assert.deepEqual(taken(opened(state), zones, { id: 'ses_3' }).unconfirmed, ['home.arpa', 'corp']);
});

test('what lies below a confirmed zone, or in the public tree, waits for nobody', (t) => {
  const client = opened(stateOf(t));
  taken(client, ['acme.internal']);
  const later = ['acme.internal', 'eu.acme.internal', 'corp.acme.com'];
  assert.deepEqual(taken(client, later), { accepted: later, unconfirmed: [] });
  assert.deepEqual(taken(client, ['internal']).unconfirmed, ['internal'], 'what lies above it does');
});

test('a session that has ended confirms nothing, and a service account’s device asks nobody', (t) => {
  const client = opened(stateOf(t));
  taken(client, ['acme.internal']);
  const ended = { id: 'ses_2', ended: 'expired' };
  assert.deepEqual(taken(client, ['corp.internal'], ended).unconfirmed, ['corp.internal']);
  assert.deepEqual(taken(client, ['corp.internal'], { kind: 'service' }).accepted, ['corp.internal']);
});
