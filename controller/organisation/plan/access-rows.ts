/** Gathers what a plan found step by step into rows that a person can read: alike people, alike resources, few lines. */
import type { PlanAccess } from '../../../protocol/plan.ts';
import type { Step } from './access-changes.ts';
import type { Member, SubjectClass } from './plan-subjects.ts';

const maxRows = 200;
const maxNames = 10;
const maxResources = 50;

/** What the rows are ordered by: what is lost now comes first. */
const order = [
  'loses now',
  'gains now',
  'loses once-met',
  'gains once-met',
  'needs-more once-met',
  'needs-less once-met',
  'needs-other once-met',
];

interface Gathered {
  readonly subjects: SubjectClass;
  readonly steps: Step[];
  /** By the id of the member, and then by resource and door: what is otherwise for them. */
  readonly otherwise: Map<string, { readonly member: Member; readonly steps: Map<string, Step> }>;
}

/** People to whom the same happens. */
interface Row {
  readonly step: Step;
  readonly resources: readonly string[];
  readonly doors: readonly string[];
  readonly kind: PlanAccess['who']['kind'];
  readonly groups: readonly string[];
  readonly members: Member[];
}

export class AccessRows {
  readonly #gathered = new Map<SubjectClass, Gathered>();

  /** A step for all of these. */
  everyone(subjects: SubjectClass, step: Step): void {
    this.#of(subjects).steps.push(step);
  }

  /** For one of them it is this step instead. */
  member(subjects: SubjectClass, member: Member, step: Step): void {
    const { otherwise } = this.#of(subjects);
    const own = otherwise.get(member.id) ?? { member, steps: new Map<string, Step>() };
    own.steps.set(placeOf(step), step);
    otherwise.set(member.id, own);
  }

  /** @returns rows in their order, as many as are shown, and how many more there are */
  list(): { access: PlanAccess[]; more: number } {
    const rows = new Map<string, Row>();
    for (const { subjects, steps, otherwise } of this.#gathered.values()) {
      const usual = subjects.members.filter(({ id }) => !otherwise.has(id));
      if (usual.length > 0 || subjects.members.length === 0) addRows(rows, subjects, usual, steps);
      for (const { member, steps: own } of otherwise.values())
        addRows(
          rows,
          subjects,
          [member],
          steps.map((step) => own.get(placeOf(step)) ?? step),
        );
    }
    const sorted = [...rows.values()].toSorted((a, b) => rank(a) - rank(b));
    return { access: sorted.slice(0, maxRows).map(shown), more: Math.max(0, sorted.length - maxRows) };
  }

  #of(subjects: SubjectClass): Gathered {
    const known = this.#gathered.get(subjects) ?? { subjects, steps: [], otherwise: new Map() };
    this.#gathered.set(subjects, known);
    return known;
  }
}

function placeOf({ resources, door }: Step): string {
  return `${door} ${resources[0] ?? ''}`;
}

function rank({ step: { change, when } }: Row): number {
  return order.indexOf(`${change} ${when}`);
}

/** Adds what happens to these members, to rows that say the same already where there are any. */
function addRows(
  rows: Map<string, Row>,
  { kind, groups }: SubjectClass,
  members: readonly Member[],
  steps: readonly Step[],
): void {
  for (const { step, resources, doors } of alike(steps)) {
    const { change, when, needs, policies } = step;
    // People of whom nobody was seen are told apart by their group alone.
    const own = kind === 'anyone' ? groups : [];
    const key = JSON.stringify([change, when, needs, policies, resources, doors, kind, own]);
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { step, resources, doors, kind, groups, members: [...members] });
    else
      rows.set(key, {
        ...row,
        groups: row.groups.filter((group) => groups.includes(group)),
        members: [...row.members, ...members],
      });
  }
}

/** Steps that differ in resource and door alone, put together. */
function alike(
  steps: readonly Step[],
): { readonly step: Step; readonly resources: readonly string[]; readonly doors: readonly string[] }[] {
  const byResource = new Map<string, { step: Step; doors: string[] }>();
  for (const step of steps) {
    const key = JSON.stringify([step.change, step.when, step.needs, step.policies, step.resources[0]]);
    const known = byResource.get(key);
    if (known === undefined) byResource.set(key, { step, doors: [step.door] });
    else known.doors.push(step.door);
  }
  const byDoors = new Map<string, { step: Step; resources: string[]; doors: readonly string[] }>();
  for (const { step, doors } of byResource.values()) {
    const key = JSON.stringify([step.change, step.when, step.needs, step.policies, doors]);
    const known = byDoors.get(key);
    if (known === undefined) byDoors.set(key, { step, resources: [...step.resources], doors });
    else known.resources.push(...step.resources);
  }
  return [...byDoors.values()];
}

function shown({ step, resources, doors, kind, groups, members }: Row): PlanAccess {
  return {
    change: step.change,
    when: step.when,
    who: {
      kind,
      count: members.length,
      names: members
        .map(({ label }) => label)
        .toSorted()
        .slice(0, maxNames),
      groups: [...groups],
    },
    resources: resources.slice(0, maxResources),
    resourceCount: resources.length,
    doors: doors as PlanAccess['doors'],
    needs: [...step.needs],
    policies: [...step.policies],
  };
}
