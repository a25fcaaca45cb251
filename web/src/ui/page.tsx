/** One page of the shell: its heading and name in the browser, what can be done on it, and what stands on it. */
import type { ReactNode } from 'react';
import { useTitle } from './use-title.ts';
import { Foreign } from './foreign.tsx';

export function Page({
  title,
  name,
  lead,
  above,
  actions,
  children,
}: {
  readonly title: string;
  /** A name that somebody else chose, in the place of the title. */
  readonly name?: string;
  readonly lead?: ReactNode;
  /** Where it belongs to: a link back to the list. */
  readonly above?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  useTitle(name === undefined ? title : `${name.slice(0, 60)} · ${title}`);
  return (
    <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-6">
      <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-72">
          {above === undefined ? undefined : <div className="mb-1 text-small text-quiet">{above}</div>}
          <h1 className="text-title font-semibold wrap-anywhere text-balance">
            {name === undefined ? title : <Foreign text={name} limit={80} />}
          </h1>
          {lead === undefined ? undefined : (
            <div className="mt-1 max-w-2xl text-quiet text-pretty">{lead}</div>
          )}
        </div>
        {actions === undefined ? undefined : <div className="flex flex-wrap gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
