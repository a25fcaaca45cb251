import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../policy/decide.ts';
import type { Facts } from '../../policy/facts.ts';
import { compilePolicies } from '../../policy/policies.ts';
import type { PolicyDocument } from '../../protocol/policy-document.ts';
import { CaseSource, profiles, type Case } from './support/random-cases.ts';

const runs = { seed: 20_261_122, numRuns: 4_000 };
const openToAll: PolicyDocument = { name: 'open', allow: 'everyone', to: 'everything' };

/** One case, and the source it came from for more of the same kind. */
type Drawn = Case & { readonly source: CaseSource };
const drawn: fc.Arbitrary<Drawn> = fc.nat(2 ** 31 - 1).map((seed) => {
  const source = new CaseSource(seed);
  return { ...source.next(), source };
});

function isAllowed(facts: Facts, policies: readonly PolicyDocument[]): boolean {
  return decide(facts, compilePolicies(policies, profiles)).decision === 'allow';
}

/** Whether `policy` by itself lets the request through: as the only allow, or as the only obstacle. */
function passes(facts: Facts, policy: PolicyDocument): boolean {
  return isAllowed(facts, policy.allow === undefined ? [openToAll, policy] : [policy]);
}

/** Holds `property` against cases; it returns whether the case had anything to say, and enough of them must. */
function holds(property: (one: Drawn) => boolean): void {
  let telling = 0;
  fc.assert(
    fc.property(drawn, (one) => {
      if (property(one)) telling += 1;
    }),
    runs,
  );
  assert.ok(telling >= runs.numRuns / 50, `only ${telling} cases said anything`);
}

describe('whatever the policies', () => {
  test('one more deny or require never lets anyone in', () => {
    holds(({ facts, policies, source }) => {
      if (isAllowed(facts, policies)) return false;
      const more = source.policy('more', facts.nowMs, source.below(2) === 0 ? 'deny' : 'require');
      assert.equal(isAllowed(facts, [...policies, more]), false);
      return true;
    });
  });

  test('one more allow never takes anything away', () => {
    holds(({ facts, policies, source }) => {
      if (!isAllowed(facts, policies)) return false;
      assert.equal(isAllowed(facts, [...policies, source.policy('more', facts.nowMs, 'allow')]), true);
      return true;
    });
  });

  test('one more condition never turns the refusal of an allow or a require into a pass', () => {
    holds(({ facts, policies, source }) => {
      const chosen = policies.findIndex(({ deny }) => deny === undefined);
      const policy = policies[chosen];
      if (policy === undefined) return false;
      const stricter = { ...policy, when: { ...source.conditions(), ...policy.when } };
      if (!isAllowed(facts, policies)) assert.equal(isAllowed(facts, policies.with(chosen, stricter)), false);
      if (passes(facts, policy)) return false;
      assert.equal(passes(facts, stricter), false);
      return true;
    });
  });

  test('one more condition on a deny never makes it deny more', () => {
    holds(({ facts, policies, source }) => {
      const chosen = policies.findIndex(({ deny }) => deny !== undefined);
      const policy = policies[chosen];
      if (policy === undefined || !passes(facts, policy)) return false;
      assert.equal(passes(facts, { ...policy, when: { ...source.conditions(), ...policy.when } }), true);
      return true;
    });
  });

  test('no allow bypasses a require that it does not waive', () => {
    holds(({ facts, policies, source }) => {
      const require = source.policy('require', facts.nowMs, 'require');
      const other = source.policy('other', facts.nowMs, 'require');
      if (passes(facts, require)) return false;
      const allows = policies
        .filter(({ allow }) => allow !== undefined)
        // Some waive something, but not this.
        .map((allow) => source.waiving(allow, [other], facts.nowMs));
      assert.equal(isAllowed(facts, [...allows, openToAll, require, other]), false);
      return true;
    });
  });

  test('an allow that waives a require lets in whom it would let in without that require, and nobody else', () => {
    holds(({ facts, policies, source }) => {
      const require = source.policy('require', facts.nowMs, 'require');
      const others = policies.filter(({ allow }) => allow === undefined);
      const until = new Date(facts.nowMs + 60_000).toISOString();
      const allow: PolicyDocument = { ...source.policy('one', facts.nowMs, 'allow'), until };
      const waived = isAllowed(facts, [...others, { ...allow, waives: ['require'] }, require]);
      assert.equal(waived, isAllowed(facts, [...others, allow]));
      return waived && !passes(facts, require);
    });
  });

  test('one more name that an allow waives never takes anything away', () => {
    holds(({ facts, policies, source }) => {
      if (!isAllowed(facts, policies)) return false;
      const wider = policies.map((policy) => {
        const { waives } = source.waiving(
          { ...policy, until: policy.until ?? '2999-01-01T00:00:00Z' },
          policies,
          facts.nowMs,
        );
        if (waives === undefined || policy.until === undefined) return policy;
        return { ...policy, waives: [...new Set([...(policy.waives ?? []), ...waives])] };
      });
      assert.equal(isAllowed(facts, wider), true);
      return wider.some(({ waives }) => waives !== undefined);
    });
  });

  test('their order changes neither decision nor reasons nor until', () => {
    holds(({ facts, policies, source }) => {
      const shuffled = policies
        .map((policy) => ({ policy, place: source.below(1_000) }))
        .toSorted((a, b) => a.place - b.place)
        .map(({ policy }) => policy);
      assert.deepEqual(asSets(facts, shuffled), asSets(facts, policies));
      return policies.length > 1;
    });
  });

  test('a fact that is not known never lets anyone in', () => {
    const forgetting: ((facts: Facts) => Facts)[] = [
      ({ session: { authTimeMs: _time, ...session }, ...facts }) => ({ ...facts, session }),
      ({ session: { acr: _class, ...session }, ...facts }) => ({ ...facts, session }),
      ({ source: _source, ...facts }) => facts,
      ({ source, ...facts }) =>
        source === undefined ? facts : { ...facts, source: { address: source.address } },
      ({ source, ...facts }) =>
        source === undefined ? facts : { ...facts, source: { ...source, address: '' } },
      ({ session, ...facts }) => ({ ...facts, session: { ...session, amr: [] } }),
      ({ device: { approved }, ...facts }) => ({ ...facts, device: { approved } }),
      ({ device: { posture, ...device }, ...facts }) => {
        if (posture === undefined) return { ...facts, device };
        const { os, clientVersion } = posture.facts;
        return { ...facts, device: { ...device, posture: { ...posture, facts: { os, clientVersion } } } };
      },
      ({ device: { serialListed: _serial, ...device }, ...facts }) => ({ ...facts, device }),
      ({ device: { verdicts: _verdicts, ...device }, ...facts }) => ({ ...facts, device }),
      // What was reported goes out of date: the device has fallen silent.
      ({ device: { posture, ...device }, ...facts }) => ({
        ...facts,
        device: { ...device, ...(posture === undefined ? {} : { posture: { ...posture, atMs: 0 } }) },
      }),
    ];
    holds(({ facts, policies }) => {
      if (isAllowed(facts, policies)) return false;
      for (const forget of forgetting) assert.equal(isAllowed(forget(facts), policies), false);
      return true;
    });
  });
});

function asSets(facts: Facts, policies: readonly PolicyDocument[]): object {
  const { decision, reasons, fixable, untilMs } = decide(facts, compilePolicies(policies, profiles));
  const names = reasons.map(({ name, policy }) => `${name} ${policy ?? ''}`).toSorted();
  return { decision, reasons: names, fixable, untilMs };
}
