/** What was refused in the last 24 hours: why, and what; each figure leads to those very entries of the log. */
import type { ReactNode } from 'react';
import { Link } from '@tanstack/react-router';
import type { Overview } from '../../../../protocol/overview.ts';
import { useMay } from '../../shell/may.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Panel } from '../../ui/panel.tsx';

/** Of the same length as what is counted. */
const last = { result: 'refused', period: '24h' };

export function Denied({ denied }: { readonly denied: Overview['denied'] }) {
  const total = `${denied.count.toLocaleString()}${denied.more ? ' or more' : ''}`;
  return (
    <Panel
      title="Refused in the last 24 hours"
      aside={
        <span className="text-small text-quiet tabular-nums">
          {denied.count === 0 ? total : <ToLog search={last}>{total}</ToLog>}
        </span>
      }
    >
      {denied.count === 0 ? (
        <p className="px-5 py-4 text-quiet">Nobody was refused anything.</p>
      ) : (
        <div className="grid gap-5 px-5 py-4 sm:grid-cols-2">
          <Most
            title="Why"
            rows={denied.reasons.map(({ name, text = name, count }) => ({
              key: name,
              text,
              count,
              search: { ...last, q: name },
            }))}
          />
          <Most
            title="What"
            rows={denied.resources.map(({ name, count }) => ({
              key: name,
              text: name,
              count,
              // Longer than any name: nothing that the log could be asked for.
              search: name.length > 253 ? undefined : { ...last, resource: name },
            }))}
          />
        </div>
      )}
    </Panel>
  );
}

interface Row {
  readonly key: string;
  readonly text: string;
  readonly count: number;
  /** None where the log has no way to these. */
  readonly search: Readonly<Record<string, string>> | undefined;
}

function Most({ title, rows }: { readonly title: string; readonly rows: readonly Row[] }) {
  const most = Math.max(1, ...rows.map(({ count }) => count));
  return (
    <section className="min-w-0">
      <h3 className="mb-2 text-small font-semibold text-quiet">{title}</h3>
      {rows.length === 0 ? (
        <p className="text-small text-quiet">Nothing in particular.</p>
      ) : (
        <ul className="grid grid-cols-[minmax(0,1fr)] gap-2.5">
          {rows.map(({ key, text, count, search }) => (
            <li key={key}>
              <div className="flex items-baseline justify-between gap-4 text-small">
                <span className="flex min-w-0">
                  <ToLog search={search}>
                    <Foreign text={text} limit={80} />
                  </ToLog>
                </span>
                <span className="text-quiet tabular-nums">{count.toLocaleString()}</span>
              </div>
              <div className="mt-1 h-1 rounded-full bg-sunken" aria-hidden="true">
                <div
                  className="h-1 rounded-full bg-line-strong"
                  style={{ width: `${(100 * count) / most}%` }}
                />
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** A link for those who may read the log, and the same words for the others. */
function ToLog({
  search,
  children,
}: {
  readonly search: Readonly<Record<string, string>> | undefined;
  readonly children: ReactNode;
}) {
  const may = useMay();
  return search !== undefined && may('audit.read') ? (
    <Link
      to="/admin/log"
      search={search}
      className="min-w-0 truncate underline decoration-line-strong/50 underline-offset-3 hover:decoration-ink"
    >
      {children}
    </Link>
  ) : (
    <span className="min-w-0 truncate">{children}</span>
  );
}
