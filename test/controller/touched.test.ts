/**
 * A change decides anew only those it can touch. Held against deciding everybody: over random changes of random documents,
 * whoever's decision differs is among those that were named.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidatesFor } from '../../controller/decisions/candidates.ts';
import { entitlementsTo } from '../../controller/decisions/entitlements.ts';
import type { Seat, Subject } from '../../controller/decisions/seat.ts';
import { touchedBy, touches } from '../../controller/decisions/touched.ts';
import type { OrganisationState, StoredDocument } from '../../controller/organisation/organisation-state.ts';
import { documentZones } from '../../controller/organisation/resource-hosts.ts';
import { noCountries } from '../../controller/source/countries.ts';
import { compilePolicies } from '../../policy/policies.ts';
import type { ResourceDocument } from '../../protocol/organisation-document.ts';
import type { PolicyDocument, WhoDocument } from '../../protocol/policy-document.ts';
import { newId } from '../../protocol/ids.ts';

/** A row of numbers that are the same in every run. */
class Draw {
  #seed: number;
  constructor(seed: number) {
    this.#seed = seed;
  }
  below(limit: number): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((this.#seed / 2 ** 32) * limit);
  }
  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
  some<T>(list: readonly T[]): T[] {
    const chosen = list.filter(() => this.below(3) === 0);
    return chosen.length > 0 ? chosen : [this.one(list)];
  }
}

const nowMs = Date.parse('2026-11-20T10:00:00Z');
const groups = ['a', 'b', 'c'];
const people = ['p@acme.example', 'q@acme.example'];
const accounts = ['ci', 'cd'];
const tags = ['prod', 'test', 'day'];
const names = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5'];

function drawWho(draw: Draw): WhoDocument {
  switch (draw.below(4)) {
    case 0:
      return 'everyone';
    case 1:
      return { people: draw.some(people.map((person) => person.toUpperCase())) };
    case 2:
      return { serviceAccounts: draw.some(accounts), groups: draw.some(groups) };
    default:
      return { groups: draw.some(groups) };
  }
}

function drawPolicy(draw: Draw, name: string): PolicyDocument {
  const effect = draw.one(['allow', 'allow', 'deny', 'require'] as const);
  const to = draw.one([
    { resources: draw.some(names) },
    { tags: draw.some(tags) },
    { tags: draw.some(tags), resources: draw.some(names) },
    'everything',
  ] as const);
  const when = draw.one([undefined, { posture: ['healthy'] }, { deviceApproved: true as const }]);
  return { name, [effect]: drawWho(draw), to, ...(when === undefined ? {} : { when }) };
}

function drawResource(draw: Draw, name: string): ResourceDocument {
  return {
    name,
    network: 'hq',
    address: `${name}.acme.internal`,
    ports: [draw.one(['tcp/80', 'tcp/443'])],
    tags: draw.some(tags),
    visibility: draw.one(['granted', 'fixable', 'everyone']),
  };
}

function drawDocument(draw: Draw): StoredDocument {
  return {
    organisation: 'acme',
    groups,
    networks: [{ name: 'hq' }],
    serviceAccounts: accounts.map((name) => ({ name, groups: draw.some(groups) })),
    resources: names.map((name) => drawResource(draw, name)),
    postureProfiles: [{ name: 'healthy', linux: { minVersion: '5.10' } }],
    policies: Array.from({ length: 5 }, (_, place) => drawPolicy(draw, `policy-${place}`)),
  };
}

/** The document with one or two things in it changed, as an administrator would. */
function drawChange(draw: Draw, document: StoredDocument): StoredDocument {
  const next = structuredClone(document);
  const policies = next.policies ?? [];
  for (let times = 1 + draw.below(2); times > 0; times -= 1) {
    switch (draw.below(9)) {
      case 0:
        policies.splice(draw.below(policies.length), 1);
        break;
      case 1:
        policies.push(drawPolicy(draw, `new-${times}`));
        break;
      case 2:
        policies[0] = drawPolicy(draw, policies[0]?.name ?? 'policy-0');
        break;
      case 3:
        next.resources = (next.resources ?? []).with(draw.below(5), drawResource(draw, 'r9'));
        break;
      case 4: {
        const place = draw.below(next.resources?.length ?? 0);
        next.resources = (next.resources ?? []).map((resource, at) =>
          at === place ? { ...resource, ...drawResource(draw, resource.name) } : resource,
        );
        break;
      }
      case 5:
        next.postureProfiles = [{ name: 'healthy', linux: { minVersion: draw.one(['5.9', '6.2']) } }];
        break;
      case 6:
        next.serviceAccounts = accounts.map((name) => ({ name, groups: draw.some(groups) }));
        break;
      case 7:
        next.groups = draw.some(groups);
        break;
      default:
        policies.reverse();
    }
  }
  return { ...next, policies };
}

function stateOf(document: StoredDocument): OrganisationState {
  const network = { id: newId('net', Buffer.alloc(16)), name: 'hq' };
  return {
    revision: 1,
    document,
    zones: documentZones(document as never),
    groups: new Set(document.groups),
    networks: [network],
    // By name, so that a resource is the same before and after.
    resources: (document.resources ?? []).map((definition) => ({
      id: newId('res', Buffer.alloc(16, definition.name)),
      network,
      definition,
    })),
    serviceAccounts: [],
    policies: compilePolicies(
      (document.policies ?? []).filter(({ allow, deny, require }) => [allow, deny, require].some(Boolean)),
      document.postureProfiles ?? [],
    ),
    requestsSerial: 0,
    exposures: [],
    exposing: compilePolicies([], []),
    isSuspended: false,
    namesSerial: undefined,
    approved: [],
    approvals: [],
    locked: new Map(),
    countries: noCountries,
  };
}

/** The subjects there are, with the groups that this document gives them. */
function subjects({ document, groups: declared }: OrganisationState): Subject[] {
  const person = { kind: 'person', id: newId('usr', Buffer.alloc(16)) } as const;
  const persons = [[], ['a'], ['b', 'c'], ['a', 'b', 'c']].flatMap((own) =>
    [undefined, ...people].map((email) => ({
      ...person,
      name: 'somebody',
      groups: own.filter((group) => declared.has(group)),
      ...(email === undefined ? {} : { email }),
    })),
  );
  const services = (document.serviceAccounts ?? []).map(({ name, groups: own = [] }) => ({
    kind: 'service' as const,
    id: newId('svc', Buffer.alloc(16)),
    name,
    groups: own,
  }));
  return [...persons, ...services];
}

function seatOf(subject: Subject): Seat {
  return {
    device: {
      id: newId('dev', Buffer.alloc(16)),
      nk: '',
      mk: '',
      name: 'laptop',
      approval: 'none',
      state: 'active',
      posture: { atMs: nowMs, facts: { os: 'linux', osVersion: '6.1', clientVersion: '1' } },
    },
    session: { id: newId('ses', Buffer.alloc(16)), startedMs: nowMs, untilMs: nowMs + 1_000, amr: [] },
    subject,
  };
}

/** What is decided about every resource, by name, as text. */
function decisions(state: OrganisationState, subject: Subject): Map<string, string> {
  return new Map(
    entitlementsTo(state, seatOf(subject), state.resources, nowMs).map((entry) => {
      const { resource, known, reasons } = entry;
      const names = reasons.map(({ name, policy }) => `${name} ${policy ?? ''}`).sort();
      const shown = known ? JSON.stringify(resource.definition) : '';
      return [resource.definition.name, `${entry.state} ${known} ${known ? names.join() : ''} ${shown}`];
    }),
  );
}

test('whoever a change touches is among those it names, over 2,000 random changes', () => {
  let [differing, spared, given] = [0, 0, 0];
  for (let seed = 1; seed <= 2_000; seed += 1) {
    const draw = new Draw(seed);
    const document = drawDocument(draw);
    const [before, after] = [stateOf(document), stateOf(drawChange(draw, document))];
    const touched = touchedBy(before, after);
    const [then, now] = [subjects(before), subjects(after)];
    for (const [place, subject] of now.entries()) {
      const was = decisions(before, then[place] ?? subject);
      const is = decisions(after, subject);
      const isTouched = touches(touched, subject);
      if (!isTouched) spared += 1;
      for (const name of new Set([...was.keys(), ...is.keys()])) {
        // What does not exist is as what is hidden.
        const hidden = /^refused false/;
        const [old, next] = [was.get(name) ?? 'refused false', is.get(name) ?? 'refused false'];
        if (old === next || (hidden.test(old) && hidden.test(next))) continue;
        differing += 1;
        const place_ = `seed ${seed}, ${JSON.stringify(subject)}, ${name}: ${old} → ${next}`;
        if (touched.onlyGives) {
          given += 1;
          assert.ok(!old.startsWith('granted') || next.startsWith('granted'), `taken away: ${place_}`);
        }
        assert.ok(isTouched, `not decided anew: ${place_}`);
        assert.ok(touched.resources === 'all' || touched.resources.has(name), `left out: ${place_}`);
      }
    }
  }
  // It spares somebody, or it would be no use; and there was something to find.
  assert.ok(differing > 5_000 && spared > 1_000, `${differing} differ, ${spared} are spared`);
  assert.ok(given > 100, `${given} were given something by a change that takes nothing`);
});

test('what a subject is no candidate for is refused and hidden', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const state = stateOf(drawDocument(new Draw(seed)));
    for (const subject of subjects(state)) {
      const candidates = new Set(candidatesFor(state, subject));
      for (const { resource, state: is, known } of entitlementsTo(
        state,
        seatOf(subject),
        state.resources,
        nowMs,
      ))
        if (!candidates.has(resource)) assert.deepEqual([is, known], ['refused', false], `seed ${seed}`);
    }
  }
});

test('a part of the document that is new to it touches everyone, and tests of policies touch nobody', () => {
  const state = stateOf(drawDocument(new Draw(7)));
  const unknown = { ...state, document: { ...state.document, sessions: { length: '8h' } } as StoredDocument };
  assert.deepEqual(touchedBy(state, unknown), {
    who: 'everyone',
    resources: 'all',
    pictures: true,
    onlyGives: false,
  });
  const tested = { ...state, document: { ...state.document, tests: [] } as StoredDocument };
  assert.deepEqual(touchedBy(state, tested), {
    who: [],
    resources: new Set(),
    pictures: false,
    onlyGives: true,
  });
});

test('a change takes nothing from anybody only where it adds allows and does nothing else', () => {
  const document = drawDocument(new Draw(11));
  const [first, ...others] = document.policies ?? [];
  assert.ok(first !== undefined);
  const onlyGives = (next: Partial<StoredDocument>): boolean =>
    touchedBy(stateOf(document), stateOf({ ...document, ...next })).onlyGives;
  const to = { tags: ['prod'] };
  const added = (policy: PolicyDocument) => ({ policies: [...(document.policies ?? []), policy] });
  assert.ok(onlyGives(added({ name: 'night', allow: { groups: ['a'] }, to })));
  assert.ok(!onlyGives(added({ name: 'night', deny: { groups: ['a'] }, to })));
  assert.ok(!onlyGives(added({ name: 'night', require: 'everyone', to, when: { mfa: '1h' } })));
  assert.ok(!onlyGives({ policies: others }));
  assert.ok(!onlyGives({ policies: [{ name: first.name, allow: { groups: ['b'] }, to }, ...others] }));
  assert.ok(
    !onlyGives({
      ...added({ name: 'night', allow: { groups: ['a'] }, to }),
      resources: document.resources?.slice(1) ?? [],
    }),
  );
});
