/** What stands above every list: finding, filters, how many there are, and saving what was found as a file. */
import { Search } from 'lucide-react';
import { SaveAs } from './save-as.tsx';
import { useListSearch } from './use-list-search.ts';
import type { Filter, ListField } from './use-found.ts';

const control =
  'h-9 max-w-48 rounded-control border border-line-strong bg-surface px-2 text-small hover:border-quiet';

export function ListTools<T>({
  name,
  one = name.replace(/s$/, ''),
  rows,
  found,
  fields,
  filters,
  sortable = false,
  isShort = false,
  list,
}: {
  /** What the rows are, in the plural: `devices`. */
  readonly name: string;
  /** A single one of them, where it is not the same without the last s. */
  readonly one?: string | undefined;
  readonly rows: readonly T[];
  readonly found: readonly T[];
  readonly fields: readonly ListField<T>[];
  readonly filters: readonly Filter<T>[];
  /** For lists without heads that sort them. */
  readonly sortable?: boolean;
  /** So few that only saving them is offered. */
  readonly isShort?: boolean;
  /** Its name, where its page has several. */
  readonly list?: string | undefined;
}) {
  const [search, change] = useListSearch(list);
  const order = search['sort'] === undefined ? '' : `${search['sort']} ${search['dir'] ?? ''}`.trim();
  return (
    <div className="flex flex-wrap items-center gap-2">
      {isShort ? undefined : (
        <Find name={name} value={search['q'] ?? ''} onChange={(text) => change({ q: text })} />
      )}
      {(isShort ? [] : filters).map(({ id, label, options }) => (
        <select
          key={id}
          aria-label={label}
          value={search[id] ?? ''}
          onChange={(event) => change({ [id]: event.target.value })}
          className={control}
        >
          <option value="">{label}: any</option>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      ))}
      {sortable && !isShort ? (
        <select
          aria-label="Order"
          value={order}
          onChange={(event) => {
            const [sort, dir] = event.target.value.split(' ');
            change({ sort, dir });
          }}
          className={control}
        >
          <option value="">As they stand</option>
          {fields.flatMap(({ id, head }) => [
            <option key={id} value={id}>
              {head}, first to last
            </option>,
            <option key={`${id} desc`} value={`${id} desc`}>
              {head}, last to first
            </option>,
          ])}
        </select>
      ) : undefined}
      <p role="status" className="ml-auto text-small whitespace-nowrap text-quiet tabular-nums">
        {found.length === rows.length ? rows.length : `${found.length} of ${rows.length}`}{' '}
        {rows.length === 1 ? one : name}
      </p>
      <SaveAs name={name} rows={found} fields={fields} />
    </div>
  );
}

/** In the place of the rows when none is found. */
export function NothingFound<T>({
  name,
  count,
  filters,
  list,
}: {
  readonly name: string;
  readonly count: number;
  readonly filters: readonly Filter<T>[];
  readonly list?: string | undefined;
}) {
  const [, change] = useListSearch(list);
  return (
    <div className="rounded-panel border border-line bg-surface px-5 py-10 text-center text-quiet">
      Nothing matches.{' '}
      <button
        type="button"
        className="text-accent underline underline-offset-3"
        onClick={() => change({ q: '', ...Object.fromEntries(filters.map(({ id }) => [id, ''])) })}
      >
        Show all {count} {name}
      </button>
    </div>
  );
}

function Find({
  name,
  value,
  onChange,
}: {
  readonly name: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
}) {
  return (
    <div className="relative min-w-40 flex-1 basis-full sm:max-w-72 sm:basis-auto">
      <Search className="pointer-events-none absolute top-2.5 left-3 size-4 text-quiet" aria-hidden="true" />
      <input
        type="search"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-label={`Find ${name}`}
        placeholder={`Find ${name}`}
        autoComplete="off"
        spellCheck={false}
        className="h-9 w-full rounded-control border border-line-strong bg-surface pr-3 pl-9 text-small hover:border-quiet"
      />
    </div>
  );
}
