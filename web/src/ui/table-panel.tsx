/** A panel that is one table of several on its page: a few rows stand under its title alone, with what saves them beside it. */
import type { ReactNode } from 'react';
import { DataTable, type Column } from './data-table.tsx';
import { Panel } from './panel.tsx';
import { SaveAs } from './save-as.tsx';
import type { Filter } from './use-found.ts';
import { useIsShort } from './use-is-short.ts';

export function TablePanel<T>({
  title,
  name,
  rows,
  columns,
  keyOf,
  filters = [],
  empty,
}: {
  readonly title: string;
  /** What the rows are, in the plural, by which the page's address names the list too: `certificates`. */
  readonly name: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
  readonly filters?: readonly Filter<T>[];
  /** In the place of the table when there is no row at all. */
  readonly empty: ReactNode;
}) {
  const isShort = useIsShort(rows.length, filters, name);
  return (
    <Panel
      title={title}
      aside={
        isShort && rows.length > 0 ? <SaveAs small name={name} rows={rows} fields={columns} /> : undefined
      }
      bare
    >
      <DataTable
        name={name}
        list={name}
        rows={rows}
        columns={columns}
        filters={filters}
        keyOf={keyOf}
        empty={
          <div className="rounded-panel border border-line bg-surface shadow-panel">
            <p className="px-5 py-4 text-quiet text-pretty">{empty}</p>
          </div>
        }
      />
    </Panel>
  );
}
