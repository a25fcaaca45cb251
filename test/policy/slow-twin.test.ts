import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide } from '../../policy/decide.ts';
import { compilePolicies } from '../../policy/policies.ts';
import { CaseSource, profiles } from './support/random-cases.ts';
import { slowDecide } from './support/slow-twin.ts';

const seed = 20_261_121;
const cases = 100_000;

describe('decide beside its slow twin', () => {
  test(`agrees on decision, reasons and until in ${cases} random cases`, () => {
    const source = new CaseSource(seed);
    const seen = { allow: 0, deny: 0, fixable: 0, until: 0 };
    const seldom = { waived: 0, source: 0, country: 0, context: 0 };
    for (let index = 0; index < cases; index += 1) {
      const { facts, policies } = source.next();
      const { decision, reasons, fixable, untilMs } = decide(facts, compilePolicies(policies, profiles));
      const quick = {
        decision,
        reasons: reasons
          .map(({ name, policy }) => (policy === undefined ? name : `${name} ${policy}`))
          .toSorted(),
        fixable,
        untilMs,
      };
      const slow = slowDecide(facts, policies, profiles);
      if (JSON.stringify(quick) !== JSON.stringify(slow))
        assert.deepEqual(
          quick,
          slow,
          `case ${index} of seed ${seed}: ${JSON.stringify({ facts, policies })}`,
        );
      seen[decision] += 1;
      if (fixable) seen.fixable += 1;
      if (untilMs !== undefined) seen.until += 1;
      const names = new Set(reasons.map(({ name }) => name));
      if (names.has('require-waived')) seldom.waived += 1;
      if (names.has('source-listed')) seldom.source += 1;
      if (names.has('country-listed')) seldom.country += 1;
      if (names.has('mfa-context-not-listed') || names.has('mfa-context-unknown')) seldom.context += 1;
    }
    // The cases reach every kind of outcome, or agreeing on them would show little.
    for (const [outcome, count] of Object.entries(seen))
      assert.ok(count > cases / 20, `${outcome}: ${count}`);
    for (const [outcome, count] of Object.entries(seldom))
      assert.ok(count > cases / 250, `${outcome}: ${count}`);
  });

  test('agrees on approved requests, and on what is locked because nobody used it', () => {
    const source = new CaseSource(seed);
    const seen = { approved: 0, waived: 0, locked: 0, unlocked: 0, until: 0 };
    for (let index = 0; index < cases / 4; index += 1) {
      const { facts, policies, beside } = source.beside(source.next());
      const compiled = compilePolicies(policies, profiles, {
        approvals: beside.approvals ?? [],
        resources: Object.entries(beside.locks ?? {}).map(([name, lockUnused]) => ({ name, lockUnused })),
      });
      const { decision, reasons, fixable, untilMs } = decide(facts, compiled);
      const names = reasons.map(({ name, policy }) => (policy === undefined ? name : `${name} ${policy}`));
      const quick = { decision, reasons: names.toSorted(), fixable, untilMs };
      assert.deepEqual(
        quick,
        slowDecide(facts, policies, profiles, beside),
        `case ${index} of seed ${seed}: ${JSON.stringify({ facts, policies, beside })}`,
      );
      if (decision === 'allow' && names.some((name) => name.startsWith('allow-matches request'))) {
        seen.approved += 1;
        if (untilMs !== undefined) seen.until += 1;
        if (names.some((name) => name.startsWith('require-waived p'))) seen.waived += 1;
        if (names.some((name) => name.startsWith('require-waived use of'))) seen.unlocked += 1;
      }
      if (decision === 'deny' && names.some((name) => name.startsWith('unused-too-long'))) seen.locked += 1;
    }
    for (const [outcome, count] of Object.entries(seen)) assert.ok(count > 50, `${outcome}: ${count}`);
  });
});
