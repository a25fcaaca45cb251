/** Whom a question about access is about: the person that an address or id names, and the addresses to choose from. */
import { useQuery } from '@tanstack/react-query';
import type { PersonEntry } from '../../../../protocol/inventory.ts';
import { peopleQuery } from '../../admin-queries.ts';

/** So many people are suggested, and so many resources. */
const mostPeople = 500;
export const mostResources = 1_000;

export function useAskedAbout(user: string): {
  readonly person: PersonEntry | undefined;
  readonly addresses: readonly string[];
} {
  const { data: people = [] } = useQuery(peopleQuery);
  return {
    person: people.find(({ id, email }) => id === user || email === user.toLowerCase()),
    addresses: people.slice(0, mostPeople).flatMap(({ email }) => email ?? []),
  };
}
