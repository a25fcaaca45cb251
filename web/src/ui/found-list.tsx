/** A list that is no table, with the manners of one: found, filtered and sorted by its page's address, and saved as a file. */
import type { ReactNode } from 'react';
import { ListTools, NothingFound } from './list-tools.tsx';
import { useFound, type Filter, type ListField } from './use-found.ts';

export function FoundList<T>({
  name,
  one,
  rows,
  fields,
  filters = [],
  children,
}: {
  /** What the rows are, in the plural: `policies`. */
  readonly name: string;
  readonly one?: string;
  readonly rows: readonly T[];
  readonly fields: readonly ListField<T>[];
  readonly filters?: readonly Filter<T>[];
  /** What was found; never nothing. */
  readonly children: (found: readonly T[]) => ReactNode;
}) {
  const { found } = useFound(rows, fields, filters);
  return (
    <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-3">
      <ListTools sortable name={name} one={one} rows={rows} found={found} fields={fields} filters={filters} />
      {found.length === 0 ? (
        <NothingFound name={name} count={rows.length} filters={filters} />
      ) : (
        children(found)
      )}
    </div>
  );
}
