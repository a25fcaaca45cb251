/** Who may use what now, who could, and what stands in the way: one list for a resource, a policy, a person or a service account. */
import { useMemo } from 'react';
import type { EffectiveAccess, EffectiveAccessList } from '../../../protocol/effective-access.ts';
import { Badge } from '../ui/badge.tsx';
import { DataTable, type Column } from '../ui/data-table.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { Notice } from '../ui/notice.tsx';
import { EmptyState } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';

export const accessStates = {
  now: { tone: 'good', text: 'May use it now' },
  idle: { tone: 'plain', text: 'Once signed in' },
  refused: { tone: 'wait', text: 'Not as it stands' },
} as const;

export function AccessList({
  access,
  of,
}: {
  readonly access: EffectiveAccessList;
  /** Whose list it is, so what the rows are. */
  readonly of: 'resource' | 'subject' | 'policy';
}) {
  const columns = useMemo(() => [...first[of], state, because, ...(of === 'policy' ? [] : [by])], [of]);
  const noun = nouns[of];
  return (
    <>
      {access.more === 0 ? undefined : (
        <Notice title={`${access.more} more are not shown`}>The list is long; the first are here.</Notice>
      )}
      <DataTable
        name={noun.several}
        one={noun.one}
        rows={access.list}
        columns={columns}
        keyOf={(row) => `${row.subject.id} ${row.resource}`}
        filters={filters}
        empty={
          <EmptyState title={noun.none}>
            <p>Access comes from policies alone. Where none allows, everyone is refused.</p>
          </EmptyState>
        }
      />
    </>
  );
}

const filters = [
  {
    id: 'state',
    label: 'State',
    options: Object.entries(accessStates).map(([value, { text }]) => ({ value, label: text })),
    takes: (row: EffectiveAccess, value: string) => row.state === value,
  },
];

const subject: Column<EffectiveAccess> = {
  id: 'subject',
  head: 'Who',
  value: (row) => row.subject.name,
  cell: ({ subject: { id, kind, name } }) =>
    kind === 'person' ? (
      <TextLink to="/admin/people/$id" params={{ id }}>
        <Foreign text={name} limit={80} />
      </TextLink>
    ) : (
      <>
        <Foreign text={name} limit={63} className="font-medium" />
        <span className="block text-note text-quiet">service account</span>
      </>
    ),
};
/** Where a list has both, narrow windows show what below whom. */
const subjectAndResource: Column<EffectiveAccess> = {
  ...subject,
  cell: (row) => (
    <>
      {subject.cell?.(row)}
      <Foreign text={row.resource} limit={63} className="block text-note text-quiet sm:hidden" />
    </>
  ),
};
const resource: Column<EffectiveAccess> = {
  id: 'resource',
  head: 'Resource',
  value: (row) => row.resource,
  cell: (row) => (
    <TextLink to="/admin/resources/$name" params={{ name: row.resource }}>
      <Foreign text={row.resource} limit={63} />
    </TextLink>
  ),
};
const state: Column<EffectiveAccess> = {
  id: 'state',
  head: 'State',
  width: 'w-40',
  value: (row) => accessStates[row.state].text,
  cell: (row) => <Badge tone={accessStates[row.state].tone}>{accessStates[row.state].text}</Badge>,
};
const because: Column<EffectiveAccess> = {
  id: 'because',
  head: 'Because',
  from: 'md',
  value: ({ reasons }) => reasons.map(({ text }) => text).join('; '),
  cell: ({ state: now, reasons, doors }) =>
    now === 'now' ? (
      <span className="text-quiet">
        {doors.map((door) => (door === 'web' ? 'in the browser' : 'with the client')).join(' and ')}
      </span>
    ) : (
      <Foreign text={reasons.map(({ text }) => text).join('; ')} limit={200} className="text-quiet" />
    ),
};
const by: Column<EffectiveAccess> = {
  id: 'policies',
  head: 'Let in by',
  from: 'lg',
  value: ({ policies }) => policies.join(', '),
  cell: ({ policies }) => <Foreign text={policies.join(', ')} limit={120} />,
};

/** What each row begins with, by whose list it is. */
const first = {
  resource: [subject],
  subject: [resource],
  policy: [subjectAndResource, { ...resource, from: 'sm' }],
} as const;
const nouns = {
  resource: { one: 'person or account', several: 'people and accounts', none: 'Nobody may use it' },
  subject: { one: 'resource', several: 'resources', none: 'No policy allows anything' },
  policy: { one: 'right', several: 'rights', none: 'It lets nobody in' },
} as const;
