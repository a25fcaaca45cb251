/** What of a list is found, filtered and in which order, as its page's address says. The same for tables and other lists. */
import { useMemo } from 'react';
import { useListSearch, type ListSearch } from './use-list-search.ts';

/** Something of each row that it is sorted, found and saved by. */
export interface ListField<T> {
  readonly id: string;
  readonly head: string;
  readonly value: (row: T) => string | number | boolean;
}

export interface Filter<T> {
  readonly id: string;
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly takes: (row: T, value: string) => boolean;
}

export interface Found<T> {
  readonly found: readonly T[];
  /** By which field, and `desc` for the other way round; as the rows came where there is none. */
  readonly sort: string | undefined;
  readonly dir: string | undefined;
  readonly change: (change: ListSearch) => void;
}

/** @param list its name, where its page has several (`useListSearch`) */
export function useFound<T>(
  rows: readonly T[],
  fields: readonly ListField<T>[],
  filters: readonly Filter<T>[],
  list?: string,
): Found<T> {
  const [search, change] = useListSearch(list);
  const { q = '', sort, dir } = search;
  const found = useMemo(() => {
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = filters.flatMap((filter) => {
      const value = search[filter.id];
      return value === undefined ? [] : [(row: T) => filter.takes(row, value)];
    });
    const kept = rows.filter((row) => {
      if (!chosen.every((takes) => takes(row))) return false;
      if (words.length === 0) return true;
      const text = fields
        .map(({ value }) => String(value(row)))
        .join('\n')
        .toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const field = fields.find(({ id }) => id === sort);
    if (field === undefined) return kept;
    const sign = dir === 'desc' ? -1 : 1;
    return kept.toSorted((a, b) => sign * compared(field.value(a), field.value(b)));
  }, [rows, fields, filters, search, q, sort, dir]);
  return { found, sort, dir, change };
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function compared(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return collator.compare(String(a), String(b));
}
