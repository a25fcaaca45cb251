/** A list that is no table, with the manners of one: found, filtered and sorted by its page's address, and saved as a file. */
import type { ReactNode } from 'react';
import { ListTools, NothingFound } from './list-tools.tsx';
import { useFound, type Filter, type ListField } from './use-found.ts';
import { useIsShort } from './use-is-short.ts';

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
  const isShort = useIsShort(rows.length, filters, list);
  return (
    <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-3">
      <ListTools
        sortable
        isShort={isShort}
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
