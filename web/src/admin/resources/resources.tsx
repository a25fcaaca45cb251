/** Everything that is protected: where it is, through which network, and how many policies speak of it. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import type { ResourceEntry } from '../../../../protocol/inventory.ts';
import { allResourcesQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { useDocument } from '../use-document.ts';
import { ResourceEditor } from './resource-editor.tsx';

export function ResourcesPage() {
  const may = useMay();
  const resources = useQuery(allResourcesQuery);
  const [{ add, network }, change] = useListSearch();
  const mayAdd = may('document.write-network');
  // As large as the list itself: not before somebody adds something.
  const document = useDocument(add === 'resource');
  const addOne = mayAdd ? (
    <Button onClick={() => change({ add: 'resource' })}>
      <Plus className="size-4" aria-hidden="true" />
      Add a resource
    </Button>
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
        takes: (row: ResourceEntry, value: string) => row.network === value,
      },
      {
        id: 'tag',
        label: 'Tag',
        options: of(tags),
        takes: (row: ResourceEntry, value: string) => row.tags.includes(value),
      },
    ];
  }, [resources.data]);
  return (
    <Page
      title="Resources"
      lead="What people may be allowed to reach, one by one. Nobody reaches anything else."
      actions={addOne}
    >
      <Loaded what="The resources" query={resources}>
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

const columns: readonly Column<ResourceEntry>[] = [
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
    id: 'ports',
    head: 'Ports',
    from: 'md',
    width: 'w-40',
    value: ({ ports }) => ports.join(' '),
    cell: ({ ports }) => <span className="font-mono text-note">{shortList(ports, 3)}</span>,
  },
  { id: 'network', head: 'Network', from: 'lg', width: 'w-36', value: ({ network }) => network },
  {
    id: 'tags',
    head: 'Tags',
    from: 'xl',
    width: 'w-44',
    value: ({ tags }) => tags.join(' '),
    cell: ({ tags }) => <Foreign text={shortList(tags, 4)} limit={80} className="text-quiet" />,
  },
];

function shortList(list: readonly string[], count: number): string {
  return `${list.slice(0, count).join(', ')}${list.length > count ? ` +${list.length - count}` : ''}`;
}
