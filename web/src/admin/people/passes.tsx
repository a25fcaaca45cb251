/** Service tokens of programs and device passes of people, by which they come through the web door without a browser. */
import { useQuery } from '@tanstack/react-query';
import type { PassEntry } from '../../../../protocol/passes.ts';
import { allPassesQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useQuestion } from '../use-question.tsx';

export function Passes() {
  const passes = useQuery(allPassesQuery);
  return (
    <Loaded what="The passes" query={passes}>
      {(list) => <List passes={list} />}
    </Loaded>
  );
}

function List({ passes }: { readonly passes: readonly PassEntry[] }) {
  const may = useMay();
  const [confirm, ask] = useQuestion();
  const renderRevoke = (pass: PassEntry) => {
    const called = `${kinds[pass.kind]} ${foreignText(pass.name, 63)} of ${foreignText(pass.subjectName, 80)}`;
    return (
      <Button
        small
        tone="quiet"
        onClick={() =>
          ask({
            title: `Revoke the ${called}?`,
            text: 'What is open under it ends at once, and whoever bears it is refused from now on.',
            yes: 'Revoke it',
            done: `The ${called} is revoked.`,
            run: () => admin.revokePass(pass.id),
          })
        }
      >
        Revoke<span className="sr-only"> the {called}</span>
      </Button>
    );
  };
  return (
    <>
      <DataTable
        name="passes"
        one="pass"
        rows={passes}
        columns={columns}
        filters={filters}
        keyOf={({ id }) => id}
        {...(may('passes.write') ? { renderActions: renderRevoke } : {})}
        empty={
          <EmptyState title="No pass">
            <p>
              A service token lets a program through a public hostname without a browser. People make device
              passes for themselves, under What you may use.
            </p>
          </EmptyState>
        }
      />
      {confirm}
    </>
  );
}

const kinds = { service: 'service token', device: 'device pass' } as const;

const filters = [
  {
    id: 'kind',
    label: 'Kind',
    options: [
      { value: 'service', label: 'Service tokens' },
      { value: 'device', label: 'Device passes' },
    ],
    takes: ({ kind }: PassEntry, value: string) => kind === value,
  },
];

const columns: readonly Column<PassEntry>[] = [
  {
    id: 'name',
    head: 'Pass',
    value: ({ name, kind }) => `${name} ${kinds[kind]}`,
    cell: ({ name, kind }) => (
      <>
        <Foreign text={name} limit={63} className="font-medium" />
        <span className="block text-note text-quiet">{kinds[kind]}</span>
      </>
    ),
  },
  {
    id: 'subject',
    head: 'Of',
    value: ({ subjectName }) => subjectName,
    cell: ({ subject, subjectName }) => (
      <TextLink to="/admin/people/$id" params={{ id: subject }}>
        <Foreign text={subjectName} limit={80} />
      </TextLink>
    ),
  },
  {
    id: 'resource',
    head: 'Opens',
    from: 'sm',
    value: ({ resource }) => resource,
    cell: ({ resource }) => (
      <TextLink to="/admin/resources/$name" params={{ name: resource }}>
        <Foreign text={resource} limit={63} />
      </TextLink>
    ),
  },
  {
    id: 'expires',
    head: 'Ends',
    from: 'md',
    width: 'w-48',
    value: ({ expires }) => expires ?? '',
    cell: ({ expires }) =>
      expires === null ? <span className="text-quiet">never</span> : <Instant instant={expires} />,
  },
  {
    id: 'created',
    head: 'Made',
    from: 'lg',
    width: 'w-28',
    value: ({ created }) => created,
    cell: ({ created }) => <Ago instant={created} />,
  },
];
