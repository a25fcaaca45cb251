/** Who asks `decide.us` for what: people, and questions of theirs of which half are refused, drawn from a seed. */
import { decide } from '../../policy/decide.ts';
import type { Facts } from '../../policy/facts.ts';
import type { Policies } from '../../policy/policies.ts';
import { Draw, emailOf, type Organisation } from './decide-organisation.ts';

type Person = Pick<Facts, 'subject' | 'session' | 'device'>;

export interface Question {
  readonly person: Person;
  readonly resource: Facts['resource'];
  readonly door: Facts['door'];
  readonly nowMs: number;
}

const hourMs = 3_600_000;
/** Questions are asked in one working hour, the week before the clocks go back in Europe. */
const workingHour = Date.parse('2026-10-22T13:00:00Z');

/** As the controller puts them together for each decision. */
export function factsOf({ person: { subject, session, device }, resource, door, nowMs }: Question): Facts {
  return { nowMs, door, subject, session, device, resource };
}

/** The same in memory of their own. */
export function freshFactsOf(question: Question): Facts {
  const { person, resource } = question;
  return factsOf({
    ...question,
    person: {
      subject: { ...person.subject, groups: [...person.subject.groups] },
      session: { ...person.session, amr: [...person.session.amr] },
      device: { ...person.device },
    },
    resource: { ...resource, tags: [...resource.tags] },
  });
}

/** As many as are asked for, in an order that is drawn as well; `policies` are the organisation's, compiled. */
export function drawQuestions(
  organisation: Organisation,
  policies: Policies,
  { seed, people: peopleCount, questions: count }: { seed: number; people: number; questions: number },
): Question[] {
  const draw = new Draw(seed);
  const people = Array.from({ length: peopleCount }, (_, index) => drawPerson(draw, index, organisation));
  const likely = likelyQuestions(draw, organisation, people);
  const chosen = { allow: [] as Question[], deny: [] as Question[] };
  while (chosen.allow.length + chosen.deny.length < count) {
    const { person = draw.pick(people), resource = draw.pick(organisation.resources) } = draw.chance(0.6)
      ? likely()
      : {};
    const door = draw.chance(0.8) ? 'client' : 'web';
    const question: Question = { person, resource, door, nowMs: workingHour + draw.below(hourMs / 2) };
    const list = chosen[decide(factsOf(question), policies).decision];
    if (list.length < count / 2) list.push(question);
  }
  return [...chosen.allow, ...chosen.deny]
    .map((question) => ({ question, place: draw.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ question }) => ({ ...question }));
}

function drawPerson(draw: Draw, index: number, { groups }: Organisation): Person {
  const os = draw.pick(['linux', 'macos'] as const);
  return {
    subject: {
      kind: 'person',
      name: `Person ${index}`,
      email: emailOf(index),
      groups: draw.some(1 + draw.below(8), groups),
    },
    session: {
      startedMs: workingHour - draw.below(13 * hourMs),
      authTimeMs: workingHour - draw.below(16 * hourMs),
      amr: draw.pick([['pwd', 'otp'], ['mfa'], ['hwk', 'pin'], ['pwd']]),
    },
    device: {
      approved: draw.chance(0.9),
      posture: {
        atMs: workingHour - draw.below(hourMs / 4),
        facts: { os, osVersion: os === 'linux' ? '6.1.0-13-amd64' : '15.2', clientVersion: '0.1.0' },
      },
    },
  };
}

interface Likely {
  readonly person?: Person | undefined;
  readonly resource?: Facts['resource'] | undefined;
}

/** Draws somebody whom an allow means and something that it opens: many such questions are allowed. */
function likelyQuestions(
  draw: Draw,
  { policies, resources }: Organisation,
  people: readonly Person[],
): () => Likely {
  const allows = policies.filter(({ allow }) => allow !== undefined);
  const members = groupedBy(people, ({ subject }) => subject.groups);
  const byTag = groupedBy(resources, ({ tags }) => tags);
  const byName = groupedBy(resources, ({ name }) => [name]);
  return () => {
    const { allow, to = {} } = draw.pick(allows);
    const meant = typeof allow === 'object' ? members.get(draw.pick(allow.groups ?? [])) : undefined;
    const opened =
      to === 'everything'
        ? undefined
        : (byName.get(draw.pick(to.resources ?? [])) ?? byTag.get(draw.pick(to.tags ?? [])));
    return {
      person: meant === undefined ? undefined : draw.pick(meant),
      resource: opened === undefined ? undefined : draw.pick(opened),
    };
  };
}

function groupedBy<T>(values: readonly T[], namesOf: (value: T) => readonly string[]): Map<string, T[]> {
  const grouped = new Map<string, T[]>();
  for (const value of values)
    for (const name of namesOf(value)) {
      const list = grouped.get(name);
      if (list === undefined) grouped.set(name, [value]);
      else list.push(value);
    }
  return grouped;
}
