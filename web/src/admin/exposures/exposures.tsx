/** What people expose from their own machines now: whose, to whom, until when, and the end of one at once. */
import { useQuery } from '@tanstack/react-query';
import type { ExposureEntry } from '../../../../protocol/exposures.ts';
import { exposuresQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useQuestion } from '../use-question.tsx';

export function ExposuresPage() {
  const may = useMay();
  const exposures = useQuery(exposuresQuery);
  const [confirm, ask] = useQuestion();
  const end = ({ id, hostname, personName }: ExposureEntry): void =>
    ask({
      title: `End ${foreignText(hostname, 80)}?`,
      text: `What is open under it is cut at once, and ${foreignText(personName, 60)} is told. They may expose it again as long as a policy lets them.`,
      yes: 'End now',
      done: `${foreignText(hostname, 80)} is over.`,
      run: () => admin.endExposure(id),
    });
  return (
    <Page
      title="Exposures"
      lead="Ports of people’s own machines that others may open in their browser for a while, by postern expose."
    >
      <Loaded what="What is exposed" query={exposures}>
        {(rows) => (
          <DataTable
            name="exposures"
            rows={rows}
            columns={columns}
            keyOf={({ id }) => id}
            filters={filters}
            actionsWidth="w-16"
            {...(may('exposures.end')
              ? {
                  renderActions: (row: ExposureEntry) => (
                    <Button small tone="quiet" onClick={() => end(row)}>
                      End<span className="sr-only"> {foreignText(row.hostname, 80)}</span>
                    </Button>
                  ),
                }
              : {})}
            empty={
              <EmptyState title="Nothing is exposed">
                <p>
                  Whom a policy with <code className="font-mono text-small">mayExpose</code> allows shows a
                  port of their own machine with{' '}
                  <code className="font-mono text-small">postern expose 3000</code>.
                </p>
              </EmptyState>
            }
          />
        )}
      </Loaded>
      {confirm}
    </Page>
  );
}

const filters = [
  {
    id: 'state',
    label: 'State',
    options: [
      { value: 'online', label: 'Connected' },
      { value: 'offline', label: 'Not connected' },
    ],
    takes: ({ online }: ExposureEntry, value: string) => online === (value === 'online'),
  },
];

const columns: readonly Column<ExposureEntry>[] = [
  {
    id: 'hostname',
    head: 'Hostname',
    width: 'md:w-56 xl:w-72',
    value: ({ hostname }) => hostname,
    cell: ({ hostname, url, personName }) => (
      <>
        <a
          href={url}
          target="_blank"
          rel="noopener noreferrer"
          className="underline decoration-line-strong/50 underline-offset-3 hover:decoration-ink"
        >
          <Foreign text={hostname} limit={120} className="font-mono text-note" />
          <span className="sr-only"> (opens in a new tab)</span>
        </a>
        <Foreign text={personName} limit={80} className="block text-note text-quiet sm:hidden" />
      </>
    ),
  },
  {
    id: 'who',
    head: 'By',
    from: 'sm',
    value: ({ personName, deviceName, port }) => `${personName} ${deviceName} ${port}`,
    cell: ({ person, personName, device, deviceName, port }) => (
      <>
        <TextLink to="/admin/people/$id" params={{ id: person }}>
          <Foreign text={personName} limit={80} />
        </TextLink>
        <span className="block text-note text-quiet">
          port {port} of{' '}
          <TextLink to="/admin/devices/$id" params={{ id: device }}>
            <Foreign text={deviceName} limit={40} />
          </TextLink>
        </span>
      </>
    ),
  },
  {
    id: 'allow',
    head: 'Besides them',
    from: 'xl',
    value: ({ allow }) => whoText(allow),
    cell: ({ allow }) => <Foreign text={whoText(allow)} limit={120} />,
  },
  {
    id: 'state',
    head: 'State',
    width: 'w-36',
    value: ({ online }) => (online ? 'connected' : 'not connected'),
    cell: ({ online }) =>
      online ? <Badge tone="good">Connected</Badge> : <Badge tone="plain">Not connected</Badge>,
  },
  {
    id: 'until',
    head: 'Until',
    from: 'sm',
    width: 'w-40',
    value: ({ until }) => until,
    cell: ({ until, started }) => (
      <>
        <Instant instant={until} />
        <span className="block text-note text-quiet">
          since <Ago instant={started} />
        </span>
      </>
    ),
  },
];

/** Who may open it besides whoever exposes it. */
function whoText(allow: ExposureEntry['allow']): string {
  if (allow === undefined) return 'nobody';
  if (allow === 'everyone') return 'everyone who is signed in';
  const { groups = [], people = [], guests = [], serviceAccounts = [] } = allow;
  return [...groups, ...people, ...guests, ...serviceAccounts].join(', ');
}
