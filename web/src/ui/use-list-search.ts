/** How a list is filtered and sorted, as it stands in the page's address: shared, kept, and gone back to. */
import { useNavigate, useSearch } from '@tanstack/react-router';

export type ListSearch = Readonly<Record<string, string | undefined>>;

/** The parameters, and what changes some of them in place; an empty or undefined value takes one away. */
export function useListSearch(): readonly [ListSearch, (change: ListSearch) => void] {
  const search = useSearch({ strict: false }) as ListSearch;
  const navigate = useNavigate();
  const change = (changes: ListSearch): void => {
    const next = Object.fromEntries(
      Object.entries({ ...search, ...changes }).filter(([, value]) => value !== undefined && value !== ''),
    );
    // The addresses of all lists take these parameters; the router's type knows one page at a time.
    void navigate({ to: '.', search: next as never, replace: true, resetScroll: false });
  };
  return [search, change];
}
