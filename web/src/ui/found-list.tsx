/** A list that is no table, with the manners of one: found, filtered and sorted by its page's address, and saved as a file. */
import type { ReactNode } from 'react';
import { ListTools, NothingFound } from './list-tools.tsx';
import { useListSearch } from './use-list-search.ts';
import { useFound, type Filter, type ListField } from './use-found.ts';

/** Fewer are seen at one look: what finds and sorts them would only be in the way. */
export const handful = 5;

export function FoundList<T>({
  name,
  one,
  rows,
  fields,
  filters = [],
  list,
  children,
}: {
  /** What the rows are, in the plural: `policies`. */
  readonly name: string;
  readonly one?: string;
  readonly rows: readonly T[];
  readonly fields: readonly ListField<T>[];
  readonly filters?: readonly Filter<T>[];
  /** Its name, where its page has several. */
  readonly list?: string | undefined;
  /** What was found; never nothing. */
  readonly children: (found: readonly T[]) => ReactNode;
}) {
  const { found } = useFound(rows, fields, filters, list);
  const [search] = useListSearch(list);
  const isNarrowed = ['q', 'sort', ...filters.map(({ id }) => id)].some((key) => search[key] !== undefined);
  return (
    <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-3">
      <ListTools
        sortable
        isShort={rows.length < handful && !isNarrowed}
        name={name}
        one={one}
        rows={rows}
        found={found}
        fields={fields}
        filters={filters}
        list={list}
      />
      {found.length === 0 ? (
        <NothingFound name={name} count={rows.length} filters={filters} list={list} />
      ) : (
        children(found)
      )}
    </div>
  );
}
