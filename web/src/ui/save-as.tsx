/** The button that saves what a list shows as a file, for sheets or for programs. */
import { useState } from 'react';
import { Download } from 'lucide-react';
import { classNames } from './class-names.ts';
import { toCsv, toNdjson } from './export-rows.ts';
import { saveFile } from './save-file.ts';
import type { ListField } from './use-found.ts';

export function SaveAs<T>({
  name,
  rows,
  fields,
  small = false,
}: {
  /** What the rows are, in the plural; the file is called so too. */
  readonly name: string;
  readonly rows: readonly T[];
  readonly fields: readonly ListField<T>[];
  /** Beside a small button, without a line around it. */
  readonly small?: boolean;
}) {
  const [open, setOpen] = useState(false);
  const save = (as: 'csv' | 'ndjson'): void => {
    setOpen(false);
    const shown = rows.map((row) => Object.fromEntries(fields.map(({ id, value }) => [id, value(row)])));
    if (as === 'csv') saveFile(`${name}.csv`, 'text/csv', toCsv(shown));
    else saveFile(`${name}.ndjson`, 'application/x-ndjson', toNdjson(shown));
  };
  return (
    <div
      className="relative"
      onBlur={(event) => (event.currentTarget.contains(event.relatedTarget) ? undefined : setOpen(false))}
      onKeyDown={(event) => (event.key === 'Escape' ? setOpen(false) : undefined)}
    >
      <button
        type="button"
        aria-expanded={open}
        aria-label={`Save ${name} as a file`}
        title="Save as a file"
        onClick={() => setOpen(!open)}
        className={classNames(
          'inline-flex items-center justify-center rounded-control text-quiet hover:text-ink',
          small
            ? 'size-8 hover:bg-line/50'
            : 'size-9 border border-line-strong bg-surface hover:border-quiet',
        )}
      >
        <Download className="size-4" aria-hidden="true" />
      </button>
      {open ? (
        <div className="rises absolute top-10 right-0 z-20 grid w-40 rounded-control border border-line bg-raised p-1 shadow-menu">
          {(['csv', 'ndjson'] as const).map((as) => (
            <button
              key={as}
              type="button"
              onClick={() => save(as)}
              className="rounded-small px-3 py-2 text-left text-small hover:bg-sunken"
            >
              {as === 'csv' ? 'CSV, for sheets' : 'NDJSON, for programs'}
            </button>
          ))}
        </div>
      ) : undefined}
    </div>
  );
}
