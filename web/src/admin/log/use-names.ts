/** What people, service accounts and API tokens are called, by what the log has of them. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { peopleQuery, serviceAccountsQuery, tokensQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';

export function useNames(): ReadonlyMap<string, string> {
  const may = useMay();
  const enabled = may('people.read');
  const people = useQuery({ ...peopleQuery, enabled });
  const accounts = useQuery({ ...serviceAccountsQuery, enabled });
  const tokens = useQuery({ ...tokensQuery, enabled: may('tokens.read') });
  return useMemo(
    () =>
      new Map([
        ...(people.data ?? []).map(({ id, name, email }) => [id, email ?? name] as const),
        ...(accounts.data ?? []).map(({ id, name }) => [id, name] as const),
        // A token without a name stays its id.
        ...(tokens.data ?? []).flatMap(({ id, name }) =>
          name === '' ? [] : [[`token ${id}`, `the token ${name}`] as const],
        ),
      ]),
    [people.data, accounts.data, tokens.data],
  );
}
