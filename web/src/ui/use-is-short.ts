/** Whether a list is seen at one look, so that finding and sorting would only be in the way; never while its address narrows it. */
import { useListSearch } from './use-list-search.ts';

const handful = 5;

/** @param list its name, where its page has several (`useListSearch`) */
export function useIsShort(
  count: number,
  filters: readonly { readonly id: string }[] = [],
  list?: string,
): boolean {
  const [search] = useListSearch(list);
  const isNarrowed = ['q', 'sort', ...filters.map(({ id }) => id)].some((key) => search[key] !== undefined);
  return count < handful && !isNarrowed;
}
