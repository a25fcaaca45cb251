/** Hostnames and zones that work once DNS says whose they are: the record of each, what was seen, and another look at once. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { NameProof } from '../../../../protocol/name-proofs.ts';
import { namesQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { counted } from '../../ui/counted.ts';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';

export function Proofs() {
  const names = useQuery(namesQuery);
  return (
    <Loaded what="The names" query={names}>
      {(rows) => <Names rows={rows} />}
    </Loaded>
  );
}

function Names({ rows }: { readonly rows: readonly NameProof[] }) {
  return (
    <>
      {rows.length === 0 ? undefined : <Standing rows={rows} />}
      <DataTable
        name="names"
        rows={rows}
        columns={columns}
        keyOf={({ name }) => name}
        filters={filters}
        empty={
          <EmptyState title="No name has to be proven">
            <p>
              Where a controller serves several organisations, a public hostname or a zone in the public tree
              works once DNS says whose it is. This controller serves one, or yours has no such name.
            </p>
          </EmptyState>
        }
      />
    </>
  );
}

/** Whether something is to be done, and the look at DNS that shows that it was. */
function Standing({ rows }: { readonly rows: readonly NameProof[] }) {
  const may = useMay();
  const queries = useQueryClient();
  const look = useMutation({
    mutationFn: admin.lookAtNames,
    onSuccess: (names) => queries.setQueryData(namesQuery.queryKey, names),
  });
  const waiting = rows.filter(({ state, record }) => state === 'waiting' && record !== undefined).length;
  const isMissing = rows.some(({ missing }) => missing !== undefined);
  const mayLook =
    may('document.write-network') || may('document.write-access') || may('document.write-sign-in');
  if (look.error !== null)
    return (
      <Notice tone="bad" title="DNS was not asked" live>
        {look.error.message}
      </Notice>
    );
  const taken = rows.find(({ state, record }) => state === 'waiting' && record === undefined);
  if (waiting === 0 && taken !== undefined)
    return (
      <Notice tone="bad" title="Another organisation has a name of yours">
        <Foreign text={taken.name} limit={253} className="font-mono text-small" /> is for private use, which
        DNS proves of nobody: the first organisation that uses it has it. Choose another name.
      </Notice>
    );
  if (waiting === 0)
    return isMissing ? (
      <Notice tone="wait" title="A record is missing" live>
        Set it again: at the second look without it, within three days, the name works no more.
      </Notice>
    ) : (
      <Notice
        tone="good"
        title={look.isSuccess ? 'DNS has said it: every name is yours' : 'Every name is yours'}
        live
      >
        The records are looked at daily. Leave them where they are.
      </Notice>
    );
  return (
    <Notice
      tone="wait"
      title={`${counted(waiting, 'name')} ${waiting === 1 ? 'waits' : 'wait'} for DNS`}
      live
    >
      <p>
        {look.isSuccess
          ? 'DNS was asked just now and does not have it yet. A new record may take a while to be seen.'
          : 'Set the record of each, for the name itself or for one above it. DNS is asked each minute.'}
      </p>
      {mayLook ? (
        <Button className="mt-2.5" small tone="secondary" busy={look.isPending} onClick={() => look.mutate()}>
          Look now
        </Button>
      ) : undefined}
    </Notice>
  );
}

const filters = [
  {
    id: 'state',
    label: 'State',
    options: [
      { value: 'waiting', label: 'Waiting' },
      { value: 'owned', label: 'Yours' },
    ],
    takes: ({ state }: NameProof, value: string) => state === value,
  },
];

const columns: readonly Column<NameProof>[] = [
  {
    id: 'name',
    head: 'Name',
    width: 'md:w-60',
    value: ({ name }) => name,
    cell: (row) => (
      <>
        <Foreign text={row.name} limit={253} className="font-mono text-note" />
        <div className="mt-1 md:hidden">
          <TextRecord {...row} />
        </div>
      </>
    ),
  },
  {
    id: 'state',
    head: 'State',
    width: 'w-40',
    value: ({ state }) => state,
    cell: (row) => <State {...row} />,
  },
  {
    id: 'record',
    head: 'TXT record',
    from: 'md',
    value: ({ record }) => (record === undefined ? '' : `${record.name} TXT "${record.value}"`),
    cell: (row) => <TextRecord {...row} />,
  },
  {
    id: 'looked',
    head: 'Looked at',
    from: 'lg',
    width: 'w-32',
    value: ({ looked = '' }) => looked,
    cell: ({ looked }) => (looked === undefined ? 'not yet' : <Ago instant={looked} />),
  },
];

function State({ state, record, missing }: NameProof) {
  if (missing !== undefined) return <Badge tone="wait">Record missing</Badge>;
  if (state === 'owned') return <Badge tone="good">Yours</Badge>;
  return record === undefined ? (
    <Badge tone="bad">Somebody else’s</Badge>
  ) : (
    <Badge tone="wait">Waiting for DNS</Badge>
  );
}

function TextRecord({ record }: NameProof) {
  if (record === undefined)
    return <span className="text-quiet">none: the first organisation to use it has it</span>;
  return (
    <span className="flex items-center gap-1">
      <code className="min-w-0 flex-1 font-mono text-note wrap-anywhere">
        {record.name} <span className="text-quiet">TXT</span> "{record.value}"
      </code>
      <CopyButton text={record.value} what={`the value of ${record.name}`} />
    </span>
  );
}
