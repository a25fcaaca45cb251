import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compilePolicies } from '../../policy/policies.ts';
import type { Facts } from '../../policy/facts.ts';
import type { PolicyDocument } from '../../protocol/policy-document.ts';
import { CaseSource, profiles } from './support/random-cases.ts';

const seed = 20_261_123;

/** What the page says of selection but for validity: who and to each by any of its keys, and the door. */
function isAbout(policy: PolicyDocument, { subject, resource, door }: Facts): boolean {
  const who = policy.allow ?? policy.deny ?? policy.require ?? assert.fail('no effect');
  const { to = {}, doors = ['client', 'web'] } = policy;
  const named =
    who === 'everyone' ||
    subject.groups.some((group) => who.groups?.includes(group)) ||
    (subject.kind === 'service'
      ? who.serviceAccounts?.includes(subject.name)
      : subject.kind === 'guest'
        ? who.guests?.some((guest) => {
            const pattern = guest.toLowerCase();
            return pattern.startsWith('*@')
              ? subject.email?.endsWith(pattern.slice(1))
              : pattern === subject.email;
          })
        : who.people?.some((email) => email.toLowerCase() === subject.email));
  const targeted =
    to === 'everything' ||
    to.resources?.includes(resource.name) ||
    resource.tags.some((tag) => to.tags?.includes(tag));
  return named === true && targeted && doors.includes(door);
}

describe('the index of policies', () => {
  test('finds for question after question what going through every policy finds, in its order', () => {
    const source = new CaseSource(seed);
    const { facts } = source.next();
    const policies = Array.from({ length: 300 }, (_, place) => source.policy(`p${place}`, facts.nowMs));
    const compiled = compilePolicies(policies, profiles);
    let found = 0;
    for (let round = 0; round < 3_000; round += 1) {
      const question = source.next().facts;
      const names = compiled.concerning(question).map(({ name }) => name);
      assert.deepEqual(
        names,
        policies.filter((policy) => isAbout(policy, question)).map(({ name }) => name),
        `question ${round} of seed ${seed}`,
      );
      found += names.length;
    }
    assert.ok(found > 3_000 && found < 3_000 * 300);
  });

  test('keeps one entry for each name in a policy, and none for each pair of them', () => {
    const names = (prefix: string): string[] =>
      Array.from({ length: 2_000 }, (_, index) => `${prefix}${index}`);
    const wide: PolicyDocument = {
      name: 'wide',
      allow: { groups: names('g') },
      to: { resources: names('r'), tags: names('t') },
    };
    const policies = Array.from({ length: 20 }, (_, index) => ({ ...wide, name: `wide-${index}` }));
    const before = process.memoryUsage().heapUsed;
    const compiled = compilePolicies(policies, []);
    const grown = process.memoryUsage().heapUsed - before;
    assert.equal(compiled.policies.length, 20);
    // 120,000 names at some hundred bytes; their pairs would be 160 million.
    assert.ok(grown < 64 * 2 ** 20, `${grown} bytes`);
  });
});
