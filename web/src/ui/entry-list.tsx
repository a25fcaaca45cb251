/** Entries of a panel, one below the other: what each is called, what there is to know of it, and what can be done to it. */
import type { ReactNode } from 'react';

export function EntryList({ label, children }: { readonly label?: string; readonly children: ReactNode }) {
  return (
    <ul className="divide-y divide-line" {...(label === undefined ? {} : { 'aria-label': label })}>
      {children}
    </ul>
  );
}

export function Entry({
  name,
  note,
  aside,
  actions,
  children,
}: {
  readonly name: ReactNode;
  /** Below the name, quieter. */
  readonly note?: ReactNode;
  /** Its state and figures, beside the name. */
  readonly aside?: ReactNode;
  readonly actions?: ReactNode;
  /** Below everything, over the whole width. */
  readonly children?: ReactNode;
}) {
  return (
    <li className="px-5 py-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-60">
          <div className="font-medium wrap-anywhere">{name}</div>
          {note === undefined ? undefined : (
            <div className="text-small text-quiet text-pretty wrap-anywhere">{note}</div>
          )}
        </div>
        {aside === undefined ? undefined : (
          <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-small text-quiet">{aside}</div>
        )}
        {actions === undefined ? undefined : <div className="ml-auto flex flex-wrap gap-1">{actions}</div>}
      </div>
      {children}
    </li>
  );
}

/** In the place of entries where there is none and nothing more is to be said. */
export function NoEntry({ children }: { readonly children: ReactNode }) {
  return <p className="px-5 py-4 text-quiet text-pretty">{children}</p>;
}
