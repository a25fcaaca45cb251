/** What a decision has to look at does not grow with the number of people: counted, since a clock would also time the caches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicies } from '../../policy/policies.ts';
import { drawOrganisation } from '../../bench/figures/decide-organisation.ts';
import { drawQuestions } from '../../bench/figures/decide-questions.ts';
import { workPerQuestion } from '../../bench/figures/decide.ts';

test('a decision among twenty thousand people looks at as many policies and conditions as one among two hundred', () => {
  const seed = 20_261_121;
  const organisation = drawOrganisation(seed);
  const policies = compilePolicies(organisation.policies, organisation.profiles);
  const [few, many] = [200, 20_000].map((people) =>
    workPerQuestion(drawQuestions(organisation, policies, { seed, people, questions: 4_000 }), policies),
  );
  assert.ok(few !== undefined && many !== undefined);
  assert.ok(few.policies > 1 && few.conditions > 1);
  const near = (a: number, b: number): boolean => Math.abs(a - b) < 0.1 * a;
  assert.ok(near(few.policies, many.policies), `${few.policies} and ${many.policies} policies`);
  assert.ok(near(few.conditions, many.conditions), `${few.conditions} and ${many.conditions} conditions`);
});
