/**
 * The one table: found, sorted and filtered by its page's address, saved as CSV or NDJSON, and quick with tens of
 * thousands of rows, of which only those in sight are in the page. Narrow windows keep its first column and a line below.
 */
import { memo, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { classNames } from './class-names.ts';
import { ListTools, NothingFound } from './list-tools.tsx';
import { useFound, type Filter, type ListField } from './use-found.ts';
import { useIsShort } from './use-is-short.ts';

export interface Column<T> extends ListField<T> {
  readonly cell?: (row: T) => ReactNode;
  /** The least width of window in which it is shown; always unless said. */
  readonly from?: 'sm' | 'md' | 'lg' | 'xl';
  /** A Tailwind width, e.g. `w-32`; the rest is shared. */
  readonly width?: string;
  readonly end?: boolean;
}

const from = {
  sm: 'max-sm:hidden',
  md: 'max-md:hidden',
  lg: 'max-lg:hidden',
  xl: 'max-xl:hidden',
} as const;
const rowPx = 49;

export function DataTable<T>({
  name,
  one = name.replace(/s$/, ''),
  rows,
  columns,
  keyOf,
  filters = [],
  renderActions,
  actionsWidth = 'w-24',
  list,
  empty,
}: {
  /** What the rows are, in the plural: `devices`. */
  readonly name: string;
  /** A single one of them, where it is not the same without the last s. */
  readonly one?: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
  readonly filters?: readonly Filter<T>[];
  /** What can be done with a row; stands at its end. */
  readonly renderActions?: (row: T) => ReactNode;
  /** A Tailwind width for what can be done; 6 rem unless said. */
  readonly actionsWidth?: string;
  /** Its name, where its page has several; a few rows then stand without what finds and saves them (`TablePanel`). */
  readonly list?: string;
  /** In the place of the table when there is no row at all. */
  readonly empty: ReactNode;
}) {
  const { found, sort, dir, change } = useFound(rows, columns, filters, list);
  const isShort = useIsShort(rows.length, filters, list);
  if (rows.length === 0) return empty;
  return (
    <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-3">
      {isShort && list !== undefined ? undefined : (
        <ListTools
          name={name}
          one={one}
          rows={rows}
          found={found}
          fields={columns}
          filters={filters}
          list={list}
        />
      )}
      {found.length === 0 ? (
        <NothingFound name={name} count={rows.length} filters={filters} list={list} />
      ) : (
        <Rows
          name={name}
          rows={found}
          columns={columns}
          keyOf={keyOf}
          renderActions={renderActions}
          actionsWidth={actionsWidth}
          sort={sort}
          dir={dir}
          onSort={(id) =>
            change(
              sort !== id
                ? { sort: id, dir: undefined }
                : dir === 'desc'
                  ? { sort: undefined, dir: undefined }
                  : { sort: id, dir: 'desc' },
            )
          }
        />
      )}
    </div>
  );
}

function Rows<T>({
  name,
  rows,
  columns,
  keyOf,
  renderActions,
  actionsWidth,
  sort,
  dir,
  onSort,
}: {
  readonly name: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
  readonly renderActions: ((row: T) => ReactNode) | undefined;
  readonly actionsWidth: string;
  readonly sort: string | undefined;
  readonly dir: string | undefined;
  readonly onSort: (id: string) => void;
}) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  // It changes in place; nothing here is memoised by the compiler, which is not used.
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowPx,
    overscan: 12,
    scrollMargin: top,
  });
  // Where the rows begin on the page, which whatever stands above them moves: looked at with every drawing but those of scrolling,
  // which moves nothing and has a frame's time; the same again once it is known, since the rows do not depend on it.
  const { isScrolling } = virtual;
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  useLayoutEffect(() => {
    if (isScrolling) return;
    const now = Math.round((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    if (now !== top) setTop(now);
  });
  const items = virtual.getVirtualItems();
  const before = (items[0]?.start ?? 0) - virtual.options.scrollMargin;
  const after = virtual.getTotalSize() - ((items.at(-1)?.end ?? 0) - virtual.options.scrollMargin);
  const span = columns.length + (renderActions === undefined ? 0 : 1);
  return (
    <div className="rounded-panel border border-line bg-surface shadow-panel">
      <table className="w-full table-fixed border-collapse" aria-label={name} aria-rowcount={rows.length + 1}>
        <thead>
          <tr className="border-b border-line">
            {columns.map(({ id, head, from: width, width: wide, end }) => (
              <th
                key={id}
                scope="col"
                aria-sort={sort === id ? (dir === 'desc' ? 'descending' : 'ascending') : 'none'}
                className={classNames(
                  'px-2 py-1 text-left text-note font-medium text-quiet first:pl-4 last:pr-4',
                  width && from[width],
                  wide,
                )}
              >
                <button
                  type="button"
                  onClick={() => onSort(id)}
                  className={classNames(
                    'group -mx-1 inline-flex min-h-8 max-w-full items-center gap-1 rounded-small px-1 hover:text-ink',
                    // What shows the order stands before it, so that it ends where the figures below it end.
                    end && 'float-right flex-row-reverse',
                  )}
                >
                  <span className="truncate">{head}</span>
                  {sort === id ? (
                    dir === 'desc' ? (
                      <ArrowDown className="size-3.5" aria-hidden="true" />
                    ) : (
                      <ArrowUp className="size-3.5" aria-hidden="true" />
                    )
                  ) : (
                    <ArrowUp className="size-3.5 opacity-0 group-hover:opacity-50" aria-hidden="true" />
                  )}
                </button>
              </th>
            ))}
            {renderActions === undefined ? undefined : (
              <th scope="col" className={actionsWidth}>
                <span className="sr-only">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody ref={body}>
          <Gap px={before} span={span} />
          {items.map((item) => {
            const row = rows[item.index];
            return row === undefined ? undefined : (
              <Row
                key={keyOf(row)}
                row={row}
                index={item.index}
                columns={columns}
                renderActions={renderActions}
                measure={virtual.measureElement}
              />
            );
          })}
          <Gap px={after} span={span} />
        </tbody>
      </table>
    </div>
  );
}

interface RowProps<T> {
  readonly row: T;
  readonly index: number;
  readonly columns: readonly Column<T>[];
  readonly renderActions: ((row: T) => ReactNode) | undefined;
  readonly measure: (element: HTMLTableRowElement | null) => void;
}

/** Rendered when it comes into sight, and then only when something of it changes: scrolling itself costs it nothing. */
const Row = memo(function Row<T>({ row, index, columns, renderActions, measure }: RowProps<T>) {
  return (
    <tr
      ref={measure}
      data-index={index}
      aria-rowindex={index + 2}
      className="border-b border-line last:border-0 hover:bg-sunken/60"
    >
      {columns.map((column) => (
        <td
          key={column.id}
          className={classNames(
            'h-12 min-w-0 px-2 py-1.5 align-middle text-small wrap-anywhere first:pl-4 last:pr-4',
            column.from && from[column.from],
            column.end && 'text-right tabular-nums',
          )}
        >
          {column.cell?.(row) ?? String(column.value(row))}
        </td>
      ))}
      {renderActions === undefined ? undefined : (
        <td className="py-1 pr-2 text-right align-middle">{renderActions(row)}</td>
      )}
    </tr>
  );
}) as <T>(props: RowProps<T> & { readonly key: string }) => ReactNode;

/** Stands for rows that are not in sight. */
function Gap({ px, span }: { readonly px: number; readonly span: number }) {
  return px <= 0 ? undefined : (
    <tr aria-hidden="true">
      <td colSpan={span} style={{ height: px }} />
    </tr>
  );
}
