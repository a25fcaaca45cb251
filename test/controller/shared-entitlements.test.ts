/** Deciding once for many is what deciding for each alone comes to, whatever the policies and whoever they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entitlements } from '../../controller/decisions/entitlements.ts';
import { rightsByNetwork } from '../../controller/decisions/rights.ts';
import type { Seat } from '../../controller/decisions/seat.ts';
import { SharedEntitlements } from '../../controller/decisions/shared-entitlements.ts';
import {
  organisationState,
  type OrganisationState,
} from '../../controller/organisation/organisation-state.ts';
import { PolicyIndex } from '../../policy/policy-index.ts';
import type { Facts } from '../../policy/facts.ts';
import { newId } from '../../protocol/ids.ts';
import { CaseSource, profiles } from '../policy/support/random-cases.ts';

const networks = ['hq', 'lab'].map((name, seed) => ({ id: newId('net', Buffer.alloc(16, seed)), name }));
const names = ['wiki', 'db', 'ssh', 'mail'];
const resources = names.map((name, place) => ({
  name,
  network: place % 2 === 0 ? 'hq' : 'lab',
  address: `${name}.acme.internal`,
  ports: ['tcp/443'],
  tags: [['prod'], ['staging', 'eu'], [], ['eu']][place] ?? [],
  ...(place === 3 ? { visibility: 'everyone' as const } : {}),
}));
const ids = names.map((name, seed) => ({ id: newId('res', Buffer.alloc(16, seed)), name }));
const countryOf = (address: string): string | undefined => (address.startsWith('10.') ? 'DE' : undefined);

function stateOf(policies: OrganisationState['document']['policies']): OrganisationState {
  const document = {
    organisation: 'acme',
    groups: ['staff', 'sre', 'contractors'],
    networks: [{ name: 'hq' }, { name: 'lab' }],
    resources,
    postureProfiles: [...profiles],
    ...(policies === undefined ? {} : { policies }),
  };
  return organisationState(1, document, { networks, resources: ids, accounts: [] }, { countryOf });
}

function seatOf({ subject, session, source, device }: Facts, nowMs: number, dice: CaseSource): Seat {
  const { approved, ...claims } = device;
  const { authTimeMs, ...signedIn } = session;
  return {
    device: {
      ...claims,
      id: newId('dev', Buffer.alloc(16, dice.below(255))),
      nk: 'nk',
      mk: 'mk',
      name: 'laptop',
      approval: approved ? 'approved' : ((['held', 'none'] as const)[dice.below(2)] ?? 'none'),
      state: dice.below(8) === 0 ? 'blocked' : 'active',
      ...(source === undefined ? {} : { address: source.address }),
    },
    session: {
      ...signedIn,
      ...(authTimeMs === undefined ? {} : { authMs: authTimeMs }),
      id: newId('ses', Buffer.alloc(16, dice.below(255))),
      untilMs: nowMs + (dice.below(20) - 1) * 3_600_000 + dice.below(3_000),
    },
    subject: { ...subject, id: newId('usr', Buffer.alloc(16)) },
  };
}

test('600 organisations of twelve devices: shared entitlements and rights are those of each device alone', () => {
  const dice = new CaseSource(20_261_121);
  let shared = 0;
  for (let round = 0; round < 600; round += 1) {
    const { policies, facts } = dice.next();
    const { nowMs } = facts;
    const state = stateOf([...policies]);
    const only = round % 2 === 0 ? 'all' : new Set(names.slice(0, 1 + dice.below(3)));
    const together = new SharedEntitlements(state, nowMs, only);
    const lists = new Set<unknown>();
    // Few are alike by chance: each differs from one before it in a part of what is known of it.
    const seats: Seat[] = [];
    for (let count = 0; count < 12; count += 1) {
      const fresh = seatOf(dice.next().facts, nowMs, dice);
      const like = seats[dice.below(Math.max(1, seats.length))] ?? fresh;
      const { device, session, subject } = fresh;
      const changed = [{}, { device }, { session }, { subject }, fresh][dice.below(5)];
      seats.push({ ...like, ...changed });
    }
    for (const seat of seats) {
      const list = together.of(seat);
      const alone = entitlements(state, seat, nowMs, only);
      assert.deepEqual(list, alone, `round ${round}`);
      assert.deepEqual(
        together.dueUntil(list, seat.session.untilMs),
        rightsByNetwork(alone, seat.session.untilMs, nowMs),
        `round ${round}`,
      );
      if (lists.has(list) && list.length > 0) shared += 1;
      lists.add(list);
    }
  }
  assert.ok(shared > 600, `only ${shared} were shared`);
});

test('devices that differ in nothing a policy asks for are decided on once', (t) => {
  const dice = new CaseSource(7);
  const { nowMs } = dice.next().facts;
  const when = { source: ['10.0.0.0/8'] };
  const state = stateOf([{ name: 'inside', allow: 'everyone', to: 'everything', when }]);
  const asked = t.mock.method(PolicyIndex.prototype, 'concerning');
  const together = new SharedEntitlements(state, nowMs);
  const subject = { kind: 'person', id: newId('usr', Buffer.alloc(16)), name: 'alice', groups: [] } as const;
  const from = (address: string): void => {
    const { device, session } = seatOf(dice.next().facts, nowMs, dice);
    const untilMs = nowMs + 1 + dice.below(100_000);
    const admitted = { state: 'active', approval: 'approved', address } as const;
    together.of({ device: { ...device, ...admitted }, session: { ...session, untilMs }, subject });
  };
  for (let count = 0; count < 5; count += 1) from('10.1.2.3');
  assert.equal(asked.mock.callCount(), names.length);
  from('192.0.2.1');
  assert.equal(asked.mock.callCount(), 2 * names.length);
});
