/**
 * `decide.us`: microseconds for one decision with its reasons, over 100,000 questions of which half are refused, in an
 * organisation of 10,000 resources, 1,000 policies and 500 groups. Beside it: the same with `until`, what compiling
 * costs in time and memory, and the figure again with a hundred times the people.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decide } from '../../policy/decide.ts';
import { compilePolicies, type Policies } from '../../policy/policies.ts';
import { median, type Measurement } from '../comparison.ts';
import { drawOrganisation, factsOf, type Question } from './decide-organisation.ts';

const firstSeed = 20_261_121;
const questionCount = 100_000;
const fewPeople = 1_000;
const manyPeople = 100 * fewPeople;

export const decideUs: Measurement = {
  name: 'decide.us',
  async run({ rounds, progress }) {
    const values: number[] = [];
    const withMany: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const seed = firstSeed + round;
      const { policies, profiles, questions } = drawOrganisation(seed, fewPeople, questionCount);
      const { compiled, ms, kilobytes } = compileMeasured(() => compilePolicies(policies, profiles));
      usEach(questions, compiled, false);
      const value = usEach(questions, compiled, false);
      const withUntil = usEach(questions, compiled, true);
      const crowd = drawOrganisation(seed, manyPeople, questionCount);
      const crowded = usEach(crowd.questions, compilePolicies(crowd.policies, crowd.profiles), false);
      values.push(value);
      withMany.push(crowded);
      progress(
        `  seed ${seed}: ${value.toFixed(2)} us, ${withUntil.toFixed(2)} with until, ` +
          `${crowded.toFixed(2)} with ${manyPeople} people instead of ${fewPeople}; ` +
          `compiled in ${ms.toFixed(1)} ms to ${kilobytes} kB`,
      );
    }
    progress(`  ${manyPeople} people: ${median(withMany).toFixed(2)} us`);
    return { kind: 'figure', name: this.name, unit: 'us', values };
  },
};

/** The mean over `questions`, putting the facts together included; every decision and its reasons are looked at, so that nothing can be left out. */
function usEach(questions: readonly Question[], policies: Policies, until: boolean): number {
  let reasons = 0;
  let allowed = 0;
  let ends = 0;
  const startedAt = performance.now();
  for (const question of questions) {
    const decided = decide(factsOf(question), policies);
    if (decided.decision === 'allow') allowed += 1;
    reasons += decided.reasons.length;
    if (until && decided.untilMs !== undefined) ends += 1;
  }
  const us = ((performance.now() - startedAt) * 1_000) / questions.length;
  if (allowed * 2 !== questions.length || reasons < questions.length || (until && ends === 0))
    throw new Error(
      `${allowed} of ${questions.length} allowed with ${reasons} reasons: not the questions drawn`,
    );
  return us;
}

function compileMeasured(compile: () => Policies): { compiled: Policies; ms: number; kilobytes: number } {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  const startedAt = performance.now();
  const compiled = compile();
  const ms = performance.now() - startedAt;
  collect();
  return { compiled, ms, kilobytes: Math.round((process.memoryUsage().heapUsed - before) / 1_024) };
}
