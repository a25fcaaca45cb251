/** What a client says of its state, from its parts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportStatus, type AccountParts, type SystemParts } from '../../client/status-report.ts';

const parts: AccountParts = {
  url: 'https://access.acme.example',
  control: { state: 'up', sinceMs: 0 },
  snapshot: undefined,
  signingIn: false,
  knowledge: { contact: 'known', zones: [], exempt: new Set(), reachable: new Set(), resources: [] },
  lastPosture: undefined,
  tunnels: { networks: () => [], relays: () => [] },
  peers: { isStrict: false, count: 0, reports: () => [] },
  flows: { active: () => [], incidents: () => [] },
  alarms: { alarms: [] },
};
const stateOf = (system: Partial<SystemParts>, account = parts): string =>
  reportStatus('acme', account, {
    zones: [],
    hostnames: [],
    refusedZones: [],
    capture: undefined,
    isBeginning: false,
    socksPort: undefined,
    httpPort: undefined,
    accounts: [{ name: 'acme', parts: account }],
    ...system,
  }).state;

test('a client is up once the system asks it for names, not when it has begun to tell the system', () => {
  assert.equal(stateOf({ isBeginning: true }), 'connecting');
  assert.equal(stateOf({ isBeginning: false }), 'up');
  const ended: AccountParts = { ...parts, knowledge: { ...parts.knowledge, contact: 'ended' } };
  assert.equal(stateOf({ isBeginning: true }, ended), 'signed-out');
});
