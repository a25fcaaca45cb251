/**
 * `decide.us`: microseconds for one decision with its reasons, over 100,000 questions of which half are refused, in an
 * organisation of 10,000 resources, 1,000 policies and 500 groups. Beside it: the same with `until`, what compiling
 * costs in time and memory, and the figure again with a hundred times the people under the same policies.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decide } from '../../policy/decide.ts';
import { compilePolicies, type Policies } from '../../policy/policies.ts';
import { median, type Measurement } from '../comparison.ts';
import { drawOrganisation, type Organisation } from './decide-organisation.ts';
import { drawQuestions, factsOf, freshFactsOf, type Question } from './decide-questions.ts';

const firstSeed = 20_261_121;
const questionCount = 100_000;
const fewPeople = 1_000;
const manyPeople = 100 * fewPeople;
/** Facts that are read before they are decided on. */
const factsAtOnce = 50;
/** Of each round, after two that only warm up; the middle one counts. */
const passes = 5;

export const decideUs: Measurement = {
  name: 'decide.us',
  async run({ rounds, progress }) {
    const values: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const seed = firstSeed + round;
      const organisation = drawOrganisation(seed);
      const { policies, ms, kilobytes } = compileMeasured(organisation);
      const few = drawQuestions(organisation, policies, {
        seed,
        people: fewPeople,
        questions: questionCount,
      });
      const value = usEach(few, policies, false);
      const withUntil = usEach(few, policies, true);
      const many = drawQuestions(organisation, policies, {
        seed,
        people: manyPeople,
        questions: questionCount,
      });
      const withMany = usEach(many, policies, false);
      values.push(value);
      progress(
        `  seed ${seed}: ${value.toFixed(2)} us for ${workOf(few, policies)}, with until ${withUntil.toFixed(2)}, with ${manyPeople} people ` +
          `instead of ${fewPeople} ${withMany.toFixed(2)} for ${workOf(many, policies)}; compiled in ${ms.toFixed(1)} ms to ${kilobytes} kB`,
      );
    }
    return { kind: 'figure', name: this.name, unit: 'us', values };
  },
};

/** What a decision has to look at, whatever the machine: the policies that concern it and their conditions, each a mean. */
export function workPerQuestion(
  questions: readonly Question[],
  policies: Policies,
): { policies: number; conditions: number } {
  let [found, conditions] = [0, 0];
  for (const question of questions) {
    const concerning = policies.concerning(factsOf(question));
    found += concerning.length;
    for (const policy of concerning) conditions += policy.conditions.length;
  }
  return { policies: found / questions.length, conditions: conditions / questions.length };
}

function workOf(questions: readonly Question[], policies: Policies): string {
  const work = workPerQuestion(questions, policies);
  return `${work.policies.toFixed(2)} policies with ${work.conditions.toFixed(2)} conditions`;
}

function usEach(questions: readonly Question[], policies: Policies, withUntil: boolean): number {
  const times: number[] = [];
  for (let pass = -2; pass < passes; pass += 1) {
    const us = usOfOnePass(questions, policies, withUntil);
    if (pass >= 0) times.push(us);
  }
  return median(times);
}

/**
 * The mean over `questions`. The facts of a few at a time are copied beforehand, as the controller has just read them when it
 * decides: old ones would be in the processor's cache when there are few people and out of it when there are many, and the
 * figure would be of the cache. Every decision and its reasons are looked at, so that nothing can be left out.
 */
function usOfOnePass(questions: readonly Question[], policies: Policies, withUntil: boolean): number {
  let [reasons, allowed, ends, spentMs] = [0, 0, 0, 0];
  for (let at = 0; at < questions.length; at += factsAtOnce) {
    const facts = questions.slice(at, at + factsAtOnce).map(freshFactsOf);
    const startedAt = performance.now();
    for (const each of facts) {
      const decided = decide(each, policies);
      if (decided.decision === 'allow') allowed += 1;
      reasons += decided.reasons.length;
      if (withUntil && decided.untilMs !== undefined) ends += 1;
    }
    spentMs += performance.now() - startedAt;
  }
  const us = (spentMs * 1_000) / questions.length;
  if (allowed * 2 !== questions.length || reasons < questions.length || (withUntil && ends === 0))
    throw new Error(`${allowed} of ${questions.length} were allowed: not the questions that were drawn`);
  return us;
}

function compileMeasured({ policies, profiles }: Organisation): {
  policies: Policies;
  ms: number;
  kilobytes: number;
} {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  const startedAt = performance.now();
  const compiled = compilePolicies(policies, profiles);
  const ms = performance.now() - startedAt;
  collect();
  const kilobytes = Math.round((process.memoryUsage().heapUsed - before) / 1_024);
  return { policies: compiled, ms, kilobytes };
}
