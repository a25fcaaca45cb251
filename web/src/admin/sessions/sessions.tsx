/** Sessions that are open, and the way to end one at once, with every connection under it. */
import { useQuery } from '@tanstack/react-query';
import type { SessionEntry } from '../../../../protocol/inventory.ts';
import { sessionsQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { useQuestion } from '../use-question.tsx';
import { Flows } from './flows.tsx';

export function SessionsPage() {
  const [{ tab }] = useListSearch();
  return (
    <Page title="Sessions" lead="Who is signed in now, in browsers and on devices, and what they have open.">
      <Tabs
        label="Parts of sessions"
        current={tab}
        tabs={[
          { id: undefined, label: 'Signed in' },
          { id: 'flows', label: 'Open flows' },
        ]}
      />
      {tab === 'flows' ? <Flows /> : <Sessions />}
    </Page>
  );
}

function Sessions() {
  const may = useMay();
  const sessions = useQuery(sessionsQuery);
  const [confirm, ask] = useQuestion();
  const cut = ({ id, subjectName, deviceName }: SessionEntry): void => {
    const who = foreignText(subjectName, 60);
    const where = deviceName === undefined ? 'in a browser' : `on ${foreignText(deviceName, 60)}`;
    ask({
      title: `Cut the session of ${who} ${where}?`,
      text: 'Every connection under it ends within a second. Signing in again is possible.',
      yes: 'Cut now',
      done: `The session of ${who} is cut.`,
      run: () => admin.endSession(id),
    });
  };
  return (
    <>
      <Loaded what="The sessions" query={sessions}>
        {(rows) => (
          <DataTable
            name="sessions"
            rows={rows}
            columns={columns}
            keyOf={({ id }) => id}
            filters={filters}
            actionsWidth="w-14 sm:w-24"
            {...(may('sessions.end')
              ? {
                  renderActions: (row: SessionEntry) => (
                    <Button small tone="quiet" onClick={() => cut(row)}>
                      Cut
                      <span className="sr-only"> the session of {foreignText(row.subjectName, 60)}</span>
                    </Button>
                  ),
                }
              : {})}
            empty={
              <EmptyState title="Nobody is signed in">
                <p>Sessions appear as people sign in.</p>
              </EmptyState>
            }
          />
        )}
      </Loaded>
      {confirm}
    </>
  );
}

const filters = [
  {
    id: 'kind',
    label: 'Where',
    options: [
      { value: 'device', label: 'On devices' },
      { value: 'browser', label: 'In browsers' },
    ],
    takes: (row: SessionEntry, value: string) => row.kind === value,
  },
];

const columns: readonly Column<SessionEntry>[] = [
  {
    id: 'who',
    head: 'Who',
    value: ({ subjectName }) => subjectName,
    cell: ({ subject, subjectName }) => (
      <TextLink to="/admin/people/$id" params={{ id: subject }}>
        <Foreign text={subjectName} limit={80} />
      </TextLink>
    ),
  },
  {
    id: 'where',
    head: 'Where',
    width: 'w-24 sm:w-auto',
    value: ({ kind, deviceName = '' }) => (kind === 'device' ? deviceName : 'Browser'),
    cell: ({ kind, device, deviceName = '' }) =>
      kind === 'device' && device !== undefined ? (
        <TextLink to="/admin/devices/$id" params={{ id: device }}>
          <Foreign text={deviceName} limit={64} />
        </TextLink>
      ) : (
        'Browser'
      ),
  },
  {
    id: 'address',
    head: 'From',
    from: 'xl',
    width: 'w-40',
    value: ({ address }) => address,
    cell: ({ address }) => <Foreign text={address} limit={60} className="font-mono text-note" />,
  },
  {
    id: 'started',
    head: 'Since',
    from: 'sm',
    width: 'w-32',
    value: ({ started }) => started,
    cell: ({ started }) => <Ago instant={started} />,
  },
  {
    id: 'until',
    head: 'Until',
    from: 'lg',
    width: 'w-36',
    value: ({ until }) => until,
    cell: ({ until }) => <Instant instant={until} />,
  },
];
