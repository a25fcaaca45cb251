/**
 * Who loses and who gains what by a change: for everyone and everything that the difference can touch, the same decisions
 * as everywhere else, on both sides. What people could have without being signed in now is told from the policies alone.
 */
import { setImmediate } from 'node:timers/promises';
import type { PlanAccess } from '../../../protocol/plan.ts';
import type { Door } from '../../../protocol/policy-document.ts';
import type { Policy } from '../../../policy/policy.ts';
import { unusedLockOf } from '../../../policy/unused-locks.ts';
import { compareTakes, leastKeys, whatItTakes, type WhatItTakes } from '../../../policy/what-it-takes.ts';
import { canonicalJson } from '../document-changes.ts';
import { isGrantedNow } from './granted-now.ts';
import { differing, policyDocuments, policyTexts, type PlannedPolicy } from './plan-states.ts';
import { AccessRows } from './access-rows.ts';
import type { OpenNow, Sides, SubjectClass } from './plan-subjects.ts';
import { TouchedResources } from './touched-resources.ts';

export interface AccessChanges {
  readonly access: PlanAccess[];
  /** Rows beyond those that are shown. */
  readonly more: number;
  /** Combinations of people, resource and door that were not looked at, because there are too many. */
  readonly notLookedAt: number;
}

/** Combinations that a plan looks at, at most. */
const maxSteps = 150_000;
/** A decision about somebody who is signed in costs as much as so many of them. */
const decisionSteps = 5;
/** So many are looked at before others get the processor. */
const stepsAtOnce = 500;
const doors: readonly Door[] = ['client', 'web'];

export async function accessChanges(
  sides: Sides,
  classes: readonly SubjectClass[],
  open: () => Promise<OpenNow>,
  nowMs: number,
): Promise<AccessChanges> {
  const comparison = new Comparison(sides, nowMs);
  const rows = new AccessRows();
  let openNow: OpenNow | undefined;
  let steps = 0;
  let notLookedAt = 0;
  let pauseAt = stepsAtOnce;
  for (const subjects of classes) {
    const { lists, count } = comparison.touched.of(subjects);
    if (steps + lists.length * doors.length > maxSteps) {
      notLookedAt += count * doors.length * Math.max(1, subjects.members.length);
      continue;
    }
    for (const names of lists) {
      const [name = ''] = names;
      for (const door of doors) {
        steps += 1;
        if (steps >= pauseAt) {
          pauseAt = steps + stepsAtOnce;
          await setImmediate();
        }
        const step = comparison.compare(subjects, names, door);
        if (step === undefined) continue;
        rows.everyone(subjects, step);
        if (subjects.members.length === 0) continue;
        openNow ??= await open();
        for (const member of subjects.members) {
          const asked = { door, nowMs, open: openNow };
          const [was, is] = (['before', 'after'] as const).map((side) =>
            isGrantedNow(sides[side], comparison.touched.resourceOf(side, name), {
              ...asked,
              subject: subjects[side],
              member,
            }),
          );
          if (was === undefined && is === undefined) continue;
          steps += decisionSteps;
          if ((was ?? false) !== (is ?? false))
            rows.member(subjects, member, { ...step, change: is === true ? 'gains' : 'loses', when: 'now' });
        }
      }
    }
  }
  return { ...rows.list(), notLookedAt };
}

/** How access of some people to one resource by one door differs. */
export interface Step {
  readonly change: PlanAccess['change'];
  readonly when: PlanAccess['when'];
  /** Resources that no policy tells apart. */
  readonly resources: readonly string[];
  readonly door: Door;
  readonly needs: readonly string[];
  readonly policies: readonly string[];
}

type Difference = Pick<Step, 'change' | 'needs' | 'policies'>;

/** The two sides and what tells them apart. */
class Comparison {
  readonly touched: TouchedResources;
  readonly #sides: Sides;
  readonly #nowMs: number;
  readonly #changed: ReadonlySet<Policy>;
  readonly #documents: Readonly<Record<'before' | 'after', ReadonlyMap<string, PlannedPolicy>>>;
  /** Names of the policies that stand in each document, and do not follow from the rest of it. */
  readonly #written: Readonly<Record<'before' | 'after', ReadonlySet<string>>>;
  readonly #compared = new Map<string, Difference | 'same'>();

  constructor(sides: Sides, nowMs: number) {
    this.#sides = sides;
    this.#nowMs = nowMs;
    const texts = { before: policyTexts(sides.before), after: policyTexts(sides.after) };
    const changed = [
      ...differing(sides.before.policies.policies, texts.before, texts.after),
      ...differing(sides.after.policies.policies, texts.after, texts.before),
    ];
    this.#changed = new Set(changed);
    this.touched = new TouchedResources(sides, changed);
    const namesOf = ({ document }: Sides['before']): Set<string> =>
      new Set((document.policies ?? []).map(({ name }) => name));
    this.#written = { before: namesOf(sides.before), after: namesOf(sides.after) };
    this.#documents = {
      before: policyDocuments(sides.before.document),
      after: policiesApart(sides),
    };
  }

  /** Undefined when nothing differs for anyone of these. */
  compare(subjects: SubjectClass, resources: readonly string[], door: Door): Step | undefined {
    const [resource = ''] = resources;
    const was = this.#concerning('before', subjects, resource, door);
    const is = this.#concerning('after', subjects, resource, door);
    const names = (policies: readonly Policy[] | undefined): readonly string[] | undefined =>
      policies?.map(({ name }) => name);
    // Whoever meets the same policies on both sides is told the same.
    const key = JSON.stringify([names(was), names(is)]);
    let compared = this.#compared.get(key);
    if (compared === undefined) {
      compared = this.#differ(was ?? [], is ?? []);
      this.#compared.set(key, compared);
    }
    return compared === 'same' ? undefined : { ...compared, when: 'once-met', resources, door };
  }

  #differ(was: readonly Policy[], is: readonly Policy[]): Difference | 'same' {
    const takes = {
      before: whatItTakes(was, this.#documents.before, this.#nowMs),
      after: whatItTakes(is, this.#documents.after, this.#nowMs),
    };
    const change = changeOf(takes.before, takes.after);
    if (change === undefined) return 'same';
    const changed = [...was, ...is].filter((policy) => this.#changed.has(policy));
    return {
      change,
      needs: change === 'loses' ? [] : leastKeys(takes.after),
      policies: [...new Set(changed.map(({ name }) => name))].toSorted(),
    };
  }

  /** Undefined where the people or the resource are not there. */
  #concerning(
    side: 'before' | 'after',
    subjects: SubjectClass,
    name: string,
    door: Door,
  ): readonly Policy[] | undefined {
    const subject = subjects[side];
    const tags = this.touched.tagsOf(side, name);
    if (subject === undefined || tags === undefined) return undefined;
    const concerning = this.#sides[side].policies.concerning({
      door,
      subject,
      resource: { name, tags },
    });
    // What follows from a resource is about a person's sign-in, and a service account has none.
    if (subject.kind === 'service')
      return concerning.filter(({ name: policy }) => this.#written[side].has(policy));
    // Whoever let it lie is let in by nothing but an approval of their own.
    const lock = unusedLockOf(name);
    return subjects.locked[side].has(name)
      ? concerning.filter(({ effect, waives }) => effect !== 'allow' || waives?.has(lock) === true)
      : concerning;
  }
}

/** The policies afterwards by name; a posture profile that says something else now counts as another. */
function policiesApart({ before, after }: Sides): Map<string, PlannedPolicy> {
  const textsOf = ({ document }: Sides['before']): Map<string, string> =>
    new Map((document.postureProfiles ?? []).map((profile) => [profile.name, canonicalJson(profile)]));
  const [was, is] = [textsOf(before), textsOf(after)];
  const apart = (name: string): string => (was.get(name) === is.get(name) ? name : `${name} (changed)`);
  return new Map(
    [...policyDocuments(after.document).values()].map((policy) => {
      const { when } = policy;
      if (when?.posture === undefined) return [policy.name, policy];
      return [policy.name, { ...policy, when: { ...when, posture: when.posture.map(apart) } }];
    }),
  );
}

function changeOf(before: WhatItTakes, after: WhatItTakes): Step['change'] | undefined {
  const [could, can] = [before.ways.length > 0, after.ways.length > 0];
  if (could !== can) return can ? 'gains' : 'loses';
  if (!could) return undefined;
  const compared = compareTakes(before, after);
  return compared === 'same' ? undefined : (`needs-${compared}` as const);
}
