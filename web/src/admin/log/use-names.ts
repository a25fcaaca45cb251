/** What people, service accounts and devices are called, by the ids that the log has. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { peopleQuery, serviceAccountsQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';

export function useNames(): ReadonlyMap<string, string> {
  const may = useMay();
  const enabled = may('people.read');
  const people = useQuery({ ...peopleQuery, enabled });
  const accounts = useQuery({ ...serviceAccountsQuery, enabled });
  return useMemo(
    () =>
      new Map([
        ...(people.data ?? []).map(({ id, name, email }) => [id, email ?? name] as const),
        ...(accounts.data ?? []).map(({ id, name }) => [id, name] as const),
      ]),
    [people.data, accounts.data],
  );
}
