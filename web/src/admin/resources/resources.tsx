/** Everything that is protected: where it is, whether it answers, and when it was last used. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { ResourceEntry } from '../../../../protocol/inventory.ts';
import type { HealthState } from '../../../../protocol/resource-health.ts';
import { allResourcesQuery, healthQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { AddButton } from '../../ui/add-button.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { useDocument } from '../use-document.ts';
import { HealthDot } from './health-dot.tsx';
import { healthTexts } from './health-texts.ts';
import { kindTexts } from './kind-texts.ts';
import { ResourceEditor } from './resource-editor.tsx';

/** A resource, and how connectors found it. */
interface Row extends ResourceEntry {
  readonly health: HealthState | undefined;
}

/** One that nobody connected to for so long may not be needed any more. */
const unusedMs = 90 * 86_400_000;

export function ResourcesPage() {
  const may = useMay();
  const resources = useQuery(allResourcesQuery);
  const health = useQuery(healthQuery);
  const list = useMemo((): readonly Row[] | undefined => {
    const states = new Map(health.data?.resources.map(({ resource, state }) => [resource, state]));
    return resources.data?.map((each) => ({ ...each, health: states.get(each.id) }));
  }, [resources.data, health.data]);
  const [{ add, network }, change] = useListSearch();
  const mayAdd = may('document.write-network');
  // As large as the list itself: not before somebody adds something.
  const document = useDocument(add === 'resource');
  const addOne = mayAdd ? (
    <AddButton onClick={() => change({ add: 'resource' })}>Add a resource</AddButton>
  ) : undefined;
  const filters = useMemo(() => {
    const names = [...new Set(resources.data?.map((each) => each.network))].toSorted();
    const tags = [...new Set(resources.data?.flatMap((each) => each.tags))].toSorted();
    const of = (list: readonly string[]) => list.map((value) => ({ value, label: value }));
    return [
      {
        id: 'network',
        label: 'Network',
        options: of(names),
        takes: (row: Row, value: string) => row.network === value,
      },
      {
        id: 'tag',
        label: 'Tag',
        options: of(tags),
        takes: (row: Row, value: string) => row.tags.includes(value),
      },
      {
        id: 'kind',
        label: 'Kind',
        options: [...new Set(resources.data?.map((each) => each.kind))]
          .toSorted()
          .map((kind) => ({ value: kind, label: kindTexts[kind] })),
        takes: (row: Row, value: string) => row.kind === value,
      },
      {
        id: 'health',
        label: 'Health',
        options: [
          ...(['ok', 'partly', 'failing'] as const).map((value) => ({ value, label: healthTexts[value] })),
          { value: 'untried', label: 'Not tried' },
        ],
        takes: (row: Row, value: string) => (row.health ?? 'untried') === value,
      },
      {
        id: 'used',
        label: 'Used',
        options: [
          { value: 'lately', label: 'Within 90 days' },
          { value: 'unused', label: 'Unused for 90 days' },
          { value: 'never', label: 'Never' },
        ],
        takes: (row: Row, value: string) => usedOf(row, Date.now()) === value,
      },
    ];
  }, [resources.data]);
  return (
    <Page
      title="Resources"
      lead="What people may be allowed to reach, one by one. Nobody reaches anything else."
      actions={addOne}
    >
      <Loaded what="The resources" query={{ data: list, error: resources.error, refetch: resources.refetch }}>
        {(rows) => (
          <DataTable
            name="resources"
            rows={rows}
            columns={columns}
            keyOf={({ id }) => id}
            filters={filters}
            empty={
              <EmptyState title="Nothing is protected yet">
                <p>
                  A resource is a name inside a private network and its ports, such as wiki.acme.internal and
                  tcp/80.
                </p>
                {addOne}
              </EmptyState>
            }
          />
        )}
      </Loaded>
      {add === 'resource' && mayAdd && document.data !== undefined ? (
        <ResourceEditor
          base={document.data}
          network={network}
          onClose={() => change({ add: undefined, network: undefined })}
        />
      ) : undefined}
    </Page>
  );
}

/** Under which choice of the filter it is found. */
function usedOf({ lastUsed }: ResourceEntry, nowMs: number): 'lately' | 'unused' | 'never' {
  if (lastUsed === undefined) return 'never';
  return nowMs - Date.parse(lastUsed) > unusedMs ? 'unused' : 'lately';
}

const columns: readonly Column<Row>[] = [
  {
    id: 'name',
    head: 'Resource',
    value: ({ name }) => name,
    cell: ({ name, address }) => (
      <>
        <TextLink to="/admin/resources/$name" params={{ name }}>
          <Foreign text={name} limit={63} />
        </TextLink>
        <Foreign text={address} limit={80} className="block font-mono text-note text-quiet sm:hidden" />
      </>
    ),
  },
  {
    id: 'address',
    head: 'Address',
    from: 'sm',
    value: ({ address, hosts }) => [address, ...hosts].join(' '),
    cell: ({ address, hosts }) => (
      <>
        <Foreign text={address} limit={100} className="block font-mono text-note" />
        {hosts.includes(address) || hosts[0] === undefined ? undefined : (
          <Foreign text={`as ${hosts[0]}`} limit={100} className="block text-note text-quiet" />
        )}
      </>
    ),
  },
  {
    id: 'health',
    head: 'Health',
    width: 'w-32 sm:w-36',
    value: ({ health }) => (health === undefined ? 'Not tried' : healthTexts[health]),
    cell: ({ health }) => <HealthDot state={health} />,
  },
  {
    id: 'kind',
    head: 'Kind',
    from: 'lg',
    width: 'w-28',
    value: ({ kind }) => kindTexts[kind],
  },
  {
    id: 'lastUsed',
    head: 'Last used',
    from: 'md',
    width: 'w-32',
    value: ({ lastUsed }) => lastUsed ?? '',
    cell: (row) =>
      row.lastUsed === undefined ? (
        <span className="text-quiet">never</span>
      ) : (
        <span className={usedOf(row, Date.now()) === 'unused' ? 'text-wait' : undefined}>
          <Ago instant={row.lastUsed} />
        </span>
      ),
  },
  {
    id: 'ports',
    head: 'Ports',
    from: 'xl',
    width: 'w-36',
    value: ({ ports }) => ports.join(' '),
    cell: ({ ports }) => <span className="font-mono text-note">{shortList(ports, 3)}</span>,
  },
  { id: 'network', head: 'Network', from: 'xl', width: 'w-28', value: ({ network }) => network },
  {
    id: 'tags',
    head: 'Tags',
    from: 'xl',
    width: 'w-36',
    value: ({ tags }) => tags.join(' '),
    cell: ({ tags }) => <Foreign text={shortList(tags, 4)} limit={80} className="text-quiet" />,
  },
];

function shortList(list: readonly string[], count: number): string {
  return `${list.slice(0, count).join(', ')}${list.length > count ? ` +${list.length - count}` : ''}`;
}
