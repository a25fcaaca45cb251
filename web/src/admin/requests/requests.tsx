/** Every request for access: those that wait first, each opened for what was asked, who answered, and the way to answer or end it. */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { AccessRequest } from '../../../../protocol/requests.ts';
import { allRequestsQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { ApprovalForm } from '../../pages/approval-form.tsx';
import { lengthText } from '../../pages/durations.ts';
import { requestStates } from '../../pages/request-states.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { Entry, EntryList } from '../../ui/entry-list.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { useNames } from '../log/use-names.ts';
import { useQuestion } from '../use-question.tsx';

export function AllRequestsPage() {
  const may = useMay();
  const requests = useInfiniteQuery(allRequestsQuery);
  const [{ id }, change] = useListSearch();
  const opened = requests.data?.find((each) => each.id === id);
  return (
    <Page
      title="Requests"
      lead="Who asked for what they may not use, and what became of it. What was approved ends by itself."
      actions={
        may('document.read') ? (
          <span className="self-center text-small">
            <TextLink to="/admin/settings" search={{ tab: 'requests' }}>
              What may be asked for
            </TextLink>
          </span>
        ) : undefined
      }
    >
      <Loaded what="The requests" query={requests}>
        {(rows) => (
          <DataTable
            name="requests"
            rows={rows}
            columns={columns}
            keyOf={(row) => row.id}
            filters={filters}
            renderActions={(row) => (
              <Button small tone="secondary" onClick={() => change({ id: row.id })}>
                Open
                <span className="sr-only">
                  {' '}
                  the request of {row.person.email ?? row.person.name} for {row.resource}
                </span>
              </Button>
            )}
            empty={
              <EmptyState title="Nobody has asked for anything">
                <p>Where a rule lets them, people ask for what they may not use, and it appears here.</p>
              </EmptyState>
            }
          />
        )}
      </Loaded>
      <ShowOlder what="requests" query={requests} />
      {opened === undefined ? undefined : (
        <Drawer title={`A request for ${opened.resource}`} onClose={() => change({ id: undefined })}>
          <Opened request={opened} />
        </Drawer>
      )}
    </Page>
  );
}

function Opened({ request }: { readonly request: AccessRequest }) {
  const {
    id,
    person,
    reason,
    rule,
    state,
    forMs,
    asked,
    answerBy,
    until,
    answers,
    quorum,
    waives,
    breakGlass,
  } = request;
  const may = useMay();
  const names = useNames();
  const [confirm, ask] = useQuestion();
  const [tone, text] = requestStates[state];
  const called = person.email ?? person.name;
  return (
    <>
      <Facts
        bare
        facts={[
          [
            'State',
            <span key="state" className="flex flex-wrap gap-2">
              <Badge tone={tone}>{text}</Badge>
              {breakGlass ? <Badge tone="bad">Broke the glass</Badge> : undefined}
            </span>,
          ],
          [
            'Who',
            may('people.read') ? (
              <TextLink key="who" to="/admin/people/$id" params={{ id: person.id }}>
                <Foreign text={called} limit={100} />
              </TextLink>
            ) : (
              <Foreign key="who" text={called} limit={100} />
            ),
          ],
          ['Why', <Foreign key="why" text={reason} limit={500} />],
          ['For', lengthText(forMs)],
          ['By the rule', <Foreign key="rule" text={rule} limit={63} />],
          ['Asked', <Ago key="asked" instant={asked} />],
          state === 'pending' ? ['Lapses', <Instant key="lapses" instant={answerBy} />] : undefined,
          until === undefined ? undefined : ['Until', <Instant key="until" instant={until} />],
          waives === undefined || waives.length === 0
            ? undefined
            : ['Need not meet', <Foreign key="waives" text={waives.join(', ')} limit={300} />],
        ]}
      />
      {answers.length === 0 ? undefined : (
        <Panel title={quorum === 1 ? 'Answers' : `Answers, of ${quorum} that it takes`}>
          <EntryList label="Answers">
            {answers.map((each) => (
              <Entry
                key={`${each.who} ${each.at}`}
                name={<Foreign text={names.get(each.who) ?? each.who} limit={80} />}
                note={each.text === undefined ? undefined : <Foreign text={each.text} limit={500} />}
                aside={
                  <>
                    <Badge tone={each.answer === 'approve' ? 'good' : 'bad'}>
                      {each.answer === 'approve' ? 'Approved' : 'Denied'}
                    </Badge>
                    <Ago instant={each.at} />
                  </>
                }
              />
            ))}
          </EntryList>
        </Panel>
      )}
      {may('requests.answer') && state === 'pending' ? (
        <ApprovalForm request={request} as="administrator" />
      ) : undefined}
      {may('requests.answer') && state === 'approved' ? (
        <div>
          <Button
            tone="danger"
            onClick={() =>
              ask({
                title: `End what ${called} was given?`,
                text: 'It ends at once, with every connection under it.',
                yes: 'End it now',
                done: `What ${called} was given is over.`,
                run: () => admin.withdrawRequest(id),
              })
            }
          >
            End it now
          </Button>
        </div>
      ) : undefined}
      {confirm}
    </>
  );
}

const filters = [
  {
    id: 'state',
    label: 'State',
    options: Object.entries(requestStates).map(([value, [, label]]) => ({ value, label })),
    takes: (row: AccessRequest, value: string) => row.state === value,
  },
];

const columns: readonly Column<AccessRequest>[] = [
  {
    id: 'who',
    head: 'Who',
    value: ({ person }) => person.email ?? person.name,
    cell: ({ person, resource }) => (
      <>
        <Foreign text={person.email ?? person.name} limit={80} className="font-medium" />
        <Foreign text={`for ${resource}`} limit={70} className="block text-note text-quiet" />
      </>
    ),
  },
  {
    id: 'reason',
    head: 'Why',
    from: 'md',
    value: ({ reason }) => reason,
    cell: ({ reason }) => <Foreign text={reason} limit={160} />,
  },
  {
    id: 'state',
    head: 'State',
    width: 'w-24 sm:w-28',
    value: ({ state }) => requestStates[state][1],
    cell: ({ state }) => <Badge tone={requestStates[state][0]}>{requestStates[state][1]}</Badge>,
  },
  {
    id: 'asked',
    head: 'Asked',
    from: 'sm',
    width: 'w-28',
    value: ({ asked }) => asked,
    cell: ({ asked }) => <Ago instant={asked} />,
  },
  {
    id: 'until',
    head: 'Until',
    from: 'lg',
    width: 'w-44',
    value: ({ until }) => until ?? '',
    cell: ({ until }) => (until === undefined ? '' : <Instant instant={until} />),
  },
];
