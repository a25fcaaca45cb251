/** Fields that belong together, with a line around them and their name in it; some forms keep rarer ones closed. */
import type { ReactNode } from 'react';

export function Group({ legend, children }: { readonly legend: string; readonly children: ReactNode }) {
  return (
    <fieldset className="grid min-w-0 gap-4 rounded-control border border-line px-4 pt-2 pb-4">
      <legend className="px-1 text-small font-semibold text-quiet">{legend}</legend>
      {children}
    </fieldset>
  );
}

/** The rarer part of a form, closed until it is wanted. */
export function More({
  summary,
  open = false,
  children,
}: {
  readonly summary: string;
  /** Whether it begins open, since something in it is set. */
  readonly open?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <details open={open} className="group min-w-0 rounded-control border border-line">
      <summary className="rounded-control px-4 py-2.5 text-small font-semibold text-quiet hover:text-ink">
        {summary}
      </summary>
      <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-4 border-t border-line px-4 py-4">
        {children}
      </div>
    </details>
  );
}
