/** What the organisation makes use of, beside what whoever runs the controller lets it have: people, connectors, what passes. */
import { useQuery } from '@tanstack/react-query';
import type { Usage } from '../../../../protocol/usage.ts';
import { usageQuery } from '../../admin-queries.ts';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Figure } from '../../ui/figure.tsx';
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

function Shown({ usage }: { readonly usage: Usage }) {
  const { months } = usage.requests;
  return (
    <>
      <ul className="grid gap-3 sm:grid-cols-6" aria-label="Now">
        <li className="sm:col-span-3">
          <Standing label="People" about="who may come in, guests among them" {...usage.people} />
        </li>
        <li className="sm:col-span-3">
          <Standing label="Connectors" about="in all networks" {...usage.connectors} />
        </li>
        <li className="sm:col-span-2">
          <Rate label="Requests a second" where="at all controllers together" {...usage.requests} />
        </li>
        <li className="sm:col-span-2">
          <Standing label="Flows open now" about="at all connectors" {...usage.flows} />
        </li>
        <li className="sm:col-span-2">
          <Standing label="Relayed now, Mbit a second" about="both ways together" {...usage.relay} />
        </li>
      </ul>
      <Panel title="Requests of the API by month">
        <Chart months={months} />
      </Panel>
      <DataTable
        name="months"
        rows={months}
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

/** Something that there is so much of, and may be so much of at most. */
function Standing({
  label,
  about,
  used,
  limit,
}: { readonly label: string; readonly about: string } & Usage['people']) {
  const isFull = limit !== null && used >= limit;
  return (
    <Figure
      label={label}
      value={used}
      limit={limit ?? undefined}
      about={isFull ? 'at the limit: no more is let in' : limit === null ? `${about}, no limit` : about}
    />
  );
}

/** Something that is bounded, and counted by month only. */
function Rate({
  label,
  where,
  limit,
}: {
  readonly label: string;
  readonly where: string;
  readonly limit: number | null;
}) {
  return (
    <Figure
      label={label}
      value={limit ?? 'No limit'}
      about={limit === null ? 'as much as the machines can take' : `at most, ${where}`}
    />
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
    from: 'sm',
    end: true,
    value: ({ refused }) => refused,
    cell: ({ refused }) => refused.toLocaleString(),
  },
  {
    id: 'relayed',
    head: 'Relayed',
    width: 'w-32',
    end: true,
    value: ({ relayed }) => relayed,
    cell: ({ relayed }) => `${(relayed / 1e6).toLocaleString(undefined, { maximumFractionDigits: 1 })} MB`,
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
