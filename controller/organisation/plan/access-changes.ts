/**
 * Who loses and who gains what by a change: for everyone and everything that the difference can touch, the same decisions
 * as everywhere else, on both sides. What people could have without being signed in now is told from the policies alone.
 */
import { setImmediate } from 'node:timers/promises';
import type { Door, PlanAccess, PolicyDocument } from '../../../protocol/admin.ts';
import type { Facts } from '../../../policy/facts.ts';
import type { Policy } from '../../../policy/policy.ts';
import { compareTakes, leastKeys, whatItTakes, type WhatItTakes } from '../../../policy/what-it-takes.ts';
import { canonicalJson } from '../document-changes.ts';
import { isGrantedNow } from './granted-now.ts';
import { differing, policyTexts } from './plan-states.ts';
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
const maxSteps = 300_000;
/** So many are looked at before others get the processor. */
const stepsAtOnce = 1_000;
const doors: readonly Door[] = ['client', 'web'];
const noWay: WhatItTakes = { ways: [], unless: [] };

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
  for (const subjects of classes) {
    const names = comparison.touched.of(subjects);
    if (steps + names.length * doors.length > maxSteps) {
      notLookedAt += names.length * doors.length * Math.max(1, subjects.members.length);
      continue;
    }
    for (const name of names) {
      for (const door of doors) {
        steps += 1;
        if (steps % stepsAtOnce === 0) await setImmediate();
        const step = comparison.compare(subjects, name, door);
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
          steps += 1;
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
  readonly resource: string;
  readonly door: Door;
  readonly needs: readonly string[];
  readonly policies: readonly string[];
}

/** The two sides and what tells them apart. */
class Comparison {
  readonly touched: TouchedResources;
  readonly #sides: Sides;
  readonly #nowMs: number;
  readonly #changed: ReadonlySet<Policy>;
  readonly #documents;

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
    this.#documents = {
      before: new Map((sides.before.document.policies ?? []).map((policy) => [policy.name, policy])),
      after: policiesApart(sides),
    };
  }

  /** Undefined when nothing differs for anyone of these. */
  compare(subjects: SubjectClass, resource: string, door: Door): Step | undefined {
    const was = this.#takes('before', subjects.before, resource, door);
    const is = this.#takes('after', subjects.after, resource, door);
    const change = changeOf(was.takes, is.takes);
    if (change === undefined) return undefined;
    const policies = [...was.concerning, ...is.concerning].filter((policy) => this.#changed.has(policy));
    return {
      change,
      when: 'once-met',
      resource,
      door,
      needs: change === 'loses' ? [] : leastKeys(is.takes),
      policies: [...new Set(policies.map(({ name }) => name))].toSorted(),
    };
  }

  #takes(
    side: 'before' | 'after',
    subject: Facts['subject'] | undefined,
    name: string,
    door: Door,
  ): { takes: WhatItTakes; concerning: readonly Policy[] } {
    const tags = this.touched.tagsOf(side, name);
    if (subject === undefined || tags === undefined) return { takes: noWay, concerning: [] };
    const concerning = this.#sides[side].policies.concerning({
      nowMs: this.#nowMs,
      door,
      subject,
      session: { startedMs: this.#nowMs, amr: [] },
      device: { approved: false },
      resource: { name, tags },
    });
    return { takes: whatItTakes(concerning, this.#documents[side], this.#nowMs), concerning };
  }
}

/** The policies afterwards by name; a posture profile that says something else now counts as another. */
function policiesApart({ before, after }: Sides): Map<string, PolicyDocument> {
  const textsOf = ({ document }: Sides['before']): Map<string, string> =>
    new Map((document.postureProfiles ?? []).map((profile) => [profile.name, canonicalJson(profile)]));
  const [was, is] = [textsOf(before), textsOf(after)];
  const apart = (name: string): string => (was.get(name) === is.get(name) ? name : `${name} (changed)`);
  return new Map(
    (after.document.policies ?? []).map((policy) => {
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
