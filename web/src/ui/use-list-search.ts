/** How a list is filtered and sorted, as it stands in the page's address: shared, kept, and gone back to. */
import { useMemo } from 'react';
import { useNavigate, useSearch } from '@tanstack/react-router';

export type ListSearch = Readonly<Record<string, string | undefined>>;

/**
 * The parameters, and what changes some of them in place; an empty or undefined value takes one away.
 * @param list where a page has several: the name of one, with which its own parameters begin (`invitations-q`)
 */
export function useListSearch(list?: string): readonly [ListSearch, (change: ListSearch) => void] {
  const search = useSearch({ strict: false }) as ListSearch;
  const navigate = useNavigate();
  const prefix = list === undefined ? '' : `${list}-`;
  const own = useMemo(
    () =>
      prefix === ''
        ? search
        : Object.fromEntries(
            Object.entries(search).flatMap(([key, value]) =>
              key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
            ),
          ),
    [search, prefix],
  );
  const change = (changes: ListSearch): void => {
    const next = Object.fromEntries(
      Object.entries({
        ...search,
        ...Object.fromEntries(Object.entries(changes).map(([key, value]) => [prefix + key, value])),
      }).filter(([, value]) => value !== undefined && value !== ''),
    );
    // The addresses of all lists take these parameters; the router's type knows one page at a time.
    void navigate({ to: '.', search: next as never, replace: true, resetScroll: false });
  };
  return [own, change];
}
