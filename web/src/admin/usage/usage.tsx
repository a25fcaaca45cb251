/** What the organisation makes use of, beside what whoever runs the controller lets it have: people, connectors, requests by month. */
import { useQuery } from '@tanstack/react-query';
import type { Usage } from '../../../../protocol/usage.ts';
import { usageQuery } from '../../admin-queries.ts';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';

export function UsagePage() {
  const usage = useQuery(usageQuery);
  return (
    <Page
      title="Usage"
      lead="What the organisation makes use of, and what whoever runs the controller lets it have at most."
    >
      <Loaded what="The usage" query={usage}>
        {(found) => <Shown usage={found} />}
      </Loaded>
    </Page>
  );
}

function Shown({ usage: { people, connectors, requests } }: { readonly usage: Usage }) {
  return (
    <>
      <ul className="grid gap-3 sm:grid-cols-3" aria-label="Now">
        <Standing label="People" about="who may come in, guests among them" {...people} />
        <Standing label="Connectors" about="in all networks" {...connectors} />
        <li className="rounded-panel border border-line bg-surface px-5 py-4 shadow-panel">
          <p className="text-small text-quiet">Requests a second</p>
          <p className="text-display font-semibold tabular-nums">
            {requests.limit === null ? 'No limit' : requests.limit.toLocaleString()}
          </p>
          <p className="text-small text-quiet">
            {requests.limit === null ? 'as many as come' : 'at most, at each controller'}
          </p>
        </li>
      </ul>
      <Panel title="Requests of the API by month">
        <Chart months={requests.months} />
      </Panel>
      <DataTable
        name="months"
        rows={requests.months}
        columns={columns}
        keyOf={({ month }) => month}
        empty={
          <EmptyState title="Nothing is counted yet">
            <p>Requests of people who are signed in, tokens and directories are counted by month.</p>
          </EmptyState>
        }
      />
    </>
  );
}

function Standing({
  label,
  about,
  used,
  limit,
}: {
  readonly label: string;
  readonly about: string;
  readonly used: number;
  readonly limit: number | null;
}) {
  const isFull = limit !== null && used >= limit;
  return (
    <li className="rounded-panel border border-line bg-surface px-5 py-4 shadow-panel">
      <p className="text-small text-quiet">{label}</p>
      <p className={`text-display font-semibold tabular-nums ${isFull ? 'text-wait' : ''}`}>
        {used.toLocaleString()}
        {limit === null ? undefined : (
          <span className="text-lead font-normal text-quiet"> of {limit.toLocaleString()}</span>
        )}
      </p>
      <p className="text-small text-quiet">{isFull ? 'at the limit: nobody more comes in' : about}</p>
      {limit === null ? undefined : (
        <div className="mt-2 h-1.5 overflow-hidden rounded-full bg-sunken" aria-hidden="true">
          <div
            className={`h-full rounded-full ${isFull ? 'bg-wait' : 'bg-accent'}`}
            style={{ width: `${Math.min(100, (100 * used) / Math.max(1, limit))}%` }}
          />
        </div>
      )}
    </li>
  );
}

/** The table below says the same in figures; this is for whoever sees. */
function Chart({ months }: { readonly months: Usage['requests']['months'] }) {
  if (months.length === 0) return <p className="px-5 py-4 text-quiet">Nothing is counted yet.</p>;
  const most = Math.max(1, ...months.map(({ requests }) => requests));
  return (
    <div className="flex h-44 items-end gap-2 px-5 pt-5 pb-3" aria-hidden="true">
      {months.toReversed().map(({ month, requests, refused }) => (
        <div key={month} className="flex h-full min-w-0 max-w-20 flex-1 flex-col gap-1.5">
          <div className="flex min-h-0 flex-1 flex-col justify-end">
            <div
              className="overflow-hidden rounded-t-small bg-accent/70"
              style={{ height: `${Math.max(1, (100 * requests) / most)}%` }}
            >
              <div className="bg-wait" style={{ height: `${(100 * refused) / Math.max(1, requests)}%` }} />
            </div>
          </div>
          <span className="truncate text-center text-note text-quiet tabular-nums">
            {monthText(month, 'short')}
          </span>
        </div>
      ))}
    </div>
  );
}

const columns: readonly Column<Usage['requests']['months'][number]>[] = [
  {
    id: 'month',
    head: 'Month',
    value: ({ month }) => month,
    cell: ({ month }) => monthText(month, 'long'),
  },
  {
    id: 'requests',
    head: 'Requests',
    width: 'w-36',
    end: true,
    value: ({ requests }) => requests,
    cell: ({ requests }) => requests.toLocaleString(),
  },
  {
    id: 'refused',
    head: 'Beyond the limit',
    width: 'w-40',
    end: true,
    value: ({ refused }) => refused,
    cell: ({ refused }) => refused.toLocaleString(),
  },
];

/** `2026-11`, a month of UTC, in the viewer's language. */
function monthText(month: string, length: 'short' | 'long'): string {
  return new Intl.DateTimeFormat(undefined, {
    month: length,
    ...(length === 'long' ? { year: 'numeric' } : {}),
    timeZone: 'UTC',
  }).format(new Date(`${month}-01T00:00:00Z`));
}
