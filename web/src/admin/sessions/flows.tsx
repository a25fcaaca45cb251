/** Flows that are open at this moment, as the connectors say, and the way to cut one. */
import { useState } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { LiveFlowEntry } from '../../../../protocol/live-flows.ts';
import { flowsQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { bytesText } from '../../ui/bytes-text.ts';
import { Confirm, type Question } from '../../ui/confirm.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';

export function Flows() {
  const may = useMay();
  const queries = useQueryClient();
  const flows = useQuery(flowsQuery);
  const [question, setQuestion] = useState<Question>();
  const cut = ({ connector, flow, subjectName, resource }: LiveFlowEntry): void => {
    const who = foreignText(subjectName, 60) || 'nobody';
    setQuestion({
      title: `Cut the flow of ${who} to ${foreignText(resource, 60)}?`,
      text: 'It ends at once. Their right stays, so they may open another one; to take the right away, cut the session or change a policy.',
      yes: 'Cut now',
      done: `The flow of ${who} is cut.`,
      run: () => admin.cutFlow(connector, flow),
    });
  };
  return (
    <>
      <Loaded what="The flows" query={flows}>
        {({ flows: rows, more, silent }) => (
          <>
            {silent.length === 0 ? undefined : (
              <Notice tone="wait" title="Not every connector answers">
                What goes over <Foreign text={silent.join(', ')} limit={200} /> is not shown. It may be of an
                older version.
              </Notice>
            )}
            <DataTable
              name="flows"
              rows={rows}
              columns={columns}
              keyOf={({ connector, flow }) => `${connector} ${flow}`}
              {...(may('sessions.end')
                ? {
                    renderActions: (row: LiveFlowEntry) => (
                      <Button small tone="quiet" onClick={() => cut(row)}>
                        Cut
                        <span className="sr-only">
                          {' '}
                          the flow of {foreignText(row.subjectName, 60)} to {foreignText(row.resource, 60)}
                        </span>
                      </Button>
                    ),
                  }
                : {})}
              empty={
                <EmptyState title="Nothing is open">
                  <p>A connection shows here while it is open; the log has those that were.</p>
                </EmptyState>
              }
            />
            {more === 0 ? undefined : (
              <p className="text-small text-quiet">
                And {more.toLocaleString()} more: each connector tells its newest.
              </p>
            )}
          </>
        )}
      </Loaded>
      {question === undefined ? undefined : (
        <Confirm
          question={question}
          onClose={(done) => {
            setQuestion(undefined);
            if (done) void queries.invalidateQueries({ queryKey: flowsQuery.queryKey });
          }}
        />
      )}
    </>
  );
}

const columns: readonly Column<LiveFlowEntry>[] = [
  {
    id: 'who',
    head: 'Who',
    value: ({ subjectName }) => subjectName,
    cell: ({ subject, subjectName }) =>
      subject?.startsWith('usr_') === true ? (
        <TextLink to="/admin/people/$id" params={{ id: subject }}>
          <Foreign text={subjectName} limit={80} />
        </TextLink>
      ) : (
        <Foreign text={subjectName === '' ? 'Nobody: a public path' : subjectName} limit={80} />
      ),
  },
  {
    id: 'resource',
    head: 'To',
    value: ({ resource }) => resource,
    cell: ({ resource, host, port }) => (
      <>
        <TextLink to="/admin/resources/$name" params={{ name: resource }}>
          <Foreign text={resource} limit={63} />
        </TextLink>
        <span className="block font-mono text-note text-quiet max-lg:hidden">
          <Foreign text={`${host}:${port}`} limit={80} />
        </span>
      </>
    ),
  },
  {
    id: 'from',
    head: 'From',
    from: 'md',
    value: ({ deviceName = 'Browser' }) => deviceName,
    cell: ({ device, deviceName = '' }) =>
      device === undefined ? (
        'Browser'
      ) : (
        <TextLink to="/admin/devices/$id" params={{ id: device }}>
          <Foreign text={deviceName} limit={64} />
        </TextLink>
      ),
  },
  { id: 'kind', head: 'Kind', from: 'lg', width: 'w-20', value: ({ kind }) => kind },
  {
    id: 'connector',
    head: 'Connector',
    from: 'lg',
    value: ({ connectorName }) => connectorName,
    cell: ({ connectorName }) => <Foreign text={connectorName} limit={64} />,
  },
  {
    id: 'since',
    head: 'Since',
    from: 'sm',
    width: 'w-28',
    value: ({ since }) => since,
    cell: ({ since }) => <Ago instant={since} />,
  },
  {
    id: 'bytes',
    head: 'Down and up',
    from: 'md',
    width: 'w-40',
    end: true,
    value: ({ bytesDown = 0, bytesUp = 0 }) => bytesDown + bytesUp,
    cell: ({ bytesDown, bytesUp }) =>
      bytesDown === undefined || bytesUp === undefined
        ? ''
        : `${bytesText(bytesDown)} / ${bytesText(bytesUp)}`,
  },
];
